"""The Merkle log (RFC 9162 section 2.1), without a store: what to write, what to prove, how to check.

A leaf is SHA-256(0x00 || salt || entry) with a salt of 32 random bytes, so that erasing salt and entry keeps the tree
and hides even a fact that could be guessed. Every *complete* subtree has one node (level, index): level 0 holds the
leaves, and node (l, i) covers leaves i * 2^l up to (i + 1) * 2^l. Root and proofs then need O(log n) nodes, which are
fetched through `Get`, a callable (level, index) -> 32 bytes. `verify_rows` checks stored
rows against each other and names exactly the one that is wrong.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tansiq.exchange import canon
from tansiq.exchange.canon import Profile

Get = Callable[[int, int], bytes]
"""(level, index) -> hash of that complete subtree."""

Levels = list[dict[int, bytes]]

EMPTY = hashlib.sha256(b"").digest()
"""The root of a log without leaves."""

SALT_BYTES = 32


class EntryType(StrEnum):
    """What an entry is about."""

    EVENT = "event"
    SENT = "sent"
    RECEIVED = "received"
    RECEIPT = "receipt"
    READ = "read"
    AGREEMENT = "agreement"
    KEY = "key"
    HEAD = "head"
    RECOVERY = "recovery"
    PADDING = "padding"


class Entry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fact in the log: what happened, to which thing, by whom, when (milliseconds), and details.

    `thing` is an id or a digest; `by` an officer's signature line ("agency/duty/name") or "node". Bodies of letters
    never stand here.
    """

    type: EntryType
    name: str
    thing: str
    by: str
    at: Annotated[int, Meta(ge=0)]
    detail: dict[str, str | int | float] = {}
    v: Literal[1] = 1


class Node(Struct, frozen=True, array_like=True, gc=False):
    """One complete subtree, to be stored."""

    level: int
    index: int
    hash: bytes


class EntryRow(Struct, frozen=True, gc=False):
    """A stored entry: its place from 0, and its salt and bytes, both None once erased."""

    index: int
    salt: bytes | None
    entry: bytes | None


class RowFault(Struct, frozen=True):
    """One row that is not what the log says: an entry, a node (level, index), or the head over all of them."""

    table: Literal["entry", "node", "head"]
    level: int
    index: int
    what: Literal["altered", "missing", "unexpected"]


def write_entry(entry: Entry) -> bytes:
    """The entry's bytes, as they are hashed and stored."""
    return canon.write(entry, Profile.TEXT)


def read_entry(raw: bytes) -> Entry:
    """The entry of these bytes, or Malformed."""
    return canon.decode(raw, Entry, Profile.TEXT)


def salt() -> bytes:
    """A new salt (32 bytes)."""
    return os.urandom(SALT_BYTES)


def leaf_hash(salt: bytes, entry: bytes) -> bytes:
    """The leaf of a salted entry."""
    return hash_leaf(salt + entry)


def hash_leaf(data: bytes) -> bytes:
    """SHA-256(0x00 || data): a leaf of RFC 9162."""
    return hashlib.sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right): an inner node of RFC 9162."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(get: Get, size: int, leaves: Sequence[bytes]) -> list[Node]:
    """The nodes to store, leaves included, when `leaves` (hashes) join a log of `size` leaves."""
    fresh: dict[tuple[int, int], bytes] = {}
    nodes: list[Node] = []
    for place, leaf in enumerate(leaves, size):
        level, index, value = 0, place, leaf
        fresh[level, index] = value
        nodes.append(Node(level, index, value))
        while index & 1:
            left = fresh.get((level, index - 1)) or get(level, index - 1)
            value = hash_children(left, value)
            level, index = level + 1, index >> 1
            fresh[level, index] = value
            nodes.append(Node(level, index, value))
    return nodes


def getter(leaves: Sequence[bytes]) -> Get:
    """A `Get` over leaf hashes held in memory."""
    nodes = {(node.level, node.index): node.hash for node in append(_none, 0, leaves)}
    return lambda level, index: nodes[level, index]


