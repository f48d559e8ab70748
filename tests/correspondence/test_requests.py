"""Requests between two whole nodes: every step is a letter, and each side sees where the thread stands and no more."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tansiq.correspondence import acts, reads
from tansiq.correspondence.models import Request, RequestStep
from tansiq.correspondence.values import Progress, Reason, RequestState
from tansiq.exchange import acts as exchange
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.requests import RefusalReason, ReplyLetter, ReplyStep, RequestLetter
from tansiq.exchange.kinds.requests import RequestStep as Step
from tansiq.exchange.models import Envelope, Event
from tansiq.exchange.values import Opened
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty, Permission
from tests import neighbour as neighbours
from tests import world
from tests.correspondence import threads
from tests.correspondence.threads import ASKED, ASKER, NOW
from tests.neighbour import Neighbour
from tests.sides import Sides

pytestmark = pytest.mark.django_db

LATER, LATE = NOW + timedelta(minutes=1), NOW + timedelta(hours=9)
LONG_SINCE = NOW - timedelta(hours=9)


@pytest.fixture
def direct(sides: Sides) -> str:
    """Two nodes with a direct channel; ours is played."""
    return threads.direct(sides)


def names() -> list[str]:
    """The events of requests, in order."""
    found = Event.objects.filter(name__startswith="correspondence.").order_by("id")
    return [name.rpartition(".")[2] for name in found.values_list("name", flat=True)]


def test_a_question_is_asked_read_taken_answered_in_part_and_in_whole(sides: Sides, direct: str) -> None:
    request = threads.ask(direct)
    assert threads.seen(request, ASKER).line.progress is Progress.SENT
    assert request.due == NOW + timedelta(hours=8), "the agreement's time limit for what is urgent"

    sides.carry()
    there = threads.seen(request, ASKED).line
    assert (there.ours, there.request.asker, there.request.due) == (False, world.OURS, request.due)
    assert there.request.envelope is not None
    opened = exchange.open_letter(envelope=there.request.envelope, reason="to answer", by=ASKED, now=NOW)
    assert isinstance(opened, Opened)
    assert opened.letter.question == "Who registered it?"  # type: ignore[attr-defined]  # a request

    sides.carry()
    assert threads.seen(request, ASKER).line.progress is Progress.READ
    sides.carry()
    acts.take(request=request.id, by=ASKED, now=LATER)
    sides.carry()
    assert threads.seen(request, ASKER).line.progress is Progress.IN_WORK
    sides.carry()
    threads.answer(request, direct, whole=False, now=LATER)
    sides.carry()
    assert threads.seen(request, ASKER).line.progress is Progress.PART
    sides.carry()
    threads.answer(request, direct, whole=True, now=LATER)
    assert threads.seen(request, ASKED).line.progress is Progress.ANSWERED
    sides.carry()

    whole = threads.seen(request, ASKER)
    assert whole.line.progress is Progress.ANSWERED
    assert [step.step for step in whole.steps] == ["ask", "take", "part", "whole"]
    assert reads.requests(reader=ASKER, now=LATER) == ()
    assert [line.request.id for line in reads.closed(reader=ASKER, now=LATER)] == [request.id]
    assert names() == ["ask", "receive", "receive", "receive"]
    reply = Envelope.objects.filter(kind=Kind.REPLY.value).order_by("position").last()
    assert reply is not None
    assert reply.said is not None
    assert reply.said.in_reply_to == Envelope.objects.get(ref=request.envelope).digest
    read = exchange.open_letter(envelope=reply.ref, reason="to use it", by=ASKER, now=LATE)
    assert isinstance(read, Opened)


def test_received_is_seen_before_read(sides: Sides, direct: str) -> None:
    request = threads.ask(direct)
    sides.carry()
    sides.carry()

    assert threads.seen(request, ASKER).line.progress is Progress.RECEIVED


def test_a_refusal_names_one_of_the_reasons(sides: Sides, direct: str) -> None:
    request = threads.ask(direct)
    sides.carry()
    unsaid = acts.refuse(request=request.id, reason=None, by=ASKED, now=LATER)
    acts.refuse(request=request.id, reason=RefusalReason.INVESTIGATION, remark="Ask again", by=ASKED, now=LATER)
    sides.carry()

    assert isinstance(unsaid, Refused)
    assert unsaid.reason == Reason.NO_REASON
    line = threads.seen(request, ASKER).line
    assert (line.progress, line.request.reason) == (Progress.REFUSED, "investigation")


def test_what_is_late_is_reminded_then_escalated_and_stands_first(sides: Sides, direct: str) -> None:
    second = threads.ask(direct)
    request = threads.ask(direct, now=LONG_SINCE)
    early = acts.remind(request=second.id, by=ASKER, now=LATER)
    assert isinstance(early, Refused)
    assert early.reason == Reason.NOT_DUE

    lines = reads.requests(reader=ASKER, now=NOW)
    assert [(line.request.id, line.overdue) for line in lines] == [(request.id, True), (second.id, False)]
    assert reads.owed(reader=ASKER, now=NOW) == 1
    unreminded = acts.escalate(request=request.id, to="es.interior", by=ASKER, now=NOW)
    assert isinstance(unreminded, Refused)
    assert unreminded.reason == Reason.NOT_REMINDED
    assert not isinstance(acts.remind(request=request.id, remark="Please", by=ASKER, now=NOW), Refused)
    nobody = acts.escalate(request=request.id, to="es.interior", by=ASKER, now=NOW)
    assert isinstance(nobody, Refused), "this channel has no other party over there"
    assert nobody.reason == Reason.NOT_ABOVE

    sides.carry()
    line = threads.seen(request, ASKED).line
    assert (line.request.reminded, line.overdue) == (1, True)


def test_what_is_escalated_is_seen_and_answered_above(es: Neighbour) -> None:
    es.agency = "es.salvamento"
    agreed = _wide(es)
    request = threads.ask(agreed)
    acts.remind(request=request.id, by=ASKER, now=LATE)

    answered = acts.escalate(request=request.id, to="es.interior", remark="No answer", by=ASKER, now=LATE)

    assert not isinstance(answered, Refused)
    assert answered.escalated_to == "es.interior"
    assert threads.seen(request, ASKER).above == ("es.interior",)
    sent = Envelope.objects.order_by("-position").first()
    assert sent is not None
    assert sent.said is not None
    assert sent.said.recipients == ("es.interior", "es.salvamento")
    letter = ReplyLetter(request=request.id, step=ReplyStep.WHOLE, at=LATE, statements=threads.SAID)
    trouble = neighbours.tell(
        es, agreed, letter, LATE, sender="es.interior", duty="case-officer", topic="drugs", purpose="investigation",
        urgency="urgent",
    )  # fmt: skip
    assert trouble == ""
    assert threads.seen(request, ASKER).line.progress is Progress.ANSWERED


def _wide(es: Neighbour) -> str:
    """A direct channel with two agencies on the other side."""
    from tansiq.exchange import cards
    from tansiq.exchange.agreements import standing, templates, terms
    from tansiq.exchange.papers import Papers

    agencies = ("es.interior", "es.salvamento")
    es.number = 2
    card = es.card(agencies=agencies)
    exchange.add_partner(card=card, by=neighbours.FIRST, now=NOW)
    words = cards.fingerprint(cards.read_card(card))
    exchange.confirm_partner(node="es", words=words, by=neighbours.SECOND, now=NOW)
    document = terms.write_agreement(
        templates.propose(
            Mechanism.DIRECT, parties=(world.OURS, *agencies), number="2/2026", since=world.LONG_AGO, until=world.FAR
        )
    )
    made = exchange.propose_agreement(document=document, by=neighbours.FIRST, now=NOW)
    exchange.sign_agreement(agreement=made.digest, party=world.OURS, by=neighbours.FIRST, now=NOW)
    signer = es.keys.signer
    signed = {each: standing.sign_agreement(made.digest, party=each, now=NOW, signer=signer) for each in agencies}
    exchange.receive_agreement(papers=Papers(document.decode(), signed), sender="", now=NOW)
    return made.digest


def test_letters_that_cross_come_to_one_state_on_both_nodes(sides: Sides, direct: str) -> None:
    request = threads.ask(direct)
    sides.carry()
    threads.answer(request, direct, whole=True, now=LATER)
    sides.cross()
    acts.withdraw(request=request.id, by=ASKER, now=LATER)
    assert threads.seen(request, ASKER).line.progress is Progress.WITHDRAWN
    sides.unpack()
    assert threads.seen(request, ASKER).line.progress is Progress.ANSWERED
    sides.carry()

    assert threads.seen(request, ASKED).line.progress is Progress.ANSWERED
    assert [step.step for step in threads.seen(request, ASKED).steps] == ["ask", "whole", "withdraw"]


def test_a_withdrawal_that_overtakes_the_question_is_not_lost(sides: Sides, direct: str) -> None:
    request = threads.ask(direct)
    acts.withdraw(request=request.id, by=ASKER, now=LATER)

    sides.carry(backwards=True)

    line = threads.seen(request, ASKED).line
    assert line.request.state is RequestState.WITHDRAWN
    assert (line.request.due, line.request.topic) == (request.due, "drugs")
    assert isinstance(acts.take(request=request.id, by=ASKED, now=LATER), Refused)


def test_the_same_letter_twice_is_one_step(es: Neighbour) -> None:
    agreed = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    letter = RequestLetter(request=UUID(int=9), step=Step.REMIND, at=NOW)
    said = {"duty": "case-officer", "topic": "drugs", "purpose": "investigation", "urgency": "urgent"}
    for _ in range(2):
        assert neighbours.tell(es, agreed, letter, NOW, **said) == ""
    row = Request.objects.get()
    assert row.reminded == 2, "two letters are two reminders"
    envelope = RequestStep.objects.first()
    assert envelope is not None

    acts.receive_request(letter=letter, sender=es.agency, envelope=envelope.envelope, now=NOW)

    assert (Request.objects.get().reminded, RequestStep.objects.count()) == (2, 2)


def test_a_partner_says_nothing_of_others_requests(es: Neighbour) -> None:
    agreed = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    said = {"duty": "case-officer", "topic": "drugs", "purpose": "investigation", "urgency": "urgent"}
    unknown = ReplyLetter(request=UUID(int=9), step=ReplyStep.WHOLE, at=NOW)
    assert neighbours.tell(es, agreed, unknown, NOW, **said) == Reason.UNKNOWN_REQUEST
    request = threads.ask(agreed)
    theirs = RequestLetter(request=request.id, step=Step.WITHDRAW, at=NOW)

    assert neighbours.tell(es, agreed, theirs, NOW, **said) == Reason.UNKNOWN_REQUEST
    assert threads.seen(request, ASKER).line.request.state is RequestState.ASKED


@pytest.mark.parametrize("step", [*Step, *ReplyStep])
def test_only_those_who_take_part_see_or_touch_a_request(step: object, es: Neighbour) -> None:
    agreed = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    request = threads.ask(agreed)
    other = world.stranger(Duty.CASE_OFFICER, "ma.gendarmerie")

    assert reads.requests(reader=other, now=NOW) == ()
    assert reads.owed(reader=other, now=LATE) == 0
    assert reads.requests(reader=world.stranger(Duty.PROTECTION_OFFICER), now=NOW) == ()
    for act in (acts.remind, acts.withdraw, acts.take):
        with pytest.raises(Missing):
            act(request=request.id, by=other, now=LATE)
    with pytest.raises(Missing):
        threads.seen(request, other)


def test_nothing_that_was_asked_or_answered_stands_outside_the_letters(sides: Sides, direct: str) -> None:
    request = threads.ask(direct)
    sides.carry()
    threads.answer(request, direct, whole=True, now=LATER)

    with connection.cursor() as cursor:
        for table in ("correspondence_request", "correspondence_requeststep", "exchange_event"):
            cursor.execute(f"SELECT * FROM {table}")
            kept = str(cursor.fetchall())
            assert "grey boat" not in kept
            assert "registered" not in kept
            assert "A. Person" not in kept


def test_a_list_asks_the_same_of_the_database_however_long_it_is(es: Neighbour) -> None:
    agreed = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    counts = []
    for rows in (1, 6):
        for minute in range(rows):
            threads.ask(agreed, now=NOW + timedelta(minutes=minute))
        with CaptureQueriesContext(connection) as queries:
            reads.requests(reader=ASKER, now=LATE)
        counts.append(len(queries))

    assert counts[0] == counts[1] == 2


def test_pages_of_the_list_lose_nothing_though_time_limits_are_equal(es: Neighbour) -> None:
    agreed = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    asked = {threads.ask(agreed).id for _ in range(7)}
    found: list[UUID] = []
    after: reads.Place | None = None
    while page := reads.requests(reader=ASKER, now=NOW, after=after, limit=3):
        found += [line.request.id for line in page]
        after = (page[-1].request.due, page[-1].request.id)

    assert len(found) == len(asked)
    assert set(found) == asked


def test_each_step_leaves_its_event(es: Neighbour) -> None:
    agreed = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    request = threads.ask(agreed)
    acts.remind(request=request.id, by=ASKER, now=LATE)
    acts.withdraw(request=request.id, by=ASKER, now=LATE)

    assert names() == ["ask", "remind", "withdraw"]
    assert {event.thing for event in Event.objects.filter(name=Permission.REQUEST_ASK.value)} == {request.id}
