"""The log of what happened and the Merkle tree over it, as kept: entries, complete subtree nodes, heads, events.

RFC 9162 section 2.1. A leaf is SHA-256(0x00 || salt || entry); erasing salt and entry keeps the tree whole. Every
writer locks the one `Log` row first: positions are handed out in the order of commits, so who pages by position misses
nothing. Each leaf but a padding one is also an `Event`, and its columns give the leaf's bytes again.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import models
from msgspec import Struct

from tansiq.exchange import canon, jws, ledger, values
from tansiq.exchange.ledger import Entry, EntryType
from tansiq.exchange.models import bulk
from tansiq.exchange.receipts import SignedHead

_PLACE = 48
_LOG = ("id", "epoch", "size", "position", "gate")


class Log(models.Model):
    """The node's own ledger: one row, locked by whoever appends.

    `position` numbers envelopes, receipts and events; `gate` says why nothing may be appended, and is empty when all
    is well.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    epoch = models.PositiveIntegerField(default=1)
    size = models.BigIntegerField(default=0)
    position = models.BigIntegerField(default=0)
    gate = models.CharField(max_length=300, blank=True)


class LedgerEntry(models.Model):
    """One leaf with what it stands for; `entry` and `salt` go when the record is erased."""

    index = models.BigIntegerField(primary_key=True)
    salt = models.BinaryField(null=True)
    entry = models.BinaryField(null=True)

    def value(self) -> ledger.EntryRow:
        """The row as the pure ledger knows it."""
        return ledger.EntryRow(self.index, raw(self.salt), raw(self.entry))


class LedgerNode(models.Model):
    """The hash of one complete subtree; `place` is level << 48 | index, so that neighbours lie together."""

    place = models.BigIntegerField(primary_key=True)
    hash = models.BinaryField()

    def value(self) -> ledger.Node:
        """The row as the pure ledger knows it."""
        return ledger.Node(self.place >> _PLACE, self.place & (1 << _PLACE) - 1, raw(self.hash) or b"")


class Head(models.Model):
    """A signed tree head: our own, or one that a partner's ledger showed us."""

    log = models.CharField(max_length=64)
    epoch = models.PositiveIntegerField()
    size = models.BigIntegerField()
    root = models.CharField(max_length=64)
    token = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "epoch", "size", "root"], name="one_head_per_root")]

    def value(self) -> SignedHead:
        """The head as it was signed. Its signature was checked when it was stored."""
        return jws.unverified(self.token, SignedHead)

    @staticmethod
    def row(head: SignedHead, token: str) -> "Head":
        """A head to be stored."""
        return Head(
            log=head.log, epoch=head.epoch, size=head.size, root=head.root, token=token, at=canon.moment(head.at)
        )


class Event(models.Model):
    """One line of the log that people read; `leaf` is its place in the ledger, -1 where it could not be logged."""

    id = models.BigIntegerField(primary_key=True)
    type = models.CharField(max_length=12)
    name = models.CharField(max_length=64)
    thing = models.UUIDField(db_index=True)
    by = models.CharField(max_length=250)
    at = models.DateTimeField()
    detail = models.TextField(default="{}")
    leaf = models.BigIntegerField(default=-1, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="event_by_name")]

    def value(self) -> values.Event:
        """The event as said to others."""
        return values.Event(self.id, self.name, self.thing, self.by, self.at, msgspec.json.decode(self.detail))

    def happening(self) -> "Happening":
        """What the leaf is made of."""
        detail = msgspec.json.decode(self.detail, type=values.Detail)
        return Happening(EntryType(self.type), self.name, self.thing, self.by, self.at, detail)


class Happening(Struct, frozen=True):
    """What goes into the log: it becomes one leaf and one event. Times count in whole milliseconds."""

    type: EntryType
    name: str
    thing: UUID
    by: str
    at: datetime
    detail: values.Detail = {}

    def entry(self) -> bytes:
        """The bytes that the leaf is made of."""
        return ledger.write_entry(
            Entry(
                type=self.type,
                name=self.name,
                thing=str(self.thing),
                by=canon.clean(self.by),
                at=canon.millis(self.at),
                detail={key: canon.clean(v) if isinstance(v, str) else v for key, v in self.detail.items()},
            )
        )


