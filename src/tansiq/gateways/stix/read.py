"""Reads STIX 2.1 that somebody else wrote: a bundle, a TAXII envelope, or one object. Nothing in it is believed.

JSON is read strictly (RFC 8259 with the limits of RFC 7493): UTF-8, no key twice, no NaN, no endless nesting. What is
wrong with the whole raises `Malformed`; what is wrong with one object is said of that object alone.
"""

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NoReturn

from msgspec import Struct

from tansiq.gateways.times import micros
from tansiq.ground.errors import Malformed

Object = dict[str, Any]

LIMIT = 10 << 20
MOST_OBJECTS = 5_000

_ID = re.compile(r"([a-z0-9-]{3,60})--[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Wrong(StrEnum):
    """What is wrong with one object."""

    NO_OBJECT = "no-object"
    NO_ID = "no-id"
    OTHER_VERSION = "other-version"
    NO_DATE = "no-date"


class Found(Struct, frozen=True):
    """One object as it stood in what was read; `version` in microseconds since 1970, None where it has none."""

    name: str
    kind: str
    version: int | None
    said: Object
    wrong: Wrong | None = None


def objects(raw: bytes, *, limit: int = LIMIT) -> tuple[Found, ...]:
    """The objects in a bundle, an envelope or alone, in their order."""
    if len(raw) > limit:
        raise Malformed(f"{len(raw)} bytes where {limit} is the most.", "Send it in parts.")
    whole = _json(raw)
    if not isinstance(whole, dict):
        raise Malformed("This is no STIX: an object was expected.", "Send a bundle, or an envelope with `objects`.")
    listed = whole.get("objects") if "objects" in whole or whole.get("type") == "bundle" else [whole]
    if not isinstance(listed, list) or not listed:
        raise Malformed("There are no objects.", "List them under `objects`.")
    if len(listed) > MOST_OBJECTS:
        raise Malformed(f"{len(listed)} objects where {MOST_OBJECTS} are the most.", "Send them in parts.")
    return tuple(map(_found, listed))


def refs(said: Object, *names: str) -> list[str]:
    """The ids in some properties of an object, whether one or a list."""
    found: list[str] = []
    for name in names:
        value = said.get(name)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                found.append(each)
    return found


def _found(said: object) -> Found:
    if not isinstance(said, dict):
        return Found("", "", None, {}, Wrong.NO_OBJECT)
    name, kind = said.get("id"), said.get("type")
    if not isinstance(name, str) or not isinstance(kind, str):
        return Found("", "", None, said, Wrong.NO_ID)
    shape = _ID.fullmatch(name)
    if shape is None or shape[1] != kind:
        return Found(_plain(name)[:120], _plain(kind)[:60], None, said, Wrong.NO_ID)
    if said.get("spec_version", "2.1" if "created" not in said else "2.0") != "2.1":
        return Found(name, kind, None, said, Wrong.OTHER_VERSION)
    written = said.get("modified", said.get("created"))
    try:
        version = micros(written) if isinstance(written, str) else None
    except Malformed:
        return Found(name, kind, None, said, Wrong.NO_DATE)
    return Found(name, kind, version, said, Wrong.NO_DATE if written is not None and version is None else None)


def _plain(text: str) -> str:
    """Text that anybody may repeat."""
    return text.encode("ascii", "replace").decode()


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except Malformed:
        raise
    except RecursionError:
        raise Malformed("The JSON is nested too deep.", "Nest it less.") from None
    except ValueError as error:
        raise Malformed(f"This is no JSON: {str(error)[:120]}.", "Send JSON in UTF-8.") from None


def _once(pairs: Sequence[tuple[str, Any]]) -> Object:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen = set[str]()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Malformed(f"The key {twice[:40]!a} stands twice in one object.", "Say each once.")
    return found


def _no_number(text: str) -> NoReturn:
    raise Malformed(f"{text} is no number in JSON.", "Leave it out.")
