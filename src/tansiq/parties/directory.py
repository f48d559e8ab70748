"""Reads a directory file: the agencies a node starts with, or a partner's list that its administrator loads.

The file is JSON: a list of agencies, each `{"code", "state", "kind", "names", "functions", "desks"}`. The reference
directory beside this file holds the services that the mission rows name.
"""

import re
from importlib.resources import files

import msgspec
from msgspec import Struct

from tansiq.ground.errors import Malformed
from tansiq.parties.values import Agency, AgencyKind

CODE = re.compile(r"[a-z]{2,8}(\.[a-z0-9-]{2,23})?")
LARGEST = 1_000_000
LONGEST_DESK = 120


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """An agency of the file, with the names of its desks."""

    code: str
    state: str
    kind: AgencyKind
    names: dict[str, str]
    functions: tuple[str, ...] = ()
    desks: tuple[str, ...] = ()

    def agency(self) -> Agency:
        """The agency that the entry describes."""
        return Agency(self.code, self.state, self.kind, self.names, self.functions)


def read(raw: bytes) -> tuple[Entry, ...]:
    """The entries of a directory file. Raises `Malformed`, naming the entry that is wrong."""
    again = "Mend the file and load it again; nothing was changed."
    if len(raw) > LARGEST:
        raise Malformed(f"The directory has {len(raw)} bytes; the most is {LARGEST}.", again)
    try:
        entries = msgspec.json.decode(raw, type=tuple[Entry, ...])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The directory cannot be read: {error}.", again) from error
    seen: set[str] = set()
    for entry in entries:
        if not CODE.fullmatch(entry.code):
            raise Malformed(f"{entry.code!r} is no agency code (like ma.marine).", again)
        if entry.code in seen:
            raise Malformed(f"{entry.code} stands twice in the directory.", again)
        if not re.fullmatch(r"[A-Z]{2}", entry.state):
            raise Malformed(f"{entry.code}: {entry.state!r} is no state code of two capitals.", again)
        if any(len(desk) > LONGEST_DESK for desk in entry.desks):
            raise Malformed(f"{entry.code}: a desk's name is longer than {LONGEST_DESK} characters.", again)
        if "\0" in "".join((*entry.names, *entry.names.values(), *entry.functions, *entry.desks)):
            raise Malformed(f"{entry.code}: a text holds the character U+0000, which no text needs.", again)
        if not entry.names.get("en", "").strip():
            raise Malformed(f"{entry.code} has no English name.", again)
        seen.add(entry.code)
    return entries


def reference() -> bytes:
    """The reference directory: the services of the mission rows."""
    return files("tansiq.parties").joinpath("reference/directory.json").read_bytes()
