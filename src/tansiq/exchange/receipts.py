"""What a recipient signs: receipts, and heads of its log that others hold against it.

A receipt says what became of one envelope: n = 0 is accepted or refused, never both, and each later one (read, acted,
mislabelled, erased, retained) names the one before it. Two different receipts with one n from one signer are evidence
of equivocation. A head is the log's size and root, signed by the log key; whoever holds an older head checks that the
newer log begins with it. Tokens are JWS (`jws`); times are milliseconds since 1970.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tansiq.exchange import jws, ledger
from tansiq.exchange.keys import Signer, Verifier
from tansiq.exchange.label import Agency, Code, Count, Digest, DigestOrNone, Millis
from tansiq.ground.errors import Malformed, Untrusted

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


def read_receipt(token: str, verifier: Verifier) -> Receipt:
    """The receipt of a token signed by the recipient's key; else Malformed or Untrusted."""
    receipt = jws.read(token, Receipt, verifier)
    _check_receipt(receipt)
    return receipt


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


def _check_receipt(receipt: Receipt) -> None:
    first = receipt.n == 0
    if first != (receipt.state in FIRST) or first != (receipt.prev == ""):
        raise Malformed(
            f"Receipt {receipt.n} cannot say {receipt.state}.", "The first is accepted or refused; others follow it."
        )
