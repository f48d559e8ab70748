"""The reader of STIX that somebody else wrote: whatever comes is answered in bounded time, and nothing stays hidden."""

import contextlib
import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tansiq.correspondence.acts.offers import as_fields
from tansiq.exchange import canon
from tansiq.exchange.kinds.information import InformationLetter
from tansiq.exchange.label import Handling
from tansiq.gateways.stix import marks, read
from tansiq.gateways.stix.draft import Dropped, draft
from tansiq.gateways.stix.offer import places, proposal
from tansiq.gateways.stix.tell import MOST_TEXT, TELL
from tansiq.ground.errors import Malformed

DATE = "2026-01-01T00:00:00.000Z"
PROPERTIES = (
    "name", "description", "value", "pattern", "pattern_type", "content", "opinion", "object_refs", "source_ref",
    "target_ref", "relationship_type", "sighting_of_ref", "identity_class", "hashes", "labels",
    "definition", "extensions", "object_marking_refs", "granular_markings", "confidence", "latitude",
    "number_observed", "modified", "spec_version",
)  # fmt: skip

leaves = (
    st.none() | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40)
    | st.sampled_from(["\u202e\u2066hidden\u2069", "\ud800", "a\u0000b", "e\u0301", "identity--" + "0" * 8])
)  # fmt: skip
values = st.recursive(
    leaves, lambda some: st.lists(some, max_size=4) | st.dictionaries(st.text(max_size=8), some, max_size=4)
)
ids = st.builds(
    lambda kind, n: f"{kind}--00000000-0000-4000-8000-{n:012x}", st.sampled_from(sorted(TELL)), st.integers(0, 9)
)
objects = st.builds(
    lambda name, said: {"id": name, "type": name.partition("--")[0], "spec_version": "2.1", **said},
    ids,
    st.dictionaries(st.sampled_from(PROPERTIES), values | ids | st.lists(ids, max_size=3), max_size=8),
)


def made(*found: Any) -> Any:
    return draft(read.objects(json.dumps({"objects": found}).encode()))


@settings(max_examples=400)
@given(st.lists(objects | values, min_size=1, max_size=6))
def test_whatever_objects_come_each_has_a_fate_and_every_statement_can_be_sent(found: list[Any]) -> None:
    result = made(*found)

    assert len(result.outcomes) == len(found)
    assert len(places(result)) == len(result.statements)
    assert all(0 < len(each.text) <= MOST_TEXT + 20 for each in result.statements)
    letter = InformationLetter(subject=result.subject, statements=result.statements)
    assert canon.read_letter(canon.write_letter(letter), InformationLetter)
    assert sum(int(fields["rows"][0]) for fields in as_fields(proposal(result))) == len(result.statements)
    seen = "".join(each.text for each in result.statements) + result.subject
    assert not {c for c in seen if unicodedata.category(c) in ("Cf", "Cs", "Cc") and c not in "\n\t"}


@settings(max_examples=400)
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_bytes_come_they_are_read_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert draft(read.objects(raw)).outcomes


@given(st.integers(10, 200_000), st.sampled_from([b"[", b'{"a":', b"[{", b'{"objects":[']))
@settings(max_examples=30)
def test_nesting_ends_somewhere(depth: int, opening: bytes) -> None:
    with pytest.raises(Malformed):
        read.objects(opening * depth)


def test_a_key_that_stands_twice_is_refused_wherever_it_is() -> None:
    raw = b'{"objects": [{"id": "note--1", "extensions": {"a": {"b": 1, "b": 2}}}]}'

    with pytest.raises(Malformed, match="stands twice"):
        read.objects(raw)


MARKED: dict[str, tuple[list[str], list[dict[str, Any]], Handling]] = {
    "none": ([], [], Handling.H0),
    "TLP:CLEAR": ([marks.TLP["clear"]], [], Handling.H0),
    "TLP:GREEN of TLP 1": (["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"], [], Handling.H0),
    "TLP:AMBER": ([marks.TLP["amber"]], [], Handling.H2),
    "TLP:AMBER and TLP:RED": ([marks.TLP["amber"], marks.TLP["red"]], [], Handling.H3),
    "our own H1": ([marks.CODES[Handling.H1]], [], Handling.H1),
    "one that is not known": (["marking-definition--00000000-0000-4000-8000-000000000001"], [], Handling.H3),
    "TLP under an id of somebody's own": (
        ["marking-definition--00000000-0000-4000-8000-000000000002"],
        [{"type": "marking-definition", "spec_version": "2.1", "created": DATE, "definition_type": "tlp",
          "id": "marking-definition--00000000-0000-4000-8000-000000000002", "definition": {"tlp": "white"}}],
        Handling.H0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", MARKED)
def test_the_strictest_marking_holds(story: str) -> None:
    markings, definitions, handling = MARKED[story]
    note = {"type": "note", "spec_version": "2.1", "id": "note--00000000-0000-4000-8000-000000000001", "created": DATE,
            "modified": DATE, "content": "x", "object_refs": [], "object_marking_refs": markings}  # fmt: skip

    assert made(note, *definitions).handling is handling


def test_a_restriction_that_is_written_out_comes_with_the_letter() -> None:
    name = "marking-definition--00000000-0000-4000-8000-000000000003"
    marking = {"type": "marking-definition", "spec_version": "2.1", "id": name, "created": DATE,
               "definition_type": "statement", "definition": {"statement": "Not for the press."}}  # fmt: skip
    seen = {"type": "ipv4-addr", "spec_version": "2.1", "id": "ipv4-addr--00000000-0000-5000-8000-000000000001",
            "value": "198.51.100.7", "object_marking_refs": [name]}  # fmt: skip

    result = made(seen, marking)

    assert [each.text for each in result.statements] == ["ipv4-addr: 198.51.100.7", "Marking: Not for the press."]
    assert (result.handling, result.strange_markings) == (Handling.H3, (name,))


def tansiq(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tansiq.cli", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)


def test_a_dry_run_tells_what_would_come_in_and_needs_no_node() -> None:
    bundle = {"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001", "objects": [
        {"type": "malware", "spec_version": "2.1", "id": "malware--00000000-0000-4000-8000-000000000001",
         "created": DATE, "modified": DATE, "name": "x", "is_family": False, "labels": ["a"]},
        {"type": "email-addr", "spec_version": "2.1", "id": "email-addr--00000000-0000-5000-8000-000000000001",
         "value": "somebody@example.org"},
    ]}  # fmt: skip

    done = tansiq("stix", "import", "-", "--dry-run", "--json", stdin=json.dumps(bundle))

    said = json.loads(done.stdout)
    assert (said["taken"], said["dropped"], said["handling"]) == (1, 1, "H0")
    assert said["objects"][1]["reason"] == Dropped.PERSON
    assert said["left_out"] == {"is_family": 1, "labels": 1}
    assert "somebody" not in done.stdout
    plain = tansiq("stix", "import", "-", "--dry-run", stdin=json.dumps(bundle))
    assert "names-a-person" in plain.stdout
    refused = tansiq("stix", "import", "-", stdin=json.dumps(bundle))
    assert (refused.returncode, "--dry-run" in refused.stderr) == (2, True)
    assert tansiq("stix", "import", "-", "--dry-run", stdin="{").returncode == 2
