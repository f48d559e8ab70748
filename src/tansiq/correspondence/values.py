"""What is said of what officers write. Codes only; the web turns them into words. Times are UTC."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from tansiq.exchange.kinds.information import Statement
from tansiq.parties.values import Officer

Fields = dict[str, list[str]]
"""What was typed into the fields of a letter's form, by field; a field may hold several values."""


class Draft(Struct, frozen=True):
    """A letter that was begun and not sent, as it was typed; its writer alone sees it."""

    id: UUID
    kind: str
    at: datetime
    fields: Fields


class DraftLine(Struct, frozen=True):
    """A draft in a list: what kind of letter it is, and when it was last changed."""

    id: UUID
    kind: str
    at: datetime


class OfferState(StrEnum):
    """What became of what a program offered."""

    WAITING = "waiting"
    TAKEN = "taken"
    DISCARDED = "discarded"


class Proposal(Struct, frozen=True, kw_only=True):
    """A letter of information that a program offers: an officer makes a letter of it, or does not."""

    subject: str
    handling: str
    statements: tuple[Statement, ...]


class Fate(Struct, frozen=True):
    """What became of one object that was offered: taken up into the proposal, or why not (in the format's words)."""

    name: str
    version: int | None
    why: str = ""


class Offered(Struct, frozen=True, kw_only=True):
    """What one request offered: the proposal, each object's fate, and the SHA-256 of the request's bytes.

    `places` names the object behind each statement, empty where there is none: what was offered before, in the same
    version, is not offered again.
    """

    id: UUID
    agreement: str
    digest: str
    proposal: Proposal
    places: tuple[str, ...]
    fates: tuple[Fate, ...]
    by: Officer


class OfferReceipt(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """This node's signed word that it keeps an offer: the bytes' SHA-256, when, and the leaf in its ledger."""

    offer: UUID
    digest: str
    node: str
    objects: int
    at: int
    leaf: int
    v: int = 1


class OfferLine(Struct, frozen=True, kw_only=True):
    """An offer in a list: from which program, under which agreement, and how much; never what it says."""

    id: UUID
    agreement: str
    client: str
    at: datetime
    statements: int
    left_out: int
    state: OfferState


class OfferStatus(Struct, frozen=True, kw_only=True):
    """What a program is told of what it offered."""

    id: UUID
    at: datetime
    fates: tuple[Fate, ...]
    receipt: str


class RequestState(StrEnum):
    """Where a request stands, in the order in which one gives way to the next when letters cross.

    Both nodes come to the same state whatever the order in which letters arrive: the later of any two here.
    """

    ASKED = "asked"
    IN_WORK = "in-work"
    PART = "part"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    ANSWERED = "answered"


class Progress(StrEnum):
    """What the asker sees of a request: from receipts while nothing was said yet, then from what was said.

    Never what was said: that stands in the letters.
    """

    SENT = "sent"
    NOT_TAKEN = "not-taken"
    RECEIVED = "received"
    READ = "read"
    IN_WORK = "in-work"
    PART = "part"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    ANSWERED = "answered"


class Request(Struct, frozen=True, kw_only=True):
    """A request for information and where it stands; the question and the answers stay in their sealed letters.

    `reason` says why it was refused, `escalated_to` names the agency that was told that no answer came.
    """

    id: UUID
    asker: str
    asked: str
    state: RequestState
    at: datetime
    due: datetime
    agreement: str = ""
    mechanism: str = ""
    topic: str = ""
    purpose: str = ""
    urgency: str = ""
    case: UUID | None = None
    envelope: UUID | None = None
    reminded: int = 0
    escalated_to: str = ""
    reason: str = ""
    closed_at: datetime | None = None
    exercise: str = ""

    @property
    def open(self) -> bool:
        """Whether an answer is still owed."""
        return self.state in OPEN

    def overdue(self, now: datetime) -> bool:
        """Whether the time for an answer is over and none came."""
        return self.open and now >= self.due


OPEN = frozenset({RequestState.ASKED, RequestState.IN_WORK, RequestState.PART})
"""The states in which an answer is owed."""


class RequestLine(Struct, frozen=True, kw_only=True):
    """A request in a list. `ours`: the reader's agency asks; else it was asked, or told that no answer came."""

    request: Request
    progress: Progress
    ours: bool
    overdue: bool


class StepLine(Struct, frozen=True, kw_only=True):
    """One step of a request: what was done, by which agency, when, and the letter that says it."""

    step: str
    by: str
    at: datetime
    envelope: UUID


class RequestWhole(Struct, frozen=True, kw_only=True):
    """A request with every step of it, and the agencies that it may be escalated to."""

    line: RequestLine
    steps: tuple[StepLine, ...]
    above: tuple[str, ...]


class Reason(StrEnum):
    """Why a rule of this room says no."""

    DRAFT_TOO_LONG = "correspondence.reason.draft-too-long"
    OFFER_DONE = "correspondence.reason.offer-done"
    ONE_ASKED = "correspondence.reason.one-asked"
    UNKNOWN_REQUEST = "correspondence.reason.unknown-request"
    NOT_THE_ASKER = "correspondence.reason.not-the-asker"
    NOT_THE_ASKED = "correspondence.reason.not-the-asked"
    CLOSED = "correspondence.reason.closed"
    TAKEN = "correspondence.reason.taken"
    NOT_DUE = "correspondence.reason.not-due"
    NOT_REMINDED = "correspondence.reason.not-reminded"
    NOT_ABOVE = "correspondence.reason.not-above"
    NO_REASON = "correspondence.reason.no-reason"


class Basis(StrEnum):
    """The text that a rule rests on."""

    DRAFTS = "correspondence.basis.drafts"
    OFFERS = "correspondence.basis.offers"
    THREAD = "correspondence.basis.thread"
    TIME_LIMITS = "correspondence.basis.time-limits"  # Directive (EU) 2023/977, article 5
    REFUSALS = "correspondence.basis.refusals"  # Directive (EU) 2023/977, article 6
