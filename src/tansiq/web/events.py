"""The log as a person sees it: by their duty, and of cases and letters only what their own agency takes part in.

The list of the log, the log on a page and the live stream all ask here, and so the same reads decide that show a case
or an envelope itself (`flows.SEEN`). An attempt that came to nothing is about no thing: its own agency alone sees it.
"""

from collections.abc import Collection, Iterable, Iterator
from uuid import UUID

from tansiq import flows
from tansiq.exchange import reads
from tansiq.exchange.reads.log import thing_of
from tansiq.exchange.values import Event
from tansiq.parties.values import NODE, Officer

ROUNDS = 5
"""How many times as far the log is read for a page, where much of it belongs to other agencies."""


def log(*, reader: Officer, limit: int, things: tuple[UUID, ...] = ()) -> tuple[Event, ...]:
    """The newest events that the reader may see, newest first; of these things alone, where any are named."""
    found: list[Event] = []
    before = None
    for _ in range(ROUNDS):
        some = reads.log(reader=reader, limit=limit, things=things, before=before)
        found += _shown(some, reader)
        if len(some) < limit or len(found) >= limit:
            break
        before = some[-1].id
    return tuple(found[:limit])


def since(*, after: int, reader: Officer, limit: int) -> tuple[tuple[Event, ...], int]:
    """What the reader may see of the next `limit` events, oldest first, and how far in the log that is."""
    some = reads.events(after=after, reader=reader, limit=limit)
    return tuple(_shown(some, reader)), some[-1].id if some else after


def _shown(events: Collection[Event], reader: Officer) -> Iterator[Event]:
    kinds = {thing_of(event.name) for event in events}
    known = {kind: flows.SEEN[kind](things=_things(events, kind), reader=reader) for kind in kinds & {*flows.SEEN}}
    for event in events:
        kind = thing_of(event.name)
        common = kind in flows.OF_THE_NODE or (kind not in known and reader.oversees)
        told = event.thing in known.get(kind, ()) or (event.thing == NODE and _of_nothing(event, reader))
        if common or told:
            yield event


def _things(events: Iterable[Event], kind: str) -> set[UUID]:
    return {event.thing for event in events if thing_of(event.name) == kind}


def _of_nothing(event: Event, reader: Officer) -> bool:
    """Whether an event about no thing is the node's own, or of somebody of the reader's agency."""
    return reader.oversees or "/" not in event.by or event.by.startswith(f"{reader.party}/")
