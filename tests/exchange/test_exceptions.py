"""Exceptions by two persons: asked for, approved with keys of their own, checked by the recipient, rejected."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from msgspec.structs import replace

from tansiq.exchange import acts, canon, cards, officers, reads, receipts, seal
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.choosing import Heading
from tansiq.exchange.envelope import Approval
from tansiq.exchange.keys import Signer
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import Statement
from tansiq.exchange.kinds.notices import Ask, NoticeLetter
from tansiq.exchange.label import Claim, Marks, Notice
from tansiq.exchange.models import Envelope, Event, Exceptional, OfficerKey
from tansiq.exchange.officers import OfficerCard
from tansiq.exchange.policy import DAY_MS
from tansiq.exchange.receipts import Receipt, ReceiptState
from tansiq.exchange.values import ExceptionLine, ExchangeReason, Sent
from tansiq.ground import clock
from tansiq.ground.errors import Missing, Untrusted
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour
from tests.web.test_agreements import send as send_form

pytestmark = pytest.mark.django_db

NOW = clock.now().replace(microsecond=0)
ONE, TWO = (world.stranger(Duty.CASE_OFFICER, name=name, number=number) for name, number in (("one", 1), ("two", 2)))
ONE_AGAIN = replace(ONE, duty=Duty.DUTY_OFFICER)
ABROAD = world.stranger(Duty.CASE_OFFICER, party="ma.dgsn", number=3)
PHRASE = "a long night in the Strait"
LETTER = NoticeLetter(subject="A source", ask=Ask.INFORM, statements=(Statement("sub rosa", "fact"),))  # type: ignore[arg-type]
CLAIMS = {Claim.EXCEPTION: 1, Claim.DANGER_ASSESSED: 1}


@pytest.fixture
def interpol(es: Neighbour) -> str:
    """An Interpol agreement."""
    return neighbours.agree(Mechanism.INTERPOL, es, now=NOW)


def asked(by: Officer = ONE, **changed: object) -> Sent | Refused:
    """A green notice that is sensitive."""
    marks = Marks(notice=Notice.GREEN, review_by=canon.millis(NOW) + 100 * DAY_MS, claims=CLAIMS)
    said = {"sensitivity": 1, "topic": "drugs", "purpose": "prevention", "marks": marks, **changed}
    return acts.send(
        kind=Kind.NOTICE, letter=LETTER, mechanism="interpol", to=("es.salvamento",), by=by, now=NOW, **said
    )  # type: ignore[arg-type]  # one table of what is said


def approved(exception: UUID, by: Officer, phrase: str = PHRASE) -> ExceptionLine | Refused:
    """One more approval."""
    return acts.approve_exception(exception=exception, phrase=phrase, by=by, now=NOW)


def test_two_persons_let_a_sensitive_letter_pass_and_the_recipient_checks_both(es: Neighbour, interpol: str) -> None:
    answer = asked()
    assert isinstance(answer, Sent)
    assert answer.awaits
    assert not Envelope.objects.exists()

    first = approved(answer.envelope, ONE)
    assert isinstance(first, ExceptionLine)
    assert first.approved_by == (ONE.signature,)
    assert neighbours.opened(es) == []
    second = approved(answer.envelope, TWO)
    assert isinstance(second, ExceptionLine)
    assert second.state == "sent"

    (sent,) = neighbours.opened(es)
    assert (sent.envelope, sent.letter) == (answer.envelope, LETTER)
    raw = Envelope.objects.get().raw
    envelope = seal.parse(bytes(raw))
    keys = seal.unwrap(envelope, es.keys.opener)
    persons = officers.approvers(envelope, keys, es.known().verifier)
    assert persons == {officers.pseudonym("ma", each.person) for each in (ONE, TWO)}
    names = [event.name for event in Event.objects.filter(name__startswith="exchange.exception").order_by("id")]
    assert names == ["exchange.exception.ask", "exchange.exception.approve", "exchange.exception.approve"]


NO: dict[str, tuple[Callable[[UUID], object], ExchangeReason]] = {
    "story 11: one person under two duties": (lambda ref: approved(ref, ONE_AGAIN), ExchangeReason.APPROVED_BY_YOU),
    "a short phrase": (lambda ref: approved(ref, TWO, "short"), ExchangeReason.PHRASE_SHORT),
}


@pytest.mark.parametrize("story", NO)
def test_what_is_no_second_approval(story: str, es: Neighbour, interpol: str) -> None:
    act, reason = NO[story]
    answer = asked()
    assert isinstance(answer, Sent)
    approved(answer.envelope, ONE)
    refused = act(answer.envelope)

    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert neighbours.opened(es) == []


def test_a_key_opens_by_its_own_phrase_alone(es: Neighbour, interpol: str) -> None:
    first, second = asked(), asked()
    assert isinstance(first, Sent)
    assert isinstance(second, Sent)
    approved(first.envelope, ONE)
    wrong = approved(second.envelope, ONE, "another phrase of some length")
    assert isinstance(wrong, Refused)
    assert wrong.reason is ExchangeReason.WRONG_PHRASE
    assert isinstance(approved(second.envelope, ONE), ExceptionLine)
    assert OfficerKey.objects.count() == 1
    assert PHRASE.encode() not in bytes(OfficerKey.objects.get().box)


def test_what_no_exception_reaches_is_refused_at_once(es: Neighbour, interpol: str) -> None:
    for changed in ({"sensitivity": 2}, {"topic": "terrorism"}, {"marks": Marks(notice=Notice.GREEN)}):
        assert isinstance(asked(**changed), Refused)
    assert not Exceptional.objects.exists()


def test_a_rejected_exception_is_forgotten(es: Neighbour, interpol: str) -> None:
    answer = asked()
    assert isinstance(answer, Sent)
    rejected = acts.reject_exception(exception=answer.envelope, by=TWO, now=NOW)
    assert isinstance(rejected, ExceptionLine)
    row = Exceptional.objects.get()
    assert (bytes(row.keys), bytes(row.parts)) == (b"", b"")
    late = approved(answer.envelope, ONE)
    assert isinstance(late, Refused)
    assert late.reason is ExchangeReason.DECIDED


def test_another_agency_neither_sees_nor_approves_it(es: Neighbour, interpol: str) -> None:
    answer = asked()
    assert isinstance(answer, Sent)
    assert len(reads.exceptions(reader=ONE)) == 1
    assert reads.exceptions(reader=ABROAD) == ()
    with pytest.raises(Missing):
        approved(answer.envelope, ABROAD)


def test_the_rule_is_asked_again_when_it_goes(es: Neighbour, interpol: str) -> None:
    answer = asked()
    assert isinstance(answer, Sent)
    approved(answer.envelope, ONE)
    acts.suspend_agreement(agreement=interpol, party="ma.marine", by=neighbours.FIRST, now=NOW)
    assert isinstance(approved(answer.envelope, TWO), Refused)
    assert len(reads.exceptions(reader=ONE)[0].approved_by) == 1, "the second may approve when it is lifted"
    late = acts.approve_exception(exception=answer.envelope, phrase=PHRASE, by=TWO, now=NOW + timedelta(days=60))
    assert isinstance(late, Refused)


PERSONS = {name: Signer(name.encode().ljust(32, b"-")) for name in ("anna", "berta")}


def card(es: Neighbour, name: str, person: str, signer: Signer | None = None, **changed: object) -> str:
    """A neighbour's card of an officer."""
    plain = OfficerCard(
        node="es",
        agency="es.salvamento",
        duty="case-officer",
        person=officers.pseudonym("es", UUID(int=sum(person.encode()))),
        key=PERSONS[name].verifier.raw.hex(),
        at=1,
    )
    return officers.make_card(replace(plain, **changed), signer or es.keys.signer)


