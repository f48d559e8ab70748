"""A correction: the originator says, signed, that a letter is replaced by another. Both digests remain. Pure."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from tansiq.exchange import jws
from tansiq.exchange.keys import Signer, Verifier
from tansiq.exchange.kinds.originator import Agency, Digest
from tansiq.exchange.label import Label, Millis


class Correction(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`envelope` is corrected by the envelope `by`."""

    envelope: Digest
    by: Digest
    originator: Agency
    at: Millis
    kind: Literal["correction"] = "correction"
    v: Literal[1] = 1


class Corrected(Struct, frozen=True, kw_only=True):
    """One correction as shown: of which letter by which, with those that are here."""

    envelope: str
    by: str
    at: datetime
    old: UUID | None
    new: UUID | None


def sign_correction(correction: Correction, signer: Signer) -> str:
    """The correction as a token."""
    return jws.sign(correction, signer)


def read_correction(token: str, verifier: Verifier) -> Correction:
    """The correction of a token signed by the originator's key; else Malformed or Untrusted."""
    return jws.read(token, Correction, verifier)


def fits(new: Label, old: Label) -> bool:
    """Whether a corrected letter stays within what the old one was: same matter, same hands, no less care."""
    same = (new.kind, new.sender, new.topic, new.case, new.handling) == (
        old.kind,
        old.sender,
        old.topic,
        old.case,
        old.handling,
    )
    return same and set(new.recipients) <= set(old.recipients) and new.sensitivity <= old.sensitivity
