"""Two natural persons: officers' keys, the cards that say whose they are, and what officers approve. Pure.

An officer's key is made on the node, and opens with a phrase that only the officer knows (Argon2id, RFC 9106, and
AES-256-GCM). The node certifies it by a card that rides in the approval itself, so that a recipient checks both: the
card by the sender's node, the approval by the officer's key. The card calls a person by a pseudonym, the same under
whatever duty; two approvals by one pseudonym are one person. A node vouches for its officers: one that lies about them
is beyond what another node can see, and its log says who did what.
"""

import hashlib
import secrets
from typing import Annotated, Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from msgspec import Meta, Struct

from tansiq.exchange import jws, seal
from tansiq.exchange.content import ContentKeys
from tansiq.exchange.envelope import Approval, Envelope
from tansiq.exchange.keys import Signer, Verifier
from tansiq.exchange.label import Agency, Code, Digest, Millis
from tansiq.ground.errors import Untrusted
from tansiq.parties.values import node_of

LEAST_PHRASE = 12
"""The shortest phrase that may lock an officer's key, in characters."""

_MEMORY, _PASSES, _LANES = 64 * 1024, 3, 4
_SALT, _NONCE = 16, 12

Pseudonym = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]


class OfficerCard(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A node's word that a key is one officer's: the agency, the duty at the time, the person by a pseudonym."""

    node: Code
    agency: Agency
    duty: Code
    person: Pseudonym
    key: Digest
    at: Millis
    v: Literal[1] = 1


def pseudonym(node: str, person: UUID) -> str:
    """What a person is called to other nodes: 32 hexadecimal digits. A person's id is random and cannot be guessed."""
    return hashlib.sha256(b"tansiq/1/officer" + node.encode() + b"\x00" + person.bytes).hexdigest()[:32]


def make_card(card: OfficerCard, node: Signer) -> str:
    """The card as a token, signed by the node's key."""
    return jws.sign(card, node)


def approve(draft: seal.Draft, officer: Signer, card: str) -> Approval:
    """An officer's signature over route, label and commitment of a sealed draft."""
    return Approval(card, officer.kid, officer.sign(draft.approves))


def approvers(envelope: Envelope, keys: ContentKeys, node: Verifier) -> frozenset[str]:
    """The natural persons who approved an envelope, by pseudonym; `node` is the key of the sender's node.

    Raises Untrusted where any card or signature does not hold: an approval is right, or the envelope is not.
    """
    persons, officers = set(), {}
    for approval in envelope.approvals:
        card = jws.read(approval.officer, OfficerCard, node)
        key = Verifier(bytes.fromhex(card.key))
        if key.kid != approval.kid or card.node != node_of(envelope.route.snd) or node_of(card.agency) != card.node:
            raise Untrusted("An approval is by another key than its card says.", "Ask the sender to seal it again.")
        officers[key.kid] = key
        persons.add(card.person)
    seal.check_approvals(envelope, keys, officers)
    return frozenset(persons)


def lock(seed: bytes, phrase: str) -> bytes:
    """An officer's seed under the officer's phrase: salt, nonce, sealed bytes."""
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    return salt + nonce + AESGCM(_derive(phrase, salt)).encrypt(nonce, seed, b"")


def unlock(box: bytes, phrase: str) -> Signer:
    """The officer's key; another phrase raises Untrusted."""
    salt, nonce, sealed = box[:_SALT], box[_SALT : _SALT + _NONCE], box[_SALT + _NONCE :]
    try:
        return Signer(AESGCM(_derive(phrase, salt)).decrypt(nonce, sealed, b""))
    except InvalidTag:
        raise Untrusted("The phrase does not open the officer's key.", "Type the phrase it was made with.") from None


def _derive(phrase: str, salt: bytes) -> bytes:
    return Argon2id(salt=salt, length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY).derive(phrase.encode())
