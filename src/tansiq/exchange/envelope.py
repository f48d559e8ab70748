"""The envelope TSQ1 on the wire: its fields, its manifest and its strict, bounded reading. `seal` fills and opens it.

    wire   "TSQ1" || lp(route, lct, ct, com, wraps, atts, approvals, signer, sig, path)
    wraps  lp of n x (role || kid || HPKE box), or where a bundle shares it (role || kid || HPKE box || sealed keys)
    atts   lp of n x (digest || size)
    approvals  lp of n x lp(officer, kid, signature)
    path   empty, or for an item of a bundle lp(index || size, hash ...)
    man    "tansiq/1/manifest" || lp(suite, H(route), H(lct), H(ct), com, H(wraps), H(atts), H(approvals), signer)

Identity = H(man); replay key = (originator, id). Any change of layout is another magic.
"""

from collections.abc import Sequence
from enum import Enum
from uuid import UUID

from msgspec import Struct

from tansiq.exchange import content
from tansiq.exchange import label as labels
from tansiq.exchange.canon import digest, frames, lp
from tansiq.exchange.keys import SUITE_ID
from tansiq.exchange.label import Route
from tansiq.ground.errors import Malformed

MAGIC, MAGIC_BUNDLE = b"TSQ1", b"TSQB"
MOST_READERS, MOST_ATTACHMENTS, MOST_APPROVALS, MOST_ITEMS = 96, 32, 8, 1_000
MOST_LABEL = 40_000
MOST_LETTER = 4 << 20
"""The longest sealed letter in bytes; larger things are attachments."""

MOST_WIRE = MOST_LETTER + (1 << 18)
"""The longest envelope in bytes."""

MOST_BLOB = 1 << 32
"""The longest sealed attachment in bytes."""

_LEAST_BOX = content.LEAST_PADDED + content.TAG
_HPKE_BYTES = 1088 + 32 + content.TAG


class Role(Enum):
    """What a wrap opens: the label alone (a desk), or label and letter (a recipient)."""

    LABEL = b"L"
    ALL = b"A"


_ROLES = {role.value: role for role in Role}
_SHARED_END = 33 + _HPKE_BYTES + content.SECRET
_WRAP_BYTES = {
    role: (33 + _HPKE_BYTES + size, _SHARED_END + size + content.TAG)
    for role, size in ((Role.LABEL, content.SECRET), (Role.ALL, 2 * content.SECRET))
}
"""How long a wrap is in each role: alone, and in a bundle."""


class Wrap(Struct, frozen=True):
    """The content keys, sealed to one reader.

    `box` is HPKE's own, of the content keys; or, where the items of a bundle share it, of the bundle's secret for this
    reader, and `sealed` holds the content keys under that secret.
    """

    role: Role
    kid: bytes
    box: bytes
    sealed: bytes = b""


class Blob(Struct, frozen=True, gc=False):
    """An attachment as it travels: the SHA-256 of its sealed bytes, and how many they are."""

    digest: bytes
    size: int


class Approval(Struct, frozen=True, gc=False):
    """One officer's signature over (H(route), H(label), com): `officer` is the card that says whose key `kid` is."""

    officer: str
    kid: bytes
    signature: bytes


class BundlePath(Struct, frozen=True):
    """Where an item stands in its bundle, and the way from its manifest to the signed root."""

    index: int
    size: int
    path: tuple[bytes, ...]


class Envelope(Struct, frozen=True, kw_only=True):
    """A parsed envelope. Nothing in it is to be believed before `verify`."""

    route_raw: bytes
    route: Route
    label_box: bytes
    letter_box: bytes
    commitment: bytes
    wraps: tuple[Wrap, ...]
    blobs: tuple[Blob, ...]
    approvals: tuple[Approval, ...]
    signer: bytes
    signature: bytes
    bundle: BundlePath | None
    manifest: bytes
    identity: bytes
    raw: bytes

    @property
    def replay_key(self) -> tuple[str, UUID]:
        """(originator, id): one of these has one effect."""
        return self.route.snd, self.route.id


