"""What a recipient signs: receipts, and heads of its log that others hold against it.

A receipt says what became of one envelope: n = 0 is accepted or refused, never both, and each later one (read, acted,
mislabelled, erased, retained) names the one before it. Two different receipts with one n from one signer are evidence
of equivocation. A head is the log's size and root, signed by the log key; whoever holds an older head checks that the
newer log begins with it. Tokens are JWS (`jws`); times are milliseconds since 1970.

Receipts that are given together share one signature, over the root of a Merkle tree (RFC 9162, section 2.1) whose
leaves are H(0x00 || payload); each carries its place and path, and so verifies alone:

    base64url(payload) "~" base64url(lp(index || size, hash ...)) "~" JWS of the root

`head` then stands once, beside the root.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from tansiq.exchange import canon, jws, ledger
from tansiq.exchange.envelope import read_path, write_path
from tansiq.exchange.keys import Signer, Verifier
from tansiq.exchange.label import Agency, Code, Count, Digest, DigestOrNone, Millis
from tansiq.ground.errors import Malformed, Untrusted

MOST_TOGETHER = 1_000
"""The most receipts under one signature."""

RuleIds = Annotated[tuple[Annotated[str, Meta(max_length=80)], ...], Meta(max_length=32)]


class ReceiptState(StrEnum):
    """What became of an envelope at one recipient."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    READ = "read"
    ACTED = "acted"
    MISLABELLED = "mislabelled"
    ERASED = "erased"
    RETAINED = "retained"


FIRST = frozenset({ReceiptState.ACCEPTED, ReceiptState.REFUSED})
"""The states of n = 0."""


