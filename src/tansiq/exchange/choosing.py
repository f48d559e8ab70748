"""Which channel fits: what a letter will say outside, and how each channel would take it. Pure.

A letter's label is judged before the letter is sealed, by the same rules as when it is sent, for every channel that the
writer's agency is party to. Nothing here picks one: the sender does.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from tansiq.exchange import canon
from tansiq.exchange import label as labels
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import Agreement, Text
from tansiq.exchange.attaching import Ready
from tansiq.exchange.kinds import Kind
from tansiq.exchange.label import PLAIN, Attachment, Handling, Label, Marks, Urgency
from tansiq.exchange.measures import Spread
from tansiq.exchange.policy import Reason, Rule, Ruling

SOURCES = "ABCX"
"""Sources from the most to the least reliable (4x4 system)."""

_UNSEALED = labels.part_of(b"")


class Heading(Struct, frozen=True, kw_only=True):
    """What a letter will say outside, as far as it is known while it is written.

    `ready` are the attachments once they are sealed for it; until then `attached` says what they will be.
    """

    kind: Kind
    to: tuple[str, ...] = ()
    topic: str = ""
    purpose: str = ""
    sensitivity: int = 0
    handling: Handling = Handling.H0
    urgency: Urgency = Urgency.ROUTINE
    case: UUID | None = None
    source: str = "X"
    information: int = 4
    persons_named: bool = False
    marks: Marks = PLAIN
    attached: tuple[Attachment, ...] = ()
    ready: Ready | None = None


class RuleWords(Struct, frozen=True):
    """A rule that decided: its reason and what it rests on, in four languages where the agreement says them.

    What every node adds (`house.*`) stands in no agreement: pages know its words by its id. `cited` is its basis then.
    """

    id: str
    said: Text | None
    basis: Text | None
    cited: str


class Choice(Struct, frozen=True, kw_only=True):
    """One channel, and how it would take the letter.

    `reason` is empty where it is allowed. `rules` are those that allow it, or every rule that forbids it, or what the
    nearest permit lacked. `kinds` are those it carries, `topics` those it knows, barred ones too. `desk` would hold it
    on the way (empty: nobody), `hours` is when an answer would be owed, `read` how long letters on it took to be read.
    `two_persons`: it goes by an exception, once two persons have approved.
    """

    agreement: str
    mechanism: str
    number: str
    title: Text
    parties: tuple[str, ...]
    kinds: tuple[str, ...]
    topics: tuple[str, ...]
    purposes: tuple[str, ...]
    state: AgreementState
    desk: str
    hours: int | None
    allowed: bool
    reason: StrEnum | None = None
    rules: tuple[RuleWords, ...] = ()
    read: Spread = Spread()
    two_persons: bool = False

    @property
    def lacks(self) -> bool:
        """Whether `rules` are conditions that were not met, and not rules that forbid."""
        return self.reason == Reason.NO_PERMIT


def label_of(
    heading: Heading, *, agreement: str, desk: str, sender: str, duty: str, exercise: str, now: datetime
) -> Label:
    """The label that a letter under this heading would carry, for its rules to judge; its letter is not there yet."""
    plain = Label(
        kind=heading.kind,
        sender=sender,
        duty=duty,
        desk=desk,
        recipients=tuple(sorted(set(heading.to))),
        purpose=heading.purpose,
        topic=heading.topic,
        sensitivity=heading.sensitivity,
        handling=heading.handling,
        source=heading.source,  # type: ignore[arg-type]  # checked where it is sealed
        information=heading.information,  # type: ignore[arg-type]  # likewise
        urgency=heading.urgency,
        case=labels.pseudonym(agreement, heading.case) if heading.case else "",
        sent=canon.millis(now),
        expires=canon.millis(now) + 1,
        letter=_UNSEALED,
        attachments=heading.attached,
        persons_named=heading.persons_named,
        exercise=canon.clean(exercise),
    )
    return heading.marks.on(plain)


def words_of(ruling: Ruling, agreement: Agreement) -> tuple[RuleWords, ...]:
    """The rules of a ruling, in the words of the agreement."""
    rules: tuple[Rule, ...] = ruling.missing or ruling.rules
    nearest = ruling.rules[0].id if ruling.missing else ""  # what was lacking rests on what its permit rests on
    reasons = agreement.reasons
    return tuple(
        RuleWords(rule.id, reasons.get(rule.id), reasons.get(f"{nearest or rule.id}.basis"), rule.basis)
        for rule in rules
    )


def weakest(grades: Iterable[tuple[str, int]]) -> tuple[str, int]:
    """The one evaluation that a label carries for many statements: the least reliable source, the least sure word."""
    known = list(grades)
    if not known:
        return "X", 4
    return max((source for source, _ in known), key=SOURCES.index), max(information for _, information in known)
