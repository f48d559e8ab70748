"""What the exchange does when rooms and people ask it to: send, open, attest, trust, agree."""

import pytest
from msgspec.structs import replace

from tansiq.exchange import acts, reads, seal
from tansiq.exchange.agreements import standing
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Delivery, Envelope, Event
from tansiq.exchange.values import ExchangeReason, PartnerState, Sent
from tansiq.ground.errors import Missing, Untrusted
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer
from tests import neighbour as neighbours
from tests.exchange.sealed import NOW
from tests.neighbour import COORDINATOR, FIRST, SECOND, Neighbour

pytestmark = pytest.mark.django_db


def test_a_letter_is_sealed_for_the_partner_and_queued(es: Neighbour) -> None:
    digest = neighbours.agree(Mechanism.RESCUE, es, now=NOW)
    sent = acts.send(
        kind=Kind.ALERT,
        letter=neighbours.alert(NOW),
        mechanism="rescue",
        to=("es.salvamento",),
        by=COORDINATOR,
        now=NOW,
        topic="distress",
        purpose="rescue",
        urgency="distress",
    )

    assert isinstance(sent, Sent), sent
    assert sent.agreement == digest
    row = Envelope.objects.get(ref=sent.envelope)
    assert Delivery.objects.get(envelope=row).node == "es"
    envelope = seal.parse(bytes(row.raw))
    seal.verify(envelope, es.known().verifier)
    keys = seal.unwrap(envelope, es.keys.opener)
    assert b"23" in seal.open_letter(envelope, keys)
    assert reads.verify() == ()


def sent_to(*to: str, mechanism: str = "rescue", **said: object) -> object:
    """What sending one alert answers."""
    return acts.send(
        kind=Kind.ALERT, letter=neighbours.alert(NOW), mechanism=mechanism, to=to, by=COORDINATOR, now=NOW, **said
    )  # fmt: skip


@pytest.mark.parametrize(
    ("to", "mechanism", "reason"),
    [
        ((), "rescue", ExchangeReason.NO_RECIPIENT),
        (("ma.gendarmerie",), "rescue", ExchangeReason.NO_RECIPIENT),
        (("de.bpol",), "rescue", ExchangeReason.NO_AGREEMENT),
        (("es.salvamento",), "picture", ExchangeReason.NO_AGREEMENT),
        (("es.salvamento",), "direct", ExchangeReason.NO_AGREEMENT),
    ],
)
def test_nothing_is_sent_without_recipient_and_agreement(
    es: Neighbour, to: tuple[str, ...], mechanism: str, reason: ExchangeReason
) -> None:
    neighbours.agree(Mechanism.RESCUE, es, now=NOW)

    answer = sent_to(*to, mechanism=mechanism)

    assert isinstance(answer, Refused)
    assert answer.reason is reason
    assert not Envelope.objects.exists()


def test_the_agreements_rule_is_asked_before_anything_is_sealed(es: Neighbour) -> None:
    neighbours.agree(Mechanism.PICTURE, es, now=NOW)

    answer = sent_to("es.salvamento", mechanism="picture", persons_named=True)

    assert isinstance(answer, Refused), answer
    assert not Envelope.objects.exists()


def test_no_agreement_in_force_means_nobody(es: Neighbour) -> None:
    assert reads.parties_of(mechanism="rescue", now=NOW) == ()
    digest = neighbours.agree(Mechanism.PICTURE, es, now=NOW)
    assert reads.parties_of(mechanism="picture", now=NOW) == ("es.salvamento",)
    acts.suspend_agreement(agreement=digest, party="ma.marine", by=FIRST, now=NOW)
    assert reads.parties_of(mechanism="picture", now=NOW) == ()


def test_a_partner_is_trusted_by_two_persons_who_compared_its_words(es: Neighbour) -> None:
    de = Neighbour(node="de", agency="de.bpol")
    acts.add_partner(card=de.card(), by=FIRST, now=NOW)

    alone = acts.confirm_partner(node="de", words=de.words(), by=FIRST, now=NOW)
    wrong = acts.confirm_partner(node="de", words=es.words(), by=SECOND, now=NOW)
    assert [getattr(each, "reason", None) for each in (alone, wrong)] == [
        ExchangeReason.SAME_PERSON,
        ExchangeReason.WORDS_DIFFER,
    ]
    spoken = de.words().replace("-", "  ").upper()
    trusted = acts.confirm_partner(node="de", words=spoken, by=SECOND, now=NOW)

    assert getattr(trusted, "state", None) is PartnerState.CONFIRMED


def test_an_older_card_is_not_taken(es: Neighbour) -> None:
    acts.add_partner(card=es.card(number=5), by=FIRST, now=NOW)
    with pytest.raises(Untrusted):
        acts.add_partner(card=es.card(number=4), by=FIRST, now=NOW)


def test_a_card_with_other_keys_must_be_compared_again(es: Neighbour) -> None:
    other = acts.add_partner(card=es.card(number=2, keys=neighbours.keys_of("other")), by=FIRST, now=NOW)

    assert getattr(other, "state", None) is PartnerState.PENDING


