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
from msgspec.structs import replace

from tansiq.exchange import canon
from tansiq.exchange.kinds import Kind
from tansiq.ground.errors import Malformed
from tansiq.parties.values import AGENCY_CODE

SUITE: Literal["TSQ1"] = "TSQ1"
"""MLKEM768-X25519 HPKE, HKDF-SHA256, AES-256-GCM, SHA-256, Ed25519."""

Agency = Annotated[str, Meta(pattern=AGENCY_CODE)]
"""An agency's code, "ma.marine"."""

AgencyOrNone = Annotated[str, Meta(pattern=r"^([a-z]{2,8}(\.[a-z0-9-]{1,40})?)?$(?!\n)")]

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
"""A SHA-256 in lower-case hexadecimal."""

DigestOrNone = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$(?!\n)")]
CaseOrNone = Annotated[str, Meta(pattern=r"^([0-9a-f]{32})?$(?!\n)")]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$(?!\n)")]
CodeOrNone = Annotated[str, Meta(pattern=r"^([a-z0-9][a-z0-9.-]{0,63})?$(?!\n)")]
Words = Annotated[str, Meta(max_length=120)]
Millis = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
Count = Annotated[int, Meta(ge=0, le=canon.SAFE)]
MediaType = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.+-]{0,62}/[a-z0-9][a-z0-9.+-]{0,62}$(?!\n)")]
"""What an attachment is, "application/pdf" (RFC 6838)."""

Claimed = Annotated[int, Meta(ge=1, le=1_200)]
"""Yes (1), or a number of months up to a hundred years. What is not claimed is left out, so zero is never written."""

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


class Notice(StrEnum):
    """The colour of an Interpol notice or diffusion (Rules on the Processing of Data, articles 82 to 93)."""

    NONE = ""
    RED = "red"
    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    BLACK = "black"
    PURPLE = "purple"
    ORANGE = "orange"


class Claim(StrEnum):
    """A fact that the sender signs for, since a rule needs it: yes, or for the first two a number of months.

    `EXCEPTION` asks for what two persons may approve. `ARTICLE_3` and `ASYLUM` stop a letter: a matter of a political,
    military, religious or racial character, and a person who has sought or enjoys international protection.
    """

    PENALTY_MONTHS = "penalty-months"
    SENTENCE_MONTHS = "sentence-months"
    WARRANT = "warrant"
    EXTRADITION = "extradition"
    REPORTED_MISSING = "reported-missing"
    BODY_FOUND = "body-found"
    DANGER_ASSESSED = "danger-assessed"
    IMMINENT_THREAT = "imminent-threat"
    NON_REFOULEMENT = "non-refoulement"
    EXCEPTION = "exception"
    ARTICLE_3 = "article-3"
    ASYLUM = "asylum"


COLOURED = frozenset({Kind.NOTICE, Kind.DIFFUSION})
"""The kinds of letter that bear a colour."""

IN_MONTHS = frozenset({Claim.PENALTY_MONTHS, Claim.SENTENCE_MONTHS})


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
    """A letter in clear, by its SHA-256 and size in bytes."""

    digest: Digest
    size: Count


class Attachment(Struct, frozen=True, forbid_unknown_fields=True):
    """An attachment in clear: SHA-256, size in bytes, media type. Its name is content, and is sealed with it."""

    digest: Digest
    size: Count
    type: MediaType = "application/octet-stream"


class Label(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a named reader, such as a desk, learns without opening the letter.

    `case` is a pseudonym (`pseudonym`), or empty. `seq` counts from 1 within (case, sender) and `prev` is the identity
    of the envelope before it there, empty for the first; `after` names envelopes of other senders that this one
    follows. `claims` are facts the sender signs for the rule to judge; the recipient re-checks them on opening.
    `exercise` names the drill, empty for the real thing.

    `desk` is the agency whose desk stands in the way; `group` a sharing group that the agreement names. `operational`
    says that the letter is for acting on, not for knowing. `region` is where it plays. `joint_operation` and `mandate`
    name, by their digests, documents that both sides hold: the operation's agreement, and a liaison post's mandate.
    `review_by` and `erase_by` are moments in milliseconds, 0 where the agreement's own terms hold.
    """

    kind: Kind
    sender: Agency
    duty: Code
    desk: AgencyOrNone = ""
    recipients: Agencies
    group: CodeOrNone = ""
    purpose: CodeOrNone = ""
    topic: CodeOrNone = ""
    region: CodeOrNone = ""
    operational: bool = False
    notice: Notice = Notice.NONE
    sensitivity: Annotated[int, Meta(ge=0, le=3)] = 0
    handling: Handling = Handling.H0
    source: Literal["A", "B", "C", "X"] = "X"
    information: Literal[1, 2, 3, 4] = 4
    urgency: Urgency = Urgency.ROUTINE
    case: CaseOrNone = ""
    joint_operation: DigestOrNone = ""
    mandate: DigestOrNone = ""
    in_reply_to: DigestOrNone = ""
    supersedes: DigestOrNone = ""
    sent: Millis
    expires: Millis
    review_by: Millis = 0
    erase_by: Millis = 0
    seq: Count = 0
    prev: DigestOrNone = ""
    after: Annotated[tuple[Digest, ...], Meta(max_length=16)] = ()
    claims: dict[Claim, Claimed] = {}
    letter: Part
    attachments: Annotated[tuple[Attachment, ...], Meta(max_length=32)] = ()
    persons_named: bool = False
    exercise: Words = ""
    v: Literal[1] = 1


class Marks(Struct, frozen=True, kw_only=True):
    """What a label says beside its address, its subject and its urgency; see `Label` for each."""

    group: str = ""
    region: str = ""
    operational: bool = False
    notice: Notice = Notice.NONE
    joint_operation: str = ""
    mandate: str = ""
    supersedes: str = ""
    review_by: int = 0
    erase_by: int = 0
    claims: dict[Claim, int] = {}

    def on(self, label: Label) -> Label:
        """The label with these marks."""
        return replace(label, **{name: getattr(self, name) for name in self.__struct_fields__})


PLAIN = Marks()
"""A label without marks."""


def part_of(data: bytes) -> Part:
    """How a label names a letter."""
    return Part(hashlib.sha256(data).hexdigest(), len(data))


def attachment_of(data: bytes, media_type: str = "application/octet-stream") -> Attachment:
    """How a label names an attachment."""
    return Attachment(hashlib.sha256(data).hexdigest(), len(data), media_type)


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
    _check_label(label)
    return canon.write(label)


def read_label(raw: bytes) -> Label:
    """The label of these bytes, or Malformed."""
    label = canon.decode(raw, Label, limit=32_768)
    _check_label(label)
    return label


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


def _check_label(label: Label) -> None:
    """What one field says must not stand against another."""
    if (label.notice is not Notice.NONE) != (label.kind in COLOURED):
        raise Malformed("A notice or diffusion bears a colour, and no other letter does.", "Give it its colour.")
    for name, value in label.claims.items():
        if value > 1 and name not in IN_MONTHS:
            raise Malformed(f"The claim {name} is {value}, where only 1 says yes.", "Write 1, or leave it out.")
