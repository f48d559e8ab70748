"""The log as seen: an event of room.thing is seen by whoever holds that thing's view permission, else by nobody.

What is part of another thing (a drift run of a case, a letter of an envelope) is seen with it. Which cases and which
envelopes a reader may know of at all is for their rooms to say: people read the log through `web.events`.
"""

from collections.abc import Iterable
from uuid import UUID

from tansiq.exchange import models, values
from tansiq.exchange.models import bulk
from tansiq.parties.duties import HELD, Permission
from tansiq.parties.values import Officer

PART_OF = {
    "exchange.letter": "exchange.envelope",
    "exchange.forward": "exchange.envelope",
    "exchange.use": "exchange.envelope",
    "exchange.release": "exchange.envelope",
    "exchange.recall": "exchange.envelope",
    "exchange.correction": "exchange.envelope",
    "exchange.collection": "exchange.envelope",
    "exchange.head": "exchange.ledger",
    "exchange.steering": "exchange.envelope",
    "exchange.mandate": "exchange.liaison",
    "rescue.drift": "rescue.case",
    "rescue.search": "rescue.case",
    "rescue.task": "rescue.case",
    "rescue.sitrep": "rescue.case",
    "rescue.outcome": "rescue.case",
    "reporting.claim": "reporting.figure",
    "parties.agency": "parties.directory",
    "parties.person": "parties.people",
    "parties.post": "parties.people",
    "parties.token": "parties.people",
}
"""Things that have no page of their own, and the thing on whose page they stand."""


def thing_of(event: str) -> str:
    """The kind of thing on whose page an event stands, by the event's name."""
    thing = event.rpartition(".")[0]
    return PART_OF.get(thing, thing)


def visible(*, reader: Officer) -> tuple[str, ...]:
    """The names of the events that a reader may see."""
    held = HELD.get(reader.duty, frozenset())
    seen = {name.value.rpartition(".")[0] for name in held if name.value.endswith(".view")}

    return tuple(name.value for name in Permission if thing_of(name.value) in seen)


def events(*, after: int, reader: Officer, limit: int = 200) -> tuple[values.Event, ...]:
    """The events after a position that the reader may see, oldest first."""
    ids = bulk.heads(models.Event, "id", named(visible(reader=reader)), after=after, limit=limit)
    return tuple(row.value() for row in models.Event.objects.filter(id__in=ids).order_by("id"))


def log(
    *, reader: Officer, limit: int = 60, things: tuple[UUID, ...] = (), before: int | None = None
) -> tuple[values.Event, ...]:
    """The newest events that the reader's duty may see, newest first; of these things, or before a position."""
    names = visible(reader=reader)
    if things:
        rows = models.Event.objects.filter(name__in=names, thing__in=things)
        rows = rows if before is None else rows.filter(id__lt=before)
    else:
        ids = bulk.heads(models.Event, "id", named(names), before=before, limit=limit)
        rows = models.Event.objects.filter(id__in=ids)
    return tuple(row.value() for row in rows.order_by("-id")[:limit])


def named(names: Iterable[str]) -> list[dict[str, str]]:
    """The ranges of events of these names, each of which is read by itself: one name can stand for nearly all rows."""
    return [{"name": name} for name in names]
