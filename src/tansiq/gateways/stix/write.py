"""A letter of information as STIX 2.1 objects.

    report          the letter: subject, day, topic, purpose and urgency as labels
    note            each statement; its nature and grades stand in a property extension
    opinion         the sender's grade of the whole, where it is graded
    observed-data   a fact that names one observable of a common kind, with that observable
    identity        the agencies that are party to the agreement; never a person

Ids come from the envelope's identity, so that the same letter has the same ids at every node. A letter that names
persons is not written at all: STIX has no place for their category (`exchange.models.collections`).
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from tansiq.exchange import canon
from tansiq.exchange.agreements.terms import Agreement
from tansiq.exchange.kinds.information import Nature, Statement
from tansiq.exchange.label import Label
from tansiq.exchange.values import Outside, Piece
from tansiq.gateways.stix import marks
from tansiq.gateways.stix.marks import name
from tansiq.parties.values import Agency

Object = dict[str, Any]

MAKER = name("identity", "tansiq")
GRADES = name("extension-definition", "grades")
"""The extension that says whether a statement is fact or assessment, and how it is graded."""

_PLAIN = re.compile(r"[0-9a-fA-F:.]{2,45}(?:/[0-9]{1,3})?")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,63}")
_URL = re.compile(
    r"https?://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:[/?](?:[\w.~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?", re.ASCII
)


def _address(version: int) -> Callable[[str], bool]:
    """Whether a text is an address, or a network written with its prefix, of one version of IP."""

    def fits(text: str) -> bool:
        try:
            return _PLAIN.fullmatch(text) is not None and ipaddress.ip_interface(text).version == version
        except ValueError:
            return False

    return fits


OBSERVABLES: dict[str, Callable[[str], object]] = {
    "ipv4-addr": _address(4),
    "ipv6-addr": _address(6),
    "domain-name": _DOMAIN.fullmatch,
    "url": _URL.fullmatch,
}
"""Observables that name no person, and whether a text is one. A fact that reads "TYPE: VALUE" is that observable."""

STIX_SPACE = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The name space of observables' ids (STIX 2.1, section 2.9)."""

AGREEMENT_OF = {1: "strongly-agree", 2: "agree", 3: "agree", 4: "neutral"}
"""Europol's grade of information (1 is known to be true, 4 cannot be judged) on the scale of opinions."""


def front(terms: Agreement, agencies: Iterable[Agency]) -> list[Object]:
    """What stands before every letter of an agreement: its parties, the markings, the extension."""
    since = timestamp(terms.since)
    names = {agency.code: agency.name("en") for agency in agencies}
    maker = _identity(MAKER, "Tansiq", "system", since)
    parties = [_identity(identity(code), names.get(code, code), "organization", since) for code in terms.parties]
    return [maker, *marks.definitions(MAKER), _extension(), *parties]


def objects(letter: Outside) -> list[Object]:
    """The letter's objects, in an order that does not change."""
    said = letter.label
    base = _base(letter)
    report = name("report", letter.digest)
    found = [_report(letter, report, base)]
    for place, statement in enumerate(letter.letter.statements, 1):
        found.append(_note(letter, place, statement, report, base))
    if said.information != 4:
        found.append(_opinion(letter, report, base))
    for place, statement in enumerate(letter.letter.statements, 1):
        found += _observed(letter, place, statement, base)
    return found


def pieces(found: Sequence[Object]) -> list[Piece]:
    """How a collection numbers objects."""
    return [Piece(each["id"], each["type"], _version(each)) for each in found]


def cut(letter: Outside) -> list[Piece]:
    """The objects that a letter gives."""
    return pieces(objects(letter))


def identity(agency: str) -> str:
    """The id of an agency."""
    return name("identity", f"agency/{agency}")


