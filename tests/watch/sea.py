"""Sentences and observations that the stories are told with."""

from collections.abc import Iterator
from math import cos, radians, sin

from pyais import encode_dict

from tansiq.sea.units import KNOT
from tansiq.watch.fusion import motion
from tansiq.watch.values import Observation, Said

AT = 1_738_117_800.0  # 2025-01-29T02:30:00Z
SHIP, OTHER, MOB, SART, EPIRB = 224_999_001, 242_999_002, 972_999_001, 970_999_001, 974_999_001
MIDDLE = (35.95, -5.75)
"""Out in the Strait, on no roadstead."""


def sentence(body: str, lead: str = "") -> bytes:
    """A body with its checksum, after whatever a receiver writes before it."""
    value = 0
    for each in body.encode():
        value ^= each
    return f"{lead}!{body}*{value:02X}\r\n".encode()


def tag(inside: str) -> str:
    """A tag block."""
    value = 0
    for each in inside.encode():
        value ^= each
    return f"\\{inside}*{value:02X}\\"


def message(**fields: object) -> bytes:
    """A message as its sentences."""
    kind = fields.pop("type")
    lines = encode_dict({"type": kind, **fields}, talker_id="AI")
    return "".join(f"{line}\r\n" for line in lines).encode()


def position(
    *,
    mmsi: int = SHIP,
    at: float = AT,
    place: tuple[float, float] | None = MIDDLE,
    status: int | None = 0,
    knots: float | None = 0.0,
    course: float | None = 90.0,
    heading: float | None = None,
    timed: bool = True,
    radius: float = 10.0,
    source: str = "coast",
) -> Observation:
    """One position report."""
    lat, lon = place if place is not None else (None, None)
    return Observation(
        said=Said.POSITION,
        source=source,
        at=at,
        timed=timed,
        mmsi=mmsi,
        message=1,
        lat=lat,
        lon=lon,
        radius=radius,
        speed=None if knots is None else knots * KNOT,
        course=course,
        heading=heading,
        status=status,
        raw=f"{mmsi} {at}".encode(),
    )


def text(words: str, *, mmsi: int = MOB, at: float = AT) -> Observation:
    """One safety text."""
    return Observation(said=Said.TEXT, source="coast", at=at, mmsi=mmsi, message=14, text=words, raw=words.encode())


def name(words: str, *, mmsi: int = SHIP, at: float = AT) -> Observation:
    """A vessel says what it is called."""
    return Observation(said=Said.PARTICULARS, source="coast", at=at, mmsi=mmsi, message=5, name=words, ship_type=70)


def sail(
    *,
    minutes: float,
    knots: float,
    course: float = 90.0,
    heading: float | None = None,
    status: int | None = 0,
    mmsi: int = SHIP,
    start: float = AT,
    place: tuple[float, float] = MIDDLE,
    every: float = 30.0,
) -> Iterator[Observation]:
    """A vessel that goes straight at one speed, reporting regularly."""
    for step in range(int(minutes * 60 / every) + 1):
        metres = knots * KNOT * step * every
        there = motion.moved(*place, metres * cos(radians(course)), metres * sin(radians(course)))
        yield position(
            mmsi=mmsi, at=start + step * every, place=there, status=status, knots=knots, course=course, heading=heading
        )
