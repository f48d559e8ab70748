"""Keep how the feeds do, and forget history that has served."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.conf import settings
from django.db import transaction

from tansiq.watch import models
from tansiq.watch.values import FeedHealth


@transaction.atomic
def report_feeds(*, health: Sequence[FeedHealth], now: datetime) -> None:
    """Say how every feed of this node does; feeds that are no longer named are dropped."""
    models.Feed.objects.exclude(name__in=[feed.name for feed in health]).delete()
    models.Feed.objects.bulk_create(
        [models.Feed(name=feed.name, health=msgspec.json.encode(feed).decode(), at=now) for feed in health],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["health", "at"],
    )


@transaction.atomic
def forget_history(*, before: datetime) -> int:
    """Delete the places and the tracks not heard since a time (regulation (EU) 2016/679, article 5(1)(e)); how many.

    An exercise keeps its own clock and is thrown away whole.
    """
    if settings.TANSIQ_EXERCISE:
        return 0
    places, _ = models.Place.objects.filter(at__lt=before).delete()
    models.SharedTrack.objects.filter(seen_at__lt=before).delete()
    tracks, _ = models.Track.objects.filter(heard_at__lt=before).delete()
    return places + tracks
