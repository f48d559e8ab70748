"""Observe: a batch of observations becomes tracks, a thin history, and alerts, in one transaction.

A batch reads the states of those who speak in it, brings them forward and writes them back in bulk; nothing is kept in
memory between batches, so a node that is killed goes on from the last one. Signs join the alerts that stand
(`watch.rules.assess`) or raise a new one, and an own distress is told to partners in the same transaction.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db import transaction

from tansiq.exchange import acts as exchange
from tansiq.exchange.kinds.watch import Because
from tansiq.exchange.values import Detail
from tansiq.parties.duties import Permission
from tansiq.watch import models
from tansiq.watch.acts import telling
from tansiq.watch.fusion.picture import Picture, alert_id, track_id
from tansiq.watch.fusion.state import TrackState
from tansiq.watch.fusion.tracks import is_confirmed
from tansiq.watch.models import moment
from tansiq.watch.rules import SUPPRESS_SECONDS, Join, Raise, Silence, assess
from tansiq.watch.signs import Sign, has_ended, signs
from tansiq.watch.values import Code, Observation, Said, Situation, Watched

HISTORY_SECONDS = 10.0
"""At most one place of a track is kept in this time."""
CHUNK = 400
"""Rows in one statement: SQLite takes some 32,000 parameters, PostgreSQL 65,000, and short statements lock briefly."""
ENDING = (Situation.NOT_UNDER_COMMAND.value, Situation.AGROUND.value, Situation.ADRIFT.value)


@transaction.atomic
def observe(*, observations: Sequence[Observation], now: datetime) -> Watched:
    """Take in what the sensors said; the ids of the tracks that moved and of the alerts that came or changed."""
    picture = Picture(_states({observation.mmsi for observation in observations}))
    found: list[Sign] = []
    places: list[models.Place] = []
    for observation, state, jump in picture.take(observations):
        sign = signs(observation, state, jump)
        if sign is not None:
            found.append(sign)
        place = _place(observation, state)
        if place is not None:
            places.append(place)
    tracks = _keep(picture.states.values(), places)
    raised, changed = _weigh(found, picture, now)
    return Watched(tracks=tracks, alerts=raised, changed=changed)


def _states(identities: set[int]) -> Iterable[TrackState]:
    wanted = sorted(identities)
    for at in range(0, len(wanted), CHUNK):
        rows = models.Track.objects.select_for_update().filter(mmsi__in=wanted[at : at + CHUNK]).order_by("mmsi")
        for row in rows:
            yield row.whole()


def _place(observation: Observation, state: TrackState) -> models.Place | None:
    """A place for the history, when the last one is old enough and this report moved the track."""
    if state.lat is None or state.lon is None or observation.said is not Said.POSITION:
        return None
    if state.at != observation.at or state.at - state.kept < HISTORY_SECONDS:
        return None
    state.kept = state.at
    return models.Place(
        track_id=track_id(telling.owner(), state.mmsi),
        at=moment(state.at),
        lat=state.lat,
        lon=state.lon,
        speed=state.speed,
        course=state.course,
    )


def _keep(states: Iterable[TrackState], places: Sequence[models.Place]) -> tuple[UUID, ...]:
    """Write states and places; the ids of the confirmed tracks among them."""
    owner = telling.owner()
    rows = [models.Track.of(state, track_id(owner, state.mmsi), is_confirmed(state)) for state in states]
    models.Track.objects.bulk_create(
        rows,
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["confirmed", "heard_at", "lat", "lon", "state"],
    )
    models.Place.objects.bulk_create(places, batch_size=CHUNK)
    return tuple(row.id for row in rows if row.confirmed)


class _Standing:
    """The alerts that stand or stood until lately, and what a batch changes in them."""

    def __init__(self, now: datetime, oldest: datetime) -> None:
        there = models.Alert.objects.of(models.exercise())
        open_ = there.filter(closed_at=None)
        lately = there.filter(closed_at__isnull=False, seen_at__gte=oldest)
        rows = (open_ | lately).select_for_update().order_by("-raised_at", "id")
        self.rows = {row.id: row for row in rows.prefetch_related("senders")}
        self.senders = {(row.id, sender.mmsi): sender for row in self.rows.values() for sender in row.senders.all()}
        self.known = {
            row.id: row.known(frozenset(sender.mmsi for sender in row.senders.all())) for row in self.rows.values()
        }
        self.now = now
        self.raised: dict[UUID, Sign] = {}
        self.changed: set[UUID] = set()
        self.to_tell: set[UUID] = set()

    def take(self, sign: Sign) -> None:
        """One sign: raise, join or stay silent."""
        known = [alert for alert in self.known.values() if self.rows[alert.id].same_as is None]
        match assess(sign, known):
            case Raise():
                self._raise(sign)
            case Join() as step:
                self._join(sign, step)
            case Silence(alert=silent):
                self._hear(self.rows[silent], sign)

    def _raise(self, sign: Sign) -> None:
        named = alert_id(telling.named_by(), sign.situation, sign.mmsi, sign.at)
        if named in self.rows:
            return  # the same evidence again: a recording played twice
        row = models.Alert(
            id=named,
            situation=sign.situation.value,
            priority=int(sign.priority),
            lat=sign.lat,
            lon=sign.lon,
            radius_m=sign.radius,
            seen_at=moment(sign.at),
            raised_at=self.now,
            source=sign.source,
            reasons=[models.said(reason) for reason in sign.because],
            mmsi=sign.mmsi,
            name=sign.name,
            text=sign.text,
            evidence=sha256(sign.evidence).hexdigest() if sign.evidence else "",
            exercise=models.exercise(),
        )
        self.rows = {named: row, **self.rows}
        self.raised[named] = sign
        self.to_tell.add(named)
        self._hear(row, sign)

    def _join(self, sign: Sign, step: Join) -> None:
        row = self.rows[step.alert]
        unplaced = row.lat is None and sign.lat is not None
        if step.metres is None or unplaced:
            self._move(row, sign)
        if step.metres is not None:
            nearby: Detail = {"mmsi": sign.mmsi, "metres": round(step.metres)}
            row.add_reasons(Because(Code.NEARBY, nearby))
        row.add_reasons(*sign.because)
        if step.escalates:
            row.situation, row.priority = sign.situation.value, int(sign.priority)
        if step.sounds:
            row.acknowledged_at, row.acknowledged_by = None, ""
        if not row.sender and (step.sounds or unplaced or telling.owed(row, self.now)):
            self.to_tell.add(row.id)
        row.rectified_at = None
        row.name, row.text = row.name or sign.name, row.text or sign.text
        self._hear(row, sign)

    @staticmethod
    def _move(row: models.Alert, sign: Sign) -> None:
        if sign.lat is not None and (row.lat is None or moment(sign.at) >= row.seen_at):
            row.lat, row.lon, row.radius_m = sign.lat, sign.lon, sign.radius

    def _hear(self, row: models.Alert, sign: Sign) -> None:
        """Count a sign to its sender, and remember that the situation goes on."""
        at = moment(sign.at)
        sender = self.senders.get((row.id, sign.mmsi))
        if sender is None:
            sender = models.Sender(alert_id=row.id, mmsi=sign.mmsi, name=sign.name, first_at=at, last_at=at, reports=0)
            self.senders[row.id, sign.mmsi] = sender
        sender.reports += 1
        sender.name = sign.name or sender.name
        sender.first_at, sender.last_at = min(sender.first_at, at), max(sender.last_at, at)
        row.seen_at = max(row.seen_at, at)
        self.changed.add(row.id)
        self._know(row)

    def _know(self, row: models.Alert) -> None:
        heard = frozenset(mmsi for alert, mmsi in self.senders if alert == row.id)
        known = row.known(heard)
        if row.id in self.known:
            self.known[row.id] = known
        else:
            self.known = {row.id: known, **self.known}

    def rectify(self, states: Picture) -> None:
        """Mark warnings whose condition has ended; what was acknowledged before is closed by that."""
        for row in self.rows.values():
            state = states.states.get(row.mmsi or 0)
            ended = row.situation in ENDING and row.closed_at is None and row.rectified_at is None and not row.sender
            if state is None or not ended or not has_ended(Situation(row.situation), state):
                continue
            row.rectified_at = self.now
            row.add_reasons(Because(Code.CONDITION_ENDED, {"status": -1 if state.status is None else state.status}))
            self.changed.add(row.id)
            if row.acknowledged_at is not None:
                row.closed_at, row.closed_by = self.now, telling.owner()
                row.closing_reason = str(Code.CONDITION_ENDED)

    def keep(self) -> None:
        """Write what changed: new alerts and their events, others in bulk, senders, and letters to partners."""
        for each in self.raised:
            self.rows[each].save(force_insert=True)
        for each in self.to_tell:
            telling.tell(self.rows[each], by=telling.owner(), now=self.now)
        changed = [self.rows[each] for each in self.changed]
        models.Alert.objects.bulk_update(changed, models.WATCHED, batch_size=CHUNK)
        models.Sender.objects.bulk_create(
            [sender for (alert, _), sender in self.senders.items() if alert in self.changed],
            batch_size=CHUNK,
            update_conflicts=True,
            unique_fields=["alert", "mmsi"],
            update_fields=["name", "first_at", "last_at", "reports"],
        )
        for each, sign in self.raised.items():
            detail: Detail = {
                "situation": sign.situation.value,
                "priority": int(sign.priority),
                "mmsi": sign.mmsi,
            }
            if sign.lat is not None and sign.lon is not None:
                detail |= {"lat": round(sign.lat, 5), "lon": round(sign.lon, 5)}
            exchange.record(event=Permission.ALERT_RAISE, thing=each, by=telling.owner(), now=self.now, detail=detail)


def _weigh(found: Sequence[Sign], picture: Picture, now: datetime) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    """What the signs of a batch do to the alerts: ids of the new ones, and of those that changed."""
    first = min((sign.at for sign in found), default=now.timestamp())
    oldest = min(now, moment(first)) - timedelta(seconds=SUPPRESS_SECONDS)
    if not found and not models.Alert.objects.filter(closed_at=None).exists():
        return (), ()
    standing = _Standing(now, oldest)
    for sign in found:
        standing.take(sign)
    standing.rectify(picture)
    for row in standing.rows.values():
        if row.id not in standing.to_tell and telling.owed(row, now):
            standing.to_tell.add(row.id)
            standing.changed.add(row.id)
    standing.keep()
    raised = tuple(standing.raised)
    return raised, tuple(sorted(standing.changed.difference(raised)))
