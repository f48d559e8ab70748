"""The TAXII server, as programs use it: who sees what, page by page, and how each wrong request is answered."""

import base64
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec.structs import replace

from tansiq.exchange import acts, canon, recalls
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.models import Envelope, Event, Log
from tansiq.exchange.models.channels import channels
from tansiq.exchange.models.collections import collection_of
from tansiq.exchange.values import Wanted
from tansiq.gateways import times
from tansiq.gateways.door import Lockout
from tansiq.gateways.taxii.server import Taxii, _fill
from tansiq.parties import acts as parties
from tansiq.parties import reads
from tansiq.parties.duties import HELD, Duty, Permission
from tansiq.parties.models import Post
from tansiq.parties.values import Officer
from tests import neighbour as neighbours
from tests import world
from tests.gateways import gates
from tests.gateways.gates import TAXII, Gate, arrive, letter, path
from tests.neighbour import FIRST, Neighbour

FRONT = {"identity", "marking-definition", "extension-definition"}


def found(gate: Gate, agreement: str, token: str, ask: str = "objects", **query: Any) -> list[Any]:
    """Everything that a client gets, page after page."""
    objects, more = [], True
    while more:
        text = "&".join(f"{name}={value}" for name, value in query.items())
        answer = gate.ask(path(agreement, ask)[:-1] + f"/?{text}", token)
        assert answer.status == 200, answer
        objects += answer.body.get("objects", [])
        more = answer.body.get("more", False)
        query["next"] = answer.body.get("next", "")
    return objects


def texts(objects: list[Any]) -> list[str]:
    return [each["content"] for each in objects if each["type"] == "note"]


def logged_reads() -> list[Event]:
    return list(Event.objects.filter(name=Permission.COLLECTION_READ.value).order_by("id"))