def root(get: Get, size: int) -> bytes:
    """The root of the first `size` leaves."""
    return _range(get, 0, size)


def inclusion(get: Get, index: int, size: int) -> list[bytes]:
    """The proof that leaf `index` is among the first `size` leaves (RFC 9162 section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not among {size}")
    path: list[bytes] = []
    start, width = 0, size
    while width > 1:
        split = _split(width)
        if index - start < split:
            path.append(_range(get, start + split, start + width))
            width = split
        else:
            path.append(_range(get, start, start + split))
            start, width = start + split, width - split
    return path[::-1]


def paths(leaves: Sequence[bytes]) -> tuple[bytes, list[list[bytes]]]:
    """The root over leaf hashes and every leaf's inclusion proof, level by level: for many leaves at once."""
    proofs: list[list[bytes]] = [[] for _ in leaves]
    level, height = list(leaves), 0
    while len(level) > 1:
        for index, proof in enumerate(proofs):
            beside = index >> height ^ 1
            if beside < len(level):
                proof.append(level[beside])
        odd = level[-1:] if len(level) & 1 else []  # a last node without a neighbour goes up as it is
        level = [hash_children(left, right) for left, right in zip(level[::2], level[1::2], strict=False)] + odd
        height += 1
    return level[0] if level else EMPTY, proofs


