"""An agreement: one document that every party signs and whose SHA-256 names it in every envelope.

The document is canonical JSON (RFC 8785) with text in four languages that a lawyer can read, and the Cedar rules that
both nodes enforce. Whatever it does not list it does not allow: an empty list means nobody and nothing.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tansiq.exchange import canon
from tansiq.exchange.canon import Profile
from tansiq.exchange.label import (
    Agencies,
    Agency,
    AgencyOrNone,
    Code,
    Count,
    DigestOrNone,
    MediaType,
    Millis,
    Urgency,
)
from tansiq.ground.errors import Malformed

LANGUAGES = ("ar", "fr", "es", "en")
LIMIT = 131_072
"""The longest agreement in bytes."""

NODE_DUTY = "node"
"""The duty of what a node does itself, with nobody at the keys (an alert of a beacon, a picture every minute)."""


Said = Annotated[str, Meta(min_length=1, max_length=2_000)]


class Mechanism(StrEnum):
    """The kind of channel."""

    RESCUE = "rescue"
    PICTURE = "picture"
    STATISTICS = "statistics"
    DIRECT = "direct"
    INTERPOL = "interpol"
    EMBASSY_BUREAU = "embassy-bureau"
    LIAISON = "liaison"
    JOINT_OPERATION = "joint-operation"
    RETURNS = "returns"


class Onward(StrEnum):
    """Whether a recipient may pass a letter on: never, with the originator's release, or freely."""

    NEVER = "never"
    ON_RELEASE = "on-release"
    FREELY = "freely"


class Text(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One text in the four languages."""

    ar: Said
    fr: Said
    es: Said
    en: Said

    def said(self, language: str) -> str:
        """The text in a language, or else in English."""
        return str(getattr(self, language, "") or self.en)


class Flow(Struct, frozen=True, forbid_unknown_fields=True):
    """Which duties may send a kind of letter, and which may receive it. Empty means nobody."""

    send: tuple[Code, ...]
    receive: tuple[Code, ...]


class Agreement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The document.

    `flows` maps each kind of letter to its duties; `sensitivity` is the highest level (0 to 3); `topics` lists what may
    be dealt with ("any" stands for all that `barred` does not name); `answer_hours` says by when an answer is owed;
    `desk` is the agency whose desk stands in the way, empty for none; `groups` names those among the parties that share
    some letters, by the name of each sharing group; `attachment_bytes` is the most that one attachment may hold and
    `attachment_types` lists what it may be, so that nothing listed means no attachments; `reasons` maps the id of each
    Cedar rule to its reason in four languages, and "<id>.basis" to what it rests on; `cedar` is the rules' text.
    `since` and `until` are milliseconds; `until` is not included. `supersedes` is the digest of the agreement that this
    one replaces, once every party of that one has signed this one too and `overlap_days` have passed since it began.
    """

    title: Text
    mechanism: Mechanism
    number: Annotated[str, Meta(max_length=64)]
    parties: Agencies
    flows: dict[Code, Flow]
    purposes: tuple[Code, ...]
    sensitivity: Annotated[int, Meta(ge=0, le=3)]
    topics: tuple[Code, ...]
    barred: tuple[Code, ...] = ()
    case_required: bool = False
    attachment_bytes: Count = 0
    attachment_types: tuple[MediaType, ...] = ()
    desk: AgencyOrNone = ""
    groups: dict[Code, tuple[Agency, ...]] = {}
    onward: Onward = Onward.NEVER
    answer_hours: dict[Urgency, Count]
    retention_days: Count
    legal_basis: Text
    articles: tuple[Text, ...]
    reasons: dict[str, Text]
    cedar: str
    since: Millis
    until: Millis
    supersedes: DigestOrNone = ""
    overlap_days: Annotated[int, Meta(ge=0, le=366)] = 0
    v: Literal[1] = 1


def write_agreement(agreement: Agreement) -> bytes:
    """The canonical bytes that the parties sign."""
    _check(agreement)
    return canon.write(agreement, Profile.TEXT)


def read_agreement(raw: bytes) -> Agreement:
    """The agreement of these bytes, or Malformed."""
    agreement = canon.decode(raw, Agreement, Profile.TEXT, limit=LIMIT)
    _check(agreement)
    return agreement


def digest(agreement: Agreement) -> str:
    """The agreement's name: SHA-256 of its canonical bytes, in hexadecimal."""
    return canon.digest(write_agreement(agreement)).hex()


def in_date(agreement: Agreement, now: datetime) -> bool:
    """Whether the agreement is valid at this moment by its own dates."""
    return agreement.since <= canon.millis(now) < agreement.until


def _check(agreement: Agreement) -> None:
    parties = agreement.parties
    if len(parties) < 2 or list(parties) != sorted(set(parties)):
        raise Malformed("The parties are fewer than two, not sorted, or one stands twice.", "List each once, sorted.")
    if agreement.since >= agreement.until:
        raise Malformed("The agreement ends before it begins.", "Give `until` a later day than `since`.")
    if agreement.desk and agreement.desk not in parties:
        raise Malformed("The desk is no party, so it could sign nothing.", "Name the desk's agency among the parties.")
    for name, members in agreement.groups.items():
        if list(members) != sorted(set(members)) or not set(members) <= set(parties):
            raise Malformed(f"The group {name} is not sorted, or names no party.", "List parties, each once, sorted.")
    if agreement.overlap_days and not agreement.supersedes:
        raise Malformed("The agreement overlaps with none.", "Name the one that it supersedes.")
    if not agreement.flows:
        raise Malformed("The agreement lists no kind of letter.", "Name each kind and who sends and receives it.")
