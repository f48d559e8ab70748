"""Ask, remind, escalate, withdraw; take into work, answer, refuse. Every step is a letter under the request's channel.

What the letters say stays sealed in them: a request's row knows who asked whom, by when, and where it stands.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tansiq.correspondence import rules
from tansiq.correspondence.acts.drafts import drop_draft
from tansiq.correspondence.acts.kept import followed, request_of
from tansiq.correspondence.acts.post import post
from tansiq.correspondence.models import Request
from tansiq.correspondence.values import Request as Value
from tansiq.correspondence.values import RequestState
from tansiq.exchange import acts as exchange
from tansiq.exchange import reads
from tansiq.exchange.choosing import Heading
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import PersonMentioned, Statement
from tansiq.exchange.kinds.requests import RefusalReason, ReplyLetter, ReplyStep, RequestLetter, RequestStep
from tansiq.exchange.label import Handling, Urgency
from tansiq.exchange.values import Detail
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer


@transaction.atomic
def ask(
    *,
    draft: UUID,
    heading: Heading,
    subject: str,
    question: str,
    statements: tuple[Statement, ...],
    persons: tuple[PersonMentioned, ...],
    agreement: str,
    by: Officer,
    now: datetime,
) -> Value | Refused:
    """Ask one agency a question, by the channel that the asker chose; an answer is owed from now on."""
    verdict = rules.may_ask(heading.to)
    if isinstance(verdict, Refused):
        return verdict
    letter = RequestLetter(
        request=uuid7(now), step=RequestStep.ASK, at=now, case=heading.case, subject=subject, question=question,
        statements=statements, persons=persons,
    )  # fmt: skip
    sent = post(heading=heading, letter=letter, agreement=agreement, by=by, now=now)
    if isinstance(sent, Refused):
        return sent
    outside = reads.outside(envelope=sent.envelope)
    row = Request(
        id=letter.request, asker=by.party, asked=heading.to[0], state=RequestState.ASKED.value, at=now, due=now
    )
    followed(row, letter, outside)
    drop_draft(draft=draft, by=by, now=now)
    exchange.record(event=Permission.REQUEST_ASK, thing=row.id, by=by, now=now, detail={"to": row.asked})
    return row.value()


@transaction.atomic
def remind(*, request: UUID, remark: str = "", by: Officer, now: datetime) -> Value | Refused:
    """Remind who was asked that the time is over."""
    row = request_of(request, by)
    verdict = rules.may_remind(row.value(), by.party, now)
    if isinstance(verdict, Refused):
        return verdict
    letter = RequestLetter(request=row.id, step=RequestStep.REMIND, at=now, case=row.case, remark=remark)
    return _step(row, letter, (row.asked,), Permission.REQUEST_REMIND, by, now)


@transaction.atomic
def escalate(*, request: UUID, to: str, remark: str = "", by: Officer, now: datetime) -> Value | Refused:
    """Tell an agency above who was asked that a reminder did not help; from now on it may answer too."""
    row = request_of(request, by)
    outside = reads.outside(envelope=row.envelope) if row.envelope else None
    above = rules.above(row.value(), outside.parties if outside else ())
    verdict = rules.may_escalate(row.value(), by.party, to, above, now)
    if isinstance(verdict, Refused):
        return verdict
    letter = RequestLetter(request=row.id, step=RequestStep.ESCALATE, at=now, case=row.case, to=to, remark=remark)
    return _step(row, letter, tuple(sorted({row.asked, to})), Permission.REQUEST_ESCALATE, by, now)


@transaction.atomic
def withdraw(*, request: UUID, remark: str = "", by: Officer, now: datetime) -> Value | Refused:
    """Withdraw what was not answered: nothing is owed any more."""
    row = request_of(request, by)
    verdict = rules.may_withdraw(row.value(), by.party)
    if isinstance(verdict, Refused):
        return verdict
    letter = RequestLetter(request=row.id, step=RequestStep.WITHDRAW, at=now, case=row.case, remark=remark)
    to = tuple(sorted({row.asked, row.escalated_to} - {""}))
    return _step(row, letter, to, Permission.REQUEST_WITHDRAW, by, now)


@transaction.atomic
def take(*, request: UUID, by: Officer, now: datetime) -> Value | Refused:
    """Say that a request is in work."""
    row = request_of(request, by)
    verdict = rules.may_take(row.value(), by.party)
    if isinstance(verdict, Refused):
        return verdict
    letter = ReplyLetter(request=row.id, step=ReplyStep.TAKE, at=now)
    return _step(row, letter, (row.asker,), Permission.REQUEST_TAKE, by, now)


@transaction.atomic
def refuse(
    *, request: UUID, reason: RefusalReason | None, remark: str = "", by: Officer, now: datetime
) -> Value | Refused:
    """Refuse to answer, for one of the reasons that there are."""
    row = request_of(request, by)
    verdict = rules.may_refuse(row.value(), by.party, reason or "")
    if isinstance(verdict, Refused):
        return verdict
    letter = ReplyLetter(request=row.id, step=ReplyStep.REFUSE, at=now, reason=reason, remark=remark)
    return _step(row, letter, (row.asker,), Permission.REQUEST_REFUSE, by, now)


@transaction.atomic
def answer(
    *,
    request: UUID,
    draft: UUID,
    heading: Heading,
    whole: bool,
    subject: str,
    statements: tuple[Statement, ...],
    persons: tuple[PersonMentioned, ...],
    agreement: str,
    by: Officer,
    now: datetime,
) -> Value | Refused:
    """Answer a request in whole or in part, by the channel that the writer chose."""
    row = request_of(request, by)
    verdict = rules.may_answer(row.value(), by.party)
    if isinstance(verdict, Refused):
        return verdict
    step = ReplyStep.WHOLE if whole else ReplyStep.PART
    letter = ReplyLetter(
        request=row.id, step=step, at=now, subject=subject, statements=statements, persons=persons
    )  # fmt: skip
    sent = post(heading=heading, letter=letter, agreement=agreement, by=by, now=now, in_reply_to=row.envelope)
    if isinstance(sent, Refused):
        return sent
    followed(row, letter, reads.outside(envelope=sent.envelope))
    drop_draft(draft=draft, by=by, now=now)
    exchange.record(event=Permission.REQUEST_ANSWER, thing=row.id, by=by, now=now, detail={"to": row.asker})
    return row.value()


@transaction.atomic
def receive_request(*, letter: RequestLetter, sender: str, envelope: UUID, now: datetime) -> Value | Refused:
    """Hear a step of an asker. One that overtook the question begins the thread, and the question completes it."""
    outside = reads.outside(envelope=envelope)
    row = Request.objects.select_for_update().filter(id=letter.request).first()
    verdict = rules.may_hear_asker(row.value() if row else None, sender)
    if isinstance(verdict, Refused):
        return verdict
    asked = tuple(agency for agency in outside.to if agency != letter.to) or outside.to
    if row is None and len(asked) != 1:
        return rules.nobody_asked()
    row = row or Request(
        id=letter.request, asker=sender, asked=asked[0], state=RequestState.ASKED.value, at=outside.sent,
        due=rules.due_of(outside.sent, outside.urgency, outside.hours),
    )  # fmt: skip
    return _heard(row, letter, outside, sender, now)


@transaction.atomic
def receive_reply(*, letter: ReplyLetter, sender: str, envelope: UUID, now: datetime) -> Value | Refused:
    """Hear what became of a request of ours."""
    outside = reads.outside(envelope=envelope)
    row = Request.objects.select_for_update().filter(id=letter.request).first()
    verdict = rules.may_hear_reply(row.value() if row else None, sender)
    if isinstance(verdict, Refused) or row is None:
        return verdict if isinstance(verdict, Refused) else rules.nobody_asked()
    return _heard(row, letter, outside, sender, now)


def _heard(
    row: Request, letter: RequestLetter | ReplyLetter, outside: reads.Outside, sender: str, now: datetime
) -> Value:
    """Take in a step of the other side, once."""
    if followed(row, letter, outside):
        detail: Detail = {"step": letter.step.value, "from": sender}
        exchange.record(event=Permission.REQUEST_RECEIVE, thing=row.id, by=sender, now=now, detail=detail)
    return row.value()


def _step(
    row: Request,
    letter: RequestLetter | ReplyLetter,
    to: tuple[str, ...],
    name: Permission,
    by: Officer,
    now: datetime,
) -> Value | Refused:
    """Send a step under the channel and the label of the letter that asks."""
    if row.envelope is None:
        return rules.nobody_asked()
    asking = reads.outside(envelope=row.envelope)
    heading = Heading(
        kind=Kind.REPLY if isinstance(letter, ReplyLetter) else Kind.REQUEST,
        to=to,
        topic=asking.topic,
        purpose=asking.purpose,
        sensitivity=asking.sensitivity,
        handling=Handling(asking.handling),
        urgency=Urgency(asking.urgency),
        case=row.case,
    )
    sent = post(heading=heading, letter=letter, agreement=row.agreement, by=by, now=now, in_reply_to=row.envelope)
    if isinstance(sent, Refused):
        return sent
    followed(row, letter, reads.outside(envelope=sent.envelope))
    exchange.record(event=name, thing=row.id, by=by, now=now, detail={"to": ",".join(to)})
    return row.value()
