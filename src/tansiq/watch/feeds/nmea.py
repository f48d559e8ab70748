"""NMEA 0183 framing of AIS: bytes as they arrive, cut anywhere, become whole and checked payloads.

Sentence form and checksum: IEC 61162-1 (VDM and VDO; multi-part messages of up to nine sentences). Tag blocks, which
give the receiver's time and station: IEC 61162-450 / NMEA 0183 4.10. Also read: a time written before the sentence, and
the `rSTATION,SECONDS` that the United States Coast Guard appends. Nothing here raises on bad bytes: every sentence that
cannot be used is counted by kind and given to `dead`. Memory is bounded: one partial line, and `MAX_GROUPS` messages of
which parts are still missing.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

MAX_LINE = 1024
MAX_GROUPS = 256
GROUP_SECONDS = 60.0
"""How long the parts of one message may be apart."""


class Flaw(StrEnum):
    """What can be wrong with a sentence or its message."""

    CHECKSUM = "checksum"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    OVERLONG = "overlong"
    TAG_BLOCK = "tag-block"
    ORPHAN_PART = "orphan-part"  # a later part whose first part was not heard
    INCOMPLETE = "incomplete"  # a message given up because its last parts never came
    EMPTY_PAYLOAD = "empty-payload"
    SHORT = "short"
    UNKNOWN_TYPE = "unknown-type"
    UNKNOWN_PART = "unknown-part"  # type 24 has parts A and B only
    PAYLOAD = "payload"
    POSITION = "position"
    CLOCK = "clock"  # a time that lies in the future


class Payload(Struct, gc=False):
    """The armoured payload of one whole message. `at` is None where neither line nor tag block gives a time."""

    armoured: bytes
    fill: int
    at: float | None
    station: str
    raw: bytes


class Group(Struct):
    """A message of several parts, so far."""

    parts: list[bytes]
    total: int
    at: float | None
    station: str
    raw: list[bytes]


_COMMENT = ord("#")
_SENTENCE = re.compile(
    rb"!([A-Za-z]{2})VD([MO]),([1-9]),([1-9]),([0-9]{0,2}),([A-D0-9]?),([0-W`-w]*),([0-5])\*([0-9A-Fa-f]{2})"
)
_LOOKS_LIKE_AIS = re.compile(rb"![A-Za-z]{2}VD[MO]\b")
_TAG_BLOCK = re.compile(rb"\\([^\\]*)\*([0-9A-Fa-f]{2})\\\s*$")
_ISO = re.compile(rb"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d(?:\.\d{1,6})?)(Z|[+-]\d\d:\d\d)?[\s,;|]*$")
_SECONDS = re.compile(rb"(?:^|[\s,;])(\d{9,10}(?:\.\d+)?)[\s,;|]*$")
_CLOCK = re.compile(rb"\$..RMC,(\d{6})(?:\.\d*)?,A,(?:[^,]*,){6}(\d{6}),")


def checksum(body: bytes) -> int:
    """The exclusive or of all bytes, folded as one number: each step halves its width (bodies up to 256 bytes)."""
    value = int.from_bytes(body, "big")
    for width in (1024, 512, 256, 128, 64, 32, 16, 8):
        value ^= value >> width
    return value & 0xFF


class Framer:
    """Cuts a stream of bytes into AIS payloads, and keeps what is not whole yet.

    `sentences` counts what begins like an AIS sentence, `other` all other lines, `flaws` what could not be used.
    """

    def __init__(self, dead: Callable[[Flaw, bytes], None] | None = None) -> None:
        self.sentences = 0
        self.other = 0
        self.flaws: Counter[Flaw] = Counter()
        self.clock: float | None = None
        """The time that the recording itself gave last (a leading time, a tag block, or a GNSS sentence)."""
        self._dead = dead
        self._rest = b""
        self._skipping = False
        self._groups: dict[tuple[object, ...], Group] = {}
        self._leads: dict[bytes, float | None] = {}

    def flaw(self, kind: Flaw, raw: bytes) -> None:
        """Count something that cannot be used, and hand it to the dead letters."""
        self.flaws[kind] += 1
        if self._dead is not None:
            self._dead(kind, raw)

    def feed(self, data: bytes) -> list[Payload]:
        """The payloads that these bytes complete."""
        found: list[Payload] = []
        lines = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if self._skipping:
                self._skipping = False
            elif line:
                self._line(line, found)
        if len(self._rest) > MAX_LINE:
            if not self._skipping:
                self._overlong(self._rest)
            self._skipping, self._rest = True, b""
        return found

    def end(self) -> list[Payload]:
        """The payload of a last line without an end; what is still in parts is given up."""
        found: list[Payload] = []
        line, self._rest = self._rest, b""
        if line and not self._skipping:
            self._line(line, found)
        self._skipping = False
        for group in self._groups.values():
            self.flaw(Flaw.INCOMPLETE, b"\n".join(group.raw))
        self._groups.clear()
        return found

    def _overlong(self, line: bytes) -> None:
        if _LOOKS_LIKE_AIS.search(line):
            self.sentences += 1
            self.flaw(Flaw.OVERLONG, line[:MAX_LINE])
        else:
            self.other += 1

    def _line(self, line: bytes, found: list[Payload]) -> None:
        if len(line) > MAX_LINE:
            self._overlong(line)
            return
        start = -1 if line[0] == _COMMENT else line.find(b"!")
        match = _SENTENCE.match(line, start) if start >= 0 else None
        if match is None or match.end() < len(line) - 1:
            self._unusual(line, start, found)
            return
        payload = self._sentence(line, match, line[:start])
        if payload is not None:
            found.append(payload)

    def _unusual(self, line: bytes, start: int, found: list[Payload]) -> None:
        """A line without a sentence, with several, with a broken one, or with something written after it."""
        if start < 0:
            self.other += 1
            self._gnss(line)
            return
        lead, pieces = line[:start], line[start:].split(b"!")[1:]
        for piece in pieces:
            sentence = b"!" + piece
            match = _SENTENCE.match(sentence)
            if match is not None:
                payload = self._sentence(sentence, match, lead)
                if payload is not None:
                    found.append(payload)
            elif _LOOKS_LIKE_AIS.match(sentence):
                self.sentences += 1
                self.flaw(Flaw.MALFORMED if b"*" in piece[-6:] else Flaw.TRUNCATED, sentence)
            else:
                self.other += 1
            lead = piece[piece.rfind(b"*") + 3 :]

    def _sentence(self, line: bytes, match: re.Match[bytes], lead: bytes) -> Payload | None:
        """One sentence of the right form: its payload when it completes a message."""
        self.sentences += 1
        talker, own, total, number, sequence, channel, armoured, fill, given = match.groups()
        if checksum(line[match.start() + 1 : match.end() - 3]) != int(given, 16):
            self.flaw(Flaw.CHECKSUM, line)
            return None
        at, station, tag_group = self._said_before(lead)
        if match.end() < len(line):
            at, station = self._said_after(line[match.end() :], at, station)
        if at is not None:
            self.clock = at
        if total == b"1":
            return Payload(armoured, int(fill), at, station, line)
        key = (talker, own, total, channel, sequence, station, tag_group)
        return self._part(key, Payload(armoured, int(fill), at, station, line), int(number), int(total))

    def _part(self, key: tuple[object, ...], part: Payload, number: int, total: int) -> Payload | None:
        """Keep one part; the whole payload with the last. Parts come in order, as one receiver sends them."""
        group = self._groups.get(key)
        if number == 1:
            if group is not None:
                self.flaw(Flaw.INCOMPLETE, b"\n".join(group.raw))
                del self._groups[key]
            self._groups[key] = Group([part.armoured], total, part.at, part.station, [part.raw])
            if len(self._groups) > MAX_GROUPS:
                oldest = self._groups.pop(next(iter(self._groups)))
                self.flaw(Flaw.INCOMPLETE, b"\n".join(oldest.raw))
            return None
        late = group is not None and None not in (group.at, part.at) and part.at - group.at > GROUP_SECONDS  # type: ignore[operator]  # neither is None here
        if group is None or late or number != len(group.parts) + 1:
            self.flaw(Flaw.ORPHAN_PART, part.raw)
            if group is not None and late:
                del self._groups[key]
                self.flaw(Flaw.INCOMPLETE, b"\n".join(group.raw))
            return None
        group.parts.append(part.armoured)
        group.raw.append(part.raw)
        if number < total:
            return None
        del self._groups[key]
        at = part.at if group.at is None else group.at
        return Payload(b"".join(group.parts), part.fill, at, group.station, b"\n".join(group.raw))

    def _said_before(self, lead: bytes) -> tuple[float | None, str, str]:
        """Time, station and group that stand before the sentence: a tag block, or a written time."""
        if not lead:
            return None, "", ""
        if lead in self._leads:
            return self._leads[lead], "", ""
        block = _TAG_BLOCK.search(lead)
        if block is not None:
            return self._tag_block(block.group(1), int(block.group(2), 16), lead)
        at = written_time(lead)
        if len(self._leads) > 64:
            self._leads.clear()
        self._leads[lead] = at
        return at, "", ""

    def _tag_block(self, body: bytes, given: int, lead: bytes) -> tuple[float | None, str, str]:
        if checksum(body[:256]) != given:
            self.flaw(Flaw.TAG_BLOCK, lead)
            return None, "", ""
        at, station, group = None, "", ""
        for field in body.split(b","):
            code, _, value = field.partition(b":")
            if code == b"c" and value.isdigit() and len(value) <= 13:
                at = int(value) / (1000 if len(value) > 11 else 1)  # some receivers write milliseconds
            elif code == b"s":
                station = value.decode("ascii", "replace")[:32]
            elif code == b"g":
                group = value.rpartition(b"-")[2].decode("ascii", "replace")[:16]
        return at, station, group

    @staticmethod
    def _said_after(tail: bytes, at: float | None, station: str) -> tuple[float | None, str]:
        """Time and station as the United States Coast Guard appends them: `,rSTATION,SECONDS`, with more between."""
        fields = tail.strip().split(b",")
        if at is None and fields[-1].isdigit() and 9 <= len(fields[-1]) <= 10:
            at = float(fields[-1])
        receivers = [field[1:] for field in fields if field[:1] == b"r" and field[1:].isalnum()]
        return at, station or (receivers[0].decode("ascii", "replace")[:32] if receivers else "")

    def _gnss(self, line: bytes) -> None:
        """A GNSS position sentence in the same stream tells the time of a recording that has no other clock."""
        match = _CLOCK.match(line)
        if match is not None:
            try:
                day, clock = match.group(2).decode(), match.group(1).decode()
                at = datetime.strptime(f"{day}{clock}+0000", "%d%m%y%H%M%S%z")
            except ValueError:
                return
            self.clock = at.timestamp()


def written_time(lead: bytes) -> float | None:
    """Seconds since 1970 of a time written before a sentence: ISO 8601 (UTC where no zone is given) or Unix seconds."""
    match = _ISO.search(lead)
    try:
        if match is not None:
            day, hour, minute, second, zone = match.groups()
            if zone is None or zone == b"Z":
                return _midnight(day) + _clock(int(hour), int(minute), float(second))
            written = f"{day.decode()}T{hour.decode()}:{minute.decode()}:{second.decode()}{zone.decode()}"
            return datetime.fromisoformat(written).timestamp()
        match = _SECONDS.search(lead)
        return float(match.group(1)) if match is not None else None
    except ValueError:
        return None


@lru_cache(maxsize=8)
def _midnight(day: bytes) -> float:
    """The start of a day in UTC; a recording has few of them and many lines."""
    return datetime.fromisoformat(f"{day.decode()}T00:00:00+00:00").timestamp()


def _clock(hour: int, minute: int, second: float) -> float:
    """Seconds since midnight. Raises ValueError for what no clock shows (a leap second is let pass)."""
    if hour > 23 or minute > 59 or second >= 61:
        raise ValueError("no time of day")
    return hour * 3600 + minute * 60 + second
