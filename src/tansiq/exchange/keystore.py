"""The node's keys at rest: a door to the disk, and to nothing else.

    HOME/keys/keys.json     the key set and the storage keys, under AES-256-GCM
    HOME/keys/passphrase    what unlocks them, where the environment does not say it (mode 0600)
    HOME/anchor.json        the ledger's last head, outside the database, so that an old backup is noticed

The key that encrypts comes from the passphrase through Argon2id (RFC 9106, second recommended choice: 64 MiB, 3 passes,
4 lanes). Every file is written beside its place, flushed to the disk and moved there whole. The storage key re-wraps
the content keys of letters (`seal.keep`), so the database and its backups hold no key that opens anything.
"""

import os
import secrets
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from msgspec import Struct

from tansiq.ground.errors import Malformed, Unready, Untrusted

FILE, PASSPHRASE, VARIABLE = "keys.json", "passphrase", "TANSIQ_PASSPHRASE"
WARNING = (
    "The passphrase of this node's keys stands beside them, readable by this user alone. Whoever copies the folder "
    f"can open every letter: for real use set {VARIABLE} and delete the file."
)


class Older(Struct, frozen=True):
    """A key set that was followed by another, and until when it is kept (milliseconds since 1970)."""

    keys: bytes
    until: int


class Vault(Struct, frozen=True, kw_only=True):
    """What is locked away: the key set as its own bytes, and the storage key.

    `older` are the sets before, `coming` is one that is about to follow: it is on the disk before anybody hears of it.
    """

    keys: bytes
    storage: bytes
    older: tuple[Older, ...] = ()
    coming: bytes = b""


class _Box(Struct, frozen=True, forbid_unknown_fields=True):
    """A vault as it lies on the disk."""

    version: int
    salt: bytes
    memory: int
    passes: int
    lanes: int
    nonce: bytes
    sealed: bytes

    def bound(self) -> bytes:
        """What the seal covers beside the vault: everything in the open."""
        return msgspec.json.encode((self.version, self.salt, self.memory, self.passes, self.lanes))


class Anchor(Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger's last head as this node wrote it outside its database; `root` in hexadecimal."""

    epoch: int
    size: int
    root: str


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all, and have it on the disk before answering."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def create(folder: Path, keys: bytes, passphrase: str = "") -> str:
    """Lock a new key set away in `folder`; answers a warning where the passphrase had to be kept beside it.

    Without a passphrase (argument or environment) one is drawn and written to the folder.
    """
    if (folder / FILE).exists():
        raise Unready(f"{folder} already holds keys.", "Keys are never overwritten: move them away first.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    given, warning = passphrase or os.environ.get(VARIABLE, ""), ""
    if not given:
        given, warning = secrets.token_urlsafe(32), WARNING
        write(folder / PASSPHRASE, given.encode() + b"\n")
    store(folder, Vault(keys=keys, storage=secrets.token_bytes(32)), given)
    return warning


def store(folder: Path, vault: Vault, passphrase: str) -> None:
    """Lock a vault away under a passphrase."""
    box = _Box(1, secrets.token_bytes(16), 64 * 1024, 3, 4, secrets.token_bytes(12), b"")
    cipher = AESGCM(_derive(box, passphrase))
    sealed = cipher.encrypt(box.nonce, msgspec.msgpack.encode(vault), box.bound())
    write(folder / FILE, msgspec.json.encode(msgspec.structs.replace(box, sealed=sealed)))


def change(folder: Path, **fields: object) -> None:
    """Lock the vault away again, under the same passphrase, with some of it changed."""
    store(folder, msgspec.structs.replace(unlock(folder), **fields), _passphrase(folder))


def unlock(folder: Path, passphrase: str = "") -> Vault:
    """Open the vault of a node.

    Raises `Unready` without keys or passphrase, `Untrusted` when the passphrase is wrong or a byte changed.
    """
    file = folder / FILE
    if not file.is_file():
        raise Unready(f"There are no keys in {folder}.", "Make them with tansiq node init, or restore them.")
    try:
        box = msgspec.json.decode(file.read_bytes(), type=_Box)
    except msgspec.MsgspecError as error:
        raise Malformed(f"{file} cannot be read: {error}.", "Restore it from where keys are kept safe.") from error
    try:
        opened = AESGCM(_derive(box, passphrase or _passphrase(folder))).decrypt(box.nonce, box.sealed, box.bound())
        return msgspec.msgpack.decode(opened, type=Vault)
    except (InvalidTag, ValueError, msgspec.MsgspecError) as error:
        raise Untrusted(f"{file} does not open.", f"Check {VARIABLE} or the file {PASSPHRASE} beside it.") from error


def _passphrase(folder: Path) -> str:
    if given := os.environ.get(VARIABLE, ""):
        return given
    file = folder / PASSPHRASE
    if not file.is_file():
        raise Unready("The passphrase of this node's keys is not known.", f"Set {VARIABLE}.")
    return file.read_text(encoding="utf-8").strip()


def _derive(box: _Box, passphrase: str) -> bytes:
    return Argon2id(salt=box.salt, length=32, iterations=box.passes, lanes=box.lanes, memory_cost=box.memory).derive(
        passphrase.encode()
    )


def read_anchor(path: Path) -> Anchor | None:
    """The last head written outside the database, or None where none was written yet."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Anchor)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise Malformed(f"{path} cannot be read: {error}.", "Run tansiq ledger verify.") from error


def write_anchor(path: Path, anchor: Anchor) -> None:
    """Write the last head outside the database."""
    write(path, msgspec.json.encode(anchor))
