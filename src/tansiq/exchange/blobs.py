"""Attachments as files beside the database: a door to the disk, and to nothing else.

    HOME/blobs/ab/DIGEST        a sealed attachment, as it travels, named by the SHA-256 of its bytes
    HOME/blobs/coming/DIGEST    one that is still being received: its length says how far it came
    HOME/blobs/typed/ID         one that a person is handing in, sealed under the storage key
    HOME/blobs/making/NAME      one that is being sealed for a letter

Nothing here is open: what a person hands in is sealed a chunk at a time as it arrives, under a key of its own that is
derived from the storage key, so a copy of the disk without the keys reads nothing. A file takes its name only when all
its bytes are on the disk (fsync, rename, fsync of the folder). Memory holds a few chunks, whatever the size.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tansiq.exchange import content
from tansiq.ground.errors import Malformed, Missing, Untrusted

PIECE = 1 << 20
"""How much is read from the disk at a time."""

RESERVE = 512 << 20
"""What attachments leave free on the disk, so that letters, which matter more, can still be kept."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_BOX = 12 + content.CHUNK + content.TAG


class Store:
    """The attachments of one node. `storage` is its storage key."""

    def __init__(self, home: Path, storage: bytes) -> None:
        self.folder, self._storage = home / "blobs", storage

    # Sealed attachments

    def path(self, digest: str) -> Path:
        """Where a sealed attachment stands, or would."""
        if not _DIGEST.fullmatch(digest):
            raise Malformed("This is no digest.", "Name 64 hexadecimal digits.")
        return self.folder / digest[:2] / digest

    def size(self, digest: str) -> int | None:
        """The size of a sealed attachment that is here whole, or None."""
        path = self.path(digest)
        return path.stat().st_size if path.is_file() else None

    def read(self, digest: str, start: int = 0) -> Iterator[bytes]:
        """A sealed attachment from a place on, piece by piece. Raises Missing where it is not here."""
        try:
            with self.path(digest).open("rb") as file:
                file.seek(start)
                while piece := file.read(PIECE):
                    yield piece
        except FileNotFoundError:
            raise Missing("The attachment is not here.", "Ask the sender for it.") from None

    def hash(self, digest: str) -> str:
        """The digest that the file of this name really has. Raises Missing where it is not here."""
        hashed = hashlib.sha256()
        for piece in self.read(digest):
            hashed.update(piece)
        return hashed.hexdigest()

    def piece(self, digest: str, start: int, size: int) -> bytes:
        """So many bytes of a sealed attachment from a place on."""
        try:
            with self.path(digest).open("rb") as file:
                file.seek(start)
                return file.read(size)
        except FileNotFoundError:
            raise Missing("The attachment is not here.", "Ask the sender for it.") from None

    def write(self, parts: Iterable[bytes]) -> tuple[str, int]:
        """Keep sealed bytes; answers their digest and how many they are. Raises OSError, and keeps nothing, when full.

        The same bytes twice are one file.
        """
        draft = self._made("making") / secrets.token_hex(16)
        hashed, size = hashlib.sha256(), 0
        try:
            with open(draft, "xb", opener=_private) as file:
                for part in parts:
                    hashed.update(part)
                    size += len(part)
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            self._name(draft, hashed.hexdigest())
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return hashed.hexdigest(), size

    def forget(self, digest: str) -> None:
        """Take a sealed attachment away, and what had come of it."""
        self.path(digest).unlink(missing_ok=True)
        self._coming(digest).unlink(missing_ok=True)

    # What is being received

    def came(self, digest: str) -> int:
        """How many bytes of an attachment are here."""
        whole = self.size(digest)
        if whole is not None:
            return whole
        path = self._coming(digest)
        return path.stat().st_size if path.is_file() else 0

    def add(self, digest: str, offset: int, data: bytes, size: int) -> int:
        """Add received bytes behind those that are here, on the disk before answering; answers how many there are now.

        What does not join on (`offset`) changes nothing. When all `size` bytes are here, they must have the digest:
        then the file takes its name, else it is taken away and Untrusted is raised. OSError when the disk is full.
        """
        here = self.came(digest)
        if self.size(digest) is not None or offset != here or here + len(data) > size:
            return here
        self.keep_free(len(data))
        path = self._made("coming") / digest
        with open(path, "ab", opener=_private) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), here)
                raise
        if here + len(data) == size:
            self._settle(path, digest)
        return here + len(data)

    def _settle(self, path: Path, digest: str) -> None:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != digest:
            path.unlink()
            raise Untrusted("What was received is not the attachment that was named.", "Send it again from the start.")
        self._name(path, digest)

    def keep_free(self, size: int) -> None:
        """Raise OSError unless so many bytes fit and the reserve stays free."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if shutil.disk_usage(self.folder).free < size + RESERVE:
            raise OSError(errno.ENOSPC, "the disk's reserve is kept for letters")

    # What a person hands in

    def typed(self, upload: UUID) -> int:
        """How many bytes a person has handed in so far."""
        path = self.folder / "typed" / upload.hex
        if not path.is_file():
            return 0
        boxes, rest = divmod(path.stat().st_size, _BOX)
        return boxes * content.CHUNK + max(rest - (_BOX - content.CHUNK), 0)

    def take(self, upload: UUID, offset: int, data: bytes) -> int:
        """Add what a person hands in, sealed, and on the disk before answering; answers how many bytes there are.

        It must join on behind the whole chunks that are here (`offset`), else nothing changes: a shorter chunk is the
        last one, or what a crash left half written, and is handed in anew.
        """
        self.keep_free(len(data))
        path = self._made("typed") / upload.hex
        with open(path, "ab", opener=_private) as file:
            whole = file.tell() // _BOX
            if offset != whole * content.CHUNK:
                return self.typed(upload)
            file.truncate(whole * _BOX)
            cipher = self._cipher(upload)
            try:
                for number, start in enumerate(range(0, len(data), content.CHUNK), whole):
                    nonce = secrets.token_bytes(12)
                    file.write(nonce + cipher.encrypt(nonce, data[start : start + content.CHUNK], _numbered(number)))
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), whole * _BOX)
                raise
        return offset + len(data)

    def handed_in(self, upload: UUID) -> Iterator[bytes]:
        """What a person handed in, a chunk at a time. Raises Missing, or Untrusted where it was changed on the disk."""
        cipher = self._cipher(upload)
        try:
            with (self.folder / "typed" / upload.hex).open("rb") as file:
                number = 0
                while box := file.read(_BOX):
                    yield cipher.decrypt(box[:12], box[12:], _numbered(number))
                    number += 1
        except FileNotFoundError:
            raise Missing("What was handed in is not here any more.", "Hand it in again.") from None
        except (InvalidTag, ValueError):
            raise Untrusted("What was handed in was changed on the disk.", "Hand it in again.") from None

    def drop(self, upload: UUID) -> None:
        """Take away what a person handed in."""
        (self.folder / "typed" / upload.hex).unlink(missing_ok=True)

    # Housekeeping

    def stale(self, before: datetime) -> Iterator[str]:
        """The digests of files that were last written before then, for who knows which of them are still named."""
        for folder in self.folder.glob("[0-9a-f][0-9a-f]"):
            for path in folder.iterdir():
                if _DIGEST.fullmatch(path.name) and path.stat().st_mtime < before.timestamp():
                    yield path.name

    def sweep(self, before: datetime, longest: timedelta) -> None:
        """Take away what nobody finished: drafts that were last written before then, receptions `longest` before."""
        for name, limit in (("making", before), ("typed", before), ("coming", before - longest)):
            for path in (self.folder / name).glob("*"):
                if path.stat().st_mtime < limit.timestamp():
                    path.unlink(missing_ok=True)

    def _cipher(self, upload: UUID) -> AESGCM:
        return AESGCM(content.derive(self._storage, b"typed" + upload.bytes))

    def _coming(self, digest: str) -> Path:
        return self.folder / "coming" / self.path(digest).name

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _name(self, draft: Path, digest: str) -> None:
        """Give a whole file its name, for good."""
        path = self.path(digest)
        fresh = not path.parent.is_dir()
        self._made(digest[:2])
        draft.replace(path)
        for folder in (path.parent, *([self.folder] if fresh else [])):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _private(path: str, flags: int) -> int:
    """Opens a file that only this user may read."""
    return os.open(path, flags, 0o600)


def _numbered(number: int) -> bytes:
    return number.to_bytes(8, "big")
