"""How two nodes speak over HTTP, beneath envelopes: signed requests, frames, and what is answered.

A request says which node asks, whom it asks, when, and what it carries; the node's Ed25519 key signs all of it, so a
request cannot be turned to another node, another path, another body or another day:

    Tansiq-Node, Tansiq-To, Tansiq-Time (milliseconds), Tansiq-Signature (base64url)
    signed: "tansiq/1/request" || lp(method, path, from, to, time, SHA-256(body))

Mutual TLS, where it is set up, stands in front of this and replaces none of it. A body is a row of frames, each a
32-bit big-endian length and that many bytes (`canon.lp`). A stranger gets one answer, whatever was wrong.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from tansiq.exchange import canon
from tansiq.exchange.keys import Signer, Verifier
from tansiq.exchange.papers import Papers
from tansiq.ground.errors import Untrusted

MEDIA_TYPE = "application/vnd.tansiq"
STRANGER = b'{"error":"refused"}'
"""All that a stranger is told."""

SKEW_MS = 300_000
"""How far two clocks may stand apart, as Kerberos has it (RFC 4120, section 5.2.6 and its usual five minutes)."""

MAX_PARCELS = 1_000
"""The most parcels in one request."""


class Asked(Struct, frozen=True):
    """Who signed a request, and when."""

    node: str
    to: str
    at_ms: int


class Answer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a node answers to envelopes: one signed receipt or hold for each, in order."""

    receipts: tuple[str, ...] = ()


class Words(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a node answers to receipts, papers and cards: "done", or why not, for each in order."""

    answers: tuple[str, ...] = ()


class HeadAnswer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A node's signed head, the proof that it extends an older one, and the highest head it holds of who asks.

    Where who asks holds a head of an earlier epoch, `recoveries` proves the recovery entry of every epoch since, and
    `proof` begins with that head, or with what was left of its epoch. `seen` are the newest heads held of other nodes,
    so that a ledger which shows each partner another past is found out.
    """

    head: str
    proof: tuple[bytes, ...] = ()
    held: str = ""
    recoveries: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()


class CatchUp(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What a node holds that a partner may have lost with its database. Every part carries its own signatures.

    `heads` of the asker's ledger, newest first; `papers` of the agreements that both nodes speak for a party of, with
    all that was said of them; the node's own `card`, and the asker's card as it is held (`yours`); `receipts`, the
    later ones, that the asker signed, and those that it was given (`given`), each envelope's in order; `recalls` of
    letters that the asker wrote or holds, and what was stated of them (`statements`).
    """

    heads: tuple[str, ...] = ()
    papers: tuple[Papers, ...] = ()
    card: str = ""
    yours: str = ""
    receipts: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    recalls: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()


def _signed(method: str, path: str, node: str, to: str, at_ms: int, body: bytes) -> bytes:
    fields = (method.encode(), path.encode(), node.encode(), to.encode(), str(at_ms).encode())
    return b"tansiq/1/request" + canon.lp(*fields, canon.digest(body))


def sign(key: Signer, *, method: str, path: str, node: str, to: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers of a request from `node` to `to`; `path` with its query."""
    at_ms = canon.millis(now)
    signature = key.sign(_signed(method, path, node, to, at_ms, body))
    return {
        "Tansiq-Node": node,
        "Tansiq-To": to,
        "Tansiq-Time": str(at_ms),
        "Tansiq-Signature": base64.urlsafe_b64encode(signature).decode(),
    }


def asked(headers: Mapping[str, str]) -> Asked:
    """What the headers claim, before anything is checked. Raises `Untrusted` when they are not whole."""
    try:
        return Asked(headers["tansiq-node"], headers["tansiq-to"], int(headers["tansiq-time"]))
    except (KeyError, ValueError) as error:
        raise Untrusted("The request is not signed.") from error


def check(
    key: Verifier, claim: Asked, headers: Mapping[str, str], *, method: str, path: str, me: str, body: bytes
) -> None:
    """Raise `Untrusted` unless the claimed node signed this very request for this node. The clock is judged apart."""
    try:
        signature = base64.urlsafe_b64decode(headers.get("tansiq-signature", ""))
    except (binascii.Error, ValueError) as error:
        raise Untrusted("The request is not signed.") from error
    text = _signed(method, path, claim.node, claim.to, claim.at_ms, body)
    for each in (key, *key.older):
        try:
            each.verify(signature, text)
            break
        except Untrusted as fault:
            last = fault
    else:
        raise last
    if claim.to != me:
        raise Untrusted("The request is meant for another node.")


def in_time(claim: Asked, now: datetime) -> bool:
    """Whether the asker's clock and ours stand close enough."""
    return abs(claim.at_ms - canon.millis(now)) <= SKEW_MS
