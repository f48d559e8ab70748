"""Recalls as seen: by the agencies that take part in the letter, each with what its holders stated."""

from datetime import datetime

from django.db.models import Q, QuerySet

from tansiq.exchange.models import Envelope, Recall
from tansiq.exchange.recalls import RecallLine, RecallState
from tansiq.exchange.values import Direction
from tansiq.ground import clock
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer

OPEN = (RecallState.REQUESTED.value, RecallState.RETAINED.value)


def recalls(
    *, reader: Officer, now: datetime | None = None, before: int | None = None, limit: int = 100
) -> tuple[RecallLine, ...]:
    """Recalls of letters that the reader's agency takes part in, the newest first."""
    if not reader.holds(Permission.RECALL_VIEW):
        return ()
    rows = _seen(reader)
    if before is not None:
        rows = rows.filter(position__lt=before)
    return tuple(row.line(now or clock.now()) for row in rows.order_by("-position")[:limit])


def recall(*, recall: int, reader: Officer, now: datetime | None = None) -> RecallLine:
    """One recall."""
    row = _seen(reader).filter(position=recall).first()
    if row is None or not reader.holds(Permission.RECALL_VIEW):
        raise Missing("There is no such recall.")
    return row.line(now or clock.now())


def pending_recalls(*, reader: Officer) -> int:
    """How many recalls wait for an answer of the reader's agency."""
    if not reader.holds(Permission.RECALL_ANSWER):
        return 0
    return _seen(reader).filter(direction=Direction.IN.value, state=RecallState.REQUESTED.value).count()


def _seen(reader: Officer) -> "QuerySet[Recall]":
    """Those whose letter the reader may know of; of a letter that never came here, who looks after the node."""
    rows = Recall.objects.select_related("envelope").defer("envelope__raw", "envelope__keys", "envelope__label")
    rows = rows.prefetch_related("answers")
    if reader.oversees:
        return rows
    return rows.filter(Q(envelope__in=Envelope.objects.seen_by(reader)))