def test_a_client_finds_its_way_from_discovery_to_a_letter(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    arrive(partner, agreement, letter("A rubber boat lay hidden at the river mouth."))

    discovery = gate.ask("", token).body
    root = gate.ask(discovery["api_roots"][0].partition("/taxii2/")[2], token).body
    (collection,) = gate.ask("letters/collections/", token).body["collections"]
    objects = found(gate, agreement, token)

    assert discovery["default"] == discovery["api_roots"][0]
    assert root["versions"] == [TAXII]
    assert (collection["can_read"], collection["can_write"]) == (True, False)
    assert collection == gate.ask(path(agreement), token).body
    assert texts(objects) == ["A rubber boat lay hidden at the river mouth."]
    (report,) = [each for each in objects if each["type"] == "report"]
    assert report["name"] == "Boats"
    assert report["labels"] == [
        "topic:smuggling", "purpose:investigation", "urgency:routine", "handling:H0", "sensitivity:0",
    ]  # fmt: skip


def test_every_letter_read_out_is_logged_once_for_each_request_with_who_and_why(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    first, second = arrive(partner, agreement, letter("one", "and more"), letter("two"))
    size = Log.objects.get().size

    found(gate, agreement, token, "manifest")
    assert logged_reads() == []
    found(gate, agreement, token)

    events = logged_reads()
    assert [event.thing for event in events] == [first, second]
    assert {event.by for event in events} == {"ma.marine/external-client/misp"}
    assert {event.type for event in events} == {"read"}
    assert msgspec.json.decode(events[0].detail)["reason"] == "gateway: TAXII 2.1"
    assert Log.objects.get().size == size + 2


WITHHELD: dict[str, dict[str, Any]] = {
    "a letter to another agency": {"to": ("ma.gendarmerie",)},
    "a letter whose label says that it names persons": {"persons_named": True},
    "a letter that names persons, whatever its label says": {"names": ("somebody",)},
    "a letter of another kind": {"kind": neighbours.Kind.ALERT},
}


@pytest.mark.parametrize("story", WITHHELD)
def test_what_a_client_may_not_see_leaves_no_trace(story: str, gate: Gate, partner: Neighbour) -> None:
    token = gates.client()
    agreement = gates.agree(partner, ours=("ma.gendarmerie", "ma.marine"))
    said = dict(WITHHELD[story])
    hidden: Any = letter("hidden", persons=said.pop("names", ()))
    if "kind" in said:
        hidden = neighbours.alert(world.NOW)
    arrive(partner, agreement, letter("before"))
    arrive(partner, agreement, hidden, **said)
    arrive(partner, agreement, letter("after"))

    objects = found(gate, agreement, token)
    manifest = found(gate, agreement, token, "manifest")
    each = [times.micros(entry["date_added"]) for entry in manifest]

    assert texts(objects) == ["before", "after"]
    assert len(manifest) == len(objects)
    assert {b - a for a, b in zip(each[-4:], each[-3:], strict=False)} == {1}, "no gap tells of what is hidden"
    assert len(logged_reads()) == 2


def test_an_agreement_that_does_not_list_clients_shows_nothing(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner, read=False)
    arrive(partner, agreement, letter("not for programs"))

    assert gate.ask("letters/collections/", token).body == {}
    for ask in ("", "manifest/", "objects/"):
        assert gate.ask(path(agreement) + ask, token).status == 404


def test_a_client_of_another_agency_sees_nothing(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client("other", "ma.gendarmerie"), gates.agree(partner)
    arrive(partner, agreement, letter("for the marine"))

    assert gate.ask("letters/collections/", token).body == {}
    assert gate.ask(path(agreement, "objects"), token).status == 404


def test_a_suspended_agreement_gives_nothing_and_a_lifted_one_goes_on(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    arrive(partner, agreement, letter("seen"))
    before = found(gate, agreement, token)

    acts.suspend_agreement(agreement=agreement, party=world.OURS, reason="", by=FIRST, now=world.NOW)
    assert gate.ask(path(agreement, "objects"), token).status == 404
    acts.lift_agreement(agreement=agreement, party=world.OURS, reason="", by=FIRST, now=world.NOW)

    assert found(gate, agreement, token) == before


def test_ten_thousand_objects_of_one_moment_are_each_given_once(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    for number in range(10):
        arrive(partner, agreement, *[letter(*[f"{number}.{n}.{k}" for k in range(99)]) for n in range(10)])

    by_next = found(gate, agreement, token, limit=333)
    by_date, after, more = [], "", True
    while more:
        answer = gate.ask(path(agreement, "objects")[:-1] + f"/?limit=777&added_after={after}", token)
        by_date += answer.body.get("objects", [])
        after, more = answer.headers["x-taxii-date-added-last"], answer.body.get("more", False)

    letters = [each for each in by_next if each["type"] not in FRONT]
    assert len(letters) == 10_000
    assert len({each["id"] for each in letters}) == 10_000
    assert by_next == by_date
    assert len(set(texts(letters))) == 9_900


def test_what_arrives_later_in_the_same_moment_is_found_by_asking_again(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    arrive(partner, agreement, letter("first"))
    last = gate.ask(path(agreement, "objects"), token).headers["x-taxii-date-added-last"]
    arrive(partner, agreement, letter("second"))

    assert texts(found(gate, agreement, token, added_after=last)) == ["second"]
    newest = gate.ask(path(agreement, "objects"), token).headers["x-taxii-date-added-last"]
    assert gate.ask(path(agreement, "objects")[:-1] + f"/?added_after={newest}", token).body == {}


def test_filters_page_and_versions(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    arrive(partner, agreement, letter("one", "two", "ipv4-addr: 198.51.100.7"), information=2, source="B")
    objects = {each["type"]: each for each in found(gate, agreement, token)}
    note = objects["note"]["id"]

    assert set(objects) == {*FRONT, "report", "note", "opinion", "observed-data", "ipv4-addr"}
    assert [each["id"] for each in found(gate, agreement, token, **{"match[id]": note})] == [note]
    assert {each["type"] for each in found(gate, agreement, token, **{"match[type]": "note,report"})} == {
        "note",
        "report",
    }
    for version in ("all", "first", "last", "first,last", objects["note"]["modified"]):
        assert len(found(gate, agreement, token, **{"match[version]": version, "match[id]": note})) == 1
    assert found(gate, agreement, token, **{"match[version]": "2001-01-01T00:00:00Z", "match[id]": note}) == []
    assert found(gate, agreement, token, **{"match[spec_version]": "2.0"}) == []
    assert len(found(gate, agreement, token, **{"match[spec_version]": "2.0,2.1", "match[id]": note})) == 1
    one = gate.ask(path(agreement, "objects", note), token)
    assert one.body == {"objects": [next(e for e in found(gate, agreement, token) if e["id"] == note)]}
    assert one.headers["x-taxii-date-added-first"] == one.headers["x-taxii-date-added-last"]
    versions = gate.ask(path(agreement, "objects", note, "versions"), token).body
    assert versions == {"versions": [times.time(times.micros(objects["note"]["modified"]))]}


def test_what_is_recalled_is_gone_at_once_and_so_is_everything_behind_an_old_backup(
    gate: Gate, partner: Neighbour
) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    first, _ = arrive(partner, agreement, letter("recalled"), letter("stays"))
    assert texts(found(gate, agreement, token)) == ["recalled", "stays"]

    row = Envelope.objects.get(ref=first)
    demand = recalls.Recall(
        recall=uuid4(), envelope=row.digest, originator=world.THEIRS, cause="error", at=canon.millis(world.NOW),
        answer_by=canon.millis(world.later(60)),
    )  # fmt: skip
    signed = recalls.sign_recall(demand, partner.keys.signer)
    acts.take_recall(token=signed, remark="", sender=world.THEIRS, ours=world.OURS, agreement=agreement, now=world.NOW)

    assert texts(found(gate, agreement, token)) == ["stays"]
    assert len([e for e in found(gate, agreement, token, "manifest") if e["id"].startswith("note--")]) == 1
    Log.objects.update(gate="an old backup was restored")
    assert texts(found(gate, agreement, token)) == []


def test_where_a_desk_stands_in_the_way_there_is_no_collection(partner: Neighbour) -> None:
    agreement, reader = gates.agree(partner), Officer("misp", world.OURS, Duty.EXTERNAL_CLIENT)
    channel = channels(world.NOW)[agreement]

    assert collection_of(channel, reader) is not None
    assert collection_of(replace(channel, terms=replace(channel.terms, desk="ma.marine/bureau")), reader) is None
    assert collection_of(replace(channel, terms=replace(channel.terms, mechanism=Mechanism.LIAISON)), reader) is None


UNKNOWN = str(uuid4())
WRONG: dict[str, tuple[int, str, dict[str, Any]]] = {
    "an unknown API root": (404, "elsewhere/", {}),
    "an unknown collection": (404, f"letters/collections/{UNKNOWN}/", {}),
    "an unknown collection's objects": (404, f"letters/collections/{UNKNOWN}/objects/", {}),
    "an unknown object": (404, f"COLLECTION/objects/report--{UNKNOWN}/", {}),
    "versions of an unknown object": (404, f"COLLECTION/objects/report--{UNKNOWN}/versions/", {}),
    "a name that is no id": (400, "COLLECTION/objects/no-such/", {}),
    "an older TAXII": (406, "letters/", {"Accept": "application/taxii+json;version=2.0"}),
    "another format": (406, "letters/", {"Accept": "text/html"}),
    "a format that is refused by weight": (406, "letters/", {"Accept": "application/taxii+json;q=0"}),
    "a limit of nothing": (400, "COLLECTION/objects/?limit=0", {}),
    "a limit in words": (400, "COLLECTION/objects/?limit=many", {}),
    "a page that was never given": (400, "COLLECTION/objects/?next=zzz", {}),
    "a date that is none": (400, "COLLECTION/objects/?added_after=yesterday", {}),
    "a date that the calendar lacks": (400, "COLLECTION/objects/?added_after=2025-02-30T00:00:00Z", {}),
    "a version that is none": (400, "COLLECTION/objects/?match[version]=new", {}),
    "a filter that is not offered": (400, "COLLECTION/objects/?match[name]=x", {}),
    "too many values": (400, "COLLECTION/objects/?match[type]=" + ",".join(["note"] * 201), {}),
    "deleting": (403, f"COLLECTION/objects/report--{UNKNOWN}/", {"method": "DELETE"}),
    "a method of no use": (405, "letters/", {"method": "PUT"}),
}


def test_a_wrong_request_is_answered_as_the_standard_says(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)

    said = {
        story: gate.ask(where.replace("COLLECTION", path(agreement)[:-1]), token, **asked)
        for story, (_, where, asked) in WRONG.items()
    }

    assert {story: answer.status for story, answer in said.items()} == {story: WRONG[story][0] for story in WRONG}
    assert all(answer.body["http_status"] == str(answer.status) and answer.body["title"] for answer in said.values())
    assert {answer.headers["content-type"] for answer in said.values()} == {TAXII}


ACCEPTED = ("*/*", "", "application/*", "application/taxii+json", "text/html, application/taxii+json;version=2.1;q=0.5")


def test_ways_to_accept(gate: Gate, partner: Neighbour) -> None:
    token = gates.client()

    assert {accept: gate.ask("letters/", token, Accept=accept).status for accept in ACCEPTED} == dict.fromkeys(
        ACCEPTED, 200
    )


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def test_who_signs_in(gate: Gate, partner: Neighbour) -> None:
    token = gates.client()

    assert gate.ask("", token).status == 200
    assert gate.ask("", Authorization=basic("misp", token)).status == 200
    assert gate.ask("", Authorization=basic("MISP", token)).status == 200
    for wrong in (
        "",
        "Bearer",
        f"Bearer {token}x",
        basic("opencti", token),
        basic("misp", "x"),
        "Basic !!",
        "Digest a",
    ):
        answer = gate.ask("", Authorization=wrong)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")


ENDED: dict[str, Any] = {
    "the token was revoked": lambda person: parties.revoke_token(token=reads.tokens()[0].id, now=world.NOW),
    "the account was blocked": lambda person: parties.block_person(person=person, by=FIRST),
    "the post has ended": lambda person: Post.objects.filter(person=person).update(until=world.NOW),
}


@pytest.mark.parametrize("story", ENDED)
def test_who_may_no_longer_sign_in(story: str, gate: Gate, partner: Neighbour) -> None:
    token = gates.client()
    assert gate.ask("", token).status == 200

    ENDED[story](reads.person(username="misp").id)

    assert gate.ask("", token).status == 401


def test_guessing_locks_the_address_out_and_the_log_says_so(gate: Gate, partner: Neighbour) -> None:
    token = gates.client()
    statuses = [gate.ask("", f"guess-{n}").status for n in range(12)]

    assert statuses == [401] * 10 + [429] * 2
    answer = gate.ask("", token)
    assert (answer.status, answer.headers["retry-after"]) == (429, "300")
    (event,) = Event.objects.filter(name=Permission.TOKEN_REFUSE.value)
    assert msgspec.json.decode(event.detail) == {"refused": "locked-out", "who": "127.0.0.1"}


def test_a_client_has_a_quota(gate: Gate, partner: Neighbour) -> None:
    token, agreement = gates.client(), gates.agree(partner)
    gate.ask("", token)
    (quota,) = gate.door._quotas.values()
    quota.rate, quota.left = 0.0, 5.0

    assert gate.ask("", token).status == 200
    answer = gate.ask(path(agreement, "objects"), token)
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) > 0


def routes(gate: Gate) -> list[tuple[str, str, Permission]]:
    return [(method, where, permission) for method, where, permission, _ in Taxii(gate.door, gate.url).table]


def test_every_route_of_a_gateway_opens_to_clients_alone(
    gate: Gate, partner: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreement = gates.agree(partner)
    token, every = gates.client(), routes(gate)
    identity = path(agreement).split("/")[2]
    assert {permission for _, _, permission in every} <= HELD[Duty.EXTERNAL_CLIENT]
    for method, where, _ in every:
        address = where.format(collection=identity, object=f"report--{UNKNOWN}", status=UNKNOWN)[1:]
        assert gate.ask(address, method=method).status == 401
        assert gate.ask(address, token, method=method).status in (200, 403, 404, 415)
    for duty in Duty:
        if duty is Duty.EXTERNAL_CLIENT:
            continue
        Post.objects.update(duty=duty.value)
        for method, where, _ in every:
            gate.door.lockout = Lockout()  # so many tries lock the address out
            address = where.format(collection=identity, object=f"report--{UNKNOWN}", status=UNKNOWN)[1:]
            assert gate.ask(address, token, method=method).status == 401, (duty, where)


def test_a_page_s_queries_do_not_grow_with_its_letters(gate: Gate, partner: Neighbour) -> None:
    gates.client()
    agreement, reader = gates.agree(partner), Officer("misp", world.OURS, Duty.EXTERNAL_CLIENT)
    counts = []
    for _ in range(2):
        arrive(partner, agreement, *[letter("x") for _ in range(5)])
        _fill(agreement, reader)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            acts.read_collection(agreement=agreement, wanted=Wanted(), reader=reader, reason="test", now=world.NOW)
        counts.append(len(queries))

    assert counts[0] == counts[1]
