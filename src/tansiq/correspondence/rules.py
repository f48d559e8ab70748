"""What is allowed among officers who write to each other. Pure.

A request is answered within the hours that its agreement gives for its urgency; where it gives none, those of Directive
(EU) 2023/977, article 5: 8 hours, 3 days, 7 days.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from tansiq.correspondence.values import Basis, OfferState, Progress, Reason, Request, RequestState
from tansiq.exchange.kinds.requests import ReplyStep, RequestStep
from tansiq.exchange.label import Urgency
from tansiq.exchange.values import EnvelopeState
from tansiq.ground.verdict import Allowed, Refused, Step, Verdict
from tansiq.parties.duties import Permission
from tansiq.parties.values import node_of

LONGEST_DRAFT = 400_000
"""The most bytes of one draft."""

DRAFT_LIFE = timedelta(days=30)
"""How long a draft that nobody touches is kept."""

HOURS = {Urgency.DISTRESS: 1, Urgency.URGENT: 8, Urgency.PRIORITY: 72, Urgency.ROUTINE: 168}
"""When an answer is owed where the agreement says nothing."""

LEADS_TO: dict[RequestStep | ReplyStep, RequestState] = {
    RequestStep.ASK: RequestState.ASKED,
    RequestStep.REMIND: RequestState.ASKED,
    RequestStep.ESCALATE: RequestState.ASKED,
    RequestStep.WITHDRAW: RequestState.WITHDRAWN,
    ReplyStep.TAKE: RequestState.IN_WORK,
    ReplyStep.PART: RequestState.PART,
    ReplyStep.WHOLE: RequestState.ANSWERED,
    ReplyStep.REFUSE: RequestState.REFUSED,
}
"""The least that a request is after a step."""

_ORDER = {state: place for place, state in enumerate(RequestState)}
_SEEN = {
    EnvelopeState.ACCEPTED: Progress.RECEIVED,
    EnvelopeState.READ: Progress.READ,
    EnvelopeState.ACTED: Progress.READ,
    EnvelopeState.MISLABELLED: Progress.READ,
    EnvelopeState.REFUSED: Progress.NOT_TAKEN,
    EnvelopeState.EXPIRED: Progress.NOT_TAKEN,
}


def may_keep_draft(size: int) -> Verdict:
    """A draft is kept while it has the size of a letter."""
    return Allowed() if size <= LONGEST_DRAFT else Refused(Reason.DRAFT_TOO_LONG, Basis.DRAFTS)


def due_of(sent: datetime, urgency: str, hours: int | None) -> datetime:
    """By when an answer is owed."""
    return sent + timedelta(hours=HOURS[Urgency(urgency)] if hours is None else hours)


def after(state: RequestState, step: RequestStep | ReplyStep) -> RequestState:
    """The state after a step, done here or heard of: letters that cross or come twice change nothing in the end."""
    return max(state, LEADS_TO[step], key=_ORDER.__getitem__)


def may_ask(to: Collection[str]) -> Verdict:
    """One agency is asked, so that it is known who owes the answer."""
    return Allowed() if len(to) == 1 else Refused(Reason.ONE_ASKED, Basis.THREAD)


def nobody_asked() -> Refused:
    """What is said of a request that nobody here asked or was asked."""
    return Refused(Reason.UNKNOWN_REQUEST, Basis.THREAD)


def above(request: Request, parties: Collection[str]) -> tuple[str, ...]:
    """The agencies that a request may be escalated to: the channel's other parties on the side that was asked."""
    node = node_of(request.asked)
    return tuple(sorted(party for party in parties if node_of(party) == node and party != request.asked))


def may_remind(request: Request, party: str, now: datetime) -> Verdict:
    """The asker reminds when the time is over."""
    if party != request.asker:
        return Refused(Reason.NOT_THE_ASKER, Basis.THREAD)
    if not request.open:
        return Refused(Reason.CLOSED, Basis.THREAD)
    if not request.overdue(now):
        return Refused(Reason.NOT_DUE, Basis.TIME_LIMITS, Step(Permission.REQUEST_WITHDRAW))
    return Allowed()


def may_escalate(request: Request, party: str, to: str, above: Collection[str], now: datetime) -> Verdict:
    """The asker escalates when a reminder did not help, to a party of the same channel on the side that was asked."""
    verdict = may_remind(request, party, now)
    if isinstance(verdict, Refused):
        return verdict
    if not request.reminded:
        return Refused(Reason.NOT_REMINDED, Basis.TIME_LIMITS, Step(Permission.REQUEST_REMIND))
    return Allowed() if to in above else Refused(Reason.NOT_ABOVE, Basis.THREAD)


def may_withdraw(request: Request, party: str) -> Verdict:
    """The asker withdraws what was not answered yet."""
    if party != request.asker:
        return Refused(Reason.NOT_THE_ASKER, Basis.THREAD)
    return Allowed() if request.open else Refused(Reason.CLOSED, Basis.THREAD)


def may_take(request: Request, party: str) -> Verdict:
    """Who was asked says once that it is in work."""
    verdict = may_answer(request, party)
    if isinstance(verdict, Allowed) and request.state is not RequestState.ASKED:
        return Refused(Reason.TAKEN, Basis.THREAD, Step(Permission.REQUEST_ANSWER))
    return verdict


def may_answer(request: Request, party: str) -> Verdict:
    """Who was asked answers while an answer is owed; so does the agency that it was escalated to."""
    if party not in (request.asked, request.escalated_to):
        return Refused(Reason.NOT_THE_ASKED, Basis.THREAD)
    return Allowed() if request.open else Refused(Reason.CLOSED, Basis.THREAD)


def may_refuse(request: Request, party: str, reason: str) -> Verdict:
    """Who was asked refuses for one of the reasons that there are."""
    verdict = may_answer(request, party)
    if isinstance(verdict, Allowed) and not reason:
        return Refused(Reason.NO_REASON, Basis.REFUSALS)
    return verdict


def may_hear_asker(known: Request | None, sender: str) -> Verdict:
    """A step of the asker is heard from who asked."""
    if known is not None and known.asker != sender:
        return Refused(Reason.UNKNOWN_REQUEST, Basis.THREAD)
    return Allowed()


def may_hear_reply(known: Request | None, sender: str) -> Verdict:
    """A reply is heard to what was asked here, from who was asked or was told that no answer came."""
    if known is None or sender not in (known.asked, known.escalated_to):
        return Refused(Reason.UNKNOWN_REQUEST, Basis.THREAD)
    return Allowed()


def progress(request: Request, letter: EnvelopeState | None) -> Progress:
    """What is seen of a request: `letter` is what became of the letter that asks."""
    if request.state is RequestState.ASKED:
        return _SEEN.get(letter, Progress.SENT) if letter is not None else Progress.SENT
    return Progress(request.state.value)


MOST_ROWS = 30
"""How many statements the form of a letter holds: a longer offer becomes several drafts."""


def may_settle(state: OfferState) -> Verdict:
    """An offer is taken up or discarded once."""
    return Allowed() if state is OfferState.WAITING else Refused(Reason.OFFER_DONE, Basis.OFFERS)
