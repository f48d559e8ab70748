"""Opening a letter: for a reason that the ledger keeps, by who it is for, and by nobody else. One story a line."""

from uuid import UUID

import msgspec
import pytest

from tansiq.exchange import acts, ledger
from tansiq.exchange.acts.judging import Parcel
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.models import Event, LedgerEntry, Log
from tansiq.exchange.values import ExchangeReason, Opened, Sent
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Officer
from tests import neighbour as neighbours
from tests.exchange.sealed import NOW
from tests.neighbour import COORDINATOR, Neighbour

pytestmark = pytest.mark.django_db

READERS = {
    "who it is for": ("ma.marine", Duty.RESCUE_COORDINATOR, True),
    "another duty of the agreement": ("ma.marine", Duty.DUTY_OFFICER, True),
    "a duty that the agreement does not list": ("ma.marine", Duty.LIAISON_OFFICER, False),
    "an auditor": ("ma.marine", Duty.AUDITOR, False),
    "who runs the node": ("ma.marine", Duty.NODE_ADMINISTRATOR, False),
}
NEIGHBOUR = Officer("x", "ma.gendarmerie", Duty.RESCUE_COORDINATOR)


@pytest.fixture
def rescue(es: Neighbour) -> str:
    return neighbours.agree(Mechanism.RESCUE, es, now=NOW)


@pytest.fixture
def letter(es: Neighbour, rescue: str) -> UUID:
    """A letter of the neighbour to our marine."""
    sealed = es.seal(rescue, NOW)
    acts.receive(parcels=[Parcel(sealed.raw, "es")], now=NOW)
    return sealed.route.id


def reads() -> list[Event]:
    return list(Event.objects.filter(name=Permission.LETTER_OPEN.value))


@pytest.mark.parametrize("story", READERS)
def test_who_opens_a_received_letter(letter: UUID, story: str) -> None:
    party, duty, opens = READERS[story]

    answer = acts.open_letter(envelope=letter, reason="to see", by=Officer("x", party, duty), now=NOW)

    assert isinstance(answer, Opened) is opens
    if isinstance(answer, Refused):
        assert answer.reason == ExchangeReason.NOT_ADDRESSED
    assert len(reads()) == opens


def test_who_sent_a_letter_reads_it_again_and_nobody_beside_them(rescue: str) -> None:
    sent = acts.send(
        kind=neighbours.Kind.ALERT, letter=neighbours.alert(NOW), mechanism="rescue", to=("es.salvamento",),
        by=COORDINATOR, now=NOW, urgency="distress",
    )  # fmt: skip
    assert isinstance(sent, Sent), sent

    assert isinstance(acts.open_letter(envelope=sent.envelope, reason="again", by=COORDINATOR, now=NOW), Opened)
    with pytest.raises(Missing):
        acts.open_letter(envelope=sent.envelope, reason="again", by=NEIGHBOUR, now=NOW)


def test_for_another_agency_on_the_same_node_there_is_no_such_letter(letter: UUID) -> None:
    for envelope in (letter, UUID(int=9)):
        with pytest.raises(Missing, match="There is no such letter"):
            acts.open_letter(envelope=envelope, reason="to see", by=NEIGHBOUR, now=NOW)
        with pytest.raises(Missing, match="There is no such letter"):
            acts.attest_acted(envelope=envelope, by=NEIGHBOUR, now=NOW)
    assert reads() == []


def test_the_ledger_keeps_who_read_what_and_why(letter: UUID) -> None:
    acts.open_letter(envelope=letter, reason=" to judge the position ", by=COORDINATOR, now=NOW)

    (event,) = reads()
    assert (event.thing, event.by, event.type) == (letter, COORDINATOR.signature, "read")
    entry = ledger.read_entry(bytes(LedgerEntry.objects.get(index=event.leaf).entry))
    assert entry.detail["reason"] == "to judge the position"
    assert entry.by == COORDINATOR.signature
    assert msgspec.json.decode(event.detail)["envelope"] == entry.detail["envelope"]


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_without_a_reason_nothing_is_opened(letter: UUID, reason: str) -> None:
    size = Log.objects.get().size

    answer = acts.open_letter(envelope=letter, reason=reason, by=COORDINATOR, now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == ExchangeReason.NO_REASON_GIVEN
    assert Log.objects.get().size == size


def test_what_was_refused_and_what_is_not_there_look_alike(es: Neighbour, rescue: str) -> None:
    refused = es.seal(rescue, NOW, exercise="x")
    acts.receive(parcels=[Parcel(refused.raw, "es")], now=NOW)

    said = []
    for envelope in (refused.route.id, UUID(int=99)):
        with pytest.raises(Missing) as missing:
            acts.open_letter(envelope=envelope, reason="to see", by=COORDINATOR, now=NOW)
        said.append(str(missing.value))

    assert said[0] == said[1]