def consistency(get: Get, old: int, new: int) -> list[bytes]:
    """The proof that the first `new` leaves begin with the first `old` (RFC 9162 section 2.1.4.1)."""
    if not 0 <= old <= new:
        raise ValueError(f"{old} leaves are not the beginning of {new}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, width, whole, rest = 0, new, True, old
    while rest != width:
        split = _split(width)
        if rest <= split:
            path.append(_range(get, start + split, start + width))
            width = split
        else:
            path.append(_range(get, start, start + split))
            start, width, rest, whole = start + split, width - split, rest - split, False
    if not whole:
        path.append(_range(get, start, start + width))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf to the root (RFC 9162 section 2.1.3.2)."""
    return climb(leaf, index, size, proof) == root


def climb(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that the proof leads to from leaf `index` of `size`, or None where it has not that shape."""
    if not 0 <= index < size:
        return None
    here, last, value = index, size - 1, leaf
    for step in proof:
        if last == 0 or len(step) != 32:
            return None
        if here & 1 or here == last:
            value = hash_children(step, value)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            value = hash_children(value, step)
        here, last = here >> 1, last >> 1
    return value if last == 0 else None


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the newer log begins with the older one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new or any(len(step) != 32 for step in proof):
        return False
    if old == new:
        return old_root == new_root and not proof
    if old == 0:
        return old_root == EMPTY and not proof
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not steps:
        return False
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            older, newer = hash_children(step, older), hash_children(step, newer)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            newer = hash_children(newer, step)
        here, last = here >> 1, last >> 1
    return last == 0 and older == old_root and newer == new_root


def verify_rows(
    *, entries: Iterable[EntryRow], nodes: Iterable[Node], size: int, root: bytes | None = None
) -> list[RowFault]:
    """Every stored row that is wrong; empty when the log is sound.

    `size` and `root` are what the newest signed head says; rows may come in any order. An erased entry (no salt, no
    bytes) is vouched for by its leaf, and the leaf by its parent. Where all rows agree with each other and not with
    the root, the whole log was rewritten, and the fault names the head. Without `root` nobody can tell which of the
    last entry and its leaf was altered, when they stand alone: the entry is named.
    """
    faults: list[RowFault] = []
    check = _Check(_levels(nodes, size, faults), size, root, faults)
    level = check.leaves(entries)
    for height in range(1, size.bit_length()):
        level = [check.parent(height, index, level) for index in range(size >> height)]
    if root is not None and not faults and _root_of(lambda height, index: check.stored[height][index], size) != root:
        faults.append(RowFault("head", 0, size, "altered"))
    return faults


def _root_of(get: Get, size: int) -> bytes:
    """`root`, where an argument has that name."""
    return _range(get, 0, size)


def _none(level: int, index: int) -> bytes:
    raise KeyError((level, index))


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << (width - 1).bit_length() - 1


def _range(get: Get, start: int, end: int) -> bytes:
    """The hash over leaves `start` up to `end`, where `start` is a multiple of a fitting power of two."""
    width = end - start
    if width == 0:
        return EMPTY
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return get(level, start >> level)
    split = _split(width)
    return hash_children(_range(get, start, start + split), _range(get, start + split, end))


def _levels(nodes: Iterable[Node], size: int, faults: list[RowFault]) -> Levels:
    """The stored nodes by level; rows that no log of this size has are faults."""
    stored: Levels = [{} for _ in range(max(size.bit_length(), 1))]
    for node in nodes:
        if 0 <= node.level < len(stored) and 0 <= node.index < size >> node.level:
            stored[node.level][node.index] = node.hash
        else:
            faults.append(RowFault("node", node.level, node.index, "unexpected"))
    return stored


class _Check:
    """One walk from the entries up to the root."""

    def __init__(self, stored: Levels, size: int, root: bytes | None, faults: list[RowFault]) -> None:
        self.stored, self.size, self.root, self.faults = stored, size, root, faults
        self.unvouched: set[int] = set()

    def leaves(self, entries: Iterable[EntryRow]) -> list[bytes | None]:
        """The leaves, each settled between its entry and its stored node."""
        level: list[bytes | None] = [None] * self.size
        seen = bytearray(self.size)
        for row in entries:
            if 0 <= row.index < self.size:
                seen[row.index] = 1
                level[row.index] = self._leaf(row)
            else:
                self._name("entry", 0, row.index, "unexpected")
        for index in (index for index in range(self.size) if not seen[index]):
            self._name("entry", 0, index, "missing")
            level[index] = self._leaf(EntryRow(index, None, None))
        return level

    def parent(self, height: int, index: int, children: list[bytes | None]) -> bytes | None:
        """The hash of a node, settled between its children and what is stored."""
        left, right = children[2 * index], children[2 * index + 1]
        grown = None if left is None or right is None else hash_children(left, right)
        held = self.stored[height].get(index)
        if held is None:
            self._name("node", height, index, "missing")
            return grown
        if grown is None or grown == held:
            return held
        suspects = sorted(self.unvouched & {2 * index, 2 * index + 1}) if height == 1 else []
        if suspects and self._fits(height, index, held):
            for suspect in suspects:
                self._name("node", 0, suspect, "altered")
            return held
        self._name("node", height, index, "altered")
        return grown

    def _leaf(self, row: EntryRow) -> bytes | None:
        held = self.stored[0].get(row.index)
        if row.salt is None and row.entry is None:
            if held is None:
                self._name("node", 0, row.index, "missing")
            else:
                self.unvouched.add(row.index)
            return held
        grown = leaf_hash(row.salt or b"", row.entry or b"")
        if held is None:
            self._name("node", 0, row.index, "missing")
            return grown
        if grown == held:
            return held
        node = self._fits(0, row.index, grown) and not self._fits(0, row.index, held)
        self._name("node" if node else "entry", 0, row.index, "altered")
        return grown if node else held

    def _fits(self, height: int, index: int, value: bytes) -> bool:
        """Whether the node above, or the root where there is none, says that this value is right."""
        over = self.stored[height + 1].get(index >> 1) if height + 1 < len(self.stored) else None
        other = self.stored[height].get(index ^ 1)
        if over is not None and other is not None:
            return hash_children(*((other, value) if index & 1 else (value, other))) == over
        if self.root is None:
            return False
        try:
            found = _root_of(lambda h, i: value if (h, i) == (height, index) else self.stored[h][i], self.size)
        except KeyError:
            return False
        return found == self.root

    def _name(
        self, table: Literal["entry", "node"], level: int, index: int, what: Literal["altered", "missing", "unexpected"]
    ) -> None:
        self.faults.append(RowFault(table, level, index, what))
