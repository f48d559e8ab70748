"""A letter's way past a desk: who holds it now and since when, what may be done with it, who may open it. Pure.

A desk (the Interior bureau in an embassy) reads the label and the status of a letter, never the letter: it is sealed
past it. It follows and steers the flow. Steering names the services, among those that the sender sealed the letter to,
that take it up; until then no service opens it, and no steering adds a reader. An answer to a letter that was steered
goes straight back, and the desk sees its label too.

    at the desk -> with a service -> answered | done
      ^  |  |
      |  |  +--> returned
      |  v
    with the sender (asked for more)

The bands of answer times are the agreement's (by default those of Directive (EU) 2023/977, article 5).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from tansiq.exchange import canon
from tansiq.exchange.agreements.terms import Agreement
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.desks import ReturnReason, Step
from tansiq.exchange.label import Label
from tansiq.ground.verdict import Allowed, Refused
from tansiq.ground.verdict import Step as Instead
from tansiq.parties.duties import Permission
from tansiq.parties.values import node_of


class PassageState(StrEnum):
    """Who holds a letter on its way past a desk, and how the way ended."""

    AT_DESK = "at-desk"
    WITH_SENDER = "with-sender"
    WITH_SERVICE = "with-service"
    RETURNED = "returned"
    ANSWERED = "answered"
    DONE = "done"


ENDED = frozenset({PassageState.RETURNED, PassageState.ANSWERED, PassageState.DONE})
"""Nobody has to do anything any more."""


class DeskReason(StrEnum):
    """Why the desk, or the way past it, says no."""

    LABEL_ALONE = "exchange.reason.label-alone"
    PAST_THE_DESK = "exchange.reason.past-the-desk"
    AT_DESK = "exchange.reason.at-desk"
    NOT_STEERED_TO_YOU = "exchange.reason.not-steered-to-you"
    WAS_RETURNED = "exchange.reason.was-returned"
    PASSAGE_ENDED = "exchange.reason.passage-ended"
    NOT_A_RECIPIENT = "exchange.reason.not-a-recipient"
    HOLDS_IT_ALREADY = "exchange.reason.holds-it-already"
    ASKED_ALREADY = "exchange.reason.asked-already"
    NOT_ASKED = "exchange.reason.not-asked"
    NOTHING_SAID = "exchange.reason.nothing-said"
    UNKNOWN_PASSAGE = "exchange.reason.unknown-passage"


class DeskBasis(StrEnum):
    """On what ground."""

    DESK = "exchange.basis.desk"


class Said(Struct, frozen=True, kw_only=True):
    """One step as it was said: by which agency, for the letter's envelope with this digest."""

    envelope: str
    n: int
    step: Step
    teller: str
    to: tuple[str, ...] = ()
    reason: ReturnReason = ReturnReason.NONE
    words: str = ""
    official: str = ""
    by: str = ""
    at: datetime
    letter: UUID | None = None


class Stay(Struct, frozen=True, kw_only=True):
    """How long somebody held the letter: from `since` until `until`, or still; `said` is the step that gave it."""

    holders: tuple[str, ...]
    state: PassageState
    since: datetime
    until: datetime | None = None
    said: Said | None = None


class Way(Struct, frozen=True, kw_only=True):
    """A letter's way past a desk as far as it went: one stay after another, the last of them now.

    `straight` marks an answer, which was steered by the letter it answers.
    """

    desk: str
    sender: str
    recipients: tuple[str, ...]
    stays: tuple[Stay, ...]
    question: int = 0
    taken: Said | None = None
    last: int = 0
    straight: bool = False

    @property
    def now(self) -> Stay:
        """Who holds it now."""
        return self.stays[-1]

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.now.state not in ENDED

    @property
    def services(self) -> tuple[str, ...]:
        """The services that it was last steered to and that may open it; none once it was returned."""
        if any(stay.state is PassageState.RETURNED for stay in self.stays):
            return ()
        with_service = [stay for stay in self.stays if stay.state is PassageState.WITH_SERVICE]
        return with_service[-1].holders if with_service else ()


def desk_of(terms: Agreement) -> str:
    """The agency whose desk is in the way of an agreement's letters; empty for none."""
    return terms.desk.partition("/")[0]


def passes(said: Label) -> bool:
    """Whether a letter passes a desk on its way: one that the desk writes, or that is written to it, does not."""
    return bool(said.desk) and said.desk not in {said.sender, *said.recipients}


def fits(terms: Agreement, said: Label) -> Allowed | Refused:
    """A letter under an agreement with a desk names it; what the desk itself sends and receives is steering alone."""
    if said.desk != desk_of(terms):
        return Refused(DeskReason.PAST_THE_DESK, DeskBasis.DESK)
    if said.kind is Kind.STEERING:
        to_or_from = said.desk and not passes(said)
        return Allowed() if to_or_from else Refused(DeskReason.UNKNOWN_PASSAGE, DeskBasis.DESK)
    if said.desk and not passes(said):
        return Refused(DeskReason.LABEL_ALONE, DeskBasis.DESK)
    return Allowed()


def by_label_alone(said: Label, node: str) -> bool:
    """Whether a node receives this letter as its desk's alone, so that it may hold no key of the letter."""
    return passes(said) and node_of(said.desk) == node and node not in {node_of(each) for each in said.recipients}


def due(terms: Agreement, said: Label) -> datetime:
    """By when an answer is owed."""
    return canon.moment(said.sent) + timedelta(hours=terms.answer_hours.get(said.urgency, 0))


