"""What is kept of the watch: tracks with a thin history, the picture that partners share, alerts, and how feeds do.

A track's state is one JSON text (`fusion.state`), read and written whole for every batch; beside it stand only the
columns that pages and rules search by. Parties are agency codes and cases are ids: tables do not cross rooms. What a
partner writes freely stands in columns without a length: a distress is kept whole, however much is said of it.
"""

from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import models

from tansiq.exchange.kinds.watch import Because
from tansiq.watch import values
from tansiq.watch.fusion import motion
from tansiq.watch.fusion.state import TrackState
from tansiq.watch.mmsi import Station, station_of
from tansiq.watch.rules import Known

_STATES = msgspec.json.Decoder(TrackState)
_FRESH_SPEED = 60.0
"""How long a reported speed is shown before the smoothed one takes its place, seconds."""


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a time. The years beyond what a clock can mean are cut to the last that can be kept."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), 253_402_300_799.0), UTC)


def exercise() -> str:
    """The exercise that this node plays, or nothing."""
    return str(settings.TANSIQ_EXERCISE)


def present(now: datetime) -> datetime:
    """What time it is in the picture: now; in an exercise, which keeps its own clock, when something was last seen."""
    playing = exercise()
    if not playing:
        return now
    alerts = Alert.objects.of(playing)
    latest = [
        rows.aggregate(latest=models.Max(field))["latest"]
        for rows, field in ((Track.objects, "heard_at"), (alerts, "seen_at"), (SharedTrack.objects, "seen_at"))
    ]
    return max((each for each in latest if each is not None), default=now)


def within(area: values.Area) -> models.Q:
    """The condition that a row lies in a box, also across the date line."""
    inside = models.Q(lat__gte=area.south, lat__lte=area.north)
    west, east = models.Q(lon__gte=area.west), models.Q(lon__lte=area.east)
    return inside & (west & east if area.west <= area.east else west | east)


class Track(models.Model):
    """One identity that this node hears itself; in the picture once it is confirmed."""

    id = models.UUIDField(primary_key=True, editable=False)
    mmsi = models.BigIntegerField(unique=True)
    confirmed = models.BooleanField()
    heard_at = models.DateTimeField(db_index=True)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    state = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["confirmed", "lat", "lon"], name="track_place")]

    @classmethod
    def of(cls, state: TrackState, id: UUID, confirmed: bool) -> Self:
        """The row of a state."""
        return cls(
            id=id,
            mmsi=state.mmsi,
            confirmed=confirmed,
            heard_at=moment(state.heard),
            lat=state.lat,
            lon=state.lon,
            state=msgspec.json.encode(state).decode(),
        )

    def whole(self) -> TrackState:
        """The state as the tracker goes on with it."""
        return _STATES.decode(self.state)

    def value(self, now: datetime) -> values.Track:
        """The track as the officer reads it."""
        state = self.whole()
        age = max(0.0, now.timestamp() - state.at)
        speed, course = motion.way(state.north, state.east)
        told = state.speed is not None and state.heard - state.at < _FRESH_SPEED
        return values.Track(
            id=self.id,
            mmsi=state.mmsi,
            station=state.station,
            name=state.name,
            lat=state.lat or 0.0,
            lon=state.lon or 0.0,
            radius_m=motion.radius(state.spread, age),
            speed=state.speed if told else speed,
            course=state.course if told else course,
            heading=state.heading,
            status=state.status,
            seen_at=moment(state.at),
            age=age,
            source=state.source,
            reports=state.reports,
            call_sign=state.call_sign,
            ship_type=state.ship_type,
            stale=age > values.STALE_SECONDS,
        )


class Place(models.Model):
    """Where a track was: at most one place each ten seconds, for as long as the node keeps history."""

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="places", db_index=False)
    at = models.DateTimeField(db_index=True)
    lat = models.FloatField()
    lon = models.FloatField()
    speed = models.FloatField(null=True)
    course = models.FloatField(null=True)

    class Meta:
        indexes = [models.Index(fields=["track", "at"], name="track_history")]

    def value(self) -> values.Place:
        """The place as said to others."""
        return values.Place(self.at, self.lat, self.lon, self.speed, self.course)


class SharedTrack(models.Model):
    """A track as a partner last shared it."""

    party = models.CharField(max_length=64)
    track = models.UUIDField()
    mmsi = models.BigIntegerField(null=True)
    name = models.TextField(blank=True)
    lat = models.FloatField()
    lon = models.FloatField()
    radius_m = models.FloatField()
    speed = models.FloatField(null=True)
    course = models.FloatField(null=True)
    seen_at = models.DateTimeField(db_index=True)
    shared_at = models.DateTimeField()
    source = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["party", "track"], name="one_track_per_party")]

    def value(self, now: datetime) -> values.Track:
        """The track as the officer reads it, with the party that answers for it."""
        age = max(0.0, (now - self.seen_at).total_seconds())
        return values.Track(
            id=self.track,
            mmsi=self.mmsi,
            station=station_of(self.mmsi) if self.mmsi is not None else Station.UNKNOWN,
            name=self.name,
            lat=self.lat,
            lon=self.lon,
            radius_m=self.radius_m,
            speed=self.speed,
            course=self.course,
            heading=None,
            status=None,
            seen_at=self.seen_at,
            age=age,
            source=self.source,
            reports=0,
            party=self.party,
            stale=age > values.STALE_SECONDS,
        )


