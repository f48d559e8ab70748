"""Requests for information and their replies: Directive (EU) 2023/977, articles 4 to 6.

A request is one thread of letters. The asker asks, reminds, escalates and withdraws; who was asked takes it into work,
answers in part or whole, or refuses for one of the reasons of article 6. Every step is a letter of its own.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from tansiq.exchange.kinds.information import PersonMentioned, Statement

Moment = Annotated[datetime, Meta(tz=True)]
"""A time that names its zone; one without is no letter."""

Short = Annotated[str, Meta(max_length=200)]
Prose = Annotated[str, Meta(max_length=4_000)]
Statements = Annotated[tuple[Statement, ...], Meta(max_length=100)]
Persons = Annotated[tuple[PersonMentioned, ...], Meta(max_length=100)]


class RequestStep(StrEnum):
    """What the asker does."""

    ASK = "ask"
    REMIND = "remind"
    ESCALATE = "escalate"
    WITHDRAW = "withdraw"


class ReplyStep(StrEnum):
    """What the one who was asked does."""

    TAKE = "take"
    PART = "part"
    WHOLE = "whole"
    REFUSE = "refuse"


class RefusalReason(StrEnum):
    """Why a request is refused; there is no other reason (article 6(1)).

    NOT_AVAILABLE is (a), INCOMPLETE (b), NOT_AUTHORISED (c), BEYOND_CATEGORIES (d), UNRELIABLE (e), SECURITY,
    INVESTIGATION and LEGAL_PERSON (f), MINOR_OFFENCE and NO_OFFENCE (g), NO_CONSENT (h).
    """

    NOT_AVAILABLE = "not-available"
    INCOMPLETE = "incomplete"
    NOT_AUTHORISED = "not-authorised"
    BEYOND_CATEGORIES = "beyond-categories"
    UNRELIABLE = "unreliable"
    SECURITY = "security"
    INVESTIGATION = "investigation"
    LEGAL_PERSON = "legal-person"
    MINOR_OFFENCE = "minor-offence"
    NO_OFFENCE = "no-offence"
    NO_CONSENT = "no-consent"


class RequestLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step of the asker. `case` is the case's own id, so that answers can be bound to it.

    Asking has a subject, a question and the statements that it rests on; the other steps have a remark. An escalation
    names in `to` the agency that it is escalated to.
    """

    request: UUID
    step: RequestStep
    at: Moment
    case: UUID | None = None
    subject: Short = ""
    question: Prose = ""
    statements: Statements = ()
    persons: Persons = ()
    to: Annotated[str, Meta(max_length=64)] = ""
    remark: Prose = ""


class ReplyLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step of who was asked. Only a refusal has a reason."""

    request: UUID
    step: ReplyStep
    at: Moment
    subject: Short = ""
    statements: Statements = ()
    persons: Persons = ()
    reason: RefusalReason | None = None
    remark: Prose = ""
