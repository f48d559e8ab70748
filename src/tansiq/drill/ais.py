"""The air interface of a drill: AIS messages as the NMEA 0183 sentences that a shore station hands on.

Layouts: ITU-R M.1371-5, annex 8 (messages 1, 3, 4, 5, 14, 18, 24). Armour, parts and checksums: IEC 61162-1 (VDM).
Tag blocks with time and station: IEC 61162-450 and NMEA 0183 4.10, section 7. Beacons of persons overboard: IEC
61097-14 and ITU-R M.585 (identities 970, 972, 974). Written apart from the decoder that the watch room uses, so that
each can be held against the other.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum

PAYLOAD = 60
"""Armoured characters in one sentence, so that it stays within the 82 characters of IEC 61162-1."""

_LETTERS = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?"
_ARMOUR = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"

Field = tuple[int | str, int]
"""A number and its width in bits (negative numbers in two's complement), or a text and its width."""


class NavStatus(IntEnum):
    """Navigational status of messages 1 and 3 (M.1371-5, table 45)."""

    UNDER_WAY = 0
    AT_ANCHOR = 1
    NOT_UNDER_COMMAND = 2
    MOORED = 5
    FISHING = 7
    SAILING = 8
    BEACON_ACTIVE = 14
    UNDEFINED = 15  # also: a beacon under test


def pack(fields: Sequence[Field]) -> tuple[int, int]:
    """Fields in order as one big number and its length in bits. Texts use the six-bit alphabet, padded with `@`."""
    value = length = 0
    for what, bits in fields:
        number = _text(what, bits) if isinstance(what, str) else what & ((1 << bits) - 1)
        value = value << bits | number
        length += bits
    return value, length


def sentences(
    fields: Sequence[Field], *, channel: str = "A", sequence: int = 0, tag: str = "", group: int = 0
) -> tuple[bytes, ...]:
    """A message as `!AIVDM` sentences with CR LF: one, or several parts under `sequence` (0 to 9).

    `tag` is the inside of a tag block ("s:STATION,c:1700000000"); parts of one message carry `group` in it as well.
    """
    value, length = pack(fields)
    fill = -length % 6
    value <<= fill
    count = (length + fill) // 6
    armour = "".join(_ARMOUR[value >> 6 * (count - 1 - at) & 63] for at in range(count))
    parts = [armour[at : at + PAYLOAD] for at in range(0, count, PAYLOAD)]
    lines = []
    for number, part in enumerate(parts, start=1):
        last = number == len(parts)
        order = sequence if len(parts) > 1 else ""
        body = f"AIVDM,{len(parts)},{number},{order},{channel},{part},{fill if last else 0}"
        grouped = f"g:{number}-{len(parts)}-{group},{tag}" if tag and len(parts) > 1 else tag
        block = f"\\{grouped}*{_checksum(grouped):02X}\\" if grouped else ""
        lines.append(f"{block}!{body}*{_checksum(body):02X}\r\n".encode("ascii"))
    return tuple(lines)


def tag_block(station: str, at: datetime) -> str:
    """The inside of a tag block: source and UNIX time in seconds."""
    return f"s:{station},c:{int(at.timestamp())}"


def position_a(
    *,
    mmsi: int,
    lat: float,
    lon: float,
    knots: float | None,
    course: float | None,
    status: int,
    second: int,
    kind: int = 1,
    heading: float | None = None,
    accurate: bool = True,
) -> tuple[Field, ...]:
    """Message 1 (or 3, its answer to an interrogation or a change of course): a class A position, degrees WGS 84."""
    return (
        (kind, 6), (0, 2), (mmsi, 30), (status, 4), (-128, 8), (_speed(knots), 10), (int(accurate), 1),
        (_minutes(lon), 28), (_minutes(lat), 27), (_course(course), 12), (_heading(heading), 9), (second, 6),
        (0, 2), (0, 3), (0, 1), (0, 19),
    )  # fmt: skip


def base_station(*, mmsi: int, lat: float, lon: float, at: datetime) -> tuple[Field, ...]:
    """Message 4: a base station's time and place."""
    return (
        (4, 6), (0, 2), (mmsi, 30), (at.year, 14), (at.month, 4), (at.day, 5), (at.hour, 5), (at.minute, 6),
        (at.second, 6), (1, 1), (_minutes(lon), 28), (_minutes(lat), 27), (7, 4), (0, 10), (0, 1), (0, 19),
    )  # fmt: skip


def voyage(
    *,
    mmsi: int,
    imo: int,
    callsign: str,
    name: str,
    ship_type: int,
    length: int,
    beam: int,
    draught: float,
    destination: str,
) -> tuple[Field, ...]:
    """Message 5: what a class A ship is and where it is bound. Lengths in metres; the antenna stands aft amidships."""
    return (
        (5, 6), (0, 2), (mmsi, 30), (0, 2), (imo, 30), (callsign, 42), (name, 120), (ship_type, 8),
        *_dimensions(length, beam), (1, 4), (0, 4), (0, 5), (24, 5), (60, 6), (round(draught * 10), 8),
        (destination, 120), (0, 1), (0, 1),
    )  # fmt: skip


def safety_text(*, mmsi: int, text: str) -> tuple[Field, ...]:
    """Message 14: a safety-related broadcast; a beacon says "MOB ACTIVE" or "MOB TEST"."""
    return ((14, 6), (0, 2), (mmsi, 30), (0, 2), (text, 6 * len(text)))


def position_b(
    *, mmsi: int, lat: float, lon: float, knots: float | None, course: float | None, second: int
) -> tuple[Field, ...]:
    """Message 18: a class B position."""
    return (
        (18, 6), (0, 2), (mmsi, 30), (0, 8), (_speed(knots), 10), (0, 1), (_minutes(lon), 28), (_minutes(lat), 27),
        (_course(course), 12), (511, 9), (second, 6), (0, 2), (1, 1), (0, 1), (1, 1), (1, 1), (0, 1), (0, 1),
        (0, 1), (0b1100000000000000110, 20),
    )  # fmt: skip


def static_b(
    *, mmsi: int, name: str, callsign: str, ship_type: int, length: int, beam: int
) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """Message 24, parts A (name) and B (what it is)."""
    part_a: tuple[Field, ...] = ((24, 6), (0, 2), (mmsi, 30), (0, 2), (name, 120))
    part_b: tuple[Field, ...] = (
        (24, 6), (0, 2), (mmsi, 30), (1, 2), (ship_type, 8), ("TSQ", 18), (0, 4), (0, 20), (callsign, 42),
        *_dimensions(length, beam), (0, 6),
    )  # fmt: skip
    return part_a, part_b


def _text(text: str, bits: int) -> int:
    number = 0
    for letter in text.upper()[: bits // 6].ljust(bits // 6, "@"):
        number = number << 6 | _LETTERS.index(letter)
    return number


def _checksum(text: str) -> int:
    value = 0
    for byte in text.encode("ascii"):
        value ^= byte
    return value


def _minutes(degrees: float) -> int:
    return round(degrees * 600_000)


def _speed(knots: float | None) -> int:
    return 1023 if knots is None else min(1022, round(knots * 10))


def _course(degrees: float | None) -> int:
    return 3600 if degrees is None else round(degrees * 10) % 3600


def _heading(degrees: float | None) -> int:
    return 511 if degrees is None else round(degrees) % 360


def _dimensions(length: int, beam: int) -> tuple[Field, ...]:
    bow, port = length * 4 // 5, beam // 2
    return (bow, 9), (length - bow, 9), (port, 6), (beam - port, 6)
