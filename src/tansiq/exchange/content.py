"""The inside of an envelope: padding, content keys and their commitment, sealed attachments, keys kept at rest.

AES-256-GCM does not commit to its key (one ciphertext can open to two texts under two keys), hence the commitment
(Dodis et al., "Fast message franking", CRYPTO 2018). Padding is Padme (Nikitin et al., "Reducing metadata leakage from
encrypted files and communication with PURBs", PETS 2019). Attachments follow the STREAM construction (Hoang et al.,
"Online authenticated-encryption and its nonce-reuse misuse-resistance", CRYPTO 2015): chunks numbered, the last marked.
"""

import hmac
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from tansiq.ground.errors import Malformed, Untrusted

CHUNK = 65_536
TAG = 16
SECRET = 32
"""The bytes of a content key, and of the secret that the items of a bundle share."""

LEAST_PADDED = 64
MOST_PADDED = 1 << 31

_ZERO = bytes(12)
"""The nonce: each derived key seals exactly one text."""


class ContentKeys(Struct, frozen=True, gc=False):
    """What opens an envelope: kl for the label and, for a recipient, kc for the letter. Keep them in memory only."""

    label: bytes
    letter: bytes | None

    def __repr__(self) -> str:
        """No key is ever printed."""
        return f"ContentKeys({'label and letter' if self.letter else 'label alone'})"


def derive(key: bytes, use: bytes) -> bytes:
    """The key for one use: HKDF-Expand (RFC 5869) of `key`, 32 bytes, which is one block of HMAC-SHA256."""
    return hmac.digest(key, b"tansiq/1/" + use + b"\x01", "sha256")


def commitment(label_key: bytes, letter_key: bytes) -> bytes:
    """The signed commitment to both content keys (64 bytes)."""
    return derive(label_key, b"commit") + derive(letter_key, b"commit")


def check_commitment(keys: ContentKeys, committed: bytes) -> None:
    """Return when these are the keys the originator signed for; else raise Untrusted."""
    holds = hmac.compare_digest(derive(keys.label, b"commit"), committed[:32])
    if keys.letter is not None:
        holds = holds and hmac.compare_digest(derive(keys.letter, b"commit"), committed[32:])
    if not holds:
        raise Untrusted("The keys are not those the originator committed to.", "Keep the envelope; raise an alarm.")


def seal_text(key: bytes, use: bytes, text: bytes, aad: bytes) -> bytes:
    """The padded text under a key that is used for nothing else."""
    return AESGCM(derive(key, use)).encrypt(_ZERO, pad(text), aad)


def open_text(key: bytes, use: bytes, box: bytes, aad: bytes) -> bytes:
    """What `seal_text` was given; anything else raises Untrusted."""
    try:
        return unpad(AESGCM(derive(key, use)).decrypt(_ZERO, box, aad))
    except InvalidTag:
        raise Untrusted(f"The {use.decode()} does not open.", "Ask the sender to seal it again.") from None


def padded_size(size: int) -> int:
    """The Padme size of that many bytes behind a length of 4: at least 64, at most 12 % more."""
    whole = max(size + 4, LEAST_PADDED)
    exponent = whole.bit_length() - 1
    mask = (1 << exponent - exponent.bit_length()) - 1
    return whole + mask & ~mask


def pad(data: bytes) -> bytes:
    """The data behind its length, with zeros up to the next Padme size."""
    size = len(data)
    if size + 4 > MOST_PADDED:
        raise Malformed(f"{size} bytes are too many to seal at once.", "Split it.")
    return size.to_bytes(4, "big") + data + bytes(padded_size(size) - 4 - size)


def unpad(padded: bytes) -> bytes:
    """What `pad` was given; other bytes raise Untrusted."""
    size = int.from_bytes(padded[:4], "big")
    if size + 4 > len(padded) or padded_size(size) != len(padded) or any(padded[4 + size :]):
        raise Untrusted("The padding is not Padme's.", "Ask the sender to seal it again.")
    return padded[4 : 4 + size]


def seal_attachment(letter_key: bytes, index: int, data: bytes, aad: bytes) -> bytes:
    """Attachment `index` in sealed chunks of 64 KiB."""
    return b"".join(seal_stream(letter_key, index, len(data), (data,), aad))


def open_attachment(letter_key: bytes, index: int, sealed: bytes, aad: bytes) -> bytes:
    """What `seal_attachment` was given; a chunk that is missing, moved, changed or cut raises Untrusted."""
    return b"".join(open_stream(letter_key, index, len(sealed), (sealed,), aad))