def timestamp(millis: int) -> str:
    """A moment as STIX writes it, in whole milliseconds."""
    moment = canon.moment(millis)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _version(found: Object) -> int | None:
    """When the object was changed, in microseconds since 1970."""
    written = found.get("modified") or found.get("created")
    if written is None:
        return None
    return canon.millis(datetime.fromisoformat(written).astimezone(UTC)) * 1000


def _base(letter: Outside) -> Object:
    """What every object of a letter says."""
    said = letter.label
    at = timestamp(said.sent)
    return {
        "spec_version": "2.1",
        "created_by_ref": identity(said.sender),
        "created": at,
        "modified": at,
        "object_marking_refs": marks.marks(said.handling),
    }


def _report(letter: Outside, report: str, base: Object) -> Object:
    said = letter.label
    subject = letter.letter.subject or "(no subject)"
    return {
        "type": "report",
        "id": report,
        **base,
        "name": f"EXERCISE: {subject}" if said.exercise else subject,
        "published": base["created"],
        "object_refs": sorted({identity(each) for each in (said.sender, *said.recipients)}),
        "labels": _labels(said),
        "external_references": [{"source_name": "tansiq", "external_id": letter.digest}],
    }


def _labels(said: Label) -> list[str]:
    pairs = (
        ("topic", said.topic),
        ("purpose", said.purpose),
        ("urgency", said.urgency),
        ("handling", said.handling),
        ("sensitivity", said.sensitivity),
    )
    exercise = ["exercise"] if said.exercise else []
    return [f"{field}:{value}" for field, value in pairs if str(value)] + exercise


def _note(letter: Outside, place: int, statement: Statement, report: str, base: Object) -> Object:
    grades = {
        "extension_type": "property-extension",
        "nature": statement.nature.value,
        "source": statement.source,
        "information": statement.information,
    }
    return {
        "type": "note",
        "id": name("note", f"{letter.digest}/{place}"),
        **base,
        "abstract": f"{statement.nature.value}, {statement.source}{statement.information}",
        "content": statement.text or "(empty)",
        "object_refs": [report],
        "extensions": {GRADES: grades},
    }


def _opinion(letter: Outside, report: str, base: Object) -> Object:
    said = letter.label
    return {
        "type": "opinion",
        "id": name("opinion", letter.digest),
        **base,
        "opinion": AGREEMENT_OF[said.information],
        "explanation": f"Graded {said.source}{said.information} by its sender (source A to X, information 1 to 4).",
        "object_refs": [report],
    }


def _observed(letter: Outside, place: int, statement: Statement, base: Object) -> list[Object]:
    """A fact that is one observable, as it was observed once."""
    kind, _, value = statement.text.partition(": ")
    fits = OBSERVABLES.get(kind)
    if fits is None or statement.nature is not Nature.FACT or len(value) > 2_000 or not fits(value):
        return []
    seen = observable(kind, value, base["object_marking_refs"])
    data = {
        "type": "observed-data",
        "id": name("observed-data", f"{letter.digest}/{place}"),
        **base,
        "first_observed": base["created"],
        "last_observed": base["created"],
        "number_observed": 1,
        "object_refs": [seen["id"]],
    }
    return [data, seen]


def observable(kind: str, value: str, markings: list[str]) -> Object:
    """An observable with the id that its value gives it."""
    key = msgspec.json.encode({"value": value}).decode()
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid5(STIX_SPACE, key)}",
        "value": value,
        "object_marking_refs": markings,
    }


def _identity(ref: str, called: str, what: str, since: str) -> Object:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": ref,
        "created_by_ref": MAKER,
        "created": marks.DATE,
        "modified": max(since, marks.DATE),
        "name": called,
        "identity_class": what,
    }


def _extension() -> Object:
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": GRADES,
        "created_by_ref": MAKER,
        "created": marks.DATE,
        "modified": marks.DATE,
        "name": "Statement grades",
        "description": "Whether a statement is fact or assessment, and its grades.",
        "schema": "nature: fact or assessment; source: A, B, C or X; information: 1 to 4 (Europol's 4x4 system).",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }
