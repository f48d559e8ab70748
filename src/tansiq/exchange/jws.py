"""Signed statements that anyone can check: JWS compact serialisation (RFC 7515) with Ed25519 (RFC 8037, RFC 9864).

The header is exactly `{"alg":"Ed25519","kid":"<64 hex digits>"}` and is compared byte for byte, so `jku`, `jwk`,
`none`, a second `alg` or any other header never comes to be read. The payload is canonical JSON. Any JOSE library
verifies these tokens.
"""

import base64
import binascii
from functools import lru_cache
from typing import TypeVar

from msgspec import Struct

from tansiq.exchange import canon
from tansiq.exchange.canon import Profile
from tansiq.exchange.keys import Signer, Verifier
from tansiq.ground.errors import Malformed, Untrusted

T = TypeVar("T", bound=Struct)

LIMIT = 262_144
"""The longest token read, in characters."""


def sign(payload: Struct, signer: Signer, profile: Profile = Profile.CODES) -> str:
    """The payload as a signed token; one that no reader would accept raises Malformed."""
    signed = _header(signer.kid) + b"." + _b64(canon.write(payload, profile))
    return (signed + b"." + _b64(signer.sign(signed))).decode()


def read(token: str, kind: type[T], verifier: Verifier, profile: Profile = Profile.CODES) -> T:
    """The payload of a token signed by this key, or by an older one that it followed and that still counts.

    Raises Malformed for what is no such token, Untrusted otherwise.
    """
    header, payload, signature = _parts(token)
    key = next((each for each in (verifier, *verifier.older) if header == _header(each.kid)), None)
    if key is None:
        raise Untrusted("The token names another key or header.", "Sign with the key on the partner's card.")
    key.verify(_unb64(signature), header + b"." + payload)
    return canon.decode(_unb64(payload), kind, profile, limit=LIMIT)


def unverified(token: str, kind: type[T], profile: Profile = Profile.CODES) -> T:
    """The payload of a token whose signature NOBODY HAS CHECKED: to learn whose key to check it with, nothing else."""
    return canon.decode(_unb64(_parts(token)[1]), kind, profile, limit=LIMIT)


def digest(token: str) -> str:
    """How another statement names this one: SHA-256 of the token, in hexadecimal."""
    return canon.digest(token.encode("ascii", "replace")).hex()


def encode_key(raw: bytes) -> str:
    """Public bytes as text (base64url without padding)."""
    return _b64(raw).decode()


def decode_key(text: str) -> bytes:
    """The bytes of such text, or Malformed."""
    return _unb64(_ascii(text))


@lru_cache(maxsize=256)
def _header(kid: bytes) -> bytes:
    return _b64(b'{"alg":"Ed25519","kid":"' + kid.hex().encode() + b'"}')


def _parts(token: str) -> list[bytes]:
    if len(token) > LIMIT:
        raise Malformed(f"The token has {len(token)} characters; {LIMIT} is the most.", "Send a smaller one.")
    parts = _ascii(token).split(b".")
    if len(parts) != 3:
        raise Malformed("The token is no JWS in compact form.", "Send header, payload and signature.")
    return parts


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise Malformed("The token holds more than ASCII.", "Send it as it was signed.") from None


def _b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _unb64(text: bytes) -> bytes:
    """Strict base64url: no padding, no other alphabet, no spare bits."""
    try:
        raw = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("The token is not in base64url.", "Send it as it was signed.") from None
    if _b64(raw) != text:
        raise Malformed("The token is not in canonical base64url.", "Send it as it was signed.")
    return raw
