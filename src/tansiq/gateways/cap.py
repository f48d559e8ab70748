"""A public warning in the Common Alerting Protocol 1.2 (OASIS Standard, 1 July 2010), a block per language. Pure.

A drill never looks real: `Status.EXERCISE` and `Status.TEST` are what its receivers act upon. Nothing of an alert's
free text goes out, because it may name a person: what is said to the public is what an officer writes for it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID
from xml.etree import ElementTree

from msgspec import Struct

from tansiq.exchange import canon
from tansiq.ground.errors import Malformed

SPACE = "urn:oasis:names:tc:emergency:cap:1.2"


class Status(StrEnum):
    """Whether to act upon it (section 3.2.1)."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    TEST = "Test"


class Grade(Struct, frozen=True):
    """How soon to act, how bad it may be, how sure it is, and what kind of matter it is (section 3.2.2)."""

    urgency: str
    severity: str
    certainty: str
    category: str


GRADES = {
    1: Grade("Immediate", "Extreme", "Observed", "Rescue"),
    2: Grade("Immediate", "Severe", "Likely", "Safety"),
    3: Grade("Expected", "Moderate", "Likely", "Safety"),
    4: Grade("Future", "Minor", "Possible", "Safety"),
}
"""By the priority of an alert (MSC.302(87))."""


class Said(Struct, frozen=True):
    """The warning in one language: what it is about, in what area, and what to do."""

    event: str
    area: str
    instruction: str = ""


class PublicWarning(Struct, frozen=True, kw_only=True):
    """What the public is told. `priority` is 1 to 4; the circle is in degrees and metres."""

    alert: UUID
    sender: str
    sent: datetime
    expires: datetime
    status: Status
    priority: int
    said: Mapping[str, Said]
    lat: float | None = None
    lon: float | None = None
    radius_m: float = 0.0


def write(warning: PublicWarning) -> bytes:
    """The warning as XML. Raises Malformed where it would say nothing, or nowhere."""
    if not warning.said or not all(each.event.strip() and each.area.strip() for each in warning.said.values()):
        raise Malformed("A warning says what it is about and where, in every language.", "Name the area.")
    if warning.expires <= warning.sent:
        raise Malformed("The warning ends before it begins.", "Give it more hours.")
    ElementTree.register_namespace("", SPACE)
    root = ElementTree.Element(f"{{{SPACE}}}alert")
    _add(root, "identifier", f"{warning.alert}.{canon.millis(warning.sent)}")
    _add(root, "sender", warning.sender)
    _add(root, "sent", _time(warning.sent))
    _add(root, "status", warning.status.value)
    _add(root, "msgType", "Alert")
    _add(root, "scope", "Public")
    if warning.status is not Status.ACTUAL:
        _add(root, "note", "EXERCISE EXERCISE EXERCISE")
    for language, said in warning.said.items():
        _info(root, warning, language, said)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _info(root: ElementTree.Element, warning: PublicWarning, language: str, said: Said) -> None:
    grade, info = GRADES[warning.priority], ElementTree.SubElement(root, f"{{{SPACE}}}info")
    mark = "" if warning.status is Status.ACTUAL else f"{warning.status.value.upper()}: "
    _add(info, "language", language)
    _add(info, "category", grade.category)
    _add(info, "event", mark + said.event)
    _add(info, "urgency", grade.urgency)
    _add(info, "severity", grade.severity)
    _add(info, "certainty", grade.certainty)
    _add(info, "expires", _time(warning.expires))
    _add(info, "senderName", warning.sender)
    _add(info, "headline", mark + said.event)
    if said.instruction.strip():
        _add(info, "instruction", mark + said.instruction)
    area = ElementTree.SubElement(info, f"{{{SPACE}}}area")
    _add(area, "areaDesc", said.area)
    if warning.lat is not None and warning.lon is not None:
        _add(area, "circle", f"{warning.lat:.5f},{warning.lon:.5f} {max(warning.radius_m, 0.0) / 1000:.3f}")


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{SPACE}}}{name}").text = canon.clean(text).strip()


def _time(moment: datetime) -> str:
    """The form that the standard asks for: UTC is -00:00, never Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}-00:00"
