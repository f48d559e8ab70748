"""Letters by which an originator keeps its word over what it wrote: asked for release, answered, passed on, used.

`envelope` is always the identity H(man) of the original. A third party that gets it by `ForwardLetter` checks the
originator's own signature and consent, and trusts the one who passed it on for neither.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

Moment = Annotated[datetime, Meta(tz=True)]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
DigestOrNone = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$(?!\n)")]
Agency = Annotated[str, Meta(pattern=r"^[a-z]{2,8}(\.[a-z0-9-]{1,40})?$(?!\n)")]
Agencies = Annotated[tuple[Agency, ...], Meta(min_length=1, max_length=64)]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$(?!\n)")]
CodeOrNone = Annotated[str, Meta(pattern=r"^([a-z0-9][a-z0-9.-]{0,63})?$(?!\n)")]
Nonce = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
Token = Annotated[str, Meta(max_length=16_384)]
Remark = Annotated[str, Meta(max_length=300)]


class ReleaseAnswer(StrEnum):
    """What the originator says to a request for release."""

    GRANTED = "granted"
    DENIED = "denied"


class UseKind(StrEnum):
    """How an item was used: passed on whole, or cited in a letter that somebody else wrote."""

    PASSED_ON = "passed-on"
    CITED = "cited"


class ReleaseRequestLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """May `envelope` be passed on to `recipients` under the agreement `onward`? Unanswered by `until` it lapses: no.

    `mechanism` is what the asker says of an agreement that the originator may not hold; `nonce` ties the answer to
    this one request.
    """

    release: UUID
    envelope: Digest
    onward: Digest
    mechanism: Code
    recipients: Agencies
    purpose: CodeOrNone
    nonce: Nonce
    until: Moment
    reason: Remark = ""


class ReleaseLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The originator's answer. Granted, it holds the consent as a token that third parties can check."""

    release: UUID
    envelope: Digest
    nonce: Nonce
    answer: ReleaseAnswer
    consent: Token = ""
    reason: Remark = ""


class ForwardLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Someone else's letter of `kind`, passed on whole: the bytes TSQF, and the originator's consent."""

    kind: Code
    passed: bytes
    consent: Token = ""


class UseLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The originator is told that its item was used: how, in which envelope (`carrier`), for whom, by whose consent.

    `consent` is the digest of the token, and empty where the agreement asks for none.
    """

    envelope: Digest
    how: UseKind
    carrier: Digest
    recipients: Agencies
    consent: DigestOrNone
    at: Moment


class RecallLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Erase what the token names. It is the originator's own, whoever brings it; the remark is for people."""

    token: Token
    remark: Remark = ""


class StatementLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one holder says of a recalled letter, as its own token; passed back as it was signed."""

    token: Token


class CorrectionLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A letter was corrected by another: the originator's token, whoever brings it."""

    token: Token
