"""What is said of what officers write. Codes only; the web turns them into words."""

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


class Reason(StrEnum):
    """Why a rule of this room says no."""

    DRAFT_TOO_LONG = "correspondence.reason.draft-too-long"
    OFFER_DONE = "correspondence.reason.offer-done"


class Basis(StrEnum):
    """The text that a rule rests on."""

    DRAFTS = "correspondence.basis.drafts"
    OFFERS = "correspondence.basis.offers"
