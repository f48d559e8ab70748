"""The log as it goes on after a recovery: a new epoch, and leaves for what happened while none could be appended."""

from collections.abc import Iterator, Sequence

import msgspec

from tansiq.exchange import values
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models.ledger import Event, Happening, Writer
from tansiq.exchange.models.letters import Envelope, Receipt
from tansiq.exchange.values import Direction

CHUNK = 500


class Reopening(Writer):
    """The writer that opens a new epoch."""

    def reopen(self, declared: Happening, epoch: int, node: str) -> int:
        """Open the gate with `declared` as the epoch's first leaf, then log what passed unlogged; answers how much."""
        unlogged = list(Event.objects.filter(leaf=-1).order_by("id"))
        self.log.gate, self.log.epoch = "", epoch
        self.append([declared])
        for some in _portions(unlogged):
            for row, leaf in zip(some, self._grow([each.happening().entry() for each in some]), strict=True):
                row.leaf = leaf
                _place(row, node)
            Event.objects.bulk_update(some, ["leaf"])
        return len(unlogged)


def _portions(rows: Sequence[Event]) -> Iterator[Sequence[Event]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _place(row: Event, node: str) -> None:
    """Say in what an event speaks of where its leaf is now."""
    detail = msgspec.json.decode(row.detail, type=values.Detail)
    digest = str(detail.get("envelope", ""))
    receipts = Receipt.objects.filter(digest=digest, leaf=-1)
    if row.type in (EntryType.SENT.value, EntryType.RECEIVED.value):
        sent = row.type == EntryType.SENT.value
        direction = Direction.OUT if sent else Direction.IN
        Envelope.objects.filter(digest=digest, direction=direction.value, leaf=-1).update(leaf=row.leaf)
        if not sent:
            receipts.filter(signer=node, n=0).update(leaf=row.leaf)
    elif row.type == EntryType.RECEIPT.value:
        signer = row.by if "receipt" in detail else node
        receipts.filter(signer=signer, n=int(detail.get("n", -1))).update(leaf=row.leaf)
