"""What is said in the watch: observation -> track -> alert, and what the duty officer reads of each.

Priorities are those of IMO MSC.302(87), bridge alert management. Positions are WGS 84 degrees, lengths metres, speeds
metres per second, courses and headings degrees from true north. Times inside the pipeline are seconds since
1970-01-01 UTC (numbers, because they are subtracted); what a person reads carries a datetime.
"""

from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from msgspec import Struct

from tansiq.exchange.kinds.watch import Because
from tansiq.watch.mmsi import Station

STALE_SECONDS = 420.0
"""A track not heard for this long is stale: two reports of a slow class B vessel and a minute."""


class Said(StrEnum):
    """What an observation says."""

    POSITION = "position"
    PARTICULARS = "particulars"  # name, call sign, type: what AIS calls static data
    TEXT = "text"  # a safety-related message


class Observation(Struct, frozen=True, gc=False, kw_only=True):
    """One thing that one sensor said of one station.

    `at` is when it was so; `timed` is False in a recording that carries no clock, where `at` only keeps the order.
    `radius` is one sigma of the position. `status` is the AIS navigational status (ITU-R M.1371-5, table 45).
    `raw` is the evidence, as received.
    """

    said: Said
    source: str
    sensor: str = ""
    at: float
    timed: bool = True
    mmsi: int
    message: int = 0
    lat: float | None = None
    lon: float | None = None
    radius: float = 0.0
    speed: float | None = None
    course: float | None = None
    heading: float | None = None
    status: int | None = None
    name: str = ""
    call_sign: str = ""
    imo: int = 0
    ship_type: int = 0
    text: str = ""
    raw: bytes = b""


class Priority(IntEnum):
    """How much an alert asks for (MSC.302(87), 4.1); a smaller number is more."""

    EMERGENCY = 1  # danger to life: immediate action
    ALARM = 2  # immediate attention and action
    WARNING = 3  # may become dangerous: for precaution
    CAUTION = 4  # out of the ordinary: awareness


class Situation(StrEnum):
    """What is going on: one alert stands for one situation."""

    SART = "sart"
    MOB = "mob"
    EPIRB = "epirb"
    DISTRESS = "distress"  # a vessel's own identity says distress
    NOT_UNDER_COMMAND = "not-under-command"
    ADRIFT = "adrift"
    AGROUND = "aground"
    JUMP = "impossible-jump"
    REPORTED = "reported"


BEACON_SITUATIONS = {Station.SART: Situation.SART, Station.MOB: Situation.MOB, Station.EPIRB: Situation.EPIRB}
DISTRESS_SITUATIONS = frozenset({*BEACON_SITUATIONS.values(), Situation.DISTRESS})


class Code(StrEnum):
    """Why an alert was raised; each goes with the numbers that it rests on (`Because.values`)."""

    BEACON = "watch.because.beacon"
    STATUS_DISTRESS = "watch.because.status-distress"
    STATUS_CHANGED = "watch.because.status-changed"
    TEXT_DISTRESS = "watch.because.text-distress"
    TEXT_SAYS_TEST = "watch.because.text-says-test"
    STATUS_NOT_UNDER_COMMAND = "watch.because.status-not-under-command"
    STATUS_AGROUND = "watch.because.status-aground"
    DRIFTING_BEAM_ON = "watch.because.drifting-beam-on"
    DRIFTING_LOST_WAY = "watch.because.drifting-lost-way"
    UNREACHABLE = "watch.because.unreachable"
    REPORT = "watch.because.report"
    PARTNER = "watch.because.partner"
    NEARBY = "watch.because.nearby"
    NOT_SENT = "watch.because.not-sent"
    CONDITION_ENDED = "watch.because.condition-ended"
    CASE_ENDED = "watch.because.case-ended"


class Reason(StrEnum):
    """Why a rule of this room says no."""

    ALREADY_ACKNOWLEDGED = "watch.reason.already-acknowledged"
    NOT_ACKNOWLEDGED = "watch.reason.not-acknowledged"
    ALREADY_CLOSED = "watch.reason.already-closed"
    NO_PERMISSION = "watch.reason.no-permission"
    NO_REASON = "watch.reason.no-reason"
    NO_TEXT = "watch.reason.no-text"
    BAD_POSITION = "watch.reason.bad-position"
    BAD_TIME = "watch.reason.bad-time"
    BAD_PRIORITY = "watch.reason.bad-priority"
    NOT_ORIGINATOR = "watch.reason.not-originator"
    NO_TRACKS = "watch.reason.no-tracks"
    NO_AREA = "watch.reason.no-area"
    OTHER_CASE = "watch.reason.other-case"
    NO_PARTNERS = "watch.reason.no-partners"
    NOT_READY = "watch.reason.not-ready"


