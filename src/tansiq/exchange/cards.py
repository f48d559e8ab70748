"""A partner's card: who a node is, where it listens and by which keys it is known.

A card is a JWS signed by the key it shows, with proof of possession of every key. It is believed once two persons
have compared its fingerprint in words with the partner by voice; a newer card of the same signing key, or one endorsed
by the key it replaces, continues it. Numbers only rise: an older card is refused.

The fingerprint is eight words out of 256, grown from the keys by scrypt (RFC 7914): 64 bits that each cost 16 MB and
about 50 ms to try, so a stranger's keys that read alike are out of reach. A renewed card of the same keys reads
the same.
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from tansiq.exchange import canon, jws
from tansiq.exchange.canon import lp
from tansiq.exchange.keys import KeySet, Reader, Signer, Verifier
from tansiq.exchange.label import Agencies, Count, Millis
from tansiq.ground.errors import Malformed, Untrusted
from tansiq.parties.values import node_of

NodeCode = Annotated[str, Meta(pattern=r"^[a-z]{2,8}$(?!\n)")]
Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43,1700}$(?!\n)")]
Proof = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{86}$(?!\n)")]
ProofOrNone = Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{86})?$(?!\n)")]

WORDS_IN_FINGERPRINT = 8


class PartnerCard(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A node's card. Keys and proofs are base64url text; `suites` is the floor below which nothing is sent to it.

    `number` rises with every card; `endorsed` is the proof by the signing key before, when the signing key changed.
    """

    node: NodeCode
    agencies: Agencies
    number: Count
    url: Annotated[str, Meta(max_length=300, pattern=r"^https?://[^\s@]+$(?!\n)")]
    suites: Annotated[tuple[Literal["TSQ1"], ...], Meta(min_length=1, max_length=1)]
    sign_key: Key
    log_key: Key
    open_key: Key
    proof_sign: Proof
    proof_log: Proof
    proof_open: Proof
    endorsed: ProofOrNone = ""
    issued: Millis
    expires: Millis
    v: Literal[1] = 1

    @property
    def verifier(self) -> Verifier:
        """The key that checks its letters and receipts."""
        return _verifier(self.sign_key)

    @property
    def log_verifier(self) -> Verifier:
        """The key that checks its tree heads."""
        return _verifier(self.log_key)

    @property
    def reader(self) -> Reader:
        """The key that letters are sealed to."""
        return _reader(self.open_key)


class Succession(StrEnum):
    """How a new card stands to the one that is held: the same, its continuation, or a matter for people."""

    SAME = "same"
    CONTINUES = "continues"
    CONFIRM = "confirm"


def make_card(
    *,
    node: str,
    agencies: tuple[str, ...],
    number: int,
    url: str,
    keys: KeySet,
    issued: datetime,
    expires: datetime,
    replaces: Signer | None = None,
) -> str:
    """A card's token. `replaces` is the signing key of the card before, when the signing key changes."""
    shown = (keys.signer.verifier.raw, keys.log.verifier.raw, keys.opener.reader.raw)
    card = PartnerCard(
        node=node,
        agencies=tuple(sorted(set(agencies))),
        number=number,
        url=url,
        suites=("TSQ1",),
        sign_key=jws.encode_key(shown[0]),
        log_key=jws.encode_key(shown[1]),
        open_key=jws.encode_key(shown[2]),
        proof_sign=jws.encode_key(keys.signer.sign(_claim("sign", node, number, shown))),
        proof_log=jws.encode_key(keys.log.sign(_claim("log", node, number, shown))),
        proof_open=jws.encode_key(keys.signer.sign(_claim("open", node, number, shown))),
        issued=canon.millis(issued),
        expires=canon.millis(expires),
    )
    if replaces is not None:
        card = replace(card, endorsed=jws.encode_key(replaces.sign(_claim("endorse", node, number, shown))))
    token = jws.sign(card, keys.signer)
    read_card(token)
    return token


def read_card(token: str) -> PartnerCard:
    """The card of a token that proves every key it shows; else Malformed or Untrusted. Whose it is, people confirm."""
    shown = jws.unverified(token, PartnerCard)
    card = jws.read(token, PartnerCard, shown.verifier)
    if list(card.agencies) != sorted(set(card.agencies)):
        raise Malformed("The card's agencies are not sorted, or one stands twice.", "List each once, sorted.")
    if any(node_of(agency) != card.node for agency in card.agencies):
        raise Untrusted("The card speaks for an agency of another node.", "Ask the partner for a card of its own.")
    if card.issued >= card.expires:
        raise Malformed("The card expires before it was issued.", "Ask the partner for a new card.")
    if card.sign_key == card.log_key:
        raise Untrusted("One key signs letters and tree heads.", "Ask the partner for a card with two.")
    keys = _shown(card)
    card.verifier.verify(jws.decode_key(card.proof_sign), _claim("sign", card.node, card.number, keys))
    card.log_verifier.verify(jws.decode_key(card.proof_log), _claim("log", card.node, card.number, keys))
    card.verifier.verify(jws.decode_key(card.proof_open), _claim("open", card.node, card.number, keys))
    _ = card.reader  # a key that cannot be sealed to is refused here, not when a letter waits
    return card


def succeed(held: PartnerCard, new: PartnerCard) -> Succession:
    """Whether `new` continues `held` or people must compare words again; an older one, or another node's, Untrusted."""
    if new.node != held.node:
        raise Untrusted("The card is of another node.", "Add it as a partner of its own.")
    if new == held:
        return Succession.SAME
    if new.number <= held.number:
        raise Untrusted(f"Card {new.number} came where {held.number} is held.", "Ask the partner for its newest card.")
    if new.sign_key == held.sign_key:
        return Succession.CONTINUES
    if not new.endorsed:
        return Succession.CONFIRM
    held.verifier.verify(jws.decode_key(new.endorsed), _claim("endorse", new.node, new.number, _shown(new)))
    return Succession.CONTINUES


def in_date(card: PartnerCard, now: datetime) -> bool:
    """Whether the card may be used at this moment."""
    return card.issued <= canon.millis(now) < card.expires


def fingerprint(card: PartnerCard) -> str:
    """Eight words, joined by hyphens, that two people compare by voice."""
    keys = lp(card.node.encode(), *_shown(card))
    grown = hashlib.scrypt(keys, salt=b"tansiq/1/words", n=2**14, r=8, p=1, dklen=WORDS_IN_FINGERPRINT)
    return "-".join(words()[byte] for byte in grown)


@cache
def words() -> tuple[str, ...]:
    """The 256 words of fingerprints: no two begin with the same four letters or differ in one letter alone."""
    return tuple((resources.files("tansiq.exchange") / "words.txt").read_text("ascii").split())


def _claim(role: str, node: str, number: int, keys: tuple[bytes, bytes, bytes]) -> bytes:
    """What a proof signs: for which use, which node and card, and all three keys together."""
    fields = (role.encode(), node.encode(), str(number).encode(), keys[0], keys[1], canon.digest(keys[2]))
    return b"tansiq/1/possession" + lp(*fields)


def _shown(card: PartnerCard) -> tuple[bytes, bytes, bytes]:
    return jws.decode_key(card.sign_key), jws.decode_key(card.log_key), jws.decode_key(card.open_key)


@lru_cache(maxsize=512)
def _verifier(text: str) -> Verifier:
    return Verifier(jws.decode_key(text))


@lru_cache(maxsize=512)
def _reader(text: str) -> Reader:
    return Reader(jws.decode_key(text))
