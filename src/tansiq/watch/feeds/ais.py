"""AIS: bytes of NMEA 0183 in, observations out (ITU-R M.1371-5).

Positions come from messages 1 to 4, 9, 11, 18, 19, 21 and 27; particulars from 5, 19, 21 and 24; safety texts from 12
and 14. Every other message is counted by its type and identity, and otherwise left alone. Decoding is that of pyais,
but for the common position reports (`feeds.armour`). A bad byte never stops the feed: what cannot be read is counted
by kind.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from pyais.bit_vector import bit_vector
from pyais.exceptions import AISBaseException, UnknownPartNoException
from pyais.messages import MSG_CLASS

from tansiq.sea.units import KNOT
from tansiq.watch.feeds.armour import Report, bits_of, place, position_report
from tansiq.watch.feeds.nmea import Flaw, Framer, Payload
from tansiq.watch.values import Observation, Said

PRECISE_M, COARSE_M, LONG_RANGE_M = 5.0, 15.0, 60.0
"""One sigma of a position: 10 m or better; worse than that; and message 27, whose grid is a tenth of a minute."""
LAST_TYPE = 27
"""M.1371-5 knows messages 1 to 27."""
AHEAD_SECONDS = 300.0
"""How far a live sensor's clock may run ahead of ours before it is no longer believed."""

_POSITIONS = frozenset({1, 2, 3, 4, 9, 11, 18, 19, 21, 27})
_PARTICULARS = frozenset({5, 19, 21, 24})
_TEXTS = frozenset({12, 14})
_READ = _POSITIONS | _PARTICULARS | _TEXTS


class AisFeed:
    """One stream of AIS sentences. `feed` takes bytes cut anywhere; `end` takes what a last line still holds.

    `types` counts whole messages by type; the framing counts stand in `framer`. With `sightings` every type and MMSI
    that was heard is kept (for comparison with another decoder): only for recordings, since it grows.
    """

    def __init__(
        self,
        source: str,
        *,
        dead: Callable[[Flaw, bytes], None] | None = None,
        ahead: float | None = AHEAD_SECONDS,
        sightings: bool = False,
    ) -> None:
        self.source = source
        self.framer = Framer(dead)
        self.types: Counter[int] = Counter()
        self.heard: set[tuple[int, int]] | None = set() if sightings else None
        self.lag: float | None = None
        """Arrival minus the sensor's clock, for the last message that carried a time; seconds."""
        self._ahead = ahead

    @property
    def messages(self) -> int:
        """How many whole messages were read."""
        return sum(self.types.values())

    def feed(self, data: bytes, now: float | None = None) -> list[Observation]:
        """What these bytes say. `now` is the time of arrival; None for a recording, which has only its own clock."""
        return self._observe(self.framer.feed(data), now)

    def end(self, now: float | None = None) -> list[Observation]:
        """What a last line without an end still says."""
        return self._observe(self.framer.end(), now)

    def _observe(self, payloads: Iterable[Payload], now: float | None) -> list[Observation]:
        found: list[Observation] = []
        for payload in payloads:
            report = position_report(payload.armoured) if not payload.fill else None
            if report is not None:
                self.types[report.message] += 1
                if self.heard is not None:
                    self.heard.add((report.message, report.mmsi))
                if not report.placed:
                    self.framer.flaw(Flaw.POSITION, payload.raw)
                at, timed = self._time(payload, now)
                found.append(_moved(report, payload, at, timed, self.source))
            else:
                found.extend(self._rare(payload, now))
        return found

    def _time(self, payload: Payload, now: float | None) -> tuple[float, bool]:
        """When it was so, and whether that is known. A clock that runs far ahead of ours is not believed."""
        said = payload.at
        if said is None:
            if now is not None:
                return now, True
            return (self.framer.clock, True) if self.framer.clock is not None else (0.0, False)
        if now is not None:
            self.lag = now - said
            if self._ahead is not None and -self.lag > self._ahead:
                self.framer.flaw(Flaw.CLOCK, payload.raw)
                return now, True
        return said, True

    def _rare(self, payload: Payload, now: float | None) -> list[Observation]:
        """A message that is no plain position report; most of these say nothing that is observed here."""
        head = payload.armoured[:7]
        if len(head) < 7:
            self.framer.flaw(Flaw.SHORT if head else Flaw.EMPTY_PAYLOAD, payload.raw)
            return []
        bits = bits_of(head)
        kind, mmsi = bits >> 36, bits >> 4 & 0x3FFFFFFF
        if not 1 <= kind <= LAST_TYPE:
            self.framer.flaw(Flaw.UNKNOWN_TYPE, payload.raw)
            return []
        message = self._decode(kind, payload) if kind in _READ else None
        if message is None and kind in _READ:
            return []
        self.types[kind] += 1
        if self.heard is not None:
            self.heard.add((kind, mmsi))
        return [] if message is None else self._said(message, kind, mmsi, payload, now)

    def _said(self, message: Any, kind: int, mmsi: int, payload: Payload, now: float | None) -> list[Observation]:
        at, timed = self._time(payload, now)
        common: dict[str, Any] = {
            "source": self.source,
            "sensor": payload.station,
            "at": at,
            "timed": timed,
            "mmsi": mmsi,
            "message": kind,
            "raw": payload.raw,
        }
        found = []
        if kind in _POSITIONS:
            found.append(self._position(message, common, payload))
        if kind in _PARTICULARS:
            found.append(_particulars(message, common))
        if kind in _TEXTS:
            found.append(Observation(said=Said.TEXT, text=_text(message, "text"), **common))
        return found

    def _decode(self, kind: int, payload: Payload) -> Any | None:
        """The message as pyais reads it, or None and a flaw counted."""
        try:
            return MSG_CLASS[kind].from_vector(bit_vector(payload.armoured, payload.fill))
        except UnknownPartNoException:
            flaw = Flaw.UNKNOWN_PART
        except (AISBaseException, ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError):
            flaw = Flaw.PAYLOAD  # pyais promises no closed list of errors for a damaged payload
        self.framer.flaw(flaw, payload.raw)
        return None

    def _position(self, message: Any, common: dict[str, Any], payload: Payload) -> Observation:
        kind = common["message"]
        lat, lon = getattr(message, "lat", None), getattr(message, "lon", None)
        y, x, placed = (None, None, True) if lat is None or lon is None else place(float(lat), float(lon))
        if not placed:
            self.framer.flaw(Flaw.POSITION, payload.raw)
        status = getattr(message, "status", None)
        return Observation(
            said=Said.POSITION,
            lat=y,
            lon=x,
            radius=LONG_RANGE_M if kind == 27 else PRECISE_M if getattr(message, "accuracy", False) else COARSE_M,
            speed=_speed(message, kind),
            course=_way(message, "course"),
            heading=_way(message, "heading"),
            status=None if status is None else int(status),
            **common,
        )