class Receipt(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A recipient's word on one envelope.

    `envelope` is H(man), `prev` the digest of the receipt token before this one (empty for n = 0), `rules` the ids of
    the agreement's rules that decided, `reason` a code for a refusal, `leaf` the place in the recipient's log, and
    `head` the token of a signed head that covers it (empty where none is out yet).
    """

    envelope: Digest
    recipient: Agency
    n: Annotated[int, Meta(ge=0, le=1_000)]
    prev: DigestOrNone
    state: ReceiptState
    agreement: Digest
    at: Millis
    rules: RuleIds = ()
    reason: Annotated[str, Meta(max_length=64)] = ""
    leaf: Count = 0
    head: Annotated[str, Meta(max_length=2_048)] = ""
    v: Literal[1] = 1


class ReceiptRoot(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A recipient's one signature for many receipts: the root over them, and a signed head that covers them all."""

    recipient: Agency
    size: Annotated[int, Meta(ge=2, le=1_000)]
    root: Digest
    at: Millis
    head: Annotated[str, Meta(max_length=2_048)] = ""
    v: Literal[1] = 1


class Hold(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Not now: try again after `retry_ms`. It is no receipt; the same envelope may still be accepted or refused."""

    envelope: Digest
    recipient: Agency
    reason: Code
    retry_ms: Count
    at: Millis
    v: Literal[1] = 1


class SignedHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The state of a log: its node's code, epoch (raised by a recovery), size, root and time."""

    log: Agency
    epoch: Annotated[int, Meta(ge=1, le=1_000_000)]
    size: Count
    root: Digest
    at: Millis
    v: Literal[1] = 1


class Cosignature(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A witness's word that it saw a head and that it continues the ones before."""

    head: Digest
    witness: Agency
    at: Millis
    v: Literal[1] = 1


class Comparison(StrEnum):
    """How a new head stands to the one that is held."""

    OK = "ok"
    ROLLBACK = "rollback"
    FORK = "fork"
    RECOVERED = "recovered"


class Evidence(Struct, frozen=True):
    """Two tokens by one signer that cannot both be true."""

    first: str
    second: str


def sign_receipt(receipt: Receipt, signer: Signer) -> str:
    """The receipt as a token. A receipt that could not stand in any chain raises Malformed."""
    _check_receipt(receipt)
    return jws.sign(receipt, signer)


def sign_receipts(receipts: Sequence[Receipt], *, head: str, at: int, signer: Signer) -> list[str]:
    """Receipts of one recipient as tokens, in order, under one signature; `head` is a signed head for them all.

    Raises Malformed for a receipt that could not stand in any chain, or that names a head of its own.
    """
    tokens: list[str] = []
    for start in range(0, len(receipts), MOST_TOGETHER):
        some = receipts[start : start + MOST_TOGETHER]
        if len(some) == 1:
            tokens.append(sign_receipt(msgspec.structs.replace(some[0], head=head), signer))
        else:
            tokens += _signed_together(some, head, at, signer)
    return tokens


def _signed_together(some: Sequence[Receipt], head: str, at: int, signer: Signer) -> list[str]:
    payloads = []
    for receipt in some:
        _check_receipt(receipt)
        if receipt.head or receipt.recipient != some[0].recipient:
            raise Malformed("A receipt is of another recipient, or names a head.", "Give the head for all.")
        payloads.append(canon.write(receipt))
    root, paths = ledger.paths([ledger.hash_leaf(payload) for payload in payloads])
    said = ReceiptRoot(recipient=some[0].recipient, size=len(some), root=root.hex(), at=at, head=head)
    signed = jws.sign(said, signer)
    return [
        "~".join((jws.encode_key(payload), jws.encode_key(write_path(index, len(some), path)), signed))
        for index, (payload, path) in enumerate(zip(payloads, paths, strict=True))
    ]


def read_receipt(token: str, verifier: Verifier) -> Receipt:
    """The receipt of a token signed by the recipient's key; else Malformed or Untrusted."""
    if "~" not in token:
        receipt = jws.read(token, Receipt, verifier)
        _check_receipt(receipt)
        return receipt
    payload, path, signed = _together(token)
    place, root = read_path(path), _root(signed, verifier)
    climbed = ledger.climb(ledger.hash_leaf(payload), place.index, place.size, place.path)
    if climbed is None or place.size != root.size or climbed.hex() != root.root:
        raise Untrusted("The receipt is not among those that were signed.", "Ask the sender for it again.")
    receipt = _of(payload)
    if receipt.recipient != root.recipient:
        raise Untrusted("The receipt is not by who signed.", "Ask the sender for it again.")
    _check_receipt(receipt)
    return msgspec.structs.replace(receipt, head=root.head)


def unverified(token: str) -> Receipt:
    """The receipt of a token whose signature NOBODY HAS CHECKED: to learn of which envelope it speaks."""
    return _of(_together(token)[0]) if "~" in token else jws.unverified(token, Receipt)


def check_next(held: Sequence[str], token: str, verifier: Verifier) -> Receipt:
    """The receipt of `token`, which must continue the chain of `held` tokens (n = 0 first); else Untrusted."""
    receipt = read_receipt(token, verifier)
    if receipt.n != len(held):
        raise Untrusted(f"Receipt {receipt.n} came where {len(held)} is next.", "Ask for the ones between.")
    if not held:
        return receipt
    last = read_receipt(held[-1], verifier)
    if receipt.prev != jws.digest(held[-1]):
        raise Untrusted(f"Receipt {receipt.n} names another one before it.", "Keep both and raise an alarm.")
    if (receipt.envelope, receipt.recipient) != (last.envelope, last.recipient):
        raise Untrusted("The receipt speaks of another envelope.", "Keep both and raise an alarm.")
    if last.state is ReceiptState.REFUSED:
        raise Untrusted("A refused envelope has no further receipt.", "Keep both and raise an alarm.")
    return receipt


def equivocation(first: str, second: str, verifier: Verifier) -> Evidence | None:
    """Evidence when both tokens are signed by this key for one envelope, recipient and n, and differ; else None."""
    one, other = read_receipt(first, verifier), read_receipt(second, verifier)
    same = (one.envelope, one.recipient, one.n) == (other.envelope, other.recipient, other.n)
    return Evidence(first, second) if same and one != other else None


def sign_hold(hold: Hold, signer: Signer) -> str:
    """The hold as a token."""
    return jws.sign(hold, signer)


def read_hold(token: str, verifier: Verifier) -> Hold:
    """The hold of a token signed by the recipient's key; else Malformed or Untrusted."""
    return jws.read(token, Hold, verifier)


def sign_head(head: SignedHead, log: Signer) -> str:
    """The head as a token, signed by the log key."""
    return jws.sign(head, log)


def read_head(token: str, log: Verifier) -> SignedHead:
    """The head of a token signed by the partner's log key; else Malformed or Untrusted."""
    return jws.read(token, SignedHead, log)


def compare(held: SignedHead, new: SignedHead, proof: Sequence[bytes]) -> Comparison:
    """Whether `new` continues `held`, by a consistency proof from held.size to new.size (newest epoch's tree).

    RECOVERED says that the log opened a new epoch: its recovery entry must be asked for and acknowledged by people.
    """
    if new.log != held.log:
        raise ValueError("two heads of different logs cannot be compared")
    if new.epoch < held.epoch:
        return Comparison.ROLLBACK
    if new.epoch > held.epoch:
        return Comparison.RECOVERED
    if new.size < held.size:
        return Comparison.ROLLBACK
    roots = bytes.fromhex(held.root), bytes.fromhex(new.root)
    return Comparison.OK if ledger.verify_consistency(held.size, new.size, *roots, proof) else Comparison.FORK


def cosign(head_token: str, *, witness: str, at: int, signer: Signer) -> str:
    """A witness's signature on a head that it has compared."""
    return jws.sign(Cosignature(head=jws.digest(head_token), witness=witness, at=at), signer)


def check_cosignature(token: str, head_token: str, verifier: Verifier) -> Cosignature:
    """The cosignature of a token, which must be on this head; else Untrusted."""
    cosignature = jws.read(token, Cosignature, verifier)
    if cosignature.head != jws.digest(head_token):
        raise Untrusted("The witness signed another head.", "Ask it for its signature on this one.")
    return cosignature


def covers(receipt: Receipt, leaf: bytes, proof: Sequence[bytes], log: Verifier) -> bool:
    """Whether the receipt's own head holds the leaf at the receipt's place."""
    head = read_head(receipt.head, log)
    return ledger.verify_inclusion(leaf, receipt.leaf, head.size, proof, bytes.fromhex(head.root))


def _together(token: str) -> tuple[bytes, bytes, str]:
    """Payload, path and signed root of a receipt that shares its signature; else Malformed."""
    parts = token.split("~")
    if len(token) > jws.LIMIT or len(parts) != 3:
        raise Malformed("The token is no receipt.", "Send it as it was signed.")
    return jws.decode_key(parts[0]), jws.decode_key(parts[1]), parts[2]


def _of(payload: bytes) -> Receipt:
    receipt = canon.decode(payload, Receipt, limit=jws.LIMIT)
    if receipt.head:
        raise Malformed("The receipt names a head of its own.", "Send it as it was signed.")
    return receipt


@lru_cache(maxsize=64)
def _root(token: str, verifier: Verifier) -> ReceiptRoot:
    """The root that was signed. Remembered for a while, so that many receipts cost one check; a fault is not."""
    return jws.read(token, ReceiptRoot, verifier)


def _check_receipt(receipt: Receipt) -> None:
    first = receipt.n == 0
    if first != (receipt.state in FIRST) or first != (receipt.prev == ""):
        raise Malformed(
            f"Receipt {receipt.n} cannot say {receipt.state}.", "The first is accepted or refused; others follow it."
        )
