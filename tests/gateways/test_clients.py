"""The libraries that MISP, OpenCTI and others build on, live against our server, and the validator for all it says."""

import json

import pytest
from stix2 import Bundle, Filter, Indicator, Report
from stix2.datastore.taxii import TAXIICollectionSink, TAXIICollectionSource
from stix2validator import ValidationOptions, validate_instance
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

from tansiq.correspondence import reads
from tansiq.parties.duties import Duty
from tests import world
from tests.gateways import gates
from tests.gateways.gates import Gate, arrive, letter, path
from tests.neighbour import Neighbour

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # theirs, of what they build on


def errors(found: dict[str, object]) -> list[str]:
    """What the validator finds wrong with one object, by every rule that STIX 2.1 has."""
    result = validate_instance(found, ValidationOptions(version="2.1"))
    return [str(error) for error in result.errors]


def test_taxii2_client_reads_page_after_page(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    arrive(partner, agreement, *[letter(f"statement {n}") for n in range(20)])

    server = Server(f"{gate.url}/taxii2/", user="misp", password=token)
    (root,) = server.api_roots
    (collection,) = root.collections
    pages = list(as_pages(collection.get_objects, per_request=7))
    manifest = list(as_pages(collection.get_manifest, per_request=7))

    assert isinstance(root, ApiRoot)
    assert root.max_content_length == 10 << 20
    assert [len(page["objects"]) for page in pages[:-1]] == [7] * (len(pages) - 1)
    objects = [each for page in pages for each in page["objects"]]
    assert [entry["id"] for page in manifest for entry in page["objects"]] == [each["id"] for each in objects]
    assert len([each for each in objects if each["type"] == "report"]) == 20
    one = collection.get_object(objects[-1]["id"])
    assert one["objects"] == [objects[-1]]
    assert len(collection.object_versions(objects[-1]["id"])["versions"]) == 1


def test_stix2_reads_through_its_taxii_source(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    arrive(partner, agreement, letter("ipv4-addr: 198.51.100.7", subject="قوارب مطاطية"), information=1, source="A")

    with Collection(f"{gate.url}/taxii2/{path(agreement)}", user="misp", password=token) as collection:
        source = TAXIICollectionSource(collection)
        (report,) = source.query([Filter("type", "=", "report")])
        (opinion,) = source.query([Filter("type", "=", "opinion")])
        sender = source.get(report.created_by_ref)
        nobody = source.get("report--aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
        versions = source.all_versions(report.id)

    assert report.name == "قوارب مطاطية"
    assert (opinion.opinion, opinion.object_refs) == ("strongly-agree", [report.id])
    assert (sender.type, sender.identity_class) == ("identity", "organization")
    assert sender.name != world.THEIRS
    assert nobody is None
    assert [each.id for each in versions] == [report.id]


def test_the_validator_passes_all_that_is_given_out(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    facts = ("ipv4-addr: 198.51.100.7", "ipv4-addr: 999.1.1.1", "ipv6-addr: 2001:db8::1", "domain-name: example.org",
             "url: https://example.org/a?b=c", "url: https://[", "", "نص بالعربية", "two\nlines")  # fmt: skip
    arrive(partner, agreement, letter(*facts), letter("x", subject=""), information=3, source="C", handling="H3")
    objects = [
        each
        for page in as_pages(
            Collection(f"{gate.url}/taxii2/{path(agreement)}", user="misp", password=token).get_objects, per_request=50
        )
        for each in page["objects"]
    ]

    assert {each["id"]: found for each in objects if (found := errors(each))} == {}
    assert {each["type"] for each in objects} == {
        "identity", "marking-definition", "extension-definition", "report", "note", "opinion", "observed-data",
        "ipv4-addr", "ipv6-addr", "domain-name", "url",
    }  # fmt: skip


def test_stix2_offers_through_its_taxii_sink(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, offer=True)
    seen = Indicator(name="a phone", pattern="[ipv4-addr:value = '198.51.100.7']", pattern_type="stix")
    report = Report(name="Boats", published="2026-01-01T00:00:00Z", object_refs=[seen])

    with Collection(f"{gate.url}/taxii2/{path(agreement)}", user="misp", password=token) as collection:
        sink = TAXIICollectionSink(collection)
        sink.add(Bundle(seen, report))
        sink.add([seen.new_version(name="another phone")])
        status = collection.add_objects({"objects": [json.loads(seen.serialize()) | {"modified": "yesterday"}]})

    offers = reads.offers(reader=world.officer(Duty.SERVICE_OFFICER))
    assert [line.statements for line in offers] == [1, 2]
    assert (status.status, status.failure_count, status.failures[0]["id"]) == ("complete", 1, seen.id)
    assert status.custom_properties["x_tansiq_receipt"]
    status.refresh()
    assert status.total_count == 1
