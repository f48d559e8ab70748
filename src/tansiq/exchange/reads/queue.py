"""What is due to partners, as the outbox sees it."""

from datetime import datetime

from msgspec import Struct

from tansiq.exchange.keys import Signer, Verifier
from tansiq.exchange.models import Delivery, Head, Partner
from tansiq.exchange.models.channels import known
from tansiq.exchange.models.own import own
from tansiq.exchange.receipts import SignedHead
from tansiq.exchange.values import DeliveryState, PartnerState


class Due(Struct, frozen=True, gc=False):
    """One parcel that may go now: an envelope's bytes, a receipt's token or an agreement's papers.

    What goes under a rescue agreement (`rescue`) goes apart, since a door lets it in where it turns all else away.
    """

    delivery: int
    thing: str
    body: bytes
    rescue: bool = False


class Correspondent(Struct, frozen=True):
    """A confirmed partner as the outbox needs it: where it listens, and the key that signs its heads."""

    node: str
    address: str
    log: Verifier


def correspondents() -> tuple[Correspondent, ...]:
    """The confirmed partners."""
    rows = Partner.objects.filter(state=PartnerState.CONFIRMED.value).order_by("node")
    return tuple(Correspondent(row.node, known(row.token).card.url, known(row.token).log) for row in rows)


def signs() -> tuple[str, Signer]:
    """This node's code, and the key by which its requests are signed."""
    me = own()
    return me.node, me.keys.signer


def due_nodes(*, now: datetime) -> frozenset[str]:
    """The nodes to which something is due now."""
    rows = Delivery.objects.filter(state=DeliveryState.WAITING.value, next_at__lte=now)
    return frozenset(rows.values_list("node", flat=True).distinct())


def due(*, node: str, now: datetime, limit: int = 100) -> tuple[Due, ...]:
    """What may go to a node now: the urgent first, but never a parcel before an earlier one of its own stream.

    A stream (a case, or an envelope's receipts) whose earliest parcel waits for another attempt waits as a whole; an
    urgent parcel brings what stands before it in its stream along.
    """
    waiting = Delivery.objects.filter(node=node, state=DeliveryState.WAITING.value)
    columns = ("id", "stream", "next_at")
    ready = list(waiting.filter(next_at__lte=now).order_by("rank", "id").values_list(*columns)[: 2 * limit])
    streams: dict[object, list[tuple[int, datetime]]] = {}
    wanted = {stream for _, stream, _ in ready if stream is not None}
    for key, stream, at in waiting.filter(stream__in=wanted).order_by("id").values_list(*columns):
        streams.setdefault(stream, []).append((key, at))
    chosen: dict[int, None] = {}
    for key, stream, _ in ready:
        before = [(key, now)] if stream is None else streams.get(stream, [])
        for other, at in before:
            if other > key or at > now or len(chosen) >= limit:
                break
            chosen[other] = None
    rows = {
        row.id: row
        for row in Delivery.objects.select_related("envelope", "receipt")
        .defer("envelope__label", "envelope__keys")
        .filter(id__in=list(chosen))
    }
    return tuple(Due(key, rows[key].thing, rows[key].body(), rows[key].rescue) for key in chosen)


def held_head(*, log: str) -> tuple[SignedHead | None, str]:
    """The newest head of a node's ledger that we hold, read and as a token."""
    row = Head.objects.filter(log=log).order_by("-epoch", "-size").first()
    return (row.value(), row.token) if row else (None, "")
