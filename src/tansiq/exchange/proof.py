"""A proof that leaves the node: one entry of a log and the way to its signed head, checked without the node.

What is needed to check it: this document and the log's public key, from the partner's card.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tansiq.exchange import canon, ledger
from tansiq.exchange.canon import Profile
from tansiq.exchange.keys import Verifier
from tansiq.exchange.label import Count, Digest
from tansiq.exchange.ledger import Get
from tansiq.exchange.receipts import SignedHead, read_head
from tansiq.ground.errors import Untrusted

Path = Annotated[tuple[Digest, ...], Meta(max_length=64)]


class InclusionProof(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One entry of a log. `entry` and `salt` are empty once erased: then only the leaf is proved, not what it said."""

    index: Count
    leaf: Digest
    salt: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$(?!\n)")] = ""
    entry: str = ""
    path: Path
    head: Annotated[str, Meta(max_length=2_048)]
    v: Literal[1] = 1


class Proved(Struct, frozen=True):
    """What a proof shows: the head that covers the entry, the entry unless it was erased, and its place."""

    head: SignedHead
    entry: ledger.Entry | None
    index: int


def prove(get: Get, *, index: int, size: int, salt: bytes | None, entry: bytes | None, head: str) -> bytes:
    """The proof that entry `index` is in the log of `size` leaves whose signed head is `head`, as a document."""
    known = salt is not None and entry is not None
    proof = InclusionProof(
        index=index,
        leaf=get(0, index).hex(),
        salt=salt.hex() if known and salt else "",
        entry=entry.decode() if known and entry else "",
        path=tuple(step.hex() for step in ledger.inclusion(get, index, size)),
        head=head,
    )
    return canon.encode(proof, Profile.TEXT)


def check(raw: bytes, log: Verifier) -> Proved:
    """What the document proves under the log's key; else Malformed or Untrusted."""
    proof = canon.decode(raw, InclusionProof, Profile.TEXT, limit=262_144)
    head = read_head(proof.head, log)
    leaf = bytes.fromhex(proof.leaf)
    path = [bytes.fromhex(step) for step in proof.path]
    if not ledger.verify_inclusion(leaf, proof.index, head.size, path, bytes.fromhex(head.root)):
        raise Untrusted("The entry is not in the log that the head signs for.", "Ask the node for a new proof.")
    if not proof.salt and not proof.entry:
        return Proved(head, None, proof.index)
    entry = proof.entry.encode()
    if ledger.leaf_hash(bytes.fromhex(proof.salt), entry) != leaf:
        raise Untrusted("The entry is not what was logged.", "Ask the node for a new proof.")
    return Proved(head, ledger.read_entry(entry), proof.index)
