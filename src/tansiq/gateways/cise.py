"""An incident at sea in the CISE data model 1.5.3 (Common Information Sharing Environment, EMSA), as XML. Pure.

Everything that Tansiq alerts to is written as a `MaritimeSafetyIncident`: somebody or something at sea is in danger.
The model's `IrregularMigrationIncident` with its "IrregularEntryAttempt" is never written here, whoever is on board: a
rescue is no attempt at anything. No person, no nationality and no free text goes out; vessels go by MMSI alone. The
list behind `MaritimeSafetyIncidentType` is of rules that ships break, so that element is left out. A drill says
`Simulated`, which is what the model has for it.
"""

from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree

from msgspec import Struct

from tansiq.exchange import canon

VESSEL = "http://www.cise.eu/datamodel/v1/entity/vessel/"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
ROOT = "MaritimeSafetyIncident"

GRADES = {
    1: ("Extreme", "Immediate", "Observed"),
    2: ("Severe", "Immediate", "Likely"),
    3: ("Moderate", "Expected", "Likely"),
    4: ("Minor", "Future", "Possible"),
}
"""Severity, urgency and certainty by the priority of an alert; the model takes the three from CAP."""


class Incident(Struct, frozen=True, kw_only=True):
    """What another system is told: which incident, when it was seen, where, how grave, and which vessels."""

    id: UUID
    agency: str
    seen_at: datetime
    priority: int
    lat: float | None = None
    lon: float | None = None
    radius_m: float = 0.0
    mmsi: tuple[int, ...] = ()
    exercise: bool = False


def write(incident: Incident) -> bytes:
    """The incident as XML."""
    ElementTree.register_namespace("vessel", VESSEL)
    ElementTree.register_namespace("xsi", INSTANCE)
    root = ElementTree.Element(ROOT)
    identifier = ElementTree.SubElement(root, "Identifier")
    _add(identifier, "UUID", str(incident.id))
    _add(identifier, "GeneratedBy", incident.agency)
    _add(root, "NatureType", "Simulated" if incident.exercise else "Observed")
    period, seen = ElementTree.SubElement(root, "OccurrencePeriod"), incident.seen_at.astimezone(UTC)
    _add(period, "StartDate", f"{seen:%Y-%m-%d}")
    _add(period, "StartTime", f"{seen:%H:%M:%S}Z")
    if incident.lat is not None and incident.lon is not None:
        location = ElementTree.SubElement(ElementTree.SubElement(root, "LocationRel"), "Location")
        geometry = ElementTree.SubElement(location, "Geometry")
        _add(geometry, "Latitude", f"{incident.lat:.6f}")
        _add(geometry, "Longitude", f"{incident.lon:.6f}")
    for mmsi in incident.mmsi:
        found = ElementTree.SubElement(ElementTree.SubElement(root, "InvolvedObjectRel"), "Object")
        found.set(f"{{{INSTANCE}}}type", "vessel:Vessel")
        found.set("xmlns:vessel", VESSEL)
        _add(found, "MMSI", f"{mmsi:09d}")
    severity, urgency, certainty = GRADES[incident.priority]
    _add(root, "Severity", severity)
    _add(root, "Urgency", urgency)
    _add(root, "Certainty", certainty)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = canon.clean(text).strip()
