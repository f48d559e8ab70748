"""Public warnings and incidents for other systems: their structure, that a drill is one, and what never goes out."""

import itertools
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tansiq.gateways import cap, cise
from tansiq.gateways.cap import PublicWarning, Said, Status
from tansiq.gateways.cise import Incident
from tansiq.ground.errors import Malformed
from tansiq.watch.values import Alert, Priority, Situation

NOW = datetime(2025, 1, 29, 2, 30, tzinfo=UTC)
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"

WARNING = PublicWarning(
    alert=UUID(int=7),
    sender="ma.marine",
    sent=NOW,
    expires=NOW + timedelta(hours=12),
    status=Status.ACTUAL,
    priority=1,
    said={"ar": Said("شخص في البحر", "مضيق جبل طارق", "خففوا السرعة"), "en": Said("Person overboard", "The Strait")},
    lat=35.95,
    lon=-5.6,
    radius_m=1_500.0,
)
INCIDENT = Incident(
    id=UUID(int=7), agency="ma.marine", seen_at=NOW, priority=1, lat=35.95, lon=-5.6, mmsi=(2_420_001, 972_000_001)
)

ALERT = ("identifier", "sender", "sent", "status", "msgType", "scope", "note", "info")
INFO = (
    "language", "category", "event", "urgency", "severity", "certainty", "expires", "senderName", "headline",
    "instruction", "area",
)  # fmt: skip
ONE_OF = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
                 "Other"},
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}  # fmt: skip
"""What the data dictionary of CAP 1.2 (section 3.2) allows."""


def flaws(raw: bytes) -> list[str]:
    """What the data dictionary finds wrong with a warning: order, repetition, codes, times, the circle."""
    root = ElementTree.fromstring(raw)
    found = [] if root.tag == f"{CAP}alert" else [root.tag]
    for parent, order in ((root, ALERT), *((info, INFO) for info in root.findall(f"{CAP}info"))):
        names = [child.tag.removeprefix(CAP) for child in parent]
        places = [order.index(name) if name in order else -1 for name in names]
        found += [f"order {names}"] if places != sorted(places) or -1 in places else []
        twice = {name for name in names if names.count(name) > 1} - {"info"}
        found += [f"twice {name}" for name in twice]
        found += [f"missing {name}" for name in ({*order} - {"note", "instruction"}) - {*names}]
        for child in parent:
            name, text = child.tag.removeprefix(CAP), child.text or ""
            found += [f"{name} {text}"] if text not in ONE_OF.get(name, {text}) else []
            if name in ("sent", "expires"):
                found += [] if text.endswith("-00:00") and datetime.fromisoformat(text) else [f"{name} {text}"]
            if name in ("sender", "identifier"):
                found += [f"{name} {text}"] if {*text} & {*" ,<&"} or not text else []
    for area in root.iter(f"{CAP}area"):
        found += [] if (area.findtext(f"{CAP}areaDesc") or "").strip() else ["nowhere"]
        for circle in area.findall(f"{CAP}circle"):
            place, radius = (circle.text or "").split(" ")
            lat, lon = map(float, place.split(","))
            found += [] if abs(lat) <= 90 and abs(lon) <= 180 and float(radius) >= 0 else [circle.text or ""]
    return found


@pytest.mark.parametrize(("priority", "status"), [*itertools.product(Priority, Status)])
def test_every_warning_has_the_structure_of_cap_1_2(priority: Priority, status: Status) -> None:
    raw = cap.write(replace(WARNING, priority=int(priority), status=status))

    assert flaws(raw) == []
    assert ElementTree.fromstring(raw).findtext(f"{CAP}status") == status.value


@given(event=st.text(min_size=1, max_size=60), area=st.text(min_size=1, max_size=60), text=st.text(max_size=99))
def test_whatever_is_written_the_warning_stays_sound(event: str, area: str, text: str) -> None:
    try:
        raw = cap.write(replace(WARNING, said={"en": Said(event, area, text)}))
    except Malformed:
        assert not event.strip() or not area.strip() or not (event + area).isprintable()
        return
    assert flaws(raw) in ([], ["nowhere"])


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
def test_a_drill_says_so_in_every_text(status: Status) -> None:
    root = ElementTree.fromstring(cap.write(replace(WARNING, status=status)))

    assert root.findtext(f"{CAP}note") == "EXERCISE EXERCISE EXERCISE"
    for name in ("event", "headline", "instruction"):
        assert all((each.text or "").startswith(status.value.upper()) for each in root.iter(f"{CAP}{name}"))


EMPTY = {
    "in no language": {"said": {}},
    "nowhere": {"said": {"en": Said("Person overboard", " ")}},
    "of nothing": {"said": {"en": Said("", "The Strait")}},
    "for no time": {"expires": NOW},
}


@pytest.mark.parametrize("story", EMPTY)
def test_there_is_no_warning(story: str) -> None:
    with pytest.raises(Malformed):
        cap.write(replace(WARNING, **EMPTY[story]))


def test_an_incident_has_its_parts_where_the_model_has_them() -> None:
    root = ElementTree.fromstring(cise.write(INCIDENT))

    assert root.tag == "MaritimeSafetyIncident"
    assert [child.tag for child in root] == [
        "Identifier", "NatureType", "OccurrencePeriod", "LocationRel", "InvolvedObjectRel", "InvolvedObjectRel",
        "Severity", "Urgency", "Certainty",
    ]  # fmt: skip
    assert root.findtext("Identifier/UUID") == str(INCIDENT.id)
    assert (root.findtext("OccurrencePeriod/StartDate"), root.findtext("OccurrencePeriod/StartTime")) == (
        "2025-01-29", "02:30:00Z",
    )  # fmt: skip
    assert root.findtext("LocationRel/Location/Geometry/Latitude") == "35.950000"
    assert [each.text for each in root.iter("MMSI")] == ["002420001", "972000001"]
    kinds = {each.get("{http://www.w3.org/2001/XMLSchema-instance}type") for each in root.iter("Object")}
    assert kinds == {"vessel:Vessel"}


@pytest.mark.parametrize(("priority", "exercise"), [*itertools.product(Priority, (False, True))])
def test_a_rescue_is_never_an_irregular_entry(priority: Priority, exercise: bool) -> None:
    raw = cise.write(replace(INCIDENT, priority=int(priority), exercise=exercise)).decode()

    assert "Irregular" not in raw
    assert "Migration" not in raw
    assert ElementTree.fromstring(raw).findtext("NatureType") == ("Simulated" if exercise else "Observed")


def test_nothing_free_and_nobody_fits_into_either_format() -> None:
    said = {*PublicWarning.__struct_fields__, *Incident.__struct_fields__}

    assert said & {"text", "persons", "name", "reasons", "raw", "evidence"} == set()
    assert {"text", "persons", "name"} <= {*Alert.__struct_fields__}
    assert all(int(priority) in cap.GRADES and int(priority) in cise.GRADES for priority in Priority)
    assert Situation.MOB


def test_the_commands_need_an_officer_and_tell_what_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tansiq.cli", "alert", "cap", str(UUID(int=1)), "--home", str(tmp_path)]

    nobody = subprocess.run(command, capture_output=True, text=True, check=False)
    nowhere = subprocess.run([*command, "--by", "admin"], capture_output=True, text=True, check=False)

    assert (nobody.returncode, nowhere.returncode) == (2, 2)
    assert "--by" in nobody.stderr
    assert "There is no node" in nowhere.stderr


RAISE = """
import sys
from pathlib import Path
from tansiq.cli import django as node
home = node.setup(Path(sys.argv[1]))
from tansiq.ground import clock
from tansiq.parties import reads
from tansiq.watch import acts
now = clock.now()
by = reads.officer(person=reads.person(username="officer").id, post=None, now=now)
made = acts.raise_alert(lat=35.9, lon=-5.6, radius_m=500.0, seen_at=now, text="a name nobody may read", by=by, now=now)
print(made.id)
"""


def test_an_officer_of_a_node_in_an_exercise_gives_an_alert_in_both_formats(tmp_path: Path) -> None:
    def run(*arguments: str | Path, stdin: str = "") -> str:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)], input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    tansiq, home = ("-m", "tansiq.cli"), tmp_path / "ma"
    run(*tansiq, "node", "init", "--home", home, "--code", "ma", "--agency", "ma.marine", "--exercise", "night")
    for name, duty in (("officer", "duty-officer"), ("clerk", "bureau-clerk")):
        run(*tansiq, "people", "add", "--home", home, "--username", name, "--agency", "ma.marine", "--duty", duty,
            "--password-stdin", stdin="a long enough password\n")  # fmt: skip
    alert = run("-c", RAISE, home).strip().splitlines()[-1]
    given = ("--home", home, "--by", "officer")

    warning = run(*tansiq, "alert", "cap", alert, *given, "--area", "Strait of Gibraltar").encode()
    incident = run(*tansiq, "alert", "cise", alert, *given)
    refused = subprocess.run(
        [sys.executable, *tansiq, "alert", "cap", alert, "--home", home, "--by", "clerk"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert flaws(warning.strip()) == []
    root = ElementTree.fromstring(warning.strip())
    assert root.findtext(f"{CAP}status") == "Exercise"
    assert {each.text for each in root.iter(f"{CAP}language")} == {"ar", "fr", "es", "en"}
    assert len({each.text for each in root.iter(f"{CAP}headline")}) == 4
    assert ElementTree.fromstring(incident.strip()).findtext("NatureType") == "Simulated"
    assert "nobody may read" not in warning.decode() + incident
    assert (refused.returncode, "watch.alert.export" in refused.stderr) == (2, True)