class AlertSet(models.QuerySet["Alert"]):
    """Alerts, by what still asks for something."""

    def of(self, exercise: str) -> Self:
        """Those of an exercise alone; with an empty name, those that are real."""
        return self.filter(exercise=exercise)

    def open(self) -> Self:
        """Not closed, and not a partner's word of one that we raised ourselves."""
        return self.filter(closed_at=None, same_as=None)

    def whole(self) -> Self:
        """With everything that `value()` reads."""
        return self.prefetch_related("senders")


class Alert(models.Model):
    """One situation. `same_as` names our own alert of which a partner's is another telling.

    `exercise` is empty, or the exercise to which it belongs; the watch joins nothing of one with anything of the other.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    situation = models.CharField(max_length=32)
    priority = models.PositiveSmallIntegerField()
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    radius_m = models.FloatField()
    seen_at = models.DateTimeField()
    raised_at = models.DateTimeField(db_index=True)
    source = models.TextField()
    reasons = models.JSONField(default=list)
    mmsi = models.BigIntegerField(null=True)
    name = models.CharField(max_length=120, blank=True)
    persons = models.PositiveIntegerField(null=True)
    text = models.TextField(blank=True)
    evidence = models.CharField(max_length=64, blank=True)
    acknowledged_by = models.CharField(max_length=250, blank=True)
    acknowledged_at = models.DateTimeField(null=True)
    rectified_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=250, blank=True)
    closed_at = models.DateTimeField(null=True, db_index=True)
    closing_reason = models.TextField(blank=True)
    sender = models.CharField(max_length=64, blank=True)
    envelope = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    sending_refused = models.CharField(max_length=120, blank=True)
    case = models.UUIDField(null=True)
    same_as = models.UUIDField(null=True, db_index=True)
    exercise = models.CharField(max_length=120, blank=True, db_index=True)

    objects = AlertSet.as_manager()

    def known(self, senders: frozenset[int]) -> Known:
        """The alert as the rules look at it, with the identities that speak in it."""
        return Known(
            id=self.id,
            situation=values.Situation(self.situation),
            priority=values.Priority(self.priority),
            senders=senders,
            lat=self.lat,
            lon=self.lon,
            at=self.seen_at.timestamp(),
            closed=self.closed_at is not None,
        )

    def value(self, now: datetime) -> values.Alert:
        """The alert as the officer reads it."""
        return values.Alert(
            id=self.id,
            situation=values.Situation(self.situation),
            priority=values.Priority(self.priority),
            state=self.stands(),
            lat=self.lat,
            lon=self.lon,
            radius_m=self.radius_m,
            seen_at=self.seen_at,
            raised_at=self.raised_at,
            age=max(0.0, (now - self.seen_at).total_seconds()),
            source=self.source,
            reasons=msgspec.convert(self.reasons, tuple[Because, ...]),
            sources=tuple(sender.value() for sender in self.senders.all()),
            mmsi=self.mmsi,
            name=self.name,
            persons=self.persons,
            text=self.text,
            acknowledged_by=self.acknowledged_by,
            acknowledged_at=self.acknowledged_at,
            rectified_at=self.rectified_at,
            closed_by=self.closed_by,
            closed_at=self.closed_at,
            closing_reason=self.closing_reason,
            sender=self.sender,
            envelope=self.envelope,
            sent_at=self.sent_at,
            sending_refused=self.sending_refused,
            case=self.case,
            same_as=self.same_as,
            evidence=self.evidence,
            exercise=self.exercise,
        )

    def stands(self) -> values.AlertState:
        """Where the alert stands."""
        if self.closed_at is not None:
            return values.AlertState.CLOSED
        if self.acknowledged_at is not None:
            return values.AlertState.ACKNOWLEDGED
        return values.AlertState.RECTIFIED if self.rectified_at is not None else values.AlertState.ACTIVE

    def add_reasons(self, *reasons: Because) -> None:
        """Add reasons that it does not state yet, by code and sender; at most twenty."""
        there = {(found["code"], found["values"].get("mmsi")) for found in self.reasons}
        for reason in reasons:
            if (reason.code, reason.values.get("mmsi")) not in there and len(self.reasons) < 20:
                self.reasons.append(said(reason))


WATCHED = (
    "situation", "priority", "lat", "lon", "radius_m", "seen_at", "reasons", "name", "text", "acknowledged_by",
    "acknowledged_at", "rectified_at", "closed_by", "closed_at", "closing_reason", "sent_at", "tried_at",
    "sending_refused",
)  # fmt: skip
"""What the watch itself changes in an alert after it was raised."""


def said(reason: Because) -> dict[str, Any]:
    """A reason as a JSON column holds it."""
    return {"code": str(reason.code), "values": dict(reason.values)}


class Sender(models.Model):
    """A station that speaks in an alert."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="senders")
    mmsi = models.BigIntegerField()
    name = models.CharField(max_length=120, blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    reports = models.PositiveIntegerField()

    class Meta:
        ordering = ["first_at", "mmsi"]
        constraints = [models.UniqueConstraint(fields=["alert", "mmsi"], name="one_sender_per_alert")]

    def value(self) -> values.Source:
        """The sender as said to others."""
        station = station_of(self.mmsi)
        return values.Source(self.mmsi, station, self.first_at, self.last_at, self.reports, self.name)


class Feed(models.Model):
    """How a feed of this node is doing, as its reader last said."""

    name = models.CharField(max_length=64, primary_key=True)
    health = models.TextField()
    at = models.DateTimeField()

    def value(self, now: datetime) -> values.FeedHealth:
        """The feed as the officer reads it."""
        found = msgspec.json.decode(self.health, type=values.FeedHealth)
        age = None if found.last_at is None else max(0.0, (now - found.last_at).total_seconds())
        return msgspec.structs.replace(found, age=age)
