"""What a TAXII request says beside its path: media types and filters (sections 1.6.8, 3.4, 3.5 and 5). Pure."""

import re
from collections.abc import Iterable, Mapping
from uuid import UUID, uuid5

from tansiq.exchange.values import Wanted
from tansiq.gateways.stix.marks import SPACE
from tansiq.gateways.times import micros
from tansiq.ground.errors import Malformed

TAXII = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"
MOST_VALUES = 200
"""How many values one filter takes."""

_NAME = re.compile(r"[a-z0-9-]{3,60}--[0-9a-fA-F-]{36}")
_KIND = re.compile(r"[a-z0-9-]{3,60}")


def collection_id(agreement: str) -> UUID:
    """How TAXII calls the collection of an agreement."""
    return uuid5(SPACE, f"collection/{agreement}")


def acceptable(header: str) -> bool:
    """Whether an Accept header takes TAXII 2.1."""
    return not header.strip() or any(_fits(each, "*/*", "application/*") for each in header.split(","))


def is_taxii(header: str) -> bool:
    """Whether a Content-Type header says TAXII 2.1."""
    return _fits(header)


def _fits(text: str, *wild: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    said = dict(part.partition("=")[::2] for part in parameters)
    if said.get("q", "1").rstrip("0").rstrip(".") == "":
        return False
    return kind in wild or (kind == "application/taxii+json" and said.get("version", "2.1").strip('"') == "2.1")


def wanted(query: Mapping[str, str], most: int) -> Wanted:
    """The filters of a request for objects, manifests or versions; what cannot be read raises `Malformed`."""
    for name in query:
        if name.startswith("match[") and name[6:-1] not in ("id", "type", "version", "spec_version"):
            raise Malformed(f"There is no filter {name[:40]}.", "Match id, type, version or spec_version.")
    names, kinds = _values(query, "match[id]"), _values(query, "match[type]")
    _check(names, _NAME, "match[id]", "Give ids like indicator--UUID.")
    _check(kinds, _KIND, "match[type]", "Give types like indicator.")
    after = max(micros(query["added_after"]) if query.get("added_after") else 0, _next(query.get("next", "")))
    return Wanted(
        after=after,
        limit=min(_limit(query.get("limit", "")), most),
        names=names,
        kinds=kinds if speaks(query) else ("-",),
        versions=tuple(_version(each) for each in _values(query, "match[version]")) or ("last",),
    )


def speaks(query: Mapping[str, str]) -> bool:
    """Whether the filter on spec_version lets STIX 2.1 pass."""
    versions = _values(query, "match[spec_version]")
    return not versions or "2.1" in versions


def _values(query: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = tuple(each.strip() for each in query.get(name, "").split(",") if each.strip())
    if len(found) > MOST_VALUES:
        raise Malformed(f"{name} has {len(found)} values.", f"Give at most {MOST_VALUES}.")
    return found


def _check(values: Iterable[str], shape: re.Pattern[str], name: str, instead: str) -> None:
    for value in values:
        if not shape.fullmatch(value):
            raise Malformed(f"{name}: {value[:60]!a} is not one.", instead)


def _version(text: str) -> str | int:
    return text if text in ("first", "last", "all") else micros(text)


def _limit(text: str) -> int:
    if not text:
        return 1 << 30
    if not (text.isascii() and text.isdigit() and int(text[:10]) > 0):
        raise Malformed(f"The limit {text[:20]!a} is no number.", "Give a whole number from 1.")
    return int(text[:10])


def _next(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Malformed("This page is not known here.", "Give `next` as the page before said it.")
    return int(text)
