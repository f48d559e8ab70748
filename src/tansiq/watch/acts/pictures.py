"""Share a part of the picture with partners, and take in theirs."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction

from tansiq.exchange import acts as exchange
from tansiq.exchange import reads as channels
from tansiq.exchange.canon import clean
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.watch import PictureLetter, TrackLine
from tansiq.exchange.values import Sent
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.watch import models, rules
from tansiq.watch.acts import telling
from tansiq.watch.fusion.picture import NAMES
from tansiq.watch.values import STALE_SECONDS, Area, Basis, Reason, Track

MOST = 2000
"""Tracks in one letter."""


@transaction.atomic
def share_picture(*, area: Area, name: str, by: Officer, now: datetime) -> Sent | Refused:
    """Send the fresh tracks of an area to all parties of the picture agreement; nothing personal but vessels' ids."""
    present = models.present(now)
    fresh = present - timedelta(seconds=STALE_SECONDS)
    rows = models.Track.objects.filter(models.within(area), confirmed=True, heard_at__gte=fresh).order_by("mmsi")[:MOST]
    tracks = tuple(_line(row.value(present)) for row in rows)
    verdict = rules.may_share(area, len(tracks), by)
    if isinstance(verdict, Refused):
        return verdict
    to = channels.parties_of(mechanism="picture")
    if not to:
        return Refused(Reason.NO_PARTNERS, Basis.PICTURE)
    letter = PictureLetter(at=present, area=clean(name).strip()[:120], tracks=tracks)
    answer = exchange.send(
        kind=Kind.PICTURE,
        letter=letter,
        mechanism="picture",
        to=to,
        by=by,
        now=now,
        topic="maritime-traffic",
        purpose="situational-awareness",
    )
    if isinstance(answer, Sent):
        exchange.record(
            event=Permission.PICTURE_SHARE, thing=answer.envelope, by=by, now=now, detail={"tracks": len(tracks)}
        )
    return answer


def _line(track: Track) -> TrackLine:
    return TrackLine(
        track=track.id,
        lat=round(track.lat, 6),
        lon=round(track.lon, 6),
        radius_m=round(track.radius_m, 1),
        speed=None if track.speed is None else round(track.speed, 2),
        course=None if track.course is None else round(track.course, 1),
        seen_at=track.seen_at,
        source=telling.owner(),
        mmsi=track.mmsi,
        name=track.name,
    )


@transaction.atomic
def receive_picture(*, letter: PictureLetter, sender: str, envelope: UUID, now: datetime) -> int:
    """Take in a partner's tracks where they are newer than what it shared before; how many were.

    A track at no place on earth stays in the letter alone.
    """
    lines = [line for line in map(rules.on_chart, letter.tracks) if line is not None]
    there = dict(models.SharedTrack.objects.select_for_update().filter(party=sender).values_list("track", "seen_at"))
    news = {line.track: line for line in lines if line.track not in there or there[line.track] < line.seen_at}
    rows = [_shared(line, letter, sender) for line in news.values()]
    models.SharedTrack.objects.bulk_create(
        rows,
        batch_size=100,
        update_conflicts=True,
        unique_fields=["party", "track"],
        update_fields=[
            "mmsi", "name", "lat", "lon", "radius_m", "speed", "course", "seen_at", "shared_at", "source",
        ],
    )  # fmt: skip
    thing = uuid5(NAMES, f"picture/{sender}/{envelope}")
    exchange.record(event=Permission.PICTURE_RECEIVE, thing=thing, by=sender, now=now, detail={"tracks": len(rows)})
    return len(rows)


def _shared(line: TrackLine, letter: PictureLetter, sender: str) -> models.SharedTrack:
    return models.SharedTrack(
        party=sender,
        track=line.track,
        mmsi=line.mmsi,
        name=line.name,
        lat=line.lat,
        lon=line.lon,
        radius_m=line.radius_m,
        speed=line.speed,
        course=line.course,
        seen_at=line.seen_at,
        shared_at=letter.at,
        source=line.source,
    )
