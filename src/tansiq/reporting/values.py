"""What is said in reports: a card defines an indicator, a figure is its value for a period, a claim a figure as said.

Figures never cross units and are never annualised. Figures of an exercise carry its name and stay among themselves.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class Indicator(StrEnum):
    """What is counted."""

    PERSONS_RESCUED = "persons-rescued"
    CASES = "rescue-cases"
    ALERTS = "distress-alerts"
    ENVELOPES = "envelopes"


class CountUnit(StrEnum):
    """What one unit of a figure is."""

    ATTEMPT = "attempt"
    PERSON = "person"
    NETWORK = "network"
    OPERATION = "operation"
    ENVELOPE = "envelope"
    CASE = "case"
    ALERT = "alert"


class Qualifier(StrEnum):
    """How sure the number is."""

    EXACT = "exact"
    ABOUT = "about"
    AT_LEAST = "at-least"


class Origin(StrEnum):
    """The room that holds the records of an indicator, and so where each record opens."""

    CASE = "case"
    ALERT = "alert"
    ENVELOPE = "envelope"


class Reason(StrEnum):
    """Why a rule of this room says no."""

    BAD_PERIOD = "reporting.reason.bad-period"
    NOBODY = "reporting.reason.nobody"
    NOT_YOURS = "reporting.reason.not-yours"
    UNKNOWN_INDICATOR = "reporting.reason.unknown-indicator"
    OTHER_UNIT = "reporting.reason.other-unit"
    BAD_NUMBER = "reporting.reason.bad-number"


class Basis(StrEnum):
    """The text that a rule rests on."""

    PERIOD = "reporting.basis.period"
    STATISTICS = "reporting.basis.statistics-agreement"
    CARD = "reporting.basis.indicator-card"


class Card(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An indicator's definition. `names` and `definitions` are by language; `digest` is over all of the card.

    `claimable` indicators are exchanged under the statistics agreement; `breakdown` says what the parts are.
    """

    indicator: Indicator
    unit: CountUnit
    qualifier: Qualifier
    origin: Origin
    breakdown: str
    claimable: bool
    names: dict[str, str]
    definitions: dict[str, str]
    digest: str = ""

    def name(self, language: str) -> str:
        """The name in a language, or else in English."""
        return self.names.get(language) or self.names["en"]

    def definition(self, language: str) -> str:
        """The definition in a language, or else in English."""
        return self.definitions.get(language) or self.definitions["en"]


class Record(Struct, frozen=True, kw_only=True):
    """One thing behind a figure: where it opens, when it happened, and how much of the figure it is."""

    origin: Origin
    id: UUID
    reference: str
    at: datetime
    count: int
    part: str
    body: str


class Figure(Struct, frozen=True, kw_only=True):
    """An indicator's value for a period (end not included), as this node counts it.

    `body` is the agency that says so. `records` is the SHA-256 over the records behind it: equal records on two nodes
    give the same. `exercise` is empty, or the exercise's name.
    """

    indicator: Indicator
    unit: CountUnit
    qualifier: Qualifier
    start: datetime
    end: datetime
    value: int
    breakdown: dict[str, int]
    records: str
    record_count: int
    body: str
    definition: str
    exercise: str = ""


class Claim(Struct, frozen=True, kw_only=True):
    """A figure that one party claims towards others: ours as sent, or a partner's as received."""

    id: UUID
    indicator: Indicator
    unit: CountUnit
    qualifier: Qualifier
    start: datetime
    end: datetime
    value: int
    breakdown: dict[str, int]
    records: str
    body: str
    ours: bool
    at: datetime
    envelope: UUID | None
    exercise: str = ""
