"""The six-bit armour of AIS payloads, and the position reports read from it directly.

Armour: IEC 61162-1, table of the 6-bit field type. Field layout: ITU-R M.1371-5, messages 1 to 3 (table 47), 4 and 11
(table 51) and 18 (table 67). Nine of ten sentences on the air are one of these, so they are read by shifts from one
large number; every other message, and these when their length is unusual, goes through pyais, which is also the oracle
of the tests.
"""

import binascii

from msgspec import Struct

from tansiq.sea.units import KNOT

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ARMOUR = bytes([*range(48, 88), *range(96, 120)])
_TO_BASE64 = bytes.maketrans(_ARMOUR, _ALPHABET)

POSITION_BITS = 168
_MINUTE = 1 / 600_000
_LON, _LAT = 1 << 27, 1 << 26


class Report(Struct, gc=False):
    """A position report: degrees, m/s, degrees from true north; None is "not available". `accurate` is 10 m or better.

    `placed` is False when the position lies outside the globe without being the code for "not available".
    """

    message: int
    mmsi: int
    status: int | None
    lat: float | None
    lon: float | None
    speed: float | None
    course: float | None
    heading: float | None
    accurate: bool
    placed: bool


def bits_of(armoured: bytes) -> int:
    """The bits of a payload as one number, the first bit highest. Four characters are 24 bits in base64 and here."""
    padding = -len(armoured) % 4
    data = binascii.a2b_base64(armoured.translate(_TO_BASE64) + b"A" * padding)
    return int.from_bytes(data, "big") >> 6 * padding


def place(lat: float, lon: float) -> tuple[float | None, float | None, bool]:
    """A position, whether it is known, and whether it lies on the globe; (91, 181) says "not available"."""
    if -90 <= lat <= 90 and -180 <= lon <= 180:
        if lat == 0 and lon == 0:  # what a receiver without a fix often sends; nobody floats exactly there
            return None, None, True
        return lat, lon, True
    return None, None, abs(lat - 91) < 0.02 or abs(lon - 181) < 0.02


def position_report(armoured: bytes) -> Report | None:
    """The report in a payload of 28 characters of type 1 to 4, 11 or 18; None for any other."""
    if len(armoured) != POSITION_BITS // 6:
        return None
    kind = armoured[0] - 48
    if kind in (1, 2, 3):
        return _class_a(bits_of(armoured), kind)
    if kind in (4, 11):
        return _base_station(bits_of(armoured), kind)
    return _class_b(bits_of(armoured)) if kind == 18 else None


def _class_a(bits: int, kind: int) -> Report:
    lon = (bits >> 79 & 0xFFFFFFF ^ _LON) - _LON
    lat = (bits >> 52 & 0x7FFFFFF ^ _LAT) - _LAT
    moved, ways = (bits >> 108 & 1023, lat, lon), (bits >> 40 & 4095, bits >> 31 & 511)
    return _report(bits, kind, bits >> 126 & 15, moved, ways, 107)


def _class_b(bits: int) -> Report:
    lon = (bits >> 83 & 0xFFFFFFF ^ _LON) - _LON
    lat = (bits >> 56 & 0x7FFFFFF ^ _LAT) - _LAT
    moved, ways = (bits >> 112 & 1023, lat, lon), (bits >> 44 & 4095, bits >> 35 & 511)
    return _report(bits, 18, None, moved, ways, 111)


def _base_station(bits: int, kind: int) -> Report:
    lon = (bits >> 61 & 0xFFFFFFF ^ _LON) - _LON
    lat = (bits >> 34 & 0x7FFFFFF ^ _LAT) - _LAT
    return _report(bits, kind, None, (1023, lat, lon), (3600, 511), 89)


def _report(
    bits: int, kind: int, status: int | None, moved: tuple[int, int, int], ways: tuple[int, int], accuracy: int
) -> Report:
    knots, lat, lon = moved
    course, heading = ways
    y, x, placed = place(lat * _MINUTE, lon * _MINUTE)
    return Report(
        message=kind,
        mmsi=bits >> 130 & 0x3FFFFFFF,
        status=status,
        lat=y,
        lon=x,
        speed=knots * 0.1 * KNOT if knots < 1023 else None,
        course=course * 0.1 if course < 3600 else None,
        heading=float(heading) if heading < 360 else None,
        accurate=bool(bits >> accuracy & 1),
        placed=placed,
    )
