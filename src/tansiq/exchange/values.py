"""What is said of what passes between agencies: events, envelopes, receipts, agreements, partners, the ledger.

Codes only; the web turns them into words. Times are UTC.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import Agreement as Terms
from tansiq.exchange.desks import PassageState, Said, Way
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import InformationLetter
from tansiq.exchange.label import Label, Urgency

Detail = dict[str, str | int | float]
"""What an event says beside its name: codes and numbers, never a letter's content."""


class Direction(StrEnum):
    """Which way an envelope or a receipt went, as seen from this node."""

    IN = "in"
    OUT = "out"


class EnvelopeState(StrEnum):
    """Where an envelope stands: queued or sent until each recipient said accepted or refused; then read, acted."""

    QUEUED = "queued"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "expired"
    READ = "read"
    ACTED = "acted"
    MISLABELLED = "mislabelled"
    RETAINED = "retained"
    ERASED = "erased"


class DeliveryState(StrEnum):
    """Where one parcel to one partner stands."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


class BlobState(StrEnum):
    """Where an attachment stands between two nodes: under way, here or there whole, refused for what it is, erased."""

    WAITING = "waiting"
    HERE = "here"
    REFUSED = "refused"
    ERASED = "erased"


class ExceptionState(StrEnum):
    """Where an exception stands that two persons are asked to approve."""

    WAITING = "waiting"
    SENT = "sent"
    REJECTED = "rejected"


class PartnerState(StrEnum):
    """Whether two persons have compared and confirmed a partner's card."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    OWN = "own"


class ExchangeReason(StrEnum):
    """Why the exchange says no before any agreement's own rule is asked."""

    NO_RECIPIENT = "exchange.reason.no-recipient"
    NO_AGREEMENT = "exchange.reason.no-agreement"
    NO_PARTNER = "exchange.reason.no-partner"
    SAME_PERSON = "exchange.reason.same-person"
    WORDS_DIFFER = "exchange.reason.words-differ"
    NOT_A_PARTY = "exchange.reason.not-a-party"
    OTHER_AGENCY = "exchange.reason.other-agency"
    NO_CHANGE = "exchange.reason.no-change"
    OWN_CARD = "exchange.reason.own-card"
    NO_REASON_GIVEN = "exchange.reason.no-reason-given"
    NOT_ADDRESSED = "exchange.reason.not-addressed"
    ANOTHER_DIGEST = "exchange.reason.another-digest"
    TAMPERED = "exchange.reason.tampered"
    UNREADABLE = "exchange.reason.unreadable"
    OTHER_EXERCISE = "exchange.reason.other-exercise"
    LEDGER_BEHIND = "exchange.reason.ledger-behind"
    OVER = "exchange.reason.over"
    APPROVED_BY_YOU = "exchange.reason.approved-by-you"
    DECIDED = "exchange.reason.decided"
    PHRASE_SHORT = "exchange.reason.phrase-short"
    WRONG_PHRASE = "exchange.reason.wrong-phrase"
    KEY_CHANGED = "exchange.reason.key-changed"
    ATTACHMENT_UNKNOWN = "exchange.reason.attachment-unknown"
    ATTACHMENT_TYPE = "exchange.reason.attachment-type"
    ATTACHMENT_SIZE = "exchange.reason.attachment-size"
    ATTACHMENT_AWAITED = "exchange.reason.attachment-awaited"


class HoldReason(StrEnum):
    """Why an envelope is not taken now, though it may be later."""

    UNKNOWN_AGREEMENT = "unknown-agreement"
    SUSPENDED = "suspended"
    NOT_YET = "not-yet"
    CLOCK = "clock"
    RECOVERING = "recovering"
    KEY_EXPIRED = "key-expired"
    EARLIER_HELD = "earlier-held"
    UNKNOWN_MANDATE = "unknown-mandate"


class ExchangeBasis(StrEnum):
    """On what ground the exchange says no."""

    HOUSE = "exchange.basis.house"
    AGREEMENT = "exchange.basis.agreement"
    TWO_PERSONS = "exchange.basis.two-persons"
    TWO_APPROVE = "exchange.basis.two-approve"
    LED_25 = "exchange.basis.led-25"  # Directive (EU) 2016/680, article 25: consultation is logged with its reason
    LEDGER = "exchange.basis.ledger"


