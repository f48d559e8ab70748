"""Letters of the reporting room: a figure that a partner claims for a period."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

Moment = Annotated[datetime, Meta(tz=True)]
"""A time that names its zone; one without is no letter."""


class ClaimLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One figure with its definition's code, period and qualifier; `records` is the SHA-256 over its source records."""

    claim: UUID
    indicator: str
    unit: str
    qualifier: str
    start: Moment
    end: Moment
    value: int
    breakdown: dict[str, int]
    records: str
    body: str
