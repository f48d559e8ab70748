"""What programs offer: drafts for officers, never letters; what does not come in is told; who may do what."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.test import Client

from tansiq.correspondence import acts, reads
from tansiq.correspondence.models import Draft, Offer, OfferedObject
from tansiq.correspondence.values import OfferReceipt, Reason
from tansiq.exchange import jws
from tansiq.exchange.models import Envelope, Event, LedgerEntry
from tansiq.exchange.models.own import own
from tansiq.gateways.stix import marks
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty, Permission
from tests import world
from tests.gateways import gates
from tests.gateways.gates import Gate, path
from tests.neighbour import Neighbour

DATE = "2026-01-01T00:00:00.000Z"
AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
PERSON = "identity--0b0e1c52-6b3f-4a4e-9d6a-0a8f5f0f2a01"


def stix(kind: str, number: int = 1, **said: Any) -> dict[str, Any]:
    """An object with what every object has."""
    name = f"{kind}--00000000-0000-4000-8000-{number:012d}"
    return {"type": kind, "spec_version": "2.1", "id": name, "created": DATE, "modified": DATE, **said}


def indicator(number: int = 1, **said: Any) -> dict[str, Any]:
    usual = {"name": "a phone", "pattern": "[ipv4-addr:value = '198.51.100.7']", "pattern_type": "stix"}
    return stix("indicator", number, **{**usual, "valid_from": DATE, "object_marking_refs": [AMBER], **said})


def offer(gate: Gate, agreement: str, token: str, *objects: Any, status: int = 202) -> Any:
    """Offer objects; answers the status resource."""
    answer = gate.ask(path(agreement, "objects"), token, method="POST", body={"objects": list(objects)})
    assert answer.status == status, answer
    return answer.body


def taken(by: Duty = Duty.SERVICE_OFFICER) -> list[dict[str, list[str]]]:
    """Every waiting offer, taken up: the drafts as they stand in the form."""
    officer = world.officer(by)
    found = []
    for line in reads.offers(reader=officer):
        made = acts.take_offer(offer=line.id, by=officer, now=world.NOW)
        assert not isinstance(made, Refused)
        for each in made:
            draft = reads.draft(draft=each, reader=officer)
            assert draft is not None
            found.append(draft.fields)
    return found


def test_an_offer_is_kept_sealed_logged_receipted_and_no_letter(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, offer=True)

    status = offer(gate, agreement, token, indicator())

    assert (status["status"], status["total_count"], status["success_count"]) == ("complete", 1, 1)
    assert gate.ask(f"letters/status/{status['id']}/", token).body == status
    assert Envelope.objects.count() == Draft.objects.count() == 0
    row = Offer.objects.get()
    assert b"phone" not in bytes(row.box)
    assert "phone" not in row.fates
    receipt = jws.read(status["x_tansiq_receipt"], OfferReceipt, own().keys.signer.verifier)
    event = Event.objects.get(name=Permission.OFFER_RECEIVE.value)
    assert (str(receipt.offer), receipt.leaf, receipt.objects) == (status["id"], event.leaf, 1)
    entry = msgspec.json.decode(bytes(LedgerEntry.objects.get(index=event.leaf).entry))
    assert entry["detail"]["digest"] == receipt.digest
    assert event.by == "ma.marine/external-client/misp"


def test_an_officer_takes_an_offer_up_as_drafts_of_their_own(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, offer=True)
    report = stix("report", name="Boats\u202e at the river", published=DATE, object_refs=[stix("indicator", 1)["id"]])
    offer(gate, agreement, token, report, *[indicator(number) for number in range(1, 41)])

    first, second = taken()

    assert first["subject"] == ["Boats at the river (1/2)"]
    assert (first["rows"], second["rows"]) == (["30"], ["11"])
    assert first["handling"] == ["H2"]
    assert first["agreement"] == [agreement]
    assert first["text_2"] == ["Indicator: a phone\nPattern (stix): [ipv4-addr:value = '198.51.100.7']"]
    assert (first["nature_2"], first["source_2"], first["grade_2"]) == (["assessment"], ["X"], ["4"])
    assert bytes(Offer.objects.get().box) == b""
    assert Event.objects.filter(name=Permission.OFFER_TAKE.value).count() == 1


def test_an_offer_is_settled_once_and_by_its_own_agency(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, offer=True)
    name = UUID(offer(gate, agreement, token, indicator())["id"])
    officer, other = world.officer(Duty.SERVICE_OFFICER), world.officer(Duty.SERVICE_OFFICER, "ma.gendarmerie")

    assert reads.offers(reader=other) == ()
    assert reads.offers(reader=world.officer(Duty.BUREAU_CLERK)) == ()
    with pytest.raises(Missing):
        acts.discard_offer(offer=name, by=other, now=world.NOW)
    assert acts.discard_offer(offer=name, by=officer, now=world.NOW) is None
    refused = acts.take_offer(offer=name, by=officer, now=world.NOW)

    assert isinstance(refused, Refused)
    assert refused.reason == Reason.OFFER_DONE
    assert bytes(Offer.objects.get().box) == b""
    assert reads.offers(reader=officer) == ()


def test_what_is_offered_again_adds_nothing_and_a_new_version_does(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, offer=True)
    offer(gate, agreement, token, indicator(1), indicator(2))

    again = offer(gate, agreement, token, indicator(1), indicator(2))
    newer = offer(gate, agreement, token, indicator(1, modified="2026-02-01T00:00:00Z"), indicator(2))

    assert (again["success_count"], newer["success_count"]) == (2, 2)
    assert [line.statements for line in reads.offers(reader=world.officer(Duty.SERVICE_OFFICER))] == [1, 2]
    assert OfferedObject.objects.count() == 3


def test_twenty_programs_at_once_lose_nothing(gate: Gate, partner: Neighbour) -> None:
    from concurrent.futures import ThreadPoolExecutor

    token, agreement = gates.client(), gates.agree(partner, offer=True)
    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(lambda n: offer(gate, agreement, token, indicator(n), indicator(1000)), range(1, 61)))

    assert len({each["id"] for each in made}) == 60
    assert sum(offer.statements for offer in Offer.objects.all()) == 61


def test_the_sender_alone_sees_the_status(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, offer=True)
    other = gates.client("opencti")
    name = offer(gate, agreement, token, indicator())["id"]

    assert gate.ask(f"letters/status/{name}/", other).status == 404
    assert gate.ask("letters/status/no-such/", token).status == 404


def test_a_client_that_is_listed_to_read_may_not_offer_and_the_other_way(gate: Gate, partner: Neighbour) -> None:
    token = gates.client()
    reads_only = gates.agree(partner, number="1")
    offers_only = gates.agree(partner, read=False, offer=True, number="2")

    offer(gate, reads_only, token, indicator(), status=403)
    offer(gate, offers_only, token, indicator())
    assert gate.ask(path(offers_only, "objects"), token).status == 403
    assert gate.ask(path(offers_only, "manifest"), token).status == 403


WRONG: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "another format": (415, b"{}", {"Content-Type": "application/json"}),
    "an older TAXII": (415, b"{}", {"Content-Type": "application/taxii+json;version=2.0"}),
    "compressed": (415, b"\x1f\x8b", {"Content-Encoding": "gzip"}),
    "no JSON": (422, b"objects", {}),
    "no text": (422, b"\xff\xfe", {}),
    "nothing": (422, b"", {}),
    "no objects": (422, b'{"objects": []}', {}),
    "a key twice": (422, b'{"objects": [], "objects": [{}]}', {}),
    "not a number": (422, b'{"objects": [{"count": NaN}]}', {}),
    "an endless number": (422, b'{"objects": [{"count": ' + b"9" * 10_000 + b"}]}", {}),
    "a bottomless nest": (422, b'{"objects": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", {}),
    "too many": (422, b'{"objects": [' + b",".join([b"1"] * 5_001) + b"]}", {}),
    "too large": (413, b" " * ((10 << 20) + 1), {}),
}


def test_a_wrong_offer_is_answered_as_the_standard_says(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, offer=True)

    said = {
        story: gate.ask(path(agreement, "objects"), token, method="POST", raw=raw, **headers)
        for story, (_, raw, headers) in WRONG.items()
    }

    assert {story: answer.status for story, answer in said.items()} == {story: WRONG[story][0] for story in WRONG}
    assert all(answer.body["title"] for answer in said.values())
    assert Offer.objects.count() == 0


FATES: dict[str, tuple[dict[str, Any], str]] = {
    "a person": (stix("identity", name="somebody", identity_class="individual"), "category"),
    "an identity that may be a person": (stix("identity", name="somebody"), "category"),
    "an account": ({"type": "user-account", "spec_version": "2.1", "id": stix("user-account")["id"]}, "category"),
    "an opinion on a person": (stix("opinion", opinion="disagree", object_refs=[PERSON]), "a person"),
    "a note on a person": (stix("note", content="he is bad", object_refs=[PERSON]), "a person"),
    "a relationship of a person": (
        stix("relationship", relationship_type="uses", source_ref=PERSON, target_ref=indicator()["id"]), "a person",
    ),
    "a type of somebody's own": (stix("x-risk-score", score=9), "not known"),
    "STIX 2.0": ({key: v for key, v in indicator().items() if key != "spec_version"}, "not STIX 2.1"),
    "an id of another type": ({**indicator(), "id": stix("note")["id"]}, "no id"),
    "a day that is none": (indicator(modified="2026-02-30T00:00:00Z"), "date"),
    "an indicator without a pattern": (indicator(pattern=""), "says nothing"),
}  # fmt: skip


def test_what_does_not_come_in_is_told(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, offer=True)
    person = {**stix("identity", name="somebody", identity_class="individual"), "id": PERSON}

    for story, (found, why) in FATES.items():
        status = offer(gate, agreement, token, person, found)
        assert status["failure_count"] == 2, story
        assert why in status["failures"][1]["message"], story
        assert status["failures"][1]["id"] in (found["id"], found["id"][:60]), story

    assert Offer.objects.filter(state="waiting").count() == 0


def test_our_own_letters_come_back_with_their_grades_and_handling(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, offer=True)
    gates.arrive(partner, agreement, gates.letter("A boat, seen."), handling="H1")
    sent = gate.ask(path(agreement, "objects"), token).body["objects"]
    (note,) = [each for each in sent if each["type"] == "note"]
    assert marks.CODES["H1"] in note["object_marking_refs"]

    offer(gate, agreement, token, note)

    (fields,) = taken()
    assert (fields["text_1"], fields["nature_1"]) == (["A boat, seen."], ["fact"])
    assert (fields["source_1"], fields["grade_1"]) == (["A"], ["1"])
    assert fields["handling"] == ["H2"], "TLP:AMBER+STRICT asks for more than H1, and the strictest holds"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_page_of_offers(language: str, gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, offer=True)
    first, second = (offer(gate, agreement, token, indicator(n))["id"] for n in (1, 2))
    browser: Client = world.sign_in(Duty.SERVICE_OFFICER, language=language)

    page = browser.get("/exchange/offers").content.decode()
    assert "misp" in page
    assert "a phone" not in page
    discarded = browser.post(f"/exchange/offers/{first}/discard", {"token": str(UUID(int=1))}, follow=True)
    opened = browser.post(f"/exchange/offers/{second}/take", {"token": str(UUID(int=2))}, follow=True)
    late = browser.post(f"/exchange/offers/{second}/take", {"token": str(UUID(int=3))})

    assert discarded.status_code == 200
    assert opened.redirect_chain[-1][0].startswith("/exchange/new/information/")
    assert "a phone" in opened.content.decode()
    assert late.status_code == 409
    assert json.loads(Event.objects.filter(name=Permission.OFFER_TAKE.value).latest("id").detail) == {
        "refused": Reason.OFFER_DONE.value
    }