class Writer:
    """Whoever appends: it holds the lock on the log until the caller's transaction ends. Call `close` when done."""

    def __init__(self) -> None:
        found = bulk.select(Log, _LOG, lock=True, id=1)
        self.log = Log(**dict(zip(_LOG, found[0], strict=True))) if found else _first_log()
        self._nodes: dict[tuple[int, int], bytes] | None = None

    @property
    def gated(self) -> bool:
        """Whether the log is behind what others hold of it, so that nothing may be appended."""
        return bool(self.log.gate)

    def number(self, count: int = 1) -> int:
        """The first of `count` new positions."""
        first = self.log.position + 1
        self.log.position += count
        return first

    def append(self, happenings: Sequence[Happening]) -> list[int]:
        """Log what happened, in order; answers each one's leaf, -1 where the log may not grow."""
        if not happenings:
            return []
        leaves = [-1] * len(happenings) if self.gated else self._grow([each.entry() for each in happenings])
        first = self.number(len(happenings))
        rows = [
            (
                first + place,
                each.type.value,
                each.name,
                bulk.uuid(each.thing),
                each.by,
                bulk.time(each.at),
                msgspec.json.encode(each.detail).decode(),
                leaf,
            )
            for place, (each, leaf) in enumerate(zip(happenings, leaves, strict=True))
        ]
        bulk.insert(Event, ("id", "type", "name", "thing", "by", "at", "detail", "leaf"), rows)
        return leaves

    def _grow(self, entries: Sequence[bytes]) -> list[int]:
        size = self.log.size
        salts = [ledger.salt() for _ in entries]
        hashes = [ledger.leaf_hash(salt, entry) for salt, entry in zip(salts, entries, strict=True)]
        nodes = self._edge()
        fresh = ledger.append(lambda level, index: nodes[level, index], size, hashes)
        nodes.update({(node.level, node.index): node.hash for node in fresh})
        leaves = [*range(size, size + len(entries))]
        bulk.insert(LedgerEntry, ("index", "salt", "entry"), [*zip(leaves, salts, entries, strict=True)])
        bulk.insert(LedgerNode, ("place", "hash"), [(node.level << _PLACE | node.index, node.hash) for node in fresh])
        self.log.size += len(entries)
        return leaves

    def _edge(self) -> dict[tuple[int, int], bytes]:
        """The complete subtrees along the right edge of the tree: all that growing and the root need."""
        if self._nodes is None:
            self._nodes = nodes(edge(self.log.size))
        return self._nodes

    def root(self) -> bytes:
        """The root as of now, this transaction's leaves included."""
        known = self._edge()
        return ledger.root(lambda level, index: known[level, index], self.log.size)

    def head(self, log: str, at: datetime) -> SignedHead:
        """The head as of now, to be signed."""
        return SignedHead(
            log=log, epoch=self.log.epoch, size=self.log.size, root=self.root().hex(), at=canon.millis(at)
        )

    def close(self) -> None:
        """Write the log's own row."""
        bulk.update(Log, {name: getattr(self.log, name) for name in _LOG[1:]}, id=self.log.id)


def _first_log() -> Log:
    return Log.objects.select_for_update().get_or_create(id=1)[0]


def edge(size: int) -> list[tuple[int, int]]:
    """Where the complete subtrees stand that together make up the first `size` leaves."""
    return [(level, (size >> level) - 1) for level in range(size.bit_length()) if size >> level & 1]


def nodes(places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The hashes at these places, in one query."""
    keys = [level << _PLACE | index for level, index in places]
    rows = bulk.select(LedgerNode, ("place", "hash"), place=keys) if keys else []
    return {(place >> _PLACE, place & (1 << _PLACE) - 1): raw(value) or b"" for place, value in rows}


def getter(proof: Callable[[ledger.Get], object]) -> ledger.Get:
    """A `ledger.Get` over the stored nodes that a proof asks for, in one query."""
    wanted: list[tuple[int, int]] = []

    def note(level: int, index: int) -> bytes:
        wanted.append((level, index))
        return b""

    proof(note)
    known = nodes(wanted)
    return lambda level, index: known[level, index]


def inclusion_getter(index: int, size: int) -> ledger.Get:
    """What `proof.prove` asks for: a leaf, and its way to the root over `size` leaves."""
    return getter(lambda get: (get(0, index), ledger.inclusion(get, index, size)))


def root_at(size: int) -> bytes:
    """The root of the first `size` stored leaves."""
    known = nodes(edge(size))
    return ledger.root(lambda level, index: known[level, index], size)


def raw(value: bytes | memoryview | str | None) -> bytes | None:
    """A binary column as bytes: PostgreSQL's driver answers memoryview, and SQLite text where someone wrote text."""
    if isinstance(value, str):
        return value.encode()
    return None if value is None else bytes(value)