def follow(said: Label, steps: Sequence[Said], *, begun: datetime, straight: bool = False) -> Way:
    """The way that a letter with this label went by these steps, in whatever order they came.

    What its teller had no right to say is left out: a desk's step by another agency, a service that is no recipient.
    """
    first = PassageState.WITH_SERVICE if straight else PassageState.AT_DESK
    stays = [Stay(holders=said.recipients if straight else (said.desk,), state=first, since=begun)]
    question, last, taken = 0, 0, None
    for step in sorted(steps, key=lambda each: (each.n, each.step is Step.TELL, each.teller)):
        if not _may_say(said, step) or stays[-1].state in ENDED:
            continue
        last = max(last, step.n)
        if step.step is Step.TAKE:
            taken = step
        elif step.step is Step.TELL and step.n != question:
            continue
        else:
            question = step.n if step.step is Step.ASK else 0
            _move(stays, step, said)
    return Way(
        desk=said.desk,
        sender=said.sender,
        recipients=said.recipients,
        stays=tuple(stays),
        question=question,
        taken=taken,
        last=last,
        straight=straight,
    )


def end(way: Way, state: PassageState, at: datetime) -> Way:
    """The way, ended by an answer or by a receipt that says that the letter was acted upon."""
    if not way.open:
        return way
    stays = [*way.stays]
    _leave(stays, at)
    stays.append(Stay(holders=(), state=state, since=stays[-1].until or at))
    return Way(
        desk=way.desk,
        sender=way.sender,
        recipients=way.recipients,
        stays=tuple(stays),
        taken=way.taken,
        last=way.last,
        straight=way.straight,
    )


def _may_say(said: Label, step: Said) -> bool:
    if step.step is Step.TELL:
        return step.teller == said.sender
    return step.teller == said.desk and (step.step is not Step.STEER or bool({*step.to} & {*said.recipients}))


def _move(stays: list[Stay], step: Said, said: Label) -> None:
    holders, state = {
        Step.STEER: (tuple(sorted({*step.to} & {*said.recipients})), PassageState.WITH_SERVICE),
        Step.ASK: ((said.sender,), PassageState.WITH_SENDER),
        Step.TELL: ((said.desk,), PassageState.AT_DESK),
        Step.RETURN: ((), PassageState.RETURNED),
    }[step.step]
    _leave(stays, step.at)
    stays.append(Stay(holders=holders, state=state, since=stays[-1].until or step.at, said=step))


def _leave(stays: list[Stay], at: datetime) -> None:
    """End the last stay: not before it began, since clocks of two nodes may differ."""
    last = stays[-1]
    stays[-1] = Stay(
        holders=last.holders, state=last.state, since=last.since, until=max(at, last.since), said=last.said
    )


# What may be done


def may_take(way: Way, by: str) -> Allowed | Refused:
    """An official takes a letter in hand that is still with the desk; the same one does it once."""
    if not way.open:
        return Refused(DeskReason.PASSAGE_ENDED, DeskBasis.DESK)
    if way.taken is not None and way.taken.by == by:
        return Refused(DeskReason.HOLDS_IT_ALREADY, DeskBasis.DESK, Instead(Permission.DESK_STEER))
    return Allowed()


def may_steer(way: Way, to: Sequence[str]) -> Allowed | Refused:
    """A desk steers among the services that the sender sealed the letter to: it adds no reader."""
    if not way.open:
        return Refused(DeskReason.PASSAGE_ENDED, DeskBasis.DESK)
    if not to or not {*to} <= {*way.recipients}:
        return Refused(DeskReason.NOT_A_RECIPIENT, DeskBasis.DESK, Instead(Permission.DESK_RETURN))
    if way.now.state is PassageState.WITH_SERVICE and way.now.holders == tuple(sorted({*to})):
        return Refused(DeskReason.HOLDS_IT_ALREADY, DeskBasis.DESK)
    return Allowed()


def may_ask(way: Way, words: str) -> Allowed | Refused:
    """A desk asks the sender one question at a time, while it holds the letter."""
    if way.now.state is PassageState.WITH_SENDER:
        return Refused(DeskReason.ASKED_ALREADY, DeskBasis.DESK)
    if way.now.state is not PassageState.AT_DESK:
        return Refused(DeskReason.PASSAGE_ENDED, DeskBasis.DESK)
    return Allowed() if words.strip() else Refused(DeskReason.NOTHING_SAID, DeskBasis.DESK)


def may_return(way: Way, reason: ReturnReason) -> Allowed | Refused:
    """A desk returns what no service has taken up, and says why."""
    if way.now.state not in (PassageState.AT_DESK, PassageState.WITH_SENDER):
        return Refused(DeskReason.PASSAGE_ENDED, DeskBasis.DESK)
    return Refused(DeskReason.NOTHING_SAID, DeskBasis.DESK) if reason is ReturnReason.NONE else Allowed()


def may_tell(way: Way, words: str) -> Allowed | Refused:
    """A sender answers the desk's question while it stands."""
    if way.now.state is not PassageState.WITH_SENDER:
        return Refused(DeskReason.NOT_ASKED, DeskBasis.DESK)
    return Allowed() if words.strip() else Refused(DeskReason.NOTHING_SAID, DeskBasis.DESK)


def may_open(way: Way, agency: str) -> Allowed | Refused:
    """A service opens a letter when the desk has steered it there."""
    if agency in way.services:
        return Allowed()
    if any(stay.state is PassageState.RETURNED for stay in way.stays):
        return Refused(DeskReason.WAS_RETURNED, DeskBasis.DESK)
    if way.services:
        return Refused(DeskReason.NOT_STEERED_TO_YOU, DeskBasis.DESK)
    return Refused(DeskReason.AT_DESK, DeskBasis.DESK)
