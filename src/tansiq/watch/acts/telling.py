"""Telling partners of an alert: every emergency goes to all parties of the rescue agreement, at once.

What partners are told never decides whether the alert stands here. A refusal is kept with the alert, where the officer
sees it, and the next sign or the next minute tries again.
"""

from datetime import datetime, timedelta

import msgspec
from django.conf import settings
from django.db import transaction

from tansiq.exchange import acts as exchange
from tansiq.exchange import reads as channels
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.watch import AlertLetter, Because
from tansiq.ground.errors import Fault
from tansiq.ground.verdict import Refused
from tansiq.parties.values import Officer
from tansiq.watch import models
from tansiq.watch.rules import tells_partners
from tansiq.watch.values import Priority, Reason

AGAIN = timedelta(seconds=60)
"""How long to wait after a refusal before an alert is offered again."""


def owner() -> str:
    """The agency that this node watches for."""
    return str(settings.TANSIQ_AGENCY)


def named_by() -> str:
    """What the ids of our alerts grow from: an exercise that plays a night again raises none of that night's own."""
    exercise = models.exercise()
    return f"{owner()}/{exercise}" if exercise else owner()


def letter(row: models.Alert) -> AlertLetter:
    """What partners are told of an alert."""
    return AlertLetter(
        alert=row.id,
        situation=row.situation,
        priority=row.priority,
        lat=row.lat,
        lon=row.lon,
        radius_m=row.radius_m,
        seen_at=row.seen_at,
        raised_at=row.raised_at,
        source=row.source,
        reasons=msgspec.convert(row.reasons, tuple[Because, ...]),
        mmsi=row.mmsi,
        persons=row.persons,
        text=row.text,
        closed=row.closing_reason if row.closed_at is not None else "",
    )


def tell(row: models.Alert, *, by: Officer | str, now: datetime) -> None:
    """Send an own alert's letter where it is to be told. The caller saves the row."""
    if row.sender or not tells_partners(Priority(row.priority)):
        return
    row.tried_at = now
    answer = _send(row, by=by, now=now)
    if isinstance(answer, str):
        row.sending_refused = answer
    else:
        row.sent_at, row.sending_refused = now, ""


def owed(row: models.Alert, now: datetime) -> bool:
    """Whether partners have not been told of an alert, and it is time to try again."""
    waits = row.tried_at is not None and now - row.tried_at < AGAIN
    return not (row.sender or row.sent_at or row.closed_at or waits) and tells_partners(Priority(row.priority))


def _send(row: models.Alert, *, by: Officer | str, now: datetime) -> str | None:
    """None when it is on its way, else the code of why not."""
    to = channels.parties_of(mechanism="rescue")
    if not to:
        return str(Reason.NO_PARTNERS)
    try:
        with transaction.atomic():
            answer = exchange.send(
                kind=Kind.ALERT,
                letter=letter(row),
                mechanism="rescue",
                to=to,
                by=by,
                now=now,
                topic="distress",
                purpose="rescue",
                urgency="distress",
                case=row.case,
                exercise=row.exercise,
            )
    except Fault:  # a node without keys still has to show its officer the distress
        return str(Reason.NOT_READY)
    return str(answer.reason) if isinstance(answer, Refused) else None
