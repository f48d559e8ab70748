"""Collections as seen by an external client: what it may read of an agreement's letters of information."""

from datetime import datetime

from tansiq.exchange import values
from tansiq.exchange.models import Collection
from tansiq.exchange.models.channels import channels
from tansiq.exchange.models.collections import behind, collection_of, may_see, readable, rows_of
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer


def collections(*, reader: Officer, now: datetime) -> tuple[values.Collection, ...]:
    """The agreements in force that list the reader's duty for letters of information."""
    if not reader.holds(Permission.COLLECTION_VIEW):
        return ()
    found = sorted(channels(now).values(), key=lambda each: (each.terms.since, each.digest))
    return tuple(each for channel in found if (each := collection_of(channel, reader)) is not None)


def collection(*, agreement: str, reader: Officer, now: datetime) -> values.Collection:
    """One of them."""
    found = next((each for each in collections(reader=reader, now=now) if each.agreement == agreement), None)
    if found is None:
        raise Missing("There is no such collection.")
    return found


def items(*, agreement: str, wanted: values.Wanted, reader: Officer, now: datetime) -> values.Page:
    """What a collection lists, without the letters: who reads them calls `acts.read_collection`."""
    readable(agreement, reader, now)
    rows, more = rows_of(agreement, wanted, reader)
    shown = may_see(agreement, {row.envelope_id for row in rows if row.envelope_id}, reader, now)
    listed = [row.value() for row in rows if row.envelope_id is None or row.envelope_id in shown]
    return values.Page(tuple(listed), {}, more)


def is_behind(*, agreement: str, reader: Officer) -> bool:
    """Whether letters came in that the reader's collection does not number yet."""
    return behind(agreement, reader)


def kept() -> tuple[tuple[str, str], ...]:
    """The collections that were begun, by agreement and agency; for the node itself, which fills them."""
    return tuple(Collection.objects.order_by("id").values_list("agreement", "agency"))
