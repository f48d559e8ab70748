"""The log: published vectors, proofs, and rows that were altered."""

import hashlib
import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tansiq.exchange import ledger, proof
from tansiq.exchange.ledger import EMPTY, Entry, EntryRow, EntryType, Node, RowFault
from tansiq.exchange.receipts import SignedHead, sign_head
from tansiq.ground.errors import Malformed, Untrusted
from tests.exchange.sealed import ES, MA, SENT

# The eight leaves and roots of the Certificate Transparency reference tree (google/certificate-transparency).
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [bytes.fromhex(text) for text in (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)]  # fmt: skip
GET = ledger.getter([ledger.hash_leaf(leaf) for leaf in LEAVES])


def test_the_roots_are_the_published_ones() -> None:
    assert ledger.root(GET, 0) == EMPTY
    assert [ledger.root(GET, size) for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize("size", range(1, 9))
def test_every_proof_of_the_published_tree_holds(size: int) -> None:
    root = ROOTS[size - 1]
    for index in range(size):
        steps = ledger.inclusion(GET, index, size)
        assert ledger.verify_inclusion(ledger.hash_leaf(LEAVES[index]), index, size, steps, root)
    for old in range(1, size + 1):
        assert ledger.verify_consistency(old, size, ROOTS[old - 1], root, ledger.consistency(GET, old, size))
    assert ledger.verify_consistency(0, size, EMPTY, root, [])


def test_the_published_proofs_are_ours() -> None:
    hexes = [step.hex()[:16] for step in ledger.inclusion(GET, 0, 8)]
    assert hexes == ["96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"]
    hexes = [step.hex()[:16] for step in ledger.consistency(GET, 6, 8)]
    assert hexes == ["0ebc5d3437fbe2db", "ca854ea128ed050b", "d37ee418976dd957"]


def naive_root(leaves: list[bytes]) -> bytes:
    """The root as RFC 9162 section 2.1.1 defines it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def tree(size: int, groups: list[int] | None = None) -> tuple[list[bytes], ledger.Get]:
    """Leaves and nodes of a log that grew in groups."""
    leaves = [hashlib.sha256(str(number).encode()).digest() for number in range(size)]
    nodes: dict[tuple[int, int], bytes] = {}

    def get(level: int, index: int) -> bytes:
        return nodes[level, index]

    start = 0
    for width in [*(groups or []), size]:
        fresh = ledger.append(get, start, leaves[start : start + width])
        assert not {(node.level, node.index) for node in fresh} & set(nodes)
        nodes.update({(node.level, node.index): node.hash for node in fresh})
        start = min(start + width, size)
    return leaves, get


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 130), st.lists(st.integers(1, 40), max_size=6), st.data())
def test_a_log_that_grows_in_groups_proves_all(size: int, groups: list[int], data: st.DataObject) -> None:
    leaves, get = tree(size, groups)
    old, index = data.draw(st.integers(0, size)), data.draw(st.integers(0, size - 1))
    root, older = naive_root(leaves), naive_root(leaves[:old])
    steps, between = ledger.inclusion(get, index, size), ledger.consistency(get, old, size)

    assert ledger.root(get, size) == root
    assert ledger.paths(leaves) == (root, [ledger.inclusion(get, place, size) for place in range(size)])
    assert ledger.verify_inclusion(leaves[index], index, size, steps, root)
    assert ledger.verify_consistency(old, size, older, root, between)
    assert not ledger.verify_inclusion(bytes(32), index, size, steps, root)
    assert not ledger.verify_inclusion(leaves[index], index, size, [*steps, bytes(32)], root)
    if steps:
        assert not ledger.verify_inclusion(leaves[index], index, size, steps[:-1], root)
        assert not ledger.verify_inclusion(leaves[index], index ^ 1, size, steps, root)
    if 0 < old < size:
        assert not ledger.verify_consistency(old, size, bytes(32), root, between)
        assert not ledger.verify_consistency(old, size, older, bytes(32), between)
        assert not ledger.verify_consistency(old, size, older, root, between[:-1])
        assert not ledger.verify_consistency(old, size, older, root, [*between, bytes(32)])
        assert not ledger.verify_consistency(size, old, root, older, between)


@given(st.integers(-2, 40), st.integers(-2, 40), st.lists(st.binary(max_size=33), max_size=7))
def test_any_proof_is_judged(old: int, new: int, steps: list[bytes]) -> None:
    root = hashlib.sha256(b"root").digest()
    assert not ledger.verify_consistency(old, new, bytes(32), root, steps)
    assert not ledger.verify_inclusion(bytes(32), old, new, steps, root)


def test_what_cannot_be_proved_is_said() -> None:
    for bad in ((8, 8), (-1, 8), (0, 0)):
        with pytest.raises(ValueError, match="not among"):
            ledger.inclusion(GET, *bad)
    with pytest.raises(ValueError, match="beginning"):
        ledger.consistency(GET, 5, 4)


# Entries


ENTRY = Entry(
    type=EntryType.EVENT,
    name="watch.alert.raise",
    thing="0195512c",
    by="ma.marine/duty-officer/نور",
    at=SENT,
    detail={"priority": 1, "lat": 35.5, "text": "العرائش"},
)


def test_an_entry_comes_back_and_its_salt_hides_it() -> None:
    raw = ledger.write_entry(ENTRY)

    assert ledger.read_entry(raw) == ENTRY
    assert ledger.leaf_hash(bytes(32), raw) == hashlib.sha256(b"\x00" + bytes(32) + raw).digest()
    assert ledger.salt() != ledger.salt()
    with pytest.raises(Malformed):
        ledger.read_entry(raw + b" ")


# Rows


def rows(size: int) -> tuple[list[EntryRow], list[Node], bytes]:
    """A stored log, and its root."""
    entries = [
        EntryRow(place, bytes([place % 256]) * 32, ledger.write_entry(replace(ENTRY, at=SENT + place)))
        for place in range(size)
    ]
    leaves = [ledger.leaf_hash(row.salt or b"", row.entry or b"") for row in entries]
    return entries, ledger.append(GET, 0, leaves), ledger.root(ledger.getter(leaves), size)


SIZES = (1, 2, 3, 5, 8, 13, 32)


@pytest.mark.parametrize("size", [0, *SIZES])
@pytest.mark.parametrize("erased", [False, True])
def test_a_sound_log_has_no_fault(size: int, erased: bool) -> None:
    entries, nodes, root = rows(size)
    kept = [EntryRow(row.index, None, None) if erased and row.index % 3 == 0 else row for row in entries]
    random.Random(1).shuffle(nodes)

    assert ledger.verify_rows(entries=kept[::-1], nodes=nodes, size=size, root=root) == []


@pytest.mark.parametrize("size", SIZES)
def test_an_altered_entry_is_named(size: int) -> None:
    entries, nodes, root = rows(size)
    for row in entries:
        for bad in (
            replace(row, entry=(row.entry or b"") + b" "),
            replace(row, salt=b"x" * 32),
            replace(row, salt=None),
        ):
            changed = [bad if each is row else each for each in entries]
            faults = ledger.verify_rows(entries=changed, nodes=nodes, size=size, root=root)
            assert faults == [RowFault("entry", 0, row.index, "altered")]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("erased", [False, True])
def test_an_altered_node_is_named(size: int, erased: bool) -> None:
    entries, nodes, root = rows(size)
    kept = [EntryRow(row.index, None, None) if erased and row.index % 2 == 0 else row for row in entries]
    for node in nodes:
        changed = [replace(each, hash=bytes(32)) if each is node else each for each in nodes]
        faults = ledger.verify_rows(entries=kept, nodes=changed, size=size, root=root)
        assert faults == [RowFault("node", node.level, node.index, "altered")] or (
            erased and size % 2 and faults == [RowFault("head", 0, size, "altered")]
        )


@pytest.mark.parametrize("size", SIZES)
def test_a_missing_row_is_named(size: int) -> None:
    entries, nodes, root = rows(size)
    for row in entries:
        rest = [each for each in entries if each is not row]
        faults = ledger.verify_rows(entries=rest, nodes=nodes, size=size, root=root)
        assert faults == [RowFault("entry", 0, row.index, "missing")]
    for node in nodes:
        left = [each for each in nodes if each is not node]
        faults = ledger.verify_rows(entries=entries, nodes=left, size=size, root=root)
        assert faults == [RowFault("node", node.level, node.index, "missing")]


def test_a_row_that_no_such_log_has_is_named() -> None:
    entries, nodes, root = rows(5)
    more = [*nodes, Node(0, 5, bytes(32)), Node(9, 0, bytes(32)), Node(2, 1, bytes(32)), Node(-1, 0, bytes(32))]
    faults = ledger.verify_rows(entries=[*entries, EntryRow(5, b"", b"")], nodes=more, size=5, root=root)

    assert [(fault.table, fault.level, fault.index) for fault in faults] == [
        ("node", 0, 5), ("node", 9, 0), ("node", 2, 1), ("node", -1, 0), ("entry", 0, 5),
    ]  # fmt: skip
    assert {fault.what for fault in faults} == {"unexpected"}


def test_a_log_rewritten_from_end_to_end_differs_from_its_head() -> None:
    _, _, root = rows(6)
    entries = [EntryRow(place, bytes(32), b"{}") for place in range(6)]
    nodes = ledger.append(GET, 0, [ledger.leaf_hash(bytes(32), b"{}")] * 6)

    assert ledger.verify_rows(entries=entries, nodes=nodes, size=6) == []
    assert ledger.verify_rows(entries=entries, nodes=nodes, size=6, root=root) == [RowFault("head", 0, 6, "altered")]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SIZES), st.data())
def test_two_altered_rows_are_never_taken_for_none(size: int, data: st.DataObject) -> None:
    entries, nodes, root = rows(size)
    at, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, len(nodes) - 1))
    entries[at] = replace(entries[at], entry=b"{}")
    nodes[other] = replace(nodes[other], hash=data.draw(st.binary(min_size=32, max_size=32)))

    assert ledger.verify_rows(entries=entries, nodes=nodes, size=size, root=root)


# Proofs that leave the node


def proved(change: Callable[[bytes], bytes] = bytes, *, erased: bool = False) -> proof.Proved:
    """The fourth entry of a log of seven, proved and checked."""
    entries, _, root = rows(7)
    get = ledger.getter([ledger.leaf_hash(row.salt or b"", row.entry or b"") for row in entries])
    head = sign_head(SignedHead(log="ma", epoch=1, size=7, root=root.hex(), at=SENT), MA.log)
    salt, entry = (None, None) if erased else (entries[3].salt, entries[3].entry)
    raw = proof.prove(get, index=3, size=7, salt=salt, entry=entry, head=head)
    return proof.check(change(raw), MA.log.verifier)


def test_a_proof_is_checked_without_the_node() -> None:
    assert proved().entry == replace(ENTRY, at=SENT + 3)
    assert proved().head.size == 7
    assert proved(erased=True).entry is None


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"alert.raise", b"alert.close"),
        lambda raw: raw.replace(b'"index":3', b'"index":2'),
        lambda raw: raw.replace(b'"salt":"03', b'"salt":"04'),
        lambda raw: raw.replace(b'"path":["', b'"path":["' + b"0" * 64 + b'","'),
        lambda raw: raw[:-1],
    ],
)
def test_a_changed_proof_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises((Malformed, Untrusted)):
        proved(change)


def test_a_proof_under_another_log_is_refused() -> None:
    entries, _, root = rows(2)
    get = ledger.getter([ledger.leaf_hash(row.salt or b"", row.entry or b"") for row in entries])
    head = sign_head(SignedHead(log="ma", epoch=1, size=2, root=root.hex(), at=SENT), ES.log)
    raw = proof.prove(get, index=0, size=2, salt=None, entry=None, head=head)
    with pytest.raises(Untrusted):
        proof.check(raw, MA.log.verifier)
    assert list(itertools.islice(entries, 1))