def parse(raw: bytes) -> Envelope:
    """The envelope of these bytes: strict and bounded, no key touched. Raises Malformed."""
    if raw[:4] != MAGIC or len(raw) > MOST_WIRE:
        raise Malformed("This is no envelope of suite TSQ1, or it is too long.", "Send TSQ1.")
    route, label_box, letter_box, com, wraps, blobs, approvals, signer, signature, path = frames(
        raw[4:], least=10, most=10
    )
    sizes = (len(com), len(signer), len(signature))
    if sizes != (64, 32, 64) or not _LEAST_BOX <= len(label_box) <= MOST_LABEL or len(letter_box) < _LEAST_BOX:
        raise Malformed("A field of the envelope has a wrong size.", "Send TSQ1.")
    signed = manifest_text(route, label_box, letter_box, com, wraps, blobs, approvals, signer)
    return Envelope(
        route_raw=route,
        route=labels.read_route(route),
        label_box=label_box,
        letter_box=letter_box,
        commitment=com,
        wraps=read_wraps(wraps),
        blobs=_read_blobs(blobs),
        approvals=read_approvals(approvals),
        signer=signer,
        signature=signature,
        bundle=read_path(path) if path else None,
        manifest=signed,
        identity=digest(signed),
        raw=raw,
    )


def write_wrap(wrap: Wrap) -> bytes:
    """A wrap as one frame."""
    return wrap.role.value + wrap.kid + wrap.box + wrap.sealed


def read_wraps(raw: bytes) -> tuple[Wrap, ...]:
    """The wraps of a field: at least one, each reader once in each role; else Malformed."""
    wraps = []
    for frame in frames(raw, least=1, most=MOST_READERS):
        role = _ROLES.get(frame[:1])
        if role is None or len(frame) not in _WRAP_BYTES[role]:
            raise Malformed("A wrap has a wrong role or size.", "Send TSQ1.")
        end = _WRAP_BYTES[role][0] if len(frame) == _WRAP_BYTES[role][0] else _SHARED_END
        wraps.append(Wrap(role, frame[1:33], frame[33:end], frame[end:]))
    if len({(wrap.role, wrap.kid) for wrap in wraps}) != len(wraps):
        raise Malformed("A reader stands twice.", "Wrap once per reader.")
    return tuple(wraps)


def manifest_text(
    route: bytes,
    label_box: bytes,
    letter_box: bytes,
    com: bytes,
    wraps: bytes,
    blobs: bytes,
    approvals: bytes,
    signer: bytes,
) -> bytes:
    """What the originator signs."""
    hashed = (digest(route), digest(label_box), digest(letter_box), com, digest(wraps), digest(blobs))
    return b"tansiq/1/manifest" + lp(SUITE_ID, *hashed, digest(approvals), signer)


def write_approvals(approvals: Sequence[Approval]) -> bytes:
    """The approvals as a field."""
    return lp(*[lp(approval.officer.encode(), approval.kid, approval.signature) for approval in approvals])


def write_path(index: int, size: int, path: Sequence[bytes]) -> bytes:
    """A place in a bundle as a field."""
    return lp(index.to_bytes(4, "big") + size.to_bytes(4, "big"), *path)


def read_approvals(raw: bytes) -> tuple[Approval, ...]:
    """The approvals of a field, each key once; else Malformed."""
    approvals = []
    for frame in frames(raw, most=MOST_APPROVALS, limit=2_048):
        officer, kid, signature = frames(frame, least=3, most=3, limit=1_536)
        if not officer.isascii() or not officer.decode().isprintable() or (len(kid), len(signature)) != (32, 64):
            raise Malformed("An approval is malformed.", "Send TSQ1.")
        approvals.append(Approval(officer.decode(), kid, signature))
    if len({approval.kid for approval in approvals}) != len(approvals):
        raise Malformed("One key approves twice.", "Two persons are two keys.")
    return tuple(approvals)


def read_path(raw: bytes) -> BundlePath:
    """The place in a bundle of a field; else Malformed."""
    place, *path = frames(raw, least=1, most=1 + MOST_ITEMS.bit_length(), limit=32)
    index, size = int.from_bytes(place[:4], "big"), int.from_bytes(place[4:], "big")
    if len(place) != 8 or not index < size <= MOST_ITEMS or any(len(step) != 32 for step in path):
        raise Malformed("The path of a bundle's item is malformed.", "Send TSQ1.")
    return BundlePath(index, size, tuple(path))


def _read_blobs(raw: bytes) -> tuple[Blob, ...]:
    parts = frames(raw, most=MOST_ATTACHMENTS, limit=40)
    if any(len(part) != 40 for part in parts):
        raise Malformed("An attachment's line has a wrong size.", "Send TSQ1.")
    blobs = tuple(Blob(part[:32], int.from_bytes(part[32:], "big")) for part in parts)
    if any(blob.size > MOST_BLOB for blob in blobs):
        raise Malformed("An attachment is too long.", "Split it.")
    return blobs
