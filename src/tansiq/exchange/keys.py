"""Keys of a node: one to sign, one for the log, one to open; and the public halves that partners hold.

Ed25519 (RFC 8032) signs, by two keys: letters, receipts and cards under one, tree heads under the other. HPKE
(RFC 9180) with the hybrid KEM MLKEM768-X25519 opens. Private keys are kept as seeds (32 + 32 + 64 + 32 bytes), since
hybrid keys have no serialiser. A key is named by its kid: SHA-256 over a prefix and its public bytes.

Small-order and non-canonical Ed25519 keys are refused: under such a key one signature fits every message.
"""

import os
from collections.abc import Sequence
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from msgspec import Struct

from tansiq.exchange import canon
from tansiq.ground.errors import Malformed, Untrusted

HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SUITE_ID = b"\x01"

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_MLKEM_BYTES, _X25519_BYTES = 1184, 32
_Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
"""y of a point of order 8; the other is its negative."""

_SMALL_ORDER_Y = frozenset({0, 1, _P - 1, _Y8, _P - _Y8})


class Verifier:
    """The public half of a signing key: what a partner's signatures are checked with.

    `older` are keys that this one followed, whose signatures still count for a while; whoever checks picks by kid.
    """

    __slots__ = ("_key", "kid", "older", "raw")

    def __init__(self, raw: bytes) -> None:
        """Take 32 public bytes; a key of small order, off the curve or not canonical raises Untrusted."""
        _check_point(raw)
        self.raw = raw
        self.older: tuple[Verifier, ...] = ()
        self.kid = canon.digest(b"tansiq/1/sig-key", raw)
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def followed(self, older: Sequence["Verifier"]) -> "Verifier":
        """The same key, with those that it followed."""
        key = Verifier(self.raw)
        key.older = tuple(each for each in older if each.kid != self.kid)
        return key

    def by(self, kid: bytes) -> "Verifier | None":
        """This key or the older one of that name."""
        return self if kid == self.kid else next((key for key in self.older if key.kid == kid), None)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Return when the signature holds over the data; else raise Untrusted."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            raise Untrusted("The signature does not hold.", "Ask the sender for it again.") from None


