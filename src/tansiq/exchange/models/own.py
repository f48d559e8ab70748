"""Who this node is, and its keys, unlocked once in each process."""

from functools import lru_cache
from pathlib import Path
from threading import Lock

from django.conf import settings
from msgspec import Struct

from tansiq.exchange import keystore
from tansiq.exchange.blobs import Store
from tansiq.exchange.keys import KeySet
from tansiq.ground.errors import Unready

_UNLOCKING = Lock()
"""To unlock takes 64 MiB and four lanes on purpose: when keys change, every thread of the node would do it at once."""


class Own(Struct, frozen=True):
    """This node: its code, the agency it speaks for when nobody is at the keys, and what it signs and opens with."""

    node: str
    agency: str
    exercise: str
    keys: KeySet
    storage: bytes
    anchor: Path
    folder: Path

    @property
    def store(self) -> Store:
        """The attachments of this node, on the disk."""
        return Store(self.anchor.parent, self.storage)


def own() -> Own:
    """This node. Raises `Unready` where it has no home or no keys."""
    if settings.TANSIQ_HOME is None:
        raise Unready("This node has no home, so it has no keys.", "Run tansiq node init, and name it by TANSIQ_HOME.")
    home = Path(settings.TANSIQ_HOME)
    file = home / "keys" / keystore.FILE
    stamp = file.stat().st_mtime_ns if file.is_file() else 0
    with _UNLOCKING:
        vault, keys = _unlocked((home / "keys").resolve(), stamp)
    return Own(
        settings.TANSIQ_NODE,
        settings.TANSIQ_AGENCY,
        settings.TANSIQ_EXERCISE,
        keys,
        vault.storage,
        home / "anchor.json",
        home / "keys",
    )


@lru_cache(maxsize=8)
def _unlocked(folder: Path, stamp: int) -> tuple[keystore.Vault, KeySet]:
    """The vault as it was at `stamp`: a changed key file is read again."""
    vault = keystore.unlock(folder)
    older = [KeySet.load(each.keys) for each in vault.older]
    return vault, KeySet.load(vault.keys).followed(older)
