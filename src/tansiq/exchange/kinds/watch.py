"""Letters of the watch room: an alert, and a part of the picture.

No personal field beyond vessel and aircraft identifiers (Regulation (EU) 2019/1896, article 89(2)).
Positions are WGS 84 degrees, times are UTC.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class Because(Struct, frozen=True, forbid_unknown_fields=True):
    """One reason for an alert: a code that the reader's language has words for, and the numbers that it rests on."""

    code: str
    values: dict[str, str | int | float] = {}


class AlertLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One situation: what it is, where and when it was seen, and why the sender says so.

    A position that is not yet known is None: a distress text comes before its position, and is not held back for it.
    A later letter with the same `alert` tells how it went on; `closed` says that the sender has closed it, and why.
    """

    alert: UUID
    situation: str
    priority: int
    lat: float | None
    lon: float | None
    radius_m: float
    seen_at: datetime
    raised_at: datetime
    source: str
    reasons: tuple[Because, ...] = ()
    mmsi: int | None = None
    persons: int | None = None
    text: str = ""
    closed: str = ""


class TrackLine(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One vessel in the picture: speed in m/s, course in degrees from true north, `radius_m` one sigma."""

    track: UUID
    lat: float
    lon: float
    radius_m: float
    speed: float | None
    course: float | None
    seen_at: datetime
    source: str
    mmsi: int | None = None
    name: str = ""


class PictureLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The tracks of an agreed area at one time."""

    at: datetime
    area: str
    tracks: tuple[TrackLine, ...]
