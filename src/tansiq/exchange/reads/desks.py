"""What is seen at a desk, and of a desk: labels and status, never a letter.

At the desk sit officials of its agency; they see what passes it, and nothing else of their node. What was said on the
way (a question, an answer) is seen by the desk, the sender and the recipients alone.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from msgspec.structs import replace

from tansiq.exchange import values
from tansiq.exchange.label import Urgency
from tansiq.exchange.models import Envelope, Passage
from tansiq.exchange.models.desks import steps_of
from tansiq.exchange.values import EnvelopeState
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer

_LOST = (EnvelopeState.REFUSED.value, EnvelopeState.EXPIRED.value)


def tray(
    *,
    reader: Officer,
    now: datetime,
    which: str = "open",
    urgency: str = "",
    after: int | None = None,
    limit: int = 50,
) -> tuple[values.PassageLine, ...]:
    """What passes the reader's desk, the oldest deadline first; `after` is the position of the last one seen.

    `which` is "open" (somebody still has to do something), "desk" (the desk has), "overdue" or "ended"; ended ones
    come newest first.
    """
    rows = _mine(reader)
    if urgency:
        rows = rows.filter(urgency=urgency)
    if which == "ended":
        rows = rows.filter(ended__isnull=False).order_by("-envelope")
        rows = rows.filter(envelope__lt=after) if after is not None else rows
    else:
        rows = _open(rows).order_by("due", "envelope")
        rows = rows.filter(state="at-desk") if which == "desk" else rows
        rows = rows.filter(due__lte=now) if which == "overdue" else rows
        rows = _beyond(rows, reader, after) if after is not None else rows
    return tuple(row.line() for row in rows[:limit])


def load(*, reader: Officer, now: datetime) -> tuple[values.Load, ...]:
    """How many letters of each urgency are open at the reader's desk, and how many are overdue."""
    counted = {
        urgency: (count, overdue)
        for urgency, count, overdue in _open(_mine(reader))
        .values("urgency")
        .annotate(count=Count("pk"), overdue=Count("pk", filter=Q(due__lte=now)))
        .values_list("urgency", "count", "overdue")
    }
    return tuple(values.Load(urgency, *counted.get(urgency.value, (0, 0))) for urgency in Urgency)


def passing(*, envelope: UUID, reader: Officer) -> values.Passing:
    """One letter on its way past the reader's desk."""
    row = _mine(reader).filter(envelope__ref=envelope).first()
    if row is None:
        raise Missing("There is no such envelope.")
    return _whole(row, reader)


def passage(*, envelope: UUID, reader: Officer) -> values.Passing | None:
    """How a letter stands that passes a desk, for who may see its envelope; None where it passes none."""
    if not reader.holds(Permission.ENVELOPE_VIEW):
        return None
    rows = Passage.objects.select_related("envelope").defer("envelope__raw", "envelope__keys")
    row = rows.filter(envelope__in=Envelope.objects.seen_by(reader).filter(ref=envelope)).first()
    return None if row is None else _whole(row, reader)


def _mine(reader: Officer) -> QuerySet[Passage]:
    rows = Passage.objects.select_related("envelope").defer("envelope__raw", "envelope__keys")
    return rows.filter(desk=reader.party) if reader.holds(Permission.DESK_VIEW) else rows.none()


def _open(rows: QuerySet[Passage]) -> QuerySet[Passage]:
    return rows.filter(ended__isnull=True).exclude(envelope__state__in=_LOST)


def _beyond(rows: QuerySet[Passage], reader: Officer, after: int) -> QuerySet[Passage]:
    """What comes behind a position: deadlines may be alike, positions are not."""
    last = _mine(reader).filter(envelope=after).values_list("due", flat=True).first()
    if last is None:
        return rows.none()
    return rows.filter(Q(due__gt=last) | Q(due=last, envelope__gt=after))


def _whole(row: Passage, reader: Officer) -> values.Passing:
    said = row.envelope.said
    if said is None:
        raise Missing("There is no such envelope.")
    concerned = reader.party in {said.sender, said.desk, *said.recipients}
    steps = [each if concerned else replace(each, words="") for each in steps_of(row.digest)]
    receipts = sorted(row.envelope.receipts.all(), key=lambda each: (each.at, each.id))
    return values.Passing(
        line=row.line(),
        digest=row.digest,
        way=row.way(said, steps),
        steps=tuple(steps),
        receipts=tuple(each.line() for each in receipts),
    )
