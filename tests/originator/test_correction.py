"""A corrected letter reaches everybody who got the first; each holder is told; both digests remain."""

from uuid import UUID

import pytest

from tansiq.exchange import acts, reads
from tansiq.exchange.models import Correction, Envelope
from tansiq.exchange.recalls import RecallCause, RecallReason
from tansiq.exchange.values import Opened, Sent
from tansiq.ground.verdict import Refused
from tests import neighbour as neighbours
from tests.originator.test_release import forward, released
from tests.trio import AGENCIES, Trio, officer

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter(trio: Trio) -> UUID:
    """A letter of ma that es holds; ma is played."""
    sent = trio.write("Thirty persons.").envelope
    trio.post()
    return sent


def correct(trio: Trio, letter: UUID, node: str = "ma") -> Sent | Refused:
    """The node ma corrects it."""
    trio.play(node)
    said = neighbours.information("Thirteen persons.")
    return acts.correct_letter(envelope=letter, letter=said, by=officer(node), now=trio.now)


def test_a_corrected_letter_reaches_who_got_the_first_and_both_show_the_other(trio: Trio, letter: UUID) -> None:
    sent = correct(trio, letter)
    assert isinstance(sent, Sent), sent
    trio.post()

    trio.play("es")
    old, new = (Envelope.objects.get(ref=ref) for ref in (letter, sent.envelope))
    assert (new.state, new.said.supersedes) == ("accepted", old.digest)
    opened = acts.open_letter(envelope=new.ref, reason="to see", by=officer("es"), now=trio.now)
    assert isinstance(opened, Opened)
    assert opened.letter.statements[0].text == "Thirteen persons."
    for row in (old, new):
        (shown,) = reads.path(envelope=row.ref, reader=officer("es")).corrected
        assert (shown.envelope, shown.by, shown.old, shown.new) == (old.digest, new.digest, old.ref, new.ref)
    assert reads.verify() == ()


def test_the_third_party_is_told_by_who_passed_it_on(trio: Trio, letter: UUID) -> None:
    released(trio, letter)
    forward(trio, letter)
    trio.post()
    trio.cut = {frozenset(("ma", "de"))}
    sent = correct(trio, letter)
    assert isinstance(sent, Sent)
    trio.post()

    trio.play("de")
    row = Envelope.objects.get(kind="forward")
    (shown,) = reads.path(envelope=row.ref, reader=officer("de")).corrected
    assert shown.new is None
    with trio.at("ma"):
        assert Envelope.objects.get(ref=sent.envelope).digest == shown.by


def test_a_correction_outlives_the_agreement(trio: Trio, letter: UUID) -> None:
    for node in ("ma", "es"):
        trio.play(node)
        acts.end_agreement(agreement=trio.agreement("ma", "es"), party=AGENCIES[node], by=officer(node), now=trio.now)

    sent = correct(trio, letter)

    assert isinstance(sent, Sent)
    trio.post()
    trio.play("es")
    assert Envelope.objects.get(ref=sent.envelope).state == "accepted"
    assert Correction.objects.count() == 1


def test_what_only_claims_to_correct_does_not_outlive_the_agreement(trio: Trio, letter: UUID) -> None:
    from tansiq.exchange.label import Marks

    claim = Marks(supersedes="0" * 64)
    sent = trio.write("news", marks=claim)
    trio.play("es")
    acts.end_agreement(agreement=trio.agreement("ma", "es"), party=AGENCIES["es"], by=officer("es"), now=trio.now)
    trio.play("ma")
    trio.post()

    trio.play("es")
    assert Envelope.objects.get(ref=sent.envelope).state == "refused"


def test_only_who_wrote_it_corrects_it(trio: Trio, letter: UUID) -> None:
    refused = correct(trio, letter, "es")

    assert isinstance(refused, Refused)
    assert refused.reason == RecallReason.NOT_OURS


def test_a_recalled_letter_is_not_corrected(trio: Trio, letter: UUID) -> None:
    acts.recall_letter(envelope=letter, cause=RecallCause.ERROR, by=officer("ma"), now=trio.now)

    refused = correct(trio, letter)

    assert isinstance(refused, Refused)
    assert refused.reason == RecallReason.RECALLED
