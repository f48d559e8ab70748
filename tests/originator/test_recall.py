"""A letter taken back: every holder is asked, each answers with a statement of its own, and what is erased is gone."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models import Q

from tansiq.exchange import acts, intake, jws, reads
from tansiq.exchange.kinds.originator import ReleaseAnswer
from tansiq.exchange.models import Envelope, Passing, Recall, RecallAnswer, Release
from tansiq.exchange.recalls import (
    RecallAnswerCode,
    RecallCause,
    RecallLine,
    RecallReason,
    RecallState,
    RetentionBasis,
    read_statement,
)
from tansiq.exchange.values import ExchangeReason, Opened, Recovered
from tansiq.ground.errors import Untrusted
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty
from tests.neighbour import keys_of
from tests.originator.test_release import forward, released
from tests.trio import AGENCIES, Trio, officer

pytestmark = pytest.mark.django_db

SECRET = "Thirty persons, north of Larache."
LINKS = [frozenset(pair) for pair in (("ma", "es"), ("es", "de"), ("ma", "de"))]


@pytest.fixture
def letter(trio: Trio) -> UUID:
    """A letter of ma that es holds and de got from es; ma is played."""
    sent = trio.write(SECRET).envelope
    trio.post()
    released(trio, sent)
    forward(trio, sent)
    trio.post()
    trio.play("ma")
    return sent


def recall(trio: Trio, letter: UUID) -> RecallLine:
    """The node ma takes it back."""
    answer = acts.recall_letter(envelope=letter, cause=RecallCause.ERROR, by=officer("ma"), now=trio.now)
    assert isinstance(answer, RecallLine), answer
    return answer


def say(trio: Trio, node: str, answer: RecallAnswerCode, **fields: object) -> RecallLine | Refused:
    """An officer of a holder answers."""
    trio.play(node)
    row = Recall.objects.get()
    return acts.answer_recall(recall=row.position, answer=answer, **fields, by=officer(node), now=trio.now)


def states(trio: Trio) -> dict[str, str]:
    """What ma knows of each holder."""
    trio.play("ma")
    return {row.holder: row.value(row.recall.answer_by, trio.now).state for row in RecallAnswer.objects.all()}


def opens(trio: Trio, node: str) -> object:
    """What an officer of a node gets who opens the letter there."""
    trio.play(node)
    row = Envelope.objects.filter(direction="in").get(Q(kind="information") | Q(kind="forward"))
    return acts.open_letter(envelope=row.ref, reason="to see", by=officer(node), now=trio.now)


def test_every_holder_is_asked_and_states_what_became_of_it(trio: Trio, letter: UUID) -> None:
    recall(trio, letter)
    trio.post()
    assert states(trio) == {"es": "requested", "de": "requested"}

    say(trio, "es", RecallAnswerCode.ERASED)
    say(trio, "de", RecallAnswerCode.RETAINED, basis=RetentionBasis.PROCEEDINGS, days=30)
    trio.post()

    assert states(trio) == {"es": "erased", "de": "retained"}
    kept = RecallAnswer.objects.get(holder="de")
    said = read_statement(kept.token, keys_of("own-de").signer.verifier)
    assert (said.state, said.basis, said.envelope) == ("retained", "proceedings", kept.recall.digest)
    assert kept.checked
    assert Envelope.objects.get(ref=letter).state == "erased"


@pytest.mark.parametrize("node", ["es", "de"])
def test_a_recalled_letter_is_shut_before_anybody_answers(trio: Trio, letter: UUID, node: str) -> None:
    assert isinstance(opens(trio, node), Opened)
    trio.play("ma")
    recall(trio, letter)
    trio.post()

    refused = opens(trio, node)

    assert isinstance(refused, Refused)
    assert refused.reason == RecallReason.RECALLED


def test_what_is_erased_is_gone_and_the_ledger_stays_sound(trio: Trio, letter: UUID) -> None:
    recall(trio, letter)
    trio.post()
    for node in ("es", "de"):
        say(trio, node, RecallAnswerCode.ERASED)
    trio.post()

    for node in ("es", "de"):
        trio.play(node)
        rows = Envelope.objects.filter(Q(kind="information") | Q(kind="forward"))
        assert {(bytes(row.raw), bytes(row.keys), bytes(row.label)) for row in rows} == {(b"", b"", b"")}
        assert {bytes(step.keys) for step in Passing.objects.all()} == {b""}
        assert reads.verify() == ()
        refused = opens(trio, node)
        assert isinstance(refused, Refused)
        assert refused.reason == RecallReason.ERASED
    trio.play("ma")
    assert reads.verify() == ()


def test_the_forwarder_passes_the_recall_on_where_the_originator_does_not_reach(trio: Trio, letter: UUID) -> None:
    trio.cut = {LINKS[2]}

    recall(trio, letter)
    trio.post()

    trio.play("de")
    assert [*Recall.objects.get().askers] == [AGENCIES["es"]]
    say(trio, "de", RecallAnswerCode.ERASED)
    trio.post()
    assert states(trio) == {"es": "requested", "de": "erased"}


def test_a_holder_that_cannot_be_reached_is_overdue_and_answers_when_it_is_back(trio: Trio, letter: UUID) -> None:
    trio.cut = {LINKS[0], LINKS[2]}
    line = recall(trio, letter)
    trio.post()
    trio.now = line.answer_by
    assert states(trio) == {"es": "overdue", "de": "overdue"}

    trio.cut = set()
    trio.post()
    for node in ("es", "de"):
        trio.play(node)
        acts.erase_recalls(now=trio.now)
    trio.post()

    assert states(trio) == {"es": "erased", "de": "erased"}


def test_what_nobody_answers_in_time_the_node_erases_itself(trio: Trio, letter: UUID) -> None:
    line = recall(trio, letter)
    trio.post()
    trio.play("es")
    assert acts.erase_recalls(now=trio.now) == 0

    assert acts.erase_recalls(now=line.answer_by) > 0

    assert Recall.objects.get().state == RecallState.ERASED
    assert Recall.objects.get().answered_by == "node"
    assert acts.erase_recalls(now=line.answer_by) == 0


def test_what_is_retained_can_be_read_until_its_day_and_is_then_erased(trio: Trio, letter: UUID) -> None:
    recall(trio, letter)
    trio.post()
    say(trio, "es", RecallAnswerCode.RETAINED, basis=RetentionBasis.LAW, days=10)
    assert isinstance(opens(trio, "es"), Opened)
    trio.now += timedelta(days=10)
    refused = opens(trio, "es")
    assert isinstance(refused, Refused)

    acts.erase_recalls(now=trio.now)
    trio.post()

    assert states(trio)["es"] == "erased"


@pytest.mark.parametrize(
    "fields", [{}, {"basis": RetentionBasis.LAW}, {"days": 3}], ids=["nothing", "no day", "no basis"]
)
def test_nobody_retains_without_a_basis_and_a_day(trio: Trio, letter: UUID, fields: dict[str, object]) -> None:
    recall(trio, letter)
    trio.post()

    refused = say(trio, "es", RecallAnswerCode.RETAINED, **fields)

    assert isinstance(refused, Refused)
    assert refused.reason == RecallReason.NO_BASIS


def test_a_recall_that_overtakes_its_letter_still_reaches_it(trio: Trio) -> None:
    """The recall comes first, by another way in time: unknown; the letter that comes after it is shut, and erased."""
    sent = trio.write(SECRET).envelope
    trio.cut = {LINKS[0]}
    line = recall(trio, sent)
    token = Recall.objects.get().token
    trio.play("es")
    acts.take_recall(
        token=token, remark="", sender=AGENCIES["ma"], ours=AGENCIES["es"], agreement=trio.agreement("ma", "es"),
        now=trio.now,
    )  # fmt: skip
    assert Recall.objects.get().state == "unknown"
    trio.cut = set()
    trio.post()

    refused = opens(trio, "es")
    assert isinstance(refused, Refused)
    assert acts.erase_recalls(now=trio.now) == 1
    trio.post()
    assert states(trio) == {"es": "erased"}
    assert line.answer_by > trio.now


@pytest.mark.parametrize("act", [acts.suspend_agreement, acts.end_agreement])
def test_a_recall_and_its_answer_outlive_the_agreement(trio: Trio, letter: UUID, act) -> None:
    for node in ("ma", "es"):
        trio.play(node)
        for pair in (("ma", "es"), ("es", "de"), ("ma", "de")):
            if node in pair:
                act(agreement=trio.agreement(*pair), party=AGENCIES[node], by=officer(node), now=trio.now)
    trio.play("ma")

    recall(trio, letter)
    trio.post()
    say(trio, "es", RecallAnswerCode.ERASED)
    trio.post()

    assert states(trio)["es"] == "erased"


def test_after_a_recall_nothing_goes_on(trio: Trio) -> None:
    sent = trio.write(SECRET).envelope
    trio.post()
    released(trio, sent, once=False)
    trio.play("ma")
    recall(trio, sent)
    trio.post()
    trio.play("es")

    refused = forward(trio, sent)

    assert isinstance(refused, Refused)
    assert refused.reason == RecallReason.RECALLED


def test_the_third_party_refuses_what_was_recalled_before_it_came(trio: Trio) -> None:
    sent = trio.write(SECRET).envelope
    trio.post()
    released(trio, sent)
    trio.cut = {LINKS[1]}
    forward(trio, sent)
    trio.post()
    trio.play("ma")
    recall(trio, sent)
    trio.post()
    trio.cut = set()
    trio.post()

    trio.play("de")
    row = Envelope.objects.get(kind="forward")
    assert (row.state, row.reason) == ("refused", RecallReason.RECALLED)


NOT_OURS = {
    "who received it": ("es", Duty.DUTY_OFFICER),
    "a duty that does not write such letters": ("ma", Duty.AUDITOR),
}


@pytest.mark.parametrize("story", NOT_OURS)
def test_only_who_wrote_it_takes_it_back(trio: Trio, letter: UUID, story: str) -> None:
    node, duty = NOT_OURS[story]
    trio.play(node)

    refused = acts.recall_letter(envelope=letter, cause=RecallCause.ERROR, by=officer(node, duty), now=trio.now)

    assert isinstance(refused, Refused)
    assert refused.reason == RecallReason.NOT_OURS


def test_a_partner_cannot_recall_what_another_wrote(trio: Trio, letter: UUID) -> None:
    """The token must be signed by the originator's node; one by the forwarder, in its own name, reaches nothing."""
    recall(trio, letter)
    own = Recall.objects.get()
    digest, token = own.digest, own.token
    from msgspec.structs import replace

    from tansiq.exchange import recalls

    said = jws.unverified(token, recalls.Recall)
    forged = recalls.sign_recall(said, keys_of("es").signer)
    in_its_name = recalls.sign_recall(replace(said, originator=AGENCIES["es"]), keys_of("es").signer)
    trio.play("de")
    how = {"remark": "", "sender": AGENCIES["es"], "ours": AGENCIES["de"], "agreement": "", "now": trio.now}

    with pytest.raises(Untrusted):
        acts.take_recall(token=forged, **how)
    acts.take_recall(token=in_its_name, **how)

    assert Recall.objects.get().state == "unknown"
    assert Recall.objects.get().digest == digest
    assert isinstance(opens(trio, "de"), Opened)


