"""Requests as seen by the agencies that take part: who asked, who was asked, and who was told that no answer came.

What stands in the letters is not seen here: each opens its own, for a reason that is logged.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from tansiq.correspondence import models, rules, values
from tansiq.correspondence.values import OPEN
from tansiq.exchange import reads as exchange
from tansiq.exchange.values import EnvelopeState
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer

Place = tuple[datetime, UUID]
"""Where a list goes on: after this time limit and id."""


def requests(
    *, reader: Officer, now: datetime, open_only: bool = True, after: Place | None = None, limit: int = 100
) -> tuple[values.RequestLine, ...]:
    """The reader's requests, both ways, what is due first before all others: so what is overdue stands first."""
    if not reader.holds(Permission.REQUEST_VIEW):
        return ()
    rows = _seen(reader)
    if open_only:
        rows = rows.filter(state__in=[state.value for state in OPEN])
    if after is not None:
        rows = rows.filter(Q(due__gt=after[0]) | Q(due=after[0], id__gt=after[1]))
    found = [row.value() for row in rows.order_by("due", "id")[:limit]]
    letters = exchange.states(envelopes=[each.envelope for each in found if each.envelope])
    return tuple(_line(each, letters, reader, now) for each in found)


def closed(*, reader: Officer, now: datetime, limit: int = 50) -> tuple[values.RequestLine, ...]:
    """The reader's requests that nothing is owed for any more, the newest first."""
    if not reader.holds(Permission.REQUEST_VIEW):
        return ()
    rows = _seen(reader).exclude(state__in=[state.value for state in OPEN])
    found = [row.value() for row in rows.order_by("-closed_at", "-id")[:limit]]
    letters = exchange.states(envelopes=[each.envelope for each in found if each.envelope])
    return tuple(_line(each, letters, reader, now) for each in found)


def request(*, request: UUID, reader: Officer, now: datetime) -> values.RequestWhole:
    """One request with its steps. Raises Missing where the reader's agency takes no part."""
    row = _seen(reader).prefetch_related("steps").filter(id=request).first()
    if row is None or not reader.holds(Permission.REQUEST_VIEW):
        raise Missing("There is no such request.")
    value = row.value()
    outside = exchange.outside(envelope=value.envelope) if value.envelope else None
    letters = exchange.states(envelopes=[value.envelope] if value.envelope else [])
    return values.RequestWhole(
        line=_line(value, letters, reader, now),
        steps=tuple(each.line() for each in row.steps.all()),
        above=rules.above(value, outside.parties if outside else ()),
    )


def thread_of(*, envelope: UUID, reader: Officer) -> UUID | None:
    """The request that a letter is a step of, where the reader takes part in it."""
    if not reader.holds(Permission.REQUEST_VIEW):
        return None
    return _seen(reader).filter(steps__envelope=envelope).values_list("id", flat=True).first()


def owed(*, reader: Officer, now: datetime) -> int:
    """How many answers are overdue, ours and those owed to us."""
    if not reader.holds(Permission.REQUEST_VIEW):
        return 0
    return _seen(reader).filter(state__in=[state.value for state in OPEN], due__lte=now).count()


def seen_requests(*, things: Collection[UUID], reader: Officer) -> frozenset[UUID]:
    """Which of these requests the reader may know of: for the log."""
    return frozenset(_seen(reader).filter(id__in=things).values_list("id", flat=True))


def _seen(reader: Officer) -> QuerySet[models.Request]:
    party = reader.party
    return models.Request.objects.filter(Q(asker=party) | Q(asked=party) | Q(escalated_to=party))


def _line(
    request: values.Request, letters: dict[UUID, EnvelopeState], reader: Officer, now: datetime
) -> values.RequestLine:
    ours = request.asker == reader.party
    letter = letters.get(request.envelope) if request.envelope else None
    return values.RequestLine(
        request=request,
        progress=rules.progress(request, letter),
        ours=ours,
        overdue=request.overdue(now),
    )
