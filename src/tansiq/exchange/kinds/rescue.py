"""Letters of the rescue room: SITREP, search task, its answer, and outcome. None of them can carry an identity.

SITREP fields A to N are those of the IAMSAR Manual (volume II, appendix I). Positions are WGS 84 degrees as
(latitude, longitude), lengths metres, speeds m/s, times UTC. Persons are counted under "state.sex.age" keys.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from tansiq.parties.values import AGENCY_CODE

Moment = Annotated[datetime, Meta(tz=True)]
"""A time that names its zone; one without is no letter."""


class SitrepLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A situation report with its consecutive serial; the short form fills A to F.

    `receiver` names the agencies written to, with commas. `seen_at`, `radius_m` and `mixture` (drift object classes
    with weights) let the receiver run a drift of its own.
    """

    case: UUID
    serial: int
    priority: str
    phase: str
    at: Moment
    sender: str
    receiver: str
    lat: float
    lon: float
    casualty: str  # A
    position: str  # B
    situation: str  # C
    persons: int | None  # D
    assistance: str  # E
    coordinator: str  # F
    description: str = ""  # G
    weather: str = ""  # H
    actions: str = ""  # J
    search_area: str = ""  # K
    instructions: str = ""  # L
    plans: str = ""  # M
    more: str = ""  # N
    alert: UUID | None = None
    seen_at: Moment | None = None
    radius_m: float = 0.0
    mixture: tuple[tuple[int, float], ...] = ()


class TaskLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A search task for one unit of `agency`: a rectangle of parallel sweeps, and what it is expected to give."""

    task: UUID
    case: UUID
    agency: Annotated[str, Meta(pattern=AGENCY_CODE)]
    unit: str
    corners: tuple[tuple[float, float], ...]
    track_spacing_m: float
    speed: float
    sweep_width_m: float
    start: Moment
    end: Moment
    coverage: float
    pod: float
    pos: float
    instructions: str = ""
    alert: UUID | None = None


class TaskAnswerLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the tasked side says: accepted, refused, searching or done."""

    task: UUID
    case: UUID
    answer: str
    at: Moment
    text: str = ""


class OutcomeLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a case ended, in numbers by sex and age group; never an identity. A higher revision corrects a lower one."""

    case: UUID
    outcome: str
    at: Moment
    lat: float | None
    lon: float | None
    rescued_by: str
    persons: dict[str, int]
    text: str = ""
    revision: int = 1
