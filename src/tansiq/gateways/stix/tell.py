"""How each type of STIX object is told in a sentence, and which of its properties that sentence carries. Pure."""

from collections.abc import Callable

from tansiq.exchange import canon
from tansiq.gateways.stix.read import Found, Object, refs

MOST_TEXT = 4_000
"""The most characters of one statement."""

Tell = Callable[[Object, dict[str, Found]], str]


def text(value: object) -> str:
    """Text as a letter carries it: NFC, nothing unseen; anything but text is nothing."""
    return canon.clean(value).strip() if isinstance(value, str) else ""


def line(value: object) -> str:
    """The same on one line, and not long."""
    return " ".join(text(value).split())[:500]


def _numbers(said: Object, *names: str) -> str:
    found = [f"{name} {said[name]}" for name in names if isinstance(said.get(name), int | float)]
    return ", ".join(each for each in found if len(each) < 60)


def _named(what: str) -> Tell:
    """Something with a name and a description."""

    def tell(said: Object, _: dict[str, Found]) -> str:
        name, description = line(said.get("name")), text(said.get("description"))
        return f"{what}: {name}. {description}".strip() if name or description else ""

    return tell


def _indicator(said: Object, _: dict[str, Found]) -> str:
    pattern = text(said.get("pattern"))
    parts = (line(said.get("name")), text(said.get("description")))
    told = ". ".join(part for part in parts if part)
    return f"Indicator: {told}\nPattern ({line(said.get('pattern_type')) or 'stix'}): {pattern}" if pattern else ""


def _note(said: Object, _: dict[str, Found]) -> str:
    return text(said.get("content"))


def _opinion(said: Object, known: dict[str, Found]) -> str:
    opinion = line(said.get("opinion"))
    about = ", ".join(_call(ref, known) for ref in refs(said, "object_refs"))
    return f"Opinion on {about}: {opinion}. {text(said.get('explanation'))}".strip() if opinion else ""


def _location(said: Object, _: dict[str, Found]) -> str:
    parts = [line(said.get(name)) for name in ("name", "region", "country", "administrative_area", "city")]
    parts += [_numbers(said, "latitude", "longitude", "precision"), text(said.get("description"))]
    told = ". ".join(part for part in parts if part)
    return f"Location: {told}" if told else ""


def _sighting(said: Object, known: dict[str, Found]) -> str:
    seen = ", ".join(_call(ref, known) for ref in refs(said, "sighting_of_ref"))
    times = " to ".join(line(said.get(name)) for name in ("first_seen", "last_seen") if said.get(name))
    parts = (f"Sighting of {seen}", times, _numbers(said, "count"), text(said.get("description")))
    return ". ".join(part for part in parts if part) if seen else ""


def _observed(said: Object, known: dict[str, Found]) -> str:
    what = ", ".join(_call(ref, known) for ref in refs(said, "object_refs"))
    times = " to ".join(line(said.get(name)) for name in ("first_observed", "last_observed") if said.get(name))
    return f"Observed: {what}. {times} ({_numbers(said, 'number_observed')})" if what else ""


def _relationship(said: Object, known: dict[str, Found]) -> str:
    source, target = refs(said, "source_ref"), refs(said, "target_ref")
    if not source or not target:
        return ""
    how = line(said.get("relationship_type")) or "related-to"
    return f"{_call(source[0], known)} {how} {_call(target[0], known)}. {text(said.get('description'))}".strip()


def _value(said: Object, _: dict[str, Found]) -> str:
    value = line(said.get("value"))
    return f"{said['type']}: {value}" if value else ""


def _file(said: Object, _: dict[str, Found]) -> str:
    hashes = said.get("hashes")
    sums = [f"{line(name)} {line(each)}" for name, each in hashes.items()] if isinstance(hashes, dict) else []
    told = ", ".join(part for part in (line(said.get("name")), *sums[:8], _numbers(said, "size")) if part)
    return f"{said['type']}: {told}" if told else ""