class Event(Struct, frozen=True):
    """One line of the append-only log."""

    id: int
    name: str
    thing: UUID
    by: str
    at: datetime
    detail: Detail


class Sent(Struct, frozen=True):
    """A letter that was sealed and queued: its envelope, the agreement's digest and who it goes to.

    `awaits`: it is kept, and goes once two persons have approved the exception.
    """

    envelope: UUID
    agreement: str
    to: tuple[str, ...]
    awaits: bool = False


class ExceptionLine(Struct, frozen=True, kw_only=True):
    """A letter that passes only if two persons approve: its label, who asked, who approved. The letter stays sealed."""

    position: int
    id: UUID
    agreement: str
    kind: Kind
    sender: str
    to: tuple[str, ...]
    topic: str
    purpose: str
    sensitivity: int
    notice: str
    claims: dict[str, int]
    asked_by: str
    asked_at: datetime
    expires: datetime
    approved_by: tuple[str, ...]
    state: ExceptionState


class EnvelopeRecord(Struct, frozen=True, gc=False):
    """One envelope as figures count it."""

    id: UUID
    stored: datetime
    agreement: str
    sender: str


class EnvelopeLine(Struct, frozen=True):
    """One envelope in a list: its label, its state and the rule that decided. The letter stays sealed."""

    position: int
    id: UUID
    direction: Direction
    kind: Kind | None
    mechanism: str
    agreement: str
    sender: str
    to: tuple[str, ...]
    urgency: str
    topic: str
    purpose: str
    sensitivity: int
    handling: str
    case: UUID | None
    in_reply_to: str
    sent: datetime
    expires: datetime
    stored: datetime
    state: EnvelopeState
    rule: str
    exercise: str
    reason: str = ""
    quarantined: bool = False
    unlogged: bool = False


class ReceiptLine(Struct, frozen=True):
    """One signed receipt as shown: who says what of which envelope, and where it lies in the signer's ledger."""

    signer: str
    n: int
    state: str
    rule: str
    at: datetime
    leaf: int
    direction: Direction


class BlobLine(Struct, frozen=True):
    """One attachment as shown: its place in the letter, with which node, its size and type, and where it stands."""

    place: int
    node: str
    direction: Direction
    length: int
    kind: str
    state: BlobState
    digest: str
    trouble: str = ""
    came: int = 0


class Upload(Struct, frozen=True):
    """What a person hands in for a letter: its name, how many bytes it has and how many came, what its content is."""

    id: UUID
    name: str
    size: int
    kind: str
    came: int


class DeliveryLine(Struct, frozen=True):
    """How the parcel to one partner fares."""

    node: str
    state: DeliveryState
    attempts: int
    next_at: datetime
    trouble: str


class Envelope(Struct, frozen=True):
    """One envelope whole, but for its letter."""

    line: EnvelopeLine
    digest: str
    size: int
    label: Label | None
    receipts: tuple[ReceiptLine, ...]
    deliveries: tuple[DeliveryLine, ...]
    handed: datetime | None
    trouble: str
    attachments: tuple[BlobLine, ...] = ()


class PassageLine(Struct, frozen=True):
    """A letter on its way past a desk, in a list: its label, who holds it since when, by when an answer is owed."""

    envelope: EnvelopeLine
    state: PassageState
    holders: tuple[str, ...]
    since: datetime
    due: datetime
    ended: datetime | None


class Passing(Struct, frozen=True):
    """One letter's way past a desk, with its label and what was said on the way; the letter stays sealed."""

    line: PassageLine
    digest: str
    way: Way
    steps: tuple[Said, ...]
    receipts: tuple[ReceiptLine, ...]


class Load(Struct, frozen=True):
    """How many letters of one urgency wait at a desk, and how many of them are overdue."""

    urgency: Urgency
    count: int
    overdue: int


class Opened(Struct, frozen=True):
    """A letter opened in memory, for a reason that was logged; `mislabelled` is what it does not bear out."""

    envelope: UUID
    kind: Kind
    sender: str
    letter: Struct
    mislabelled: tuple[str, ...] = ()


class Piece(Struct, frozen=True):
    """One object that a letter gives to outside readers; `version` in microseconds since 1970, or None for none."""

    name: str
    kind: str
    version: int | None = None


class Item(Struct, frozen=True):
    """One object in a collection: `added` numbers it, `part` is its place among those of its letter."""

    name: str
    kind: str
    version: int
    added: int
    part: int
    envelope: int | None