def test_only_who_suspended_lifts_and_an_old_statement_is_not_replayed(es: Neighbour) -> None:
    digest = neighbours.agree(Mechanism.PICTURE, es, now=NOW)
    acts.suspend_agreement(agreement=digest, party="ma.marine", by=FIRST, now=NOW)
    old = reads.papers(agreement=digest)
    acts.lift_agreement(agreement=digest, party="ma.marine", by=FIRST, now=NOW)

    again = acts.receive_agreement(papers=old, sender="es", now=NOW)
    twice = acts.lift_agreement(agreement=digest, party="ma.marine", by=FIRST, now=NOW)

    assert again.state == "in-force"
    assert getattr(twice, "reason", None) is ExchangeReason.NO_CHANGE


def test_a_signature_by_another_key_is_not_taken(es: Neighbour) -> None:
    digest = neighbours.agree(Mechanism.PICTURE, es, now=NOW, signed=False)
    forged = standing.sign_agreement(
        digest, party="es.salvamento", now=NOW, signer=neighbours.keys_of("mallory").signer
    )
    papers = replace(reads.papers(agreement=digest), signatures={"es.salvamento": forged})

    with pytest.raises(Untrusted):
        acts.receive_agreement(papers=papers, sender="es", now=NOW)


def test_nobody_signs_for_an_agency_of_another_node(es: Neighbour) -> None:
    digest = neighbours.agree(Mechanism.PICTURE, es, now=NOW, signed=False)

    answer = acts.sign_agreement(agreement=digest, party="es.salvamento", by=FIRST, now=NOW)

    assert getattr(answer, "reason", None) is ExchangeReason.NOT_A_PARTY


SPEAKERS = {
    "who looks after the node, of the agency": ("ma.marine", Duty.NODE_ADMINISTRATOR, None),
    "who looks after the node, of another agency": ("ma.gendarmerie", Duty.NODE_ADMINISTRATOR, None),
    "somebody of the agency": ("ma.marine", Duty.DUTY_OFFICER, None),
    "somebody of another agency": ("ma.gendarmerie", Duty.DUTY_OFFICER, ExchangeReason.OTHER_AGENCY),
}


@pytest.mark.parametrize("story", SPEAKERS)
def test_an_officer_speaks_for_the_own_agency_alone(story: str, es: Neighbour) -> None:
    party, duty, reason = SPEAKERS[story]
    digest = neighbours.agree(Mechanism.PICTURE, es, now=NOW)
    draft = neighbours.agree(Mechanism.STATISTICS, es, now=NOW, signed=False)
    by = Officer("x", party, duty)

    said = [
        acts.sign_agreement(agreement=draft, party="ma.marine", by=by, now=NOW),
        acts.suspend_agreement(agreement=digest, party="ma.marine", by=by, now=NOW),
        acts.lift_agreement(agreement=digest, party="ma.marine", by=by, now=NOW),
        acts.end_agreement(agreement=digest, party="ma.marine", by=by, now=NOW),
    ]

    assert [getattr(answer, "reason", None) for answer in said] == [reason] * 4


def test_a_letter_is_opened_for_a_reason_that_is_logged(es: Neighbour) -> None:
    neighbours.agree(Mechanism.RESCUE, es, now=NOW)
    sent = sent_to("es.salvamento")
    assert isinstance(sent, Sent)

    refused = acts.open_letter(envelope=sent.envelope, reason=" ", by=COORDINATOR, now=NOW)
    opened = acts.open_letter(envelope=sent.envelope, reason="to check the position", by=COORDINATOR, now=NOW)

    assert getattr(refused, "reason", None) is ExchangeReason.NO_REASON_GIVEN
    assert getattr(opened, "letter", None) == neighbours.alert(NOW)
    event = Event.objects.get(name="exchange.letter.open")
    assert (event.by, "position" in event.detail) == (COORDINATOR.signature, True)


def test_an_event_is_seen_by_who_may_view_its_thing(es: Neighbour) -> None:
    neighbours.agree(Mechanism.RESCUE, es, now=NOW)
    names = {event.name for event in reads.events(after=0, reader=COORDINATOR)}
    nothing = replace(COORDINATOR, duty=Duty.PROTECTION_OFFICER)

    assert "exchange.agreement.sign" in names
    assert {event.name.partition(".")[0] for event in reads.events(after=0, reader=nothing)} <= {"parties"}


def test_lists_and_pages_go_by_position(es: Neighbour) -> None:
    neighbours.agree(Mechanism.RESCUE, es, now=NOW)
    for _ in range(5):
        sent_to("es.salvamento")

    newest = reads.envelopes(reader=COORDINATOR, limit=2)
    older = reads.envelopes(reader=COORDINATOR, before=newest[-1].position, limit=10)
    stranger = replace(COORDINATOR, duty=Duty.PROTECTION_OFFICER)

    assert [len(newest), len(older)] == [2, 3]
    assert reads.envelopes(reader=COORDINATOR, after=0, limit=10) == tuple(reversed(newest + older))
    assert reads.envelopes(reader=stranger) == ()
    with pytest.raises(Missing):
        reads.envelope(envelope=newest[0].id, reader=stranger)
