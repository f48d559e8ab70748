"""The log as seen: an event of room.thing is seen by whoever holds that thing's view permission, else by nobody.

What is part of another thing (a drift run of a case, a letter of an envelope) is seen with it.
"""

from uuid import UUID

from tansiq.exchange import models, values
from tansiq.parties.duties import HELD, Permission
from tansiq.parties.values import Officer

PART_OF = {
    "exchange.letter": "exchange.envelope",
    "exchange.forward": "exchange.envelope",
    "exchange.use": "exchange.envelope",
    "exchange.collection": "exchange.envelope",
    "exchange.head": "exchange.ledger",
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


def visible(*, reader: Officer) -> tuple[str, ...]:
    """The names of the events that a reader may see."""
    held = HELD.get(reader.duty, frozenset())
    seen = {name.value.rpartition(".")[0] for name in held if name.value.endswith(".view")}

    def shown(name: str) -> bool:
        thing = name.rpartition(".")[0]
        return PART_OF.get(thing, thing) in seen

    return tuple(name.value for name in Permission if shown(name.value))


def events(*, after: int, reader: Officer, limit: int = 200) -> tuple[values.Event, ...]:
    """The events after a position that the reader may see, oldest first."""
    rows = models.Event.objects.filter(id__gt=after, name__in=visible(reader=reader)).order_by("id")[:limit]
    return tuple(row.value() for row in rows)


def log(*, reader: Officer, limit: int = 60, things: tuple[UUID, ...] = ()) -> tuple[values.Event, ...]:
    """The newest events that the reader may see, newest first; of these things alone, where any are named."""
    rows = models.Event.objects.filter(name__in=visible(reader=reader))
    if things:
        rows = rows.filter(thing__in=things)
    return tuple(row.value() for row in rows.order_by("-id")[:limit])
