"""An agreement as it travels and lies in a file: the document, the parties' signatures, what they said of it since."""

import msgspec
from msgspec import Struct

from tansiq.ground.errors import Malformed


class Papers(Struct, frozen=True, forbid_unknown_fields=True):
    """The document as its canonical text, signatures by party, statements in the order in which they were made."""

    document: str
    signatures: dict[str, str] = {}
    statements: tuple[str, ...] = ()


def read_papers(raw: bytes) -> Papers:
    """The papers of these bytes. Raises `Malformed`; what is signed in them is for others to check."""
    try:
        return msgspec.json.decode(raw, type=Papers)
    except msgspec.MsgspecError as error:
        raise Malformed(
            f"This is no agreement: {error}.", "Name the file that `tansiq agreement new` wrote."
        ) from error
