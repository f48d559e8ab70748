"""The things of the rescue room: case -> drift -> search -> task -> answer -> outcome, one thread.

Positions are WGS 84 degrees (latitude, longitude), lengths metres, speeds m/s, times UTC. Nobody is named anywhere:
persons are counted by state, sex and age group. SITREP fields are those of the IAMSAR Manual (volume II, appendix I).
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from tansiq.rescue.values.codes import OutcomeKind, PersonState, Phase, Platform, TaskState, Weather


def made_at(id: UUID) -> datetime:
    """When an id (UUID version 7, RFC 9562) was made: equal on every node that holds the thing."""
    return datetime.fromtimestamp(min(id.int >> 80, 253_402_300_799_000) / 1000, UTC)


class Case(Struct, frozen=True, kw_only=True):
    """One incident at sea: what is known of it, who coordinates, who takes part.

    `lat`, `lon`, `at` are the last known position and its time, `radius_m` its one-sigma error. `mixture` are drift
    object classes with weights that sum to one. `exercise` is empty, or the exercise's name.
    """

    id: UUID
    phase: Phase
    coordinator: str
    opened_by: str
    opened_at: datetime
    lat: float
    lon: float
    at: datetime
    radius_m: float
    mixture: tuple[tuple[int, float], ...]
    persons: int | None
    text: str
    parties: tuple[str, ...]
    alert: UUID | None = None
    closed_at: datetime | None = None
    exercise: str = ""

    @property
    def reference(self) -> str:
        """The case's number in speech and print, equal on every node: day of its id and the id's last digits."""
        return f"{made_at(self.id):%Y%m%d}-{self.id.hex[-4:].upper()}"

    @property
    def open(self) -> bool:
        """Whether the case still asks for something."""
        return self.phase != Phase.CLOSED


class ForcingUsed(Struct, frozen=True, kw_only=True):
    """One source of current or wind that a run used, and its age (h) when the run was made, if the file says so."""

    vector: str
    name: str
    start: datetime
    end: datetime
    digest: str
    age_hours: float | None


class Datum(Struct, frozen=True):
    """Where the object probably is at one time: the mean of the particles, and the radii that hold 50 and 90%."""

    at: datetime
    lat: float
    lon: float
    radius_50_m: float
    radius_90_m: float


class DriftRun(Struct, frozen=True, kw_only=True):
    """One ensemble: its parameters, what it used, and where it leads hour by hour.

    `kept` of the `particles` are stored for planning. `stranded` met land, `lost` left the forcing. `asked_hours` is
    more than `hours` where the forcing ends at `forcing_ends`. `seconds` is computing time by phase.
    """

    id: UUID
    case: UUID
    by: str
    made_at: datetime
    start: datetime
    hours: float
    asked_hours: float
    particles: int
    kept: int
    step_minutes: float
    seed: int
    mixture: tuple[tuple[int, float], ...]
    stranded: int
    lost: int
    coast: str
    forcing: tuple[ForcingUsed, ...]
    forcing_ends: datetime | None
    digest: str
    seconds: dict[str, float]
    datums: tuple[Datum, ...]

    @property
    def end(self) -> datetime:
        """The last time that the run reaches."""
        return self.start + timedelta(hours=self.hours)


class Raster(Struct, frozen=True, kw_only=True):
    """Where the object probably is at one hour of a run: probability by cell, empty cells left out.

    `cells` are (column from the west, row from the south, probability) and sum to `afloat`, the probability of being
    still at sea. `half` and `most` are the closed outlines, (longitude, latitude), of the least areas with 50 and 90%.
    `unfound` is the probability that the searches flown by then would have missed the object; the cells are lowered by
    what those searches saw, and sum to `afloat` times no more than that.
    """

    drift: UUID
    hour: int
    hours: int
    at: datetime
    west: float
    south: float
    cell_lon: float
    cell_lat: float
    columns: int
    rows: int
    afloat: float
    cells: tuple[tuple[int, int, float], ...]
    half: tuple[tuple[tuple[float, float], ...], ...]
    most: tuple[tuple[tuple[float, float], ...], ...]
    unfound: float = 1.0


class SearchUnit(Struct, frozen=True, kw_only=True):
    """A unit that can search: where it is, from when, how fast and how long, and what it looks out with."""

    name: str
    agency: str
    platform: Platform
    lat: float
    lon: float
    available_at: datetime
    transit_speed: float
    search_speed: float
    endurance_hours: float
    height_m: float
    visibility_m: float = 18_520.0
    weather: Weather = Weather.GOOD
    tired: bool = False
    night: bool = False


class SearchPlan(Struct, frozen=True, kw_only=True):
    """One rectangle of parallel sweeps by one unit, and what it is expected to give.

    `corners` go round the rectangle, `waypoints` are the track in order, both (latitude, longitude). `bearing` is that
    of the legs, degrees from true north. `sweep_widths` are by object class. `coverage`, `pod` and `pos` take random
    search, the cautious figure; `ideal_pos` takes the inverse cube law. `cumulative_pos` adds the searches that were
    flown before.
    """

    corners: tuple[tuple[float, float], ...]
    waypoints: tuple[tuple[float, float], ...]
    lat: float
    lon: float
    length_m: float
    width_m: float
    bearing: float
    track_spacing_m: float
    legs: int
    sweep_width_m: float
    sweep_widths: tuple[tuple[int, float], ...]
    coverage: float
    pod: float
    pos: float
    ideal_pos: float
    cumulative_pos: float
    start: datetime
    end: datetime


class Search(SearchPlan, frozen=True, kw_only=True):
    """A search that was planned for a case, and whether it was flown.

    `seconds` is computing time. `forcing_ends` is set when the forcing ends before the search does.
    """

    id: UUID
    case: UUID
    drift: UUID
    unit: SearchUnit
    by: str
    made_at: datetime
    seed: int
    seconds: float
    flown: bool = False
    forcing_ends: datetime | None = None


class TaskAnswer(Struct, frozen=True, kw_only=True):
    """One thing the tasked side said."""

    answer: TaskState
    at: datetime
    text: str
    by: str


class Task(Struct, frozen=True, kw_only=True):
    """A search asked of one agency: the rectangle, the unit meant, and what it answered.

    `origin` coordinates and asks, `agency` is asked. `envelope` carried it here or there; none between own units.
    """

    id: UUID
    case: UUID
    search: UUID | None
    origin: str
    agency: str
    unit: str
    state: TaskState
    corners: tuple[tuple[float, float], ...]
    track_spacing_m: float
    speed: float
    sweep_width_m: float
    start: datetime
    end: datetime
    coverage: float
    pod: float
    pos: float
    instructions: str
    sent_at: datetime
    envelope: UUID | None
    answers: tuple[TaskAnswer, ...] = ()


class Sitrep(Struct, frozen=True, kw_only=True):
    """A situation report, fields A to N as in the IAMSAR Manual (volume II, appendix I)."""

    id: UUID
    case: UUID
    serial: int
    priority: str
    phase: Phase
    at: datetime
    sender: str
    receiver: str
    lat: float
    lon: float
    casualty: str
    position: str
    situation: str
    persons: int | None
    assistance: str
    coordinator: str
    description: str
    weather: str
    actions: str
    search_area: str
    instructions: str
    plans: str
    more: str
    envelope: UUID | None


class Outcome(Struct, frozen=True, kw_only=True):
    """How a case ended, in numbers; a later revision corrects an earlier one, which stays."""

    case: UUID
    revision: int
    kind: OutcomeKind
    at: datetime
    lat: float | None
    lon: float | None
    rescued_by: str
    persons: dict[str, int]
    text: str
    by: str
    recorded_at: datetime
    envelope: UUID | None

    def count(self, state: PersonState) -> int:
        """How many persons were in this state."""
        return sum(count for key, count in self.persons.items() if key.partition(".")[0] == state)

    @property
    def rescued(self) -> int:
        """Persons brought to safety by a rescue: those alive, unless they saved themselves or nothing was there."""
        return self.count(PersonState.ALIVE) if self.kind in RESCUES else 0


RESCUES = frozenset({OutcomeKind.FOUND_ALIVE, OutcomeKind.FOUND_DEAD, OutcomeKind.MISSING})
"""The outcomes that a rescue brought about; in each of them some persons may be alive."""


class OutcomeRecord(Struct, frozen=True, kw_only=True):
    """A case that ended, as figures need it: nothing of the object and of where it was."""

    case: UUID
    reference: str
    coordinator: str
    kind: OutcomeKind
    at: datetime
    rescued_by: str
    persons: dict[str, int]
    rescued: int


class CaseRecord(Struct, frozen=True, kw_only=True):
    """A case as figures need it; `opened_at` is the same on every node that holds the case."""

    case: UUID
    reference: str
    coordinator: str
    opened_at: datetime
    phase: Phase


class CaseLine(Struct, frozen=True, kw_only=True):
    """A case in a list."""

    case: Case
    sitreps: int
    tasks_open: int
    cumulative_pos: float | None
    outcome: Outcome | None


class CaseFile(Struct, frozen=True, kw_only=True):
    """A case with all that belongs to it, newest first; `twins` are other cases opened from the same alert."""

    case: Case
    drifts: tuple[DriftRun, ...]
    searches: tuple[Search, ...]
    tasks: tuple[Task, ...]
    sitreps: tuple[Sitrep, ...]
    outcomes: tuple[Outcome, ...]
    twins: tuple[UUID, ...]
    next_serial: int

    @property
    def drift(self) -> DriftRun | None:
        """The latest drift run."""
        return self.drifts[0] if self.drifts else None

    @property
    def cumulative_pos(self) -> float | None:
        """The probability that the searches flown so far would have found the object; none before the first."""
        flown = [search for search in self.searches if search.flown]
        return max(search.cumulative_pos for search in flown) if flown else None

    @property
    def outcome(self) -> Outcome | None:
        """The outcome as it stands now."""
        return self.outcomes[0] if self.outcomes else None
