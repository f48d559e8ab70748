"""Agencies that share a node: what one does not take part in, no page, list, log or stream of another tells of.

Only the duties that look after the node as a whole see what they may see of each.
"""

import json
from http import HTTPStatus
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tansiq import flows
from tansiq.exchange import acts as exchange
from tansiq.exchange import reads
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Envelope
from tansiq.exchange.reads.log import thing_of
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Duty, Permission
from tansiq.rescue import acts as rescue
from tansiq.rescue import reads as cases
from tansiq.watch import acts as watch
from tansiq.watch.values import Alert
from tansiq.web import events, stream
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour
from tests.rescue.cases import report

pytestmark = pytest.mark.django_db

OTHERS = "ma.gendarmerie"


@pytest.fixture
def alert(home: Path) -> Alert:
    """An alert, from which the navy has opened a case."""
    by = world.officer(Duty.RESCUE_COORDINATOR)
    raised = watch.raise_alert(lat=36.0, lon=-4.0, radius_m=500.0, seen_at=world.NOW, text="raft", by=by, now=world.NOW)
    assert isinstance(raised, Alert)
    return raised


@pytest.fixture
def case(alert: Alert) -> UUID:
    """A case of the navy, with its alert, a drift and a report."""
    by = world.officer(Duty.RESCUE_COORDINATOR)
    opened = rescue.open_case(**report(alert=alert.id, by=by))
    rescue.send_sitrep(case=opened.id, situation="Searching", by=by, now=world.NOW)
    watch.link_case(thing=opened.id, detail={"alert": str(alert.id)}, now=world.NOW)
    return opened.id


@pytest.fixture
def letter(es: Neighbour) -> UUID:
    """A letter of the neighbour to the navy."""
    agreement = neighbours.agree(Mechanism.RESCUE, es, now=world.NOW)
    sealed = es.seal(agreement, world.NOW)
    exchange.receive(parcels=[exchange.Parcel(sealed.raw, "es")], now=world.NOW)
    return sealed.route.id


def told(duty: Duty, party: str = OTHERS) -> set[UUID]:
    """The things of which an officer's log tells, and which the officer's stream names."""
    reader = world.officer(duty, party)
    listed = {event.thing for event in events.log(reader=reader, limit=100)}
    news = stream.missed(reader, 0)
    assert news is not None
    streamed = {
        UUID(json.loads(line[6:])["thing"]) for line in stream.told(news[0]).splitlines() if line[:5] == "data:"
    }
    assert streamed == listed
    return listed


def test_a_case_is_told_of_to_those_who_take_part(case: UUID) -> None:
    (sitrep,) = cases.case(case=case, reader=world.officer(Duty.RESCUE_COORDINATOR)).sitreps

    assert {case, sitrep.id} <= told(Duty.RESCUE_COORDINATOR, world.OURS)
    assert told(Duty.RESCUE_COORDINATOR).isdisjoint({case, sitrep.id})


def test_a_case_is_told_of_to_who_joins_it_from_its_beginning(case: UUID) -> None:
    from tansiq.rescue.models import Case

    Case.objects.get(id=case).join(OTHERS)

    assert case in told(Duty.RESCUE_COORDINATOR)


def test_an_alert_is_the_watch_of_all_and_leads_only_parties_to_its_case(alert: Alert, case: UUID) -> None:
    for party, leads in ((world.OURS, True), (OTHERS, False)):
        browser = world.sign_in(Duty.RESCUE_COORDINATOR, party)
        for address in ("/duty", "/duty/strip", f"/alerts/{alert.id}"):
            page = browser.get(address).content.decode()
            assert str(alert.id) in page, address
            assert (f"/cases/{case}" in page) is leads, address


def test_a_letter_is_told_of_to_whom_it_was_written(letter: UUID) -> None:
    assert letter in told(Duty.DUTY_OFFICER, world.OURS)
    assert letter not in told(Duty.DUTY_OFFICER)
    assert letter in told(Duty.AUDITOR)


