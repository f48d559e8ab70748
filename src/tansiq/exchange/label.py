"""What a carrier reads (Route) and what a named reader reads (Label): the outside of every envelope.

The route goes in clear and holds all that a carrier needs. The label is sealed to its readers, the desk among them, so
carriers see neither topic nor case. Both are canonical JSON in the profile of codes (`canon.Profile.CODES`).

Handling codes H0 to H3 are Europol's; the evaluation is the 4x4 system (source A, B, C, X; information 1 to 4);
the bands of urgency answer to Directive (EU) 2023/977, article 5 (8 hours, 3 days, 7 days).
"""

import hashlib
import hmac
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from tansiq.exchange import canon
from tansiq.exchange.kinds import Kind
from tansiq.ground.errors import Malformed
from tansiq.parties.values import AGENCY_CODE

SUITE: Literal["TSQ1"] = "TSQ1"
"""MLKEM768-X25519 HPKE, HKDF-SHA256, AES-256-GCM, SHA-256, Ed25519."""

Agency = Annotated[str, Meta(pattern=AGENCY_CODE)]
"""An agency's code, "ma.marine"."""

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
"""A SHA-256 in lower-case hexadecimal."""

DigestOrNone = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$(?!\n)")]
CaseOrNone = Annotated[str, Meta(pattern=r"^([0-9a-f]{32})?$(?!\n)")]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$(?!\n)")]
CodeOrNone = Annotated[str, Meta(pattern=r"^([a-z0-9][a-z0-9.-]{0,63})?$(?!\n)")]
Words = Annotated[str, Meta(max_length=120)]
Millis = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
Count = Annotated[int, Meta(ge=0, le=canon.SAFE)]
Agencies = Annotated[tuple[Agency, ...], Meta(min_length=1, max_length=64)]


class Urgency(StrEnum):
    """How soon an answer is owed, first the soonest."""

    DISTRESS = "distress"
    URGENT = "urgent"
    PRIORITY = "priority"
    ROUTINE = "routine"


class Handling(StrEnum):
    """What the reader may do with it (Europol handling codes)."""

    H0 = "H0"
    H1 = "H1"
    H2 = "H2"
    H3 = "H3"


class Route(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a carrier needs, and all that it sees.

    `agr` names the agreement by its SHA-256, `id` is the sender's UUIDv7, `snd` and `rcp` are agency codes (recipients
    sorted, each once, at least one), `exp` is milliseconds since 1970.
    """

    agr: Digest
    id: UUID
    snd: Agency
    rcp: Agencies
    urg: Urgency
    exp: Millis
    suite: Literal["TSQ1"] = SUITE


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """A letter or an attachment in clear, by its SHA-256 and size in bytes."""

    digest: Digest
    size: Count


class Label(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a named reader, such as a desk, learns without opening the letter.

    `case` is a pseudonym (`pseudonym`), or empty. `seq` counts from 1 within (case, sender) and `prev` is the identity
    of the envelope before it there, empty for the first; `after` names envelopes of other senders that this one
    follows. `claims` are facts the sender signs for the rule to judge (months of penalty, 0 or 1 for yes and no); the
    recipient re-checks them on opening. `exercise` names the drill, empty for the real thing.
    """

    kind: Kind
    sender: Agency
    duty: Code
    desk: CodeOrNone = ""
    recipients: Agencies
    purpose: CodeOrNone = ""
    topic: CodeOrNone = ""
    sensitivity: Annotated[int, Meta(ge=0, le=3)] = 0
    handling: Handling = Handling.H0
    source: Literal["A", "B", "C", "X"] = "X"
    information: Literal[1, 2, 3, 4] = 4
    urgency: Urgency = Urgency.ROUTINE
    case: CaseOrNone = ""
    in_reply_to: DigestOrNone = ""
    supersedes: DigestOrNone = ""
    sent: Millis
    expires: Millis
    seq: Count = 0
    prev: DigestOrNone = ""
    after: Annotated[tuple[Digest, ...], Meta(max_length=16)] = ()
    claims: Annotated[dict[Code, Count], Meta(max_length=32)] = {}
    letter: Part
    attachments: Annotated[tuple[Part, ...], Meta(max_length=32)] = ()
    persons_named: bool = False
    exercise: Words = ""
    v: Literal[1] = 1


def part_of(data: bytes) -> Part:
    """How a label names a letter or an attachment."""
    return Part(hashlib.sha256(data).hexdigest(), len(data))


def pseudonym(agreement: str, case: UUID) -> str:
    """What a case is called under one agreement: 32 hexadecimal digits, unlinkable to its name under another.

    HMAC-SHA256 of the case's id under the agreement's digest. A case id is a UUIDv7 with 74 random bits, so who does
    not know the case cannot guess it from the pseudonym; who does can recognise it.
    """
    return hmac.new(bytes.fromhex(agreement), b"tansiq/1/case" + case.bytes, hashlib.sha256).hexdigest()[:32]


def write_route(route: Route) -> bytes:
    """The route's bytes on the wire."""
    _check_route(route)
    return canon.write(route)


def read_route(raw: bytes) -> Route:
    """The route of these bytes, or Malformed."""
    route = canon.decode(raw, Route, limit=8_192)
    _check_route(route)
    return route


def write_label(label: Label) -> bytes:
    """The label's bytes, as they are sealed."""
    return canon.write(label)


def read_label(raw: bytes) -> Label:
    """The label of these bytes, or Malformed."""
    return canon.decode(raw, Label, limit=32_768)


def contradiction(route: Route, label: Label) -> str:
    """The first field in which a label says something else than its route, or an empty text."""
    pairs = (
        ("sender", route.snd == label.sender),
        ("recipients", route.rcp == label.recipients),
        ("urgency", route.urg == label.urgency),
        ("expires", route.exp == label.expires),
        ("sent", label.sent <= label.expires),
    )
    return next((name for name, agrees in pairs if not agrees), "")


def _check_route(route: Route) -> None:
    if list(route.rcp) != sorted(set(route.rcp)):
        raise Malformed("The recipients of a route are not sorted, or one stands twice.", "Sort them, each once.")