def received(es: Neighbour, agreement: str, approve: Callable[[seal.Draft], list[Approval]]) -> Receipt:
    """Our receipt for a neighbour's sensitive notice with these approvals."""
    draft = es.draft(
        agreement,
        NOW,
        kind=Kind.NOTICE,
        letter=LETTER,
        duty="case-officer",
        topic="drugs",
        purpose="prevention",
        sensitivity=1,
        notice=Notice.GREEN,
        review_by=canon.millis(NOW) + DAY_MS,
        claims=CLAIMS,
    )
    raw = seal.finish(draft, es.keys.signer, approve(draft)).envelope.raw
    (token,) = acts.receive(parcels=[acts.Parcel(raw, "es")], now=NOW)
    return receipts.read_receipt(token, cards.read_card(reads.own_card()[0]).verifier)


def by(es: Neighbour, name: str, person: str = "", **changed: object) -> Callable[[seal.Draft], Approval]:
    """An approval under a key, by a person."""
    return lambda draft: officers.approve(draft, PERSONS[name], card(es, name, person or name, **changed))  # type: ignore[arg-type]


RECEIVED: dict[str, tuple[Callable[[Neighbour], list[Callable[[seal.Draft], Approval]]], str]] = {
    "two persons": (lambda es: [by(es, "anna"), by(es, "berta")], ""),
    "nobody": (lambda es: [], "exchange.reason.forbidden"),
    "one person": (lambda es: [by(es, "anna")], "exchange.reason.forbidden"),
    "story 11: one person with two keys": (
        lambda es: [by(es, "anna"), by(es, "berta", "anna", duty="duty-officer")], "exchange.reason.forbidden",
    ),
    "a card of another node's key": (
        lambda es: [by(es, "anna"), by(es, "berta", signer=neighbours.keys_of("mallory").signer)],
        "exchange.reason.unreadable",
    ),
    "an officer of another agency's node": (
        lambda es: [by(es, "anna"), by(es, "berta", node="de", agency="de.bpol")], "exchange.reason.unreadable",
    ),
    "a card for another key": (
        lambda es: [
            by(es, "anna"), lambda draft: officers.approve(draft, PERSONS["berta"], card(es, "anna", "berta")),
        ],
        "exchange.reason.unreadable",
    ),
    "an approval of another letter": (
        lambda es: [
            by(es, "anna"),
            lambda draft: replace(by(es, "berta")(draft), signature=PERSONS["berta"].sign(b"another letter")),
        ],
        "exchange.reason.unreadable",
    ),
    "no card at all": (
        lambda es: [by(es, "anna"), lambda draft: replace(by(es, "berta")(draft), officer="es.salvamento/chief")],
        "exchange.reason.unreadable",
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", RECEIVED)
def test_the_recipient_counts_persons(story: str, es: Neighbour, interpol: str) -> None:
    approvals, reason = RECEIVED[story]
    receipt = received(es, interpol, lambda draft: [approve(draft) for approve in approvals(es)])

    assert receipt.state is (ReceiptState.REFUSED if reason else ReceiptState.ACCEPTED)
    assert receipt.reason == reason
    if reason.endswith("forbidden"):
        assert receipt.rules == ("interpol.sensitive",)


def test_an_approval_in_another_form_is_untrusted(es: Neighbour) -> None:
    with pytest.raises(Untrusted):
        officers.unlock(officers.lock(b"0" * 32, PHRASE), PHRASE + " ")
    assert officers.unlock(officers.lock(b"0" * 32, PHRASE), PHRASE).seed() == b"0" * 32


@pytest.mark.parametrize(("sensitivity", "claims", "allowed"), [(1, CLAIMS, True), (2, CLAIMS, False), (1, {}, False)])
def test_whoever_writes_sees_that_two_persons_are_needed(
    es: Neighbour, interpol: str, sensitivity: int, claims: dict[Claim, int], allowed: bool
) -> None:
    marks = Marks(
        notice=Notice.GREEN, review_by=canon.millis(NOW) + DAY_MS, claims={Claim.DANGER_ASSESSED: 1, **claims}
    )
    heading = Heading(
        kind=Kind.NOTICE,
        to=("es.salvamento",),
        topic="drugs",
        purpose="prevention",
        sensitivity=sensitivity,
        marks=marks,
    )
    (choice,) = reads.choices(heading=heading, reader=ONE, now=NOW)
    assert (choice.allowed, choice.two_persons) == (allowed, allowed)
    assert allowed or any(rule.id.startswith("interpol.") for rule in choice.rules)


def test_two_officers_approve_on_the_page(es: Neighbour, interpol: str) -> None:
    writer = world.officer(Duty.CASE_OFFICER)
    answer = asked(by=writer)
    assert isinstance(answer, Sent)
    address = f"/exchange/exceptions/{answer.envelope}/approve"
    for duty, shown in ((Duty.CASE_OFFICER, "waits for approval"), (Duty.DUTY_OFFICER, "approved and sent")):
        client = world.sign_in(duty)
        page = client.get("/exchange/exceptions").content.decode()
        assert "green: warning" in page
        assert "sub rosa" not in page
        send_form(client, "/exchange/exceptions", address, phrase=f"{PHRASE} {duty}")
        assert shown in client.get("/exchange/exceptions").content.decode()
    assert len(neighbours.opened(es)) == 1


def test_who_lost_the_phrase_makes_another_key_and_is_the_same_person_still(es: Neighbour, interpol: str) -> None:
    officer = world.officer(Duty.CASE_OFFICER)
    answer = asked(by=officer)
    assert isinstance(answer, Sent)
    approved(answer.envelope, officer)
    client = world.sign_in(Duty.CASE_OFFICER)
    send_form(client, "/exchange/exceptions", "/exchange/exceptions/key")
    assert not OfficerKey.objects.exists()
    again = approved(answer.envelope, officer, "quite another phrase")
    assert isinstance(again, Refused)
    assert again.reason is ExchangeReason.APPROVED_BY_YOU


def test_a_second_by_the_same_person_is_refused_on_the_page(es: Neighbour, interpol: str) -> None:
    answer = asked(by=world.officer(Duty.CASE_OFFICER))
    assert isinstance(answer, Sent)
    client: Client = world.sign_in(Duty.CASE_OFFICER)
    address = f"/exchange/exceptions/{answer.envelope}/approve"
    send_form(client, "/exchange/exceptions", address, phrase=PHRASE)
    with pytest.raises(AssertionError, match="another person"):
        send_form(client, "/exchange/exceptions", address, phrase=PHRASE)
