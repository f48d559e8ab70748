"""The codes of the rescue room: phases, states, kinds, reasons. Codes are stored and passed on; words are the web's.

Phases are those of the IAMSAR Manual (volume II, 3.3).
"""

from enum import StrEnum
from itertools import product


class Phase(StrEnum):
    """How grave a case is (IAMSAR Manual volume II, 3.3), or that it is over."""

    UNCERTAINTY = "uncertainty"
    ALERT = "alert"
    DISTRESS = "distress"
    CLOSED = "closed"


class TaskState(StrEnum):
    """Where a search task stands; every state but the first is an answer of the tasked side."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SEARCHING = "searching"
    DONE = "done"


class OutcomeKind(StrEnum):
    """How a case ended."""

    FOUND_ALIVE = "found-alive"
    FOUND_DEAD = "found-dead"
    MISSING = "missing"
    SELF_RESCUED = "self-rescued"
    FALSE_ALERT = "false-alert"


class PersonState(StrEnum):
    """In what state a person was found, or that they were not."""

    ALIVE = "alive"
    DEAD = "dead"
    MISSING = "missing"


class Sex(StrEnum):
    """As seen by the rescuers."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown-sex"


class AgeGroup(StrEnum):
    """As seen by the rescuers."""

    MINOR = "minor"
    ADULT = "adult"
    UNKNOWN = "unknown-age"


class Platform(StrEnum):
    """What a search unit looks out from; sweep widths differ by it."""

    VESSEL = "vessel"
    HELICOPTER = "helicopter"
    FIXED_WING = "fixed-wing"


class Weather(StrEnum):
    """The classes of the weather correction: up to 15 kt and seas of 2 ft; over that; over 25 kt or seas of 4 ft."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class Reason(StrEnum):
    """Why a rule of this room says no."""

    CLOSED = "rescue.reason.closed"
    NOT_COORDINATOR = "rescue.reason.not-coordinator"
    NO_POSITION = "rescue.reason.no-position"
    BAD_MIXTURE = "rescue.reason.bad-mixture"
    BAD_COUNT = "rescue.reason.bad-count"
    BAD_TIME = "rescue.reason.bad-time"
    TOO_LARGE = "rescue.reason.too-large"
    NO_FORCING = "rescue.reason.no-forcing"
    NOT_COVERED = "rescue.reason.not-covered"
    NO_DRIFT = "rescue.reason.no-drift"
    BAD_UNIT = "rescue.reason.bad-unit"
    NOT_IN_TIME = "rescue.reason.not-in-time"
    NOBODY = "rescue.reason.nobody"
    NOT_NEXT = "rescue.reason.not-next"
    NOT_TASKED = "rescue.reason.not-tasked"
    NO_TEXT = "rescue.reason.no-text"
    COUNTS_DISAGREE = "rescue.reason.counts-disagree"
    UNKNOWN_CASE = "rescue.reason.unknown-case"
    NOT_A_PARTY = "rescue.reason.not-a-party"
    BAD_LETTER = "rescue.reason.bad-letter"


class Basis(StrEnum):
    """The text that a rule rests on."""

    PHASES = "rescue.basis.iamsar-phases"
    COORDINATION = "rescue.basis.iamsar-coordination"
    DRIFT = "rescue.basis.leeway"
    SEARCH = "rescue.basis.iamsar-search"
    TASKING = "rescue.basis.rescue-agreement"
    OUTCOME = "rescue.basis.iamsar-outcome"
    LETTERS = "rescue.basis.letters"


def person_keys() -> tuple[str, ...]:
    """Every key under which persons are counted: "alive.female.minor" and so on."""
    return tuple(".".join(parts) for parts in product(PersonState, Sex, AgeGroup))
