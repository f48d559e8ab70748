"""What is seen of the watch. A reader whose duty does not carry the view sees an empty sea, not a smaller one.

Alerts and tracks belong to the node: every agency that it serves watches the same sea. Each read takes a fixed number
of queries, whatever the traffic.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.watch import models, values

FRESH = timedelta(hours=1)
"""A track that has not been heard for longer is history and no longer picture."""
MOST = 5000


def tracks(
    *,
    reader: Officer,
    now: datetime,
    bounds: values.Area | None = None,
    limit: int = MOST,
    fresh: timedelta = FRESH,
) -> tuple[values.Track, ...]:
    """The confirmed tracks, our own before those that partners share; each group the latest heard first.

    A vessel that we hear ourselves is not shown a second time from a partner.
    """
    if not reader.holds(Permission.PICTURE_VIEW):
        return ()
    now = models.present(now)
    where = models.within(bounds) if bounds is not None else Q()
    own = models.Track.objects.filter(where, confirmed=True, heard_at__gte=now - fresh, lat__isnull=False)
    found = [row.value(now) for row in own.order_by("-heard_at", "mmsi")[:limit]]
    shared = models.SharedTrack.objects.filter(where, seen_at__gte=now - fresh).order_by("-seen_at", "track")
    heard = {track.mmsi for track in found}
    others = [row.value(now) for row in shared[: max(0, limit - len(found))]]
    return (*found, *(track for track in others if track.mmsi is None or track.mmsi not in heard))


def track(*, track: UUID, reader: Officer, now: datetime) -> values.Track:
    """One track of our own. Raises Missing."""
    row = models.Track.objects.filter(id=track, lat__isnull=False).first()
    if row is None or not reader.holds(Permission.PICTURE_VIEW):
        raise Missing("There is no such track.", "Go back to the duty room.")
    return row.value(models.present(now))


def places(*, track: UUID, reader: Officer, since: datetime, limit: int = 1000) -> tuple[values.Place, ...]:
    """Where a track has been, oldest first, at most the latest `limit` places."""
    if not reader.holds(Permission.PICTURE_VIEW):
        return ()
    rows = models.Place.objects.filter(track=track, at__gte=since).order_by("-at", "-id")[:limit]
    return tuple(row.value() for row in reversed(rows))


def alerts(
    *, reader: Officer, now: datetime, open_only: bool = True, limit: int = 200, before: UUID | None = None
) -> tuple[values.Alert, ...]:
    """Open alerts by priority, the newest first in each; or, with `open_only` off, all alerts by age.

    `before` is the last alert of the page before, in the list of all (position: when it was raised, then its id).
    """
    if not reader.holds(Permission.ALERT_VIEW):
        return ()
    now = models.present(now)
    rows = models.Alert.objects.whole()
    if open_only:
        return tuple(row.value(now) for row in rows.open().order_by("priority", "-raised_at", "-id")[:limit])
    if before is not None:
        last = models.Alert.objects.filter(id=before).values("raised_at").first()
        if last is None:
            return ()
        rows = rows.filter(Q(raised_at__lt=last["raised_at"]) | Q(raised_at=last["raised_at"], id__lt=before))
    return tuple(row.value(now) for row in rows.order_by("-raised_at", "-id")[:limit])


def alert(*, alert: UUID, reader: Officer, now: datetime) -> values.Alert:
    """One alert. Raises Missing, also for a reader who may not see it."""
    row = models.Alert.objects.whole().filter(id=alert).first()
    if row is None or not reader.holds(Permission.ALERT_VIEW):
        raise Missing("There is no such alert.", "Go back to the duty room.")
    return row.value(models.present(now))


def tally(*, reader: Officer, now: datetime) -> values.Tally:
    """The numbers at the head of the duty room: what is open, what waits, how many vessels are heard, how old it is."""
    if not reader.holds(Permission.ALERT_VIEW) or not reader.holds(Permission.PICTURE_VIEW):
        return values.Tally()
    now = models.present(now)
    counted = models.Alert.objects.open().aggregate(
        open=Count("id"),
        waiting=Count("id", filter=Q(acknowledged_at=None)),
        distress=Count("id", filter=Q(priority=int(values.Priority.EMERGENCY))),
    )
    heard = models.Track.objects.filter(confirmed=True, heard_at__gte=now - FRESH)
    latest = models.Track.objects.order_by("-heard_at").values_list("heard_at", flat=True).first()
    return values.Tally(
        open=counted["open"],
        waiting=counted["waiting"],
        distress=counted["distress"],
        tracks=heard.count(),
        age=None if latest is None else max(0.0, (now - latest).total_seconds()),
    )


def feeds(*, reader: Officer, now: datetime) -> Sequence[values.FeedHealth]:
    """How every feed does, by name."""
    if not reader.holds(Permission.PICTURE_VIEW):
        return ()
    return tuple(row.value(now) for row in models.Feed.objects.order_by("name"))


def alert_records(*, start: datetime, end: datetime, exercise: str, reader: Officer) -> tuple[values.Alert, ...]:
    """Our own alerts of an exercise (empty: the real ones) raised in a period (end not included), oldest first.

    For whoever may see figures.
    """
    if not reader.holds(Permission.FIGURE_VIEW):
        return ()
    rows = models.Alert.objects.whole().of(exercise).filter(sender="", raised_at__gte=start, raised_at__lt=end)
    return tuple(row.value(end) for row in rows.order_by("raised_at", "id"))
