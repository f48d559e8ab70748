"""Attachments between a person and the sealed file that travels: named, typed, sealed, opened and checked in streams.

What is sealed is `lp(name, type)` and then the file: the name is content, so it stands inside, for recipients.
The label names the whole by digest, size and type. Nothing is opened into memory whole, whatever its size.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from tansiq.exchange import content, sniff
from tansiq.exchange import label as labels
from tansiq.exchange.blobs import Store
from tansiq.exchange.canon import digest, lp
from tansiq.exchange.label import Attachment, Route, Urgency
from tansiq.exchange.seal import Attached, Blob, ContentKeys, Envelope
from tansiq.ground.errors import Malformed, Untrusted

MOST_NAME = 200
"""The longest name of a file, in characters."""

MOST_HEAD = 4_096
"""The longest head of an attachment, in bytes."""

LARGEST = 1 << 30
"""The largest file that is taken, whatever an agreement says: 1 GiB."""


LIFE = {
    Urgency.DISTRESS: timedelta(days=7),
    Urgency.URGENT: timedelta(days=14),
    Urgency.PRIORITY: timedelta(days=30),
    Urgency.ROUTINE: timedelta(days=30),
}
"""How long delivery is tried before an envelope expires: outages of days are expected."""


class Named(Struct, frozen=True):
    """A file that a person handed in."""

    id: UUID
    name: str
    kind: str
    size: int


class Ready(Struct, frozen=True, kw_only=True):
    """Attachments sealed for one letter that is about to be sent: its route, what was sealed, what was handed in."""

    route: Route
    attached: Attached
    files: tuple[Named, ...]


class Head(Struct, frozen=True):
    """What stands before a file: its name, its media type, and how many bytes that takes."""

    name: str
    kind: str
    size: int


def clean_name(name: str) -> str:
    """A file's name without its folders and without what cannot be seen or would mislead: at least "file"."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(each for each in last if unicodedata.category(each)[0] not in "CZ" or each == " ")
    return plain.strip(" .")[:MOST_NAME].strip(" .") or "file"


def head_of(name: str, kind: str) -> bytes:
    """The head of an attachment."""
    return lp(name.encode(), kind.encode())


def read_head(data: bytes) -> Head:
    """The head at the beginning of an attachment; else Malformed."""
    fields, place = [], 0
    for _ in range(2):
        size = int.from_bytes(data[place : place + 4], "big")
        field = data[place + 4 : place + 4 + size]
        if size > MOST_HEAD or len(field) != size or len(data) < place + 4:
            raise Malformed("The attachment has no name and type.", "Ask the sender to send it again.")
        fields.append(field)
        place += 4 + size
    try:
        name, kind = (field.decode() for field in fields)
    except UnicodeDecodeError:
        raise Malformed("The attachment's name is no text.", "Ask the sender to send it again.") from None
    if place > MOST_HEAD or clean_name(name) != name or not kind.isascii() or len(kind) > 127:
        raise Malformed("The attachment's name or type is malformed.", "Ask the sender to send it again.")
    return Head(name, kind, place)


def expected(name: str, kind: str, size: int) -> Attachment:
    """How a label will name a file: its size with the head, its type, and no digest yet."""
    return Attachment("0" * 64, len(head_of(name, kind)) + size, kind)


def seal(store: Store, files: tuple[Named, ...], route: Route, secret: bytes) -> Ready:
    """Seal files that were handed in, for a letter of this route and under its keys (`secret`, 64 random bytes).

    The sealed files stand in the store when this returns. Raises Malformed for a file that is not what it was said to
    be, OSError when the disk is full.
    """
    aad, blobs, parts = digest(labels.write_route(route)), [], []
    for index, file in enumerate(files):
        store.keep_free(content.sealed_size(file.size + MOST_HEAD))
        head = head_of(file.name, file.kind)
        hashed, check = hashlib.sha256(head), sniff.Check(file.kind)
        clear = _watched(store.handed_in(file.id), hashed, check)
        size = len(head) + file.size
        made, length = store.write(content.seal_stream(secret[32:], index, size, _after(head, clear), aad))
        blobs.append(Blob(bytes.fromhex(made), length))
        parts.append(Attachment(hashed.hexdigest(), size, file.kind))
    return Ready(route=route, attached=Attached(secret=secret, blobs=tuple(blobs), parts=tuple(parts)), files=files)


def _after(head: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from parts


def _watched(parts: Iterable[bytes], hashed: "hashlib._Hash", check: sniff.Check) -> Iterator[bytes]:
    for part in parts:
        hashed.update(part)
        check.feed(part)
        yield part
    check.finish()


def clear(store: Store, envelope: Envelope, keys: ContentKeys, index: int) -> tuple[Head, Iterator[bytes]]:
    """The head of attachment `index`, and its file a chunk at a time. Raises Missing, Malformed or Untrusted."""
    if keys.letter is None:
        raise Untrusted("These keys open the label alone.", "The attachment is for its recipients.")
    blob = envelope.blobs[index]
    sealed = store.read(blob.digest.hex())
    parts = content.open_stream(keys.letter, index, blob.size, sealed, digest(envelope.route_raw))
    first = next(parts, b"")
    head = read_head(first[:MOST_HEAD])
    return head, _after(first[head.size :], parts)


def examine(store: Store, envelope: Envelope, keys: ContentKeys, index: int, part: Attachment) -> Head:
    """Open attachment `index` once, all through, and compare it with what the label says of it; answers its head.

    Raises Untrusted where it is another file, Malformed where it is of another type than it says.
    """
    head, parts = clear(store, envelope, keys, index)
    hashed, size = hashlib.sha256(head_of(head.name, head.kind)), head.size
    check = sniff.Check(head.kind)
    for each in _watched(parts, hashed, check):
        size += len(each)
    if (hashed.hexdigest(), size) != (part.digest, part.size):
        raise Untrusted("The attachment is not what the label names.", "Keep the envelope; raise an alarm.")
    if head.kind != part.type:
        raise Malformed("The attachment is of another type than the label says.", "Ask the sender to send it again.")
    return head