def test_asking_again_asks_those_who_owe_an_answer(trio: Trio, letter: UUID) -> None:
    recall(trio, letter)
    trio.post()
    say(trio, "es", RecallAnswerCode.ERASED)
    trio.post()
    trio.play("ma")
    before = Envelope.objects.filter(kind="recall").count()

    recall(trio, letter)

    again = Envelope.objects.filter(kind="recall").order_by("position")[before:]
    assert [row.said.recipients for row in again] == [(AGENCIES["de"],)]
    assert Recall.objects.count() == 1


def test_two_holders_under_one_name_are_not_confused(trio: Trio, letter: UUID) -> None:
    """A holder's statement cannot be signed by another."""
    recall(trio, letter)
    trio.post()
    say(trio, "es", RecallAnswerCode.ERASED)
    from tansiq.exchange import recalls
    from tansiq.exchange.acts.recalling import take_statement

    trio.play("ma")
    row = Recall.objects.get()
    lie = recalls.sign_statement(
        recalls.HolderStatement(recall=row.uid, envelope=row.digest, holder="de", state="erased", at=1),
        keys_of("es").signer,
    )

    with pytest.raises(Untrusted):
        take_statement(row, lie, AGENCIES["es"], trio.now)
    assert states(trio)["de"] == "requested"