class Collection(Struct, frozen=True, kw_only=True):
    """The letters of an agreement that an external client may read, or to which it may offer drafts."""

    agreement: str
    terms: Terms
    may_read: bool
    may_offer: bool


class Wanted(Struct, frozen=True, kw_only=True):
    """What an external client asks of a collection; times in microseconds since 1970.

    `versions` are "last", "first", "all" or versions; an empty filter lets everything pass.
    """

    after: int = 0
    limit: int = 100
    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    versions: tuple[str | int, ...] = ("last",)


class Outside(Struct, frozen=True):
    """A letter as it is given to an external client: its envelope's identity, its label, and what it says."""

    digest: str
    label: Label
    letter: InformationLetter


class Page(Struct, frozen=True):
    """Items in order, the letters that they belong to by position, and whether more follow."""

    items: tuple[Item, ...]
    letters: dict[int, Outside]
    more: bool


class OpenedAttachment(Struct, frozen=True):
    """An attachment opened for a reason that was logged: its name, type and size, and its bytes a chunk at a time."""

    name: str
    kind: str
    size: int
    parts: Iterator[bytes]


class Unhanded(Struct, frozen=True):
    """A stored letter that waits to be handed to its room."""

    envelope: UUID
    kind: Kind
    sender: str
    case: UUID | None
    quarantined: bool


class Partner(Struct, frozen=True, kw_only=True):
    """A node that is known here, and how far it is trusted; `words` are compared by voice."""

    node: str
    agencies: tuple[str, ...]
    address: str
    number: int
    state: PartnerState
    words: str
    added_by: str
    added_at: datetime
    confirmed_by: str
    confirmed_at: datetime | None
    seen_at: datetime | None
    trouble: str


class Agreement(Struct, frozen=True, kw_only=True):
    """A channel in short: who is party, who signed, where it stands now.

    `supersedes` is the digest of the one it replaces, `successor` of the one that stands in its place from `replaced`.
    """

    digest: str
    mechanism: str
    title: dict[str, str]
    parties: tuple[str, ...]
    signed: tuple[str, ...]
    suspended_by: tuple[str, ...]
    state: AgreementState
    since: datetime
    until: datetime
    supersedes: str = ""
    successor: str = ""
    replaced: datetime | None = None


class AgreementWhole(Struct, frozen=True, kw_only=True):
    """A channel with its terms, and what each party signed."""

    line: Agreement
    terms: Terms
    document: str
    signatures: dict[str, str]
    statements: tuple[str, ...]


class HeadLine(Struct, frozen=True):
    """A signed head of some node's ledger."""

    log: str
    epoch: int
    size: int
    root: str
    at: datetime


class LedgerState(Struct, frozen=True, kw_only=True):
    """Where this node's ledger stands; `gate` says why only rescue passes, and is empty when all is well.

    `held` are the newest heads that we hold of partners, `witnessed` the newest heads of ours that partners hold.
    """

    node: str
    epoch: int
    size: int
    root: str
    gate: str
    held: tuple[HeadLine, ...]
    witnessed: tuple[tuple[str, HeadLine], ...]


class Recovered(Struct, frozen=True, kw_only=True):
    """A ledger that goes on from an old backup, in a new epoch.

    `restored` leaves were left of epoch `was`; those in the range `lost` (first, and the one past the last) are gone.
    `logged` is how much passed unlogged and has its leaf now; `troubles` are what partners showed that did not hold.
    """

    epoch: int
    was: int
    restored: int
    lost: tuple[int, int]
    heads: str
    officers: str
    without: tuple[str, ...]
    logged: int
    troubles: tuple[str, ...]


class ChannelHealth(Struct, frozen=True):
    """How one partner's channel fares: what waits for it, since when, and when it last answered."""

    node: str
    state: PartnerState
    seen_at: datetime | None
    trouble: str
    waiting: int
    oldest: datetime | None
    refused: int


class Flaw(Struct, frozen=True):
    """One row that is not what it should be: the table, which row, and what is wrong with it."""

    table: str
    row: str
    what: str


class Rotated(Struct, frozen=True):
    """New keys of this node: the number and words of the card that shows them, whom it goes to of itself, the card."""

    number: int
    words: str
    told: tuple[str, ...]
    card: str