class Signer:
    """A signing key."""

    __slots__ = ("_key", "kid", "verifier")

    def __init__(self, seed: bytes) -> None:
        """Take a seed of 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(self._key.public_key().public_bytes_raw())
        self.kid = self.verifier.kid

    def sign(self, data: bytes) -> bytes:
        """The signature over the data (64 bytes)."""
        return self._key.sign(data)

    def seed(self) -> bytes:
        """The 32 bytes this key grows from. Keep them secret."""
        return self._key.private_bytes_raw()


class Reader:
    """The public half of an opening key: to whom one seals."""

    __slots__ = ("_key", "kid", "raw")

    def __init__(self, raw: bytes) -> None:
        """Take 1184 + 32 public bytes (ML-KEM-768, X25519); a key that cannot be sealed to raises Untrusted."""
        if len(raw) != _MLKEM_BYTES + _X25519_BYTES:
            raise Untrusted(f"An opening key has 1216 bytes, not {len(raw)}.", "Ask the partner for a new card.")
        try:
            kem = MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_BYTES])
            curve = X25519PublicKey.from_public_bytes(raw[_MLKEM_BYTES:])
            self._key = MLKEM768X25519PublicKey(kem, curve)
            HPKE.encrypt(b"", self._key)  # a small-order X25519 half shows only when used
        except ValueError:
            raise Untrusted("The opening key cannot be used.", "Ask the partner for a new card.") from None
        self.raw = raw
        self.kid = canon.digest(b"tansiq/1/kem-key", SUITE_ID, raw)

    def seal(self, secret: bytes, info: bytes) -> bytes:
        """The secret sealed to this reader, bound to `info`."""
        return HPKE.encrypt(secret, self._key, info=info)


class Opener:
    """An opening key."""

    __slots__ = ("_key", "_seed", "kid", "older", "reader")

    def __init__(self, seed: bytes) -> None:
        """Take a seed of 64 (ML-KEM-768) + 32 (X25519) bytes."""
        if len(seed) != 96:
            raise Malformed(f"The seed of an opening key has 96 bytes, not {len(seed)}.", "Restore the key file.")
        kem = MLKEM768PrivateKey.from_seed_bytes(seed[:64])
        curve = X25519PrivateKey.from_private_bytes(seed[64:])
        self._seed = seed
        self.older: tuple[Opener, ...] = ()
        self._key = MLKEM768X25519PrivateKey(kem, curve)
        self.reader = Reader(kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw())
        self.kid = self.reader.kid

    def by(self, kid: bytes) -> "Opener | None":
        """This key, or the older one of that name: what was sealed before a rotation may come after it."""
        return self if kid == self.kid else next((key for key in self.older if key.kid == kid), None)

    def open(self, box: bytes, info: bytes) -> bytes:
        """What was sealed to this key under the same `info`; else raise Untrusted."""
        try:
            return HPKE.decrypt(box, self._key, info=info)
        except Exception:  # the library raises InvalidTag, ValueError and its own errors alike for a bad box
            raise Untrusted("The wrap does not open with this key.", "Ask the sender to seal it again.") from None

    def seed(self) -> bytes:
        """The 96 bytes this key grows from. Keep them secret."""
        return self._seed


class _Seeds(Struct, frozen=True, forbid_unknown_fields=True):
    v: int
    sign: bytes
    log: bytes
    open: bytes


class KeySet:
    """The private keys of one node at one time."""

    __slots__ = ("log", "opener", "signer")

    def __init__(self, *, signer: Signer, log: Signer, opener: Opener) -> None:
        if signer.kid == log.kid:
            raise Malformed("One key signs letters and tree heads.", "Make two.")
        self.signer, self.log, self.opener = signer, log, opener

    @classmethod
    def generate(cls, random: bytes | None = None) -> Self:
        """New keys. `random` (160 bytes) serves tests and drills that must repeat themselves."""
        seeds = os.urandom(160) if random is None else random
        if len(seeds) != 160:
            raise ValueError("a key set grows from 160 bytes")
        return cls(signer=Signer(seeds[:32]), log=Signer(seeds[32:64]), opener=Opener(seeds[64:]))

    @classmethod
    def load(cls, raw: bytes) -> Self:
        """The key set that `dump` wrote; else Malformed."""
        seeds = canon.decode(raw, _Seeds, limit=4_096)
        if seeds.v != 1 or len(seeds.sign) != 32 or len(seeds.log) != 32:
            raise Malformed("The key file is of another version.", "Restore the key file.")
        return cls(signer=Signer(seeds.sign), log=Signer(seeds.log), opener=Opener(seeds.open))

    def next(self, *, log: bool = False) -> Self:
        """New keys to sign and to open; the log key stays unless `log` says that it must go too."""
        fresh = self.generate()
        return fresh if log else type(self)(signer=fresh.signer, log=Signer(self.log.seed()), opener=fresh.opener)

    def followed(self, older: Sequence["KeySet"]) -> Self:
        """The same keys, with those that they followed: to open what was sealed to these, to check what they signed."""
        found = self.load(self.dump())
        found.opener.older = tuple(each.opener for each in older)
        for key, before in ((found.signer, "signer"), (found.log, "log")):
            key.verifier = key.verifier.followed([getattr(each, before).verifier for each in older])
        return found

    def dump(self) -> bytes:
        """The seeds as canonical JSON. Whoever holds these bytes is the node: encrypt them at rest."""
        return canon.encode(_Seeds(1, self.signer.seed(), self.log.seed(), self.opener.seed()))


def storage_key() -> bytes:
    """A new key under which content keys are kept (32 bytes); it lives outside the database."""
    return os.urandom(32)


def _check_point(raw: bytes) -> None:
    """Refuse what is no point of full order on edwards25519 in its one canonical encoding (RFC 8032 5.1.3)."""
    if len(raw) != 32:
        raise Untrusted(f"A signing key has 32 bytes, not {len(raw)}.", "Ask the partner for a new card.")
    value = int.from_bytes(raw, "little")
    y = value & ((1 << 255) - 1)  # the top bit is the sign of x: x is not zero here, so both signs are points
    if y >= _P or y in _SMALL_ORDER_Y:
        raise Untrusted("The signing key is of small order or not canonical.", "Ask the partner for a new card.")
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if pow(square, (_P - 1) // 2, _P) != 1:
        raise Untrusted("The signing key is no point of the curve.", "Ask the partner for a new card.")
