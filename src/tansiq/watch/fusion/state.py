"""What is known of one identity: where it is, how it moves, what it says of itself, and what is odd about it.

All of it is a running summary of bounded size. Nothing has to be remembered beside it, so a node that is killed goes on
from the last committed batch, and a batch needs no more than the states of those who speak in it.
"""

from msgspec import Struct

from tansiq.watch.mmsi import Station


class Rival(Struct, gc=False):
    """Reports of the same identity from where this vessel cannot be: another vessel, or a wrong position."""

    lat: float
    lon: float
    at: float
    reports: int = 1


class Slow(Struct, gc=False):
    """A time during which a vessel has moved as something adrift may move.

    `compared` reports had both heading and course, `beam_on` of them far apart. `north`, `east` sum the unit vectors of
    the courses, so that their length over `steered` says how steady the course was.
    """

    since: float
    lat: float
    lon: float
    last: float
    reports: int = 0
    outside: int = 0
    compared: int = 0
    beam_on: int = 0
    steered: int = 0
    north: float = 0.0
    east: float = 0.0
    speeds: float = 0.0


class TrackState(Struct, gc=False, omit_defaults=True):
    """One identity as heard so far. `pp`, `pv`, `vv` is the covariance that both axes share (`fusion.motion`).

    `since` and `stated` say from when and in how many reports in a row the status has been what it is; `before` is the
    status that it had until then. `said_at` and `spoke_at` are the times of the latest positions and texts, so that
    what is told again is known. `way_at` is when the vessel last made way, `jumps` counts unreachable moves.
    """

    mmsi: int
    station: Station
    born: float
    heard: float
    source: str = ""
    sensor: str = ""
    at: float = 0.0
    lat: float | None = None
    lon: float | None = None
    north: float = 0.0
    east: float = 0.0
    pp: float = 0.0
    pv: float = 0.0
    vv: float = 0.0
    reports: int = 0
    speed: float | None = None
    course: float | None = None
    heading: float | None = None
    status: int | None = None
    before: int | None = None
    since: float = 0.0
    stated: int = 0
    name: str = ""
    call_sign: str = ""
    imo: int = 0
    ship_type: int = 0
    text: str = ""
    said_at: list[float] = []
    spoke_at: list[float] = []
    way_at: float | None = None
    slow: Slow | None = None
    rival: Rival | None = None
    jumps: int = 0
    kept: float = 0.0

    @property
    def spread(self) -> tuple[float, float, float]:
        """The covariance of one axis: position, cross, velocity."""
        return self.pp, self.pv, self.vv
