"""Fetch a request for an act, locked, and bring it up to what a letter says."""

from uuid import UUID

from django.db.models import Q

from tansiq.correspondence import rules
from tansiq.correspondence.models import Request, RequestStep
from tansiq.correspondence.values import OPEN, RequestState
from tansiq.exchange import reads
from tansiq.exchange.kinds import requests
from tansiq.exchange.kinds.requests import ReplyLetter, RequestLetter
from tansiq.ground.errors import Missing
from tansiq.parties.values import Officer


def request_of(request: UUID, by: Officer) -> Request:
    """The request, locked until the act ends. Raises Missing where its caller's agency takes no part."""
    part = Q(asker=by.party) | Q(asked=by.party) | Q(escalated_to=by.party)
    row = Request.objects.select_for_update().filter(part, id=request).first()
    if row is None:
        raise Missing("There is no such request.")
    return row


def followed(row: Request, letter: RequestLetter | ReplyLetter, outside: reads.Outside) -> bool:
    """Keep a step that a letter says; answers whether it is new. The same letter again changes nothing."""
    if RequestStep.objects.filter(envelope=outside.envelope).exists():
        return False
    if isinstance(letter, RequestLetter):
        _asked(row, letter, outside)
    elif letter.reason is not None:
        row.reason = letter.reason.value
    row.state = rules.after(RequestState(row.state), letter.step).value
    if RequestState(row.state) not in OPEN and row.closed_at is None:
        row.closed_at = outside.sent
    row.save()
    RequestStep.objects.create(
        request=row, envelope=outside.envelope, step=letter.step.value, by=outside.sender, at=outside.sent
    )
    return True


def _asked(row: Request, letter: RequestLetter, outside: reads.Outside) -> None:
    """What a step of the asker adds to what is known of the request."""
    match letter.step:
        case requests.RequestStep.ASK if row.envelope is None:
            row.envelope, row.at = outside.envelope, outside.sent
            row.agreement, row.mechanism, row.exercise = outside.agreement, outside.mechanism, outside.exercise
            row.topic, row.purpose, row.urgency = outside.topic, outside.purpose, outside.urgency
            row.case = letter.case if outside.has_case else None
            row.due = rules.due_of(outside.sent, outside.urgency, outside.hours)
        case requests.RequestStep.REMIND:
            row.reminded += 1
        case requests.RequestStep.ESCALATE if letter.to in outside.to:
            row.escalated_to = letter.to
