"""What is said of what officers write. Codes only; the web turns them into words."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

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


class Reason(StrEnum):
    """Why a rule of this room says no."""

    DRAFT_TOO_LONG = "correspondence.reason.draft-too-long"


class Basis(StrEnum):
    """The text that a rule rests on."""

    DRAFTS = "correspondence.basis.drafts"