def sealed_size(size: int) -> int:
    """How many bytes an attachment of `size` takes once it is sealed."""
    padded = padded_size(size)
    return padded + TAG * -(-padded // CHUNK)


def seal_stream(letter_key: bytes, index: int, size: int, parts: Iterable[bytes], aad: bytes) -> Iterator[bytes]:
    """Attachment `index` of `size` bytes, which come in `parts`, as sealed chunks of 64 KiB; memory holds two of them.

    Raises Malformed where the parts are more or fewer bytes than said.
    """
    if size + 4 > MOST_PADDED:
        raise Malformed(f"{size} bytes are too many to seal at once.", "Split it.")
    cipher = AESGCM(_attachment_key(letter_key, index))
    padded, done = padded_size(size), 0
    for number, text in enumerate(_chunks(_padded(size, padded, parts), CHUNK)):
        done += len(text)
        if done > padded:
            break
        yield cipher.encrypt(_nonce(number, done == padded), text, aad)
    if done != padded:
        raise Malformed("The attachment is not as long as was said.", "Read it again.")


def open_stream(letter_key: bytes, index: int, size: int, parts: Iterable[bytes], aad: bytes) -> Iterator[bytes]:
    """What was sealed, a chunk at a time, from `size` sealed bytes in `parts`; memory holds two chunks.

    A chunk that is missing, moved, changed or cut raises Untrusted, and so does padding that is not Padme's. What was
    yielded before is what stands at the beginning of the attachment.
    """
    cipher = AESGCM(_attachment_key(letter_key, index))
    seen, padded, whole, done = 0, 0, 0, 0
    for number, box in enumerate(_chunks(parts, CHUNK + TAG)):
        seen += len(box)
        try:
            text = cipher.decrypt(_nonce(number, seen >= size), box, aad)
        except InvalidTag:
            raise Untrusted("The attachment does not open.", "Fetch it again.") from None
        padded += len(text)
        if number == 0:
            whole, text = int.from_bytes(text[:4], "big"), text[4:]
        if any(text[max(whole - done, 0) :]):
            raise Untrusted("The padding is not Padme's.", "Ask the sender to seal it again.")
        yield text[: max(whole - done, 0)]
        done += len(text)
    if seen != size or padded != padded_size(whole):
        raise Untrusted("The attachment does not open.", "Fetch it again.")


def _attachment_key(letter_key: bytes, index: int) -> bytes:
    return derive(letter_key, b"attachment" + index.to_bytes(4, "big"))


def _padded(size: int, padded: int, parts: Iterable[bytes]) -> Iterator[bytes]:
    """The text that is sealed: the length, the parts, zeros."""
    yield size.to_bytes(4, "big")
    yield from parts
    left = padded - 4 - size
    while left > 0:
        yield bytes(min(left, CHUNK))
        left -= CHUNK


def _chunks(parts: Iterable[bytes], step: int) -> Iterator[bytes]:
    """The parts, cut anew in pieces of `step` bytes, the last one shorter; parts are cut in views, not copied."""
    held = bytearray()
    for part in parts:
        view = memoryview(part)
        while view:
            room = step - len(held)
            held += view[:room]
            view = view[room:]
            if len(held) == step:
                yield bytes(held)
                held.clear()
    if held:
        yield bytes(held)


def seal_shared(secret: bytes, keys: bytes, info: bytes) -> bytes:
    """An item's content keys under the secret that a bundle shares with one reader, bound to `info`."""
    return AESGCM(derive(secret, b"shared-wrap" + info)).encrypt(_ZERO, keys, b"")


def open_shared(secret: bytes, sealed: bytes, info: bytes) -> bytes:
    """What `seal_shared` was given; anything else raises Untrusted."""
    try:
        return AESGCM(derive(secret, b"shared-wrap" + info)).decrypt(_ZERO, sealed, b"")
    except InvalidTag:
        raise Untrusted("The wrap does not open with this key.", "Ask the sender to seal it again.") from None


def keep(keys: ContentKeys, storage_key: bytes, identity: bytes) -> bytes:
    """The content keys sealed for storage (80 bytes, 48 for a desk), bound to the envelope's identity."""
    role, secret = _secret(keys)
    return AESGCM(derive(storage_key, b"storage" + role + identity)).encrypt(_ZERO, secret, b"")


def kept(box: bytes, storage_key: bytes, identity: bytes) -> ContentKeys:
    """The content keys that `keep` sealed; another key or identity raises Untrusted."""
    role = b"A" if len(box) == 64 + TAG else b"L"
    try:
        secret = AESGCM(derive(storage_key, b"storage" + role + identity)).decrypt(_ZERO, box, b"")
    except InvalidTag:
        raise Untrusted("The stored keys do not open.", "Check the storage key of this node.") from None
    return keys_of(secret)


def keys_of(secret: bytes) -> ContentKeys:
    """The content keys in what a wrap held (32 bytes for a desk, 64 for a recipient)."""
    if len(secret) not in (32, 64):
        raise Untrusted("A wrap holds no content keys.", "Ask the sender to seal it again.")
    return ContentKeys(secret[:32], secret[32:] or None)


def _secret(keys: ContentKeys) -> tuple[bytes, bytes]:
    return (b"L", keys.label) if keys.letter is None else (b"A", keys.label + keys.letter)


def _nonce(number: int, last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")