def test_a_letter_that_was_sent_is_told_of_to_its_sender(es: Neighbour) -> None:
    neighbours.agree(Mechanism.RESCUE, es, now=world.NOW)
    sent = exchange.send(
        kind=Kind.ALERT, letter=neighbours.alert(world.NOW), mechanism="rescue", to=(es.agency,), urgency="distress",
        topic="distress", purpose="rescue", by=world.officer(Duty.DUTY_OFFICER), now=world.NOW,
    )  # fmt: skip

    assert sent.envelope in told(Duty.DUTY_OFFICER, world.OURS)
    assert sent.envelope not in told(Duty.DUTY_OFFICER)


def test_a_refused_letter_is_told_of_to_whom_it_was_written(es: Neighbour) -> None:
    sealed = es.seal("0" * 64, world.NOW)
    refused = es.seal(neighbours.agree(Mechanism.RESCUE, es, now=world.NOW), world.NOW, raw=b"{}")
    exchange.receive(parcels=[exchange.Parcel(each.raw, "es") for each in (sealed, refused)], now=world.NOW)
    kept = Envelope.objects.get()
    assert kept.state == "refused"

    assert kept.ref in told(Duty.DUTY_OFFICER, world.OURS)
    assert kept.ref not in told(Duty.DUTY_OFFICER)


def test_what_is_written_to_others_is_answered_as_what_is_not_there(letter: UUID, case: UUID) -> None:
    browser = world.sign_in(Duty.RESCUE_COORDINATOR, OTHERS)
    absent = uuid4()

    for thing, page in ((letter, "/exchange/envelopes/{}"), (case, "/cases/{}")):
        there, nowhere = browser.get(page.format(thing)), browser.get(page.format(absent))
        assert there.status_code == nowhere.status_code == HTTPStatus.NOT_FOUND
        assert _plain(there.content, thing) == _plain(nowhere.content, absent)
    said = [
        browser.post(f"/exchange/envelopes/{each}/open", {"reason": "x", "token": uuid4()}) for each in (letter, absent)
    ]
    assert [answer.status_code for answer in said] == [HTTPStatus.NOT_FOUND] * 2
    assert str(letter) not in browser.get("/exchange").content.decode()
    with pytest.raises(Missing):
        exchange.open_letter(
            envelope=letter, reason="x", by=world.officer(Duty.RESCUE_COORDINATOR, OTHERS), now=world.NOW
        )


def _plain(page: bytes, thing: UUID) -> str:
    """A page without the address that was asked for and what differs in each answer."""
    lines = page.decode().replace(str(thing), "").splitlines()
    return "\n".join(line for line in lines if "csrf" not in line and "<time" not in line)


def test_an_attempt_that_came_to_nothing_is_told_of_to_ones_own_agency(home: Path) -> None:
    world.agencies()
    by = world.officer(Duty.RESCUE_COORDINATOR)
    exchange.record(
        event=Permission.CASE_OPEN, thing=UUID(int=0), by=by, now=world.NOW, detail={"refused": "rescue.reason.x"}
    )

    assert told(Duty.RESCUE_COORDINATOR, world.OURS) == {UUID(int=0)}
    assert told(Duty.RESCUE_COORDINATOR) == set()


def test_a_page_of_the_log_is_filled_past_what_others_did(case: UUID) -> None:
    first = world.officer(Duty.WATCH_OFFICER, OTHERS)
    ours = world.officer(Duty.RESCUE_COORDINATOR)
    before = len(events.log(reader=first, limit=100))
    for _ in range(12):
        exchange.record(event=Permission.DRIFT_RUN, thing=case, by=ours, now=world.NOW)

    assert before >= 1
    assert len(events.log(reader=first, limit=5)) == min(before, 5)
    assert reads.log(reader=first, limit=5)[0].thing == case, "by duty alone it would be seen"


def test_every_kind_of_thing_has_somebody_who_says_who_may_know_of_it() -> None:
    kinds = {thing_of(name.value) for name in Permission}

    assert kinds - {*flows.SEEN} - flows.OF_THE_NODE - {"exchange.attachment"} == set(), (
        "name the read in flows.SEEN, or say in flows.OF_THE_NODE that it is common to all agencies of the node"
    )
    assert flows.OF_THE_NODE.isdisjoint(flows.SEEN)
    assert kinds >= flows.OF_THE_NODE


def test_of_what_no_table_names_only_overseers_are_told(case: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(flows.SEEN, "rescue.case")

    assert case not in told(Duty.RESCUE_COORDINATOR, world.OURS)
