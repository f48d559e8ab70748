"""What kind of station an MMSI names.

Maritime mobile service identities: Recommendation ITU-R M.585-9. MID is the three-digit country code (2xx to 7xx).
"""

from enum import StrEnum


class Station(StrEnum):
    """The kind of station that an identity is for."""

    SHIP = "ship"
    CRAFT = "craft"  # belongs to a parent ship (98MID)
    GROUP = "group"
    COAST = "coast"
    AIRCRAFT = "aircraft"  # search and rescue
    MARK = "mark"  # aid to navigation
    HANDHELD = "handheld"
    SART = "sart"
    MOB = "mob"
    EPIRB = "epirb"
    UNKNOWN = "unknown"


BEACONS = frozenset({Station.SART, Station.MOB, Station.EPIRB})
"""The stations that exist only to say that someone is in distress."""

VESSELS = frozenset({Station.SHIP, Station.CRAFT, Station.HANDHELD, Station.UNKNOWN})
"""The stations that ride on something afloat."""

_BY_PREFIX = {"970": Station.SART, "972": Station.MOB, "974": Station.EPIRB}


def station_of(mmsi: int) -> Station:
    """The kind of station of an identity; `UNKNOWN` where the digits fit no format (a wrong entry aboard is common)."""
    digits = f"{mmsi:09d}"
    if len(digits) != 9:
        return Station.UNKNOWN
    beacon = _BY_PREFIX.get(digits[:3])
    if beacon is not None:
        return beacon
    for prefix, station in (
        ("111", Station.AIRCRAFT),
        ("99", Station.MARK),
        ("98", Station.CRAFT),
        ("00", Station.COAST),
        ("0", Station.GROUP),
        ("8", Station.HANDHELD),
        ("", Station.SHIP),
    ):
        if digits.startswith(prefix):
            mid = digits[len(prefix) : len(prefix) + 3]
            return station if "2" <= mid[0] <= "7" else Station.UNKNOWN
    return Station.UNKNOWN