def test_a_granted_release_is_worth_nothing_after_a_recall(trio: Trio) -> None:
    sent = trio.write(SECRET).envelope
    trio.post()
    trio.play("es")
    acts.ask_release(
        envelope=sent, onward_by=trio.agreement("es", "de"), to=(AGENCIES["de"],), purpose="prevention", reason="x",
        by=officer("es"), now=trio.now,
    )  # fmt: skip
    trio.post()
    trio.play("ma")
    recall(trio, sent)
    release = Release.objects.get()

    refused = acts.answer_release(
        release=release.position, answer=ReleaseAnswer.GRANTED, days=1, by=officer("ma"), now=trio.now
    )

    assert isinstance(refused, Refused)
    assert refused.reason == RecallReason.RECALLED


def test_a_restored_backup_does_not_revive_a_recalled_letter(trio: Trio, letter: UUID) -> None:
    """Story 13: an old backup; a recalled letter stays shut."""
    trio.play("es")
    backup = trio.backup()
    trio.play("ma")
    recall(trio, letter)
    trio.post()
    say(trio, "es", RecallAnswerCode.ERASED)
    trio.post()
    trio.play("es")
    intake.write_anchor()
    trio.restore(backup)
    assert intake.compare_anchor()
    behind = opens(trio, "es")
    assert isinstance(behind, Refused)
    assert behind.reason == ExchangeReason.LEDGER_BEHIND
    assert acts.erase_recalls(now=trio.now) == 0
    with trio.at("ma"):
        told = {"ma": reads.catch_up(node="es")}

    answer = acts.recover(told=told, without=(), by=officer("es"), second=officer("es", number=2), now=trio.now)

    assert isinstance(answer, Recovered), answer
    assert [each for each in answer.troubles if "Card" not in each] == []  # the cards of the tests are not the same
    refused = opens(trio, "es")
    assert isinstance(refused, Refused)
    assert refused.reason == RecallReason.RECALLED
    trio.now += timedelta(days=1)
    assert acts.erase_recalls(now=trio.now) > 0
    assert reads.verify() == ()
    assert Recall.objects.get().state == "erased"


def test_an_originator_that_lost_its_recall_has_it_back_with_what_was_stated(trio: Trio, letter: UUID) -> None:
    backup = trio.backup()
    recall(trio, letter)
    trio.post()
    say(trio, "es", RecallAnswerCode.ERASED)
    trio.post()
    trio.play("ma")
    intake.write_anchor()
    trio.restore(backup)
    intake.compare_anchor()
    with trio.at("es"):
        told = {"es": reads.catch_up(node="ma")}

    answer = acts.recover(told=told, without=(), by=officer("ma"), second=officer("ma", number=2), now=trio.now)

    assert isinstance(answer, Recovered), answer
    assert [each for each in answer.troubles if "Card" not in each] == []  # the cards of the tests are not the same
    assert states(trio)["es"] == "erased"
    assert reads.verify() == ()