class Basis(StrEnum):
    """What a rule of this room rests on."""

    ALERT_MANAGEMENT = "MSC.302(87)"
    AIS = "ITU-R M.1371-5"
    IAMSAR = "IAMSAR II"
    PICTURE = "Regulation (EU) 2019/1896, 89(2)"
    DUTY = "parties.duties"


class AlertState(StrEnum):
    """Where an alert stands (MSC.302(87), 7): it sounds until acknowledged, also after its condition has ended."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    RECTIFIED = "rectified"  # the condition has ended, nobody has acknowledged
    CLOSED = "closed"


class Source(Struct, frozen=True):
    """A station that speaks in an alert, and how often."""

    mmsi: int
    station: Station
    first_at: datetime
    last_at: datetime
    reports: int
    name: str = ""


class Alert(Struct, frozen=True, kw_only=True):
    """One situation as the duty officer reads it. `age` counts from when it was seen last, in seconds.

    `sender` is empty for our own. `sent_at` says when partners were told, `sending_refused` is the code of why not.
    `case` is the rescue case that was opened for it. `same_as` is our own alert of which a partner's is another
    telling. `exercise` is empty, or the exercise's name.
    """

    id: UUID
    situation: Situation
    priority: Priority
    state: AlertState
    lat: float | None
    lon: float | None
    radius_m: float
    seen_at: datetime
    raised_at: datetime
    age: float
    source: str
    reasons: tuple[Because, ...]
    sources: tuple[Source, ...] = ()
    mmsi: int | None = None
    name: str = ""
    persons: int | None = None
    text: str = ""
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    rectified_at: datetime | None = None
    closed_by: str = ""
    closed_at: datetime | None = None
    closing_reason: str = ""
    sender: str = ""
    envelope: UUID | None = None
    sent_at: datetime | None = None
    sending_refused: str = ""
    case: UUID | None = None
    same_as: UUID | None = None
    evidence: str = ""
    exercise: str = ""

    @property
    def unacknowledged(self) -> bool:
        """Whether it still asks for one action of the officer."""
        return self.acknowledged_at is None and self.closed_at is None

    @property
    def is_distress(self) -> bool:
        """Whether somebody may be in danger of life."""
        return self.priority == Priority.EMERGENCY


class Track(Struct, frozen=True, kw_only=True):
    """One vessel or station in the picture, smoothed. `radius_m` is one sigma now; `age` seconds since last seen.

    `party` is empty for our own; a partner's track names the agency that shared it.
    """

    id: UUID
    mmsi: int | None
    station: Station
    name: str
    lat: float
    lon: float
    radius_m: float
    speed: float | None
    course: float | None
    heading: float | None
    status: int | None
    seen_at: datetime
    age: float
    source: str
    reports: int
    call_sign: str = ""
    ship_type: int = 0
    party: str = ""
    stale: bool = False


class Place(Struct, frozen=True):
    """Where a track was at a time."""

    at: datetime
    lat: float
    lon: float
    speed: float | None
    course: float | None


class FeedState(StrEnum):
    """What a feed is at."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    RECEIVING = "receiving"
    SILENT = "silent"
    ENDED = "ended"
    FAILED = "failed"


class FeedHealth(Struct, frozen=True, kw_only=True):
    """How a feed is doing: `lag` is arrival minus the sensor's clock; `age` seconds since its last sentence."""

    name: str
    kind: str
    source: str
    state: FeedState
    since: datetime
    last_at: datetime | None
    age: float | None
    lag: float | None
    sentences: int
    messages: int
    errors: dict[str, int]
    reconnects: int
    dropped: int
    problem: str = ""


class Watched(Struct, frozen=True):
    """What a batch of observations did: ids of the tracks that moved, of alerts raised, and of alerts that changed."""

    tracks: tuple[UUID, ...]
    alerts: tuple[UUID, ...]
    changed: tuple[UUID, ...] = ()


class Area(Struct, frozen=True):
    """A box in degrees; `west` may exceed `east` across the date line."""

    south: float
    west: float
    north: float
    east: float


class Tally(Struct, frozen=True, kw_only=True):
    """The numbers at the head of the duty room; `age` is seconds since anything was heard, None before that."""

    open: int = 0
    waiting: int = 0
    distress: int = 0
    tracks: int = 0
    age: float | None = None