def _moved(report: Report, payload: Payload, at: float, timed: bool, source: str) -> Observation:
    return Observation(
        said=Said.POSITION,
        source=source,
        sensor=payload.station,
        at=at,
        timed=timed,
        mmsi=report.mmsi,
        message=report.message,
        lat=report.lat,
        lon=report.lon,
        radius=PRECISE_M if report.accurate else COARSE_M,
        speed=report.speed,
        course=report.course,
        heading=report.heading,
        status=report.status,
        raw=payload.raw,
    )


def _particulars(message: Any, common: dict[str, Any]) -> Observation:
    return Observation(
        said=Said.PARTICULARS,
        name=_text(message, "shipname") or _text(message, "name"),
        call_sign=_text(message, "callsign"),
        imo=int(getattr(message, "imo", None) or 0),
        ship_type=int(getattr(message, "ship_type", None) or 0),
        **common,
    )


def _text(message: Any, field: str) -> str:
    """A text field without the filling that ends it."""
    return str(getattr(message, field, None) or "").partition("@")[0].strip()


def _speed(message: Any, kind: int) -> float | None:
    """Metres per second. An aircraft's speed is in whole knots, that of message 27 too, with their own "unknown"."""
    knots = getattr(message, "speed", None)
    if knots is None:
        return None
    unknown = {9: 1023.0, 27: 63.0}.get(kind, 102.3)
    return float(knots) * KNOT if float(knots) < unknown else None


def _way(message: Any, field: str) -> float | None:
    degrees = getattr(message, field, None)
    return float(degrees) if degrees is not None and 0 <= float(degrees) < 360 else None
