"""Drafts at rest: sealed like letters, so that neither the database nor its backups hold what an officer typed.

AES-256-GCM under a key of the draft's own, drawn from the node's storage key by HKDF (RFC 5869), with a random nonce
for each time it is kept; who wrote it is bound to it. Pure: the nonce is an argument.
"""

from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tansiq.correspondence.values import Fields, Proposal
from tansiq.exchange.content import derive
from tansiq.ground.errors import Untrusted

NONCE = 12


def write_fields(fields: Fields) -> bytes:
    """What was typed, as bytes."""
    return msgspec.json.encode(fields)


def close(text: bytes, *, storage: bytes, draft: UUID, person: UUID, nonce: bytes) -> bytes:
    """The sealed draft: nonce and ciphertext."""
    return nonce + AESGCM(derive(storage, b"draft" + draft.bytes)).encrypt(nonce, text, person.bytes)


def open_fields(box: bytes, *, storage: bytes, draft: UUID, person: UUID) -> Fields:
    """What was typed. Raises Untrusted where the box was changed, or belongs to another draft, person or node."""
    cipher = AESGCM(derive(storage, b"draft" + draft.bytes))
    try:
        text = cipher.decrypt(box[:NONCE], box[NONCE:], person.bytes)
        return msgspec.json.decode(text, type=Fields)
    except (InvalidTag, ValueError, msgspec.MsgspecError):
        raise Untrusted("The draft does not open.", "Discard it and write the letter again.") from None


def close_proposal(proposal: Proposal, *, storage: bytes, offer: UUID) -> bytes:
    """The sealed proposal. Its key is its own and seals once, so the nonce need not differ."""
    text = msgspec.json.encode(proposal)
    return AESGCM(derive(storage, b"offer" + offer.bytes)).encrypt(bytes(NONCE), text, b"")


def open_proposal(box: bytes, *, storage: bytes, offer: UUID) -> Proposal:
    """The proposal. Raises Untrusted where the box was changed, or belongs to another offer or node."""
    try:
        text = AESGCM(derive(storage, b"offer" + offer.bytes)).decrypt(bytes(NONCE), box, b"")
        return msgspec.json.decode(text, type=Proposal)
    except (InvalidTag, ValueError, msgspec.MsgspecError):
        raise Untrusted("The offer does not open.", "Discard it, and let the program offer it again.") from None