def _simple(said: Object, _: dict[str, Found]) -> str:
    """An observable with nothing but simple properties worth telling."""
    skipped = {"type", "id", "spec_version", "object_marking_refs", "granular_markings", "defanged", "extensions"}
    told = [
        f"{line(name)} {line(str(each))}"
        for name, each in said.items()
        if name not in skipped and isinstance(each, str | int | float) and not name.endswith("_ref")
    ]
    return f"{said['type']}: {', '.join(told)[:MOST_TEXT]}" if told else ""


def _call(ref: str, known: dict[str, Found]) -> str:
    """What an object is called by another."""
    there = known.get(ref)
    kind = line(ref.partition("--")[0])[:60]
    if there is None:
        return kind
    name = line(there.said.get("name")) or line(there.said.get("value"))
    return f"{kind} {name}".strip()


TELL: dict[str, Tell] = {
    "attack-pattern": _named("Attack pattern"),
    "campaign": _named("Campaign"),
    "course-of-action": _named("Course of action"),
    "grouping": _named("Grouping"),
    "identity": _named("Organisation"),
    "indicator": _indicator,
    "infrastructure": _named("Infrastructure"),
    "intrusion-set": _named("Intrusion set"),
    "location": _location,
    "malware": _named("Malware"),
    "malware-analysis": _named("Malware analysis"),
    "note": _note,
    "observed-data": _observed,
    "opinion": _opinion,
    "report": _named("Report"),
    "threat-actor": _named("Threat actor"),
    "tool": _named("Tool"),
    "vulnerability": _named("Vulnerability"),
    "relationship": _relationship,
    "sighting": _sighting,
    "artifact": _file,
    "file": _file,
    "domain-name": _value,
    "ipv4-addr": _value,
    "ipv6-addr": _value,
    "mac-addr": _value,
    "url": _value,
    "autonomous-system": _simple,
    "directory": _simple,
    "mutex": _simple,
    "network-traffic": _simple,
    "process": _simple,
    "software": _simple,
    "windows-registry-key": _simple,
    "x509-certificate": _simple,
}
PERSONAL = {"user-account", "email-addr", "email-message"}
FACTS = {
    "observed-data", "sighting", "location", "artifact", "file", "domain-name", "ipv4-addr", "ipv6-addr", "mac-addr",
    "url", "autonomous-system", "directory", "mutex", "network-traffic", "process", "software", "windows-registry-key",
    "x509-certificate",
}  # fmt: skip
CONTAINERS = {"report", "grouping"}
"""What holds others together: one of them being a person does not make it speak of that person."""

ASIDE = {"marking-definition", "extension-definition", "language-content"}
"""What is understood, and says nothing by itself."""

ABOUT = ("object_refs", "source_ref", "target_ref", "sighting_of_ref", "belongs_to_refs", "creator_user_ref")

CARRIED = {"type", "id", "spec_version", "created", "modified", "object_marking_refs", "granular_markings"}
READ: dict[str, tuple[str, ...]] = {
    **{kind: ("name", "description") for kind, tell in TELL.items() if tell.__name__ == "tell"},
    "indicator": ("name", "description", "pattern", "pattern_type"),
    "note": ("content",),
    "opinion": ("opinion", "explanation", "object_refs"),
    "location": ("name", "description", "region", "country", "administrative_area", "city", "latitude", "longitude"),
    "observed-data": ("first_observed", "last_observed", "number_observed", "object_refs"),
    "sighting": ("sighting_of_ref", "first_seen", "last_seen", "count", "description"),
    "relationship": ("source_ref", "target_ref", "relationship_type", "description"),
    "file": ("name", "hashes", "size"),
    **dict.fromkeys(("domain-name", "ipv4-addr", "ipv6-addr", "mac-addr", "url"), ("value",)),
}
"""The properties that a statement carries, by type; of the others it is said that they were left out."""
