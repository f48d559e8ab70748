"""The hand-over: letters reach their rooms in order, a failing room loses nothing, and what follows happens once."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from tansiq import flows
from tansiq.exchange import acts, label, reads
from tansiq.exchange.acts.receiving import Parcel
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Envelope, Following
from tansiq.ground.verdict import Refused
from tansiq.node.handover import MOST_TRIES, HandOver
from tansiq.parties.duties import Permission
from tansiq.watch.models import Alert, Sender
from tansiq.watch.values import Reason
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour

pytestmark = pytest.mark.django_db
CASE = UUID(int=7)


class Room:
    """A room's act that notes what it was handed, and fails as often as told."""

    def __init__(self, failures: int = 0, answer: Any = None) -> None:
        self.failures, self.answer, self.handed = failures, answer, list[UUID]()

    def __call__(self, *, letter: Any, sender: str, envelope: UUID, now: datetime) -> Any:
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is away for a moment")
        self.handed.append(letter.alert)
        return self.answer


@pytest.fixture
def rescue(es: Neighbour) -> str:
    """The digest of a rescue agreement with the neighbour."""
    return neighbours.agree(Mechanism.RESCUE, es, now=world.MET)


def arrive(es: Neighbour, agreement: str, *numbers: int, case: UUID | None = None) -> None:
    """Alerts of the neighbour come in, stored and receipted."""
    for number in numbers:
        fields = {"case": label.pseudonym(agreement, case)} if case else {}
        sealed = es.seal(agreement, world.NOW, letter=neighbours.alert(world.NOW, number), **fields)
        acts.receive(parcels=[Parcel(sealed.raw, "es")], now=world.NOW)
    assert len(reads.unhanded()) == len(numbers)


def troubles() -> list[str]:
    """What stood in the way of letters that were set aside."""
    return [row.trouble for row in Envelope.objects.exclude(trouble="").order_by("position")]


def test_a_letter_reaches_its_room(es: Neighbour, rescue: str) -> None:
    arrive(es, rescue, 1)

    assert HandOver().round()

    assert Alert.objects.count() == 1
    assert reads.unhanded() == ()
    assert not HandOver().round()


def test_a_failing_room_is_tried_again_and_a_case_keeps_its_order(
    es: Neighbour, rescue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(failures=2)
    monkeypatch.setitem(flows.ON_RECEIVE, Kind.ALERT, room)
    arrive(es, rescue, 1, 2, 3, case=CASE)
    hand_over = HandOver()

    for _ in range(3):
        hand_over.round()

    assert room.handed == [neighbours.alert(world.NOW, number).alert for number in (1, 2, 3)]
    assert troubles() == []


def test_what_keeps_failing_is_set_aside_and_seen(es: Neighbour, rescue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(failures=MOST_TRIES)
    monkeypatch.setitem(flows.ON_RECEIVE, Kind.ALERT, room)
    arrive(es, rescue, 1, 2, case=CASE)
    hand_over = HandOver()

    for _ in range(MOST_TRIES):
        hand_over.round()

    assert room.handed == [neighbours.alert(world.NOW, 2).alert]
    assert troubles() == ["OSError: the disk is away for a moment"]


def test_one_that_fails_among_others_stays_behind_alone(
    es: Neighbour, rescue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(failures=1)
    monkeypatch.setitem(flows.ON_RECEIVE, Kind.ALERT, room)
    arrive(es, rescue, 1, 2, 3)
    hand_over = HandOver()

    hand_over.round()

    assert room.handed == [neighbours.alert(world.NOW, number).alert for number in (2, 3)]
    assert len(reads.unhanded()) == 1
    hand_over.round()
    assert room.handed[2:] == [neighbours.alert(world.NOW, 1).alert]
    assert reads.unhanded() == ()


@pytest.mark.django_db(transaction=True)
def test_what_fails_at_the_end_of_the_transaction_sends_each_alone(
    es: Neighbour, rescue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, bad = Room(), neighbours.alert(world.NOW, 2).alert

    def receive(*, letter: Any, sender: str, envelope: UUID, now: datetime) -> None:
        room(letter=letter, sender=sender, envelope=envelope, now=now)
        if letter.alert == bad:
            # there is no such alert, and the database says so at the transaction's end
            Sender.objects.create(alert_id=UUID(int=404), mmsi=1, first_at=world.NOW, last_at=world.NOW, reports=1)

    monkeypatch.setitem(flows.ON_RECEIVE, Kind.ALERT, receive)
    arrive(es, rescue, 1, 2, 3)

    second = reads.unhanded()[1]

    HandOver().round()

    assert reads.unhanded() == (second,)


def test_what_no_room_waits_for_is_marked_unopened(es: Neighbour, rescue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(flows.ON_RECEIVE, Kind.ALERT)
    monkeypatch.setattr(reads, "letter", None)
    arrive(es, rescue, 1, 2)

    assert HandOver().round()

    assert reads.unhanded() == ()
    assert troubles() == []


def test_a_refusal_of_the_room_is_kept_beside_the_letter(
    es: Neighbour, rescue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = Refused(Reason.NO_PARTNERS, Reason.NO_PARTNERS)
    monkeypatch.setitem(flows.ON_RECEIVE, Kind.ALERT, Room(answer=refusal))
    arrive(es, rescue, 1)

    HandOver().round()

    assert troubles() == [str(Reason.NO_PARTNERS)]


def test_what_follows_an_event_happens_once(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[UUID] = []

    def after(*, thing: UUID, detail: dict[str, Any], now: datetime) -> None:
        seen.append(thing)
        if len(seen) == 1:
            raise OSError("not yet")

    monkeypatch.setattr(flows, "ON_EVENT", {Permission.CASE_OPEN: (after,)})
    for number in (1, 2):
        acts.record(event=Permission.CASE_OPEN, thing=UUID(int=number), by="ma.marine", now=world.NOW)
        acts.record(event=Permission.CASE_CLOSE, thing=UUID(int=number), by="ma.marine", now=world.NOW)
        refused = {"refused": "rescue.reason.not-open"}
        acts.record(event=Permission.CASE_OPEN, thing=UUID(int=9), by="ma.marine", now=world.NOW, detail=refused)
    hand_over = HandOver()

    for _ in range(4):
        hand_over.round()

    assert seen == [UUID(int=1), UUID(int=1), UUID(int=2)]
    assert Following.objects.get().position > 0
