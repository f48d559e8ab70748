"""What the watch allows, and what becomes of a sign: a new alert, part of one that stands, or nothing new.

One situation has one alert (MSC.302(87), 5: no more alerts than situations). Signs belong together when they come from
one identity, or when they are signs of distress close in space and time: a beacon, its safety text and its parent ship
are one. Acknowledging is one action and happens once; it silences that situation until something new joins it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange.kinds.watch import AlertLetter, TrackLine
from tansiq.ground.verdict import Allowed, Refused, Step, Verdict
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.watch.fusion.motion import distance
from tansiq.watch.signs import Sign
from tansiq.watch.values import DISTRESS_SITUATIONS, Alert, Area, Basis, Priority, Reason, Situation

SUPPRESS_SECONDS = 3600.0
"""A closed situation whose sender was silent for so long is a new one when it speaks again."""
MERGE_METRES, MERGE_SECONDS = 1852.0, 1800.0
"""Signs of distress within a mile and half an hour of each other are one situation."""
MAX_TEXT = 2000
AHEAD = timedelta(minutes=5)
FARTHEST = 1_000_000.0
"""Metres beyond which a position says nothing."""
MOST_PERSONS = 100_000
FASTEST = 1_000.0
"""Metres per second, aircraft included."""


class Known(Struct, frozen=True, kw_only=True):
    """What a rule needs of an alert that stands, or stood until lately."""

    id: UUID
    situation: Situation
    priority: Priority
    senders: frozenset[int]
    lat: float | None
    lon: float | None
    at: float
    closed: bool


class Raise(Struct, frozen=True):
    """A new situation."""


class Join(Struct, frozen=True):
    """Part of an alert that stands. `sounds`: something new to the officer, who has to acknowledge again.

    `escalates`: the sign is graver than the alert was. `metres`: how near another identity is that joins.
    """

    alert: UUID
    sounds: bool = False
    escalates: bool = False
    metres: float | None = None


class Silence(Struct, frozen=True):
    """A closed situation whose sender goes on: nothing new, but still heard."""

    alert: UUID


def assess(sign: Sign, known: Iterable[Known]) -> Raise | Join | Silence:
    """What a sign means beside the alerts that stand, the newest first."""
    near: Join | None = None
    silent: Silence | None = None
    for alert in known:
        if sign.mmsi in alert.senders and _one_matter(sign.situation, alert.situation):
            if alert.closed:
                if silent is None and sign.situation == alert.situation and sign.at - alert.at <= SUPPRESS_SECONDS:
                    silent = Silence(alert.id)
                continue
            graver = sign.priority < alert.priority
            return Join(alert.id, sounds=graver, escalates=graver)
        metres = _beside(sign, alert)
        if near is None and metres is not None:
            near = Join(alert.id, sounds=sign.beacon, metres=metres)
    return silent or near or Raise()


def _one_matter(sign: Situation, alert: Situation) -> bool:
    """A jump is about the identity, everything else about the vessel."""
    return (sign is Situation.JUMP) == (alert is Situation.JUMP)


def _beside(sign: Sign, alert: Known) -> float | None:
    """Metres between a sign of distress and an open distress alert that may be the same; None where it is not."""
    both = sign.situation in DISTRESS_SITUATIONS and alert.situation in DISTRESS_SITUATIONS
    if not both or alert.closed or abs(sign.at - alert.at) > MERGE_SECONDS:
        return None
    if sign.lat is None or sign.lon is None or alert.lat is None or alert.lon is None:
        return None
    metres = distance(sign.lat, sign.lon, alert.lat, alert.lon)
    return metres if metres <= MERGE_METRES else None


def may_acknowledge(alert: Alert, by: Officer) -> Verdict:
    """Who watches acknowledges, once (MSC.302(87), 7.5)."""
    if not by.holds(Permission.ALERT_ACKNOWLEDGE):
        return Refused(Reason.NO_PERMISSION, Basis.DUTY)
    if alert.closed_at is not None:
        return Refused(Reason.ALREADY_CLOSED, Basis.ALERT_MANAGEMENT)
    if alert.acknowledged_at is not None:
        return Refused(Reason.ALREADY_ACKNOWLEDGED, Basis.ALERT_MANAGEMENT)
    return Allowed()


def may_close(alert: Alert, reason: str, by: Officer) -> Verdict:
    """Only what was acknowledged is closed, for a stated reason."""
    if not by.holds(Permission.ALERT_CLOSE):
        return Refused(Reason.NO_PERMISSION, Basis.DUTY)
    if alert.closed_at is not None:
        return Refused(Reason.ALREADY_CLOSED, Basis.ALERT_MANAGEMENT)
    if alert.acknowledged_at is None:
        return Refused(Reason.NOT_ACKNOWLEDGED, Basis.ALERT_MANAGEMENT, Step(Permission.ALERT_ACKNOWLEDGE))
    if not reason.strip() or len(reason) > MAX_TEXT:
        return Refused(Reason.NO_REASON, Basis.ALERT_MANAGEMENT)
    return Allowed()


def may_raise(
    *, lat: float, lon: float, radius_m: float, seen_at: datetime, text: str, priority: int, by: Officer, now: datetime
) -> Verdict:
    """A report by form says where, when and what (IAMSAR volume II, initial action)."""
    if not by.holds(Permission.ALERT_RAISE):
        return Refused(Reason.NO_PERMISSION, Basis.DUTY)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180 and 0 <= radius_m <= FARTHEST):
        return Refused(Reason.BAD_POSITION, Basis.IAMSAR)
    if seen_at > now + AHEAD:
        return Refused(Reason.BAD_TIME, Basis.IAMSAR)
    if priority not in set(Priority):
        return Refused(Reason.BAD_PRIORITY, Basis.ALERT_MANAGEMENT)
    if not text.strip() or len(text) > MAX_TEXT:
        return Refused(Reason.NO_TEXT, Basis.IAMSAR)
    return Allowed()


def may_receive(sender: str, originator: str | None) -> Verdict:
    """An alert is continued only by whoever raised it. Nothing else stops one: a distress is never turned away."""
    if originator is not None and originator != sender:
        return Refused(Reason.NOT_ORIGINATOR, Basis.ALERT_MANAGEMENT)
    return Allowed()


def readable(letter: AlertLetter) -> AlertLetter:
    """A partner's alert without the numbers that cannot be: it is shown all the same, as of an unknown place or count.

    Nothing here turns an alert away, for a slip in one field must not cost the distress.
    """
    lat, lon = letter.lat, letter.lon
    placed = lat is not None and lon is not None and abs(lat) <= 90 and abs(lon) <= 180
    return replace(
        letter,
        lat=lat if placed else None,
        lon=lon if placed else None,
        radius_m=min(max(letter.radius_m, 0.0), FARTHEST),
        persons=_within(letter.persons, MOST_PERSONS),
        mmsi=_within(letter.mmsi, 999_999_999),
    )


def on_chart(line: TrackLine) -> TrackLine | None:
    """A partner's track without the numbers that cannot be; None where its place is none on earth."""
    if abs(line.lat) > 90 or abs(line.lon) > 180:
        return None
    return replace(
        line,
        radius_m=min(max(line.radius_m, 0.0), FARTHEST),
        speed=line.speed if line.speed is not None and 0 <= line.speed <= FASTEST else None,
        course=line.course if line.course is not None and 0 <= line.course <= 360 else None,
        mmsi=_within(line.mmsi, 999_999_999),
    )


def _within(value: int | None, most: int) -> int | None:
    return value if value is not None and 0 <= value <= most else None


def may_link(alert: Alert, case: UUID) -> Verdict:
    """An alert leads to one case."""
    if alert.case is not None and alert.case != case:
        return Refused(Reason.OTHER_CASE, Basis.IAMSAR)
    return Allowed()


def may_share(area: Area, tracks: int, by: Officer) -> Verdict:
    """A picture is of a stated area and is not empty; it goes to the parties of the agreement alone."""
    if not by.holds(Permission.PICTURE_SHARE):
        return Refused(Reason.NO_PERMISSION, Basis.DUTY)
    if not (-90 <= area.south < area.north <= 90 and -180 <= area.west <= 180 and -180 <= area.east <= 180):
        return Refused(Reason.NO_AREA, Basis.PICTURE)
    return Allowed() if tracks else Refused(Reason.NO_TRACKS, Basis.PICTURE)


def tells_partners(priority: Priority) -> bool:
    """Every emergency is told at once to all parties of the rescue agreement; nothing else is told unasked."""
    return priority == Priority.EMERGENCY
