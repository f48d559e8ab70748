"""Letters past a desk: it reads label and status, steers, asks, returns, and can never open what it steers."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import LazySettings
from msgspec.structs import replace

from tansiq.exchange import acts, canon, reads, receipts, seal
from tansiq.exchange.acts.judging import Parcel
from tansiq.exchange.desks import DeskReason, PassageState, Said
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.desks import ReturnReason, SteeringLetter, Step
from tansiq.exchange.models import DeskStep, Envelope, Event, Passage
from tansiq.exchange.models.own import own
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import ExchangeReason, Opened, Sent
from tansiq.ground.errors import Missing, Untrusted
from tansiq.ground.verdict import Refused
from tansiq.node.handover import HandOver
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer
from tests import neighbour as neighbours
from tests import world
from tests.exchange.past_a_desk import SECRET, clerk, third_desk, to_the_desk
from tests.neighbour import Neighbour
from tests.sides import BUREAU, Sides, past_a_desk
from tests.world import NOW, OURS, THEIRS

pytestmark = pytest.mark.django_db

DESK = "es.bureau-rabat"
WRITER = Officer("writer", OURS, Duty.SERVICE_OFFICER, UUID(int=21))
READER = Officer("reader", THEIRS, Duty.SERVICE_OFFICER, UUID(int=22))


def later(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def write(to: tuple[str, ...] = (THEIRS,), now: datetime = NOW, **said: object) -> Sent:
    """Our letter past the desk."""
    fields = {"topic": "drugs", "purpose": "prevention", "urgency": "priority", "by": WRITER, **said}
    sent = acts.send(
        kind=Kind.INFORMATION, letter=neighbours.information(SECRET), mechanism=BUREAU.value, to=to, now=now, **fields
    )
    assert isinstance(sent, Sent), sent
    return sent


def state(envelope: UUID) -> PassageState:
    return PassageState(Passage.objects.get(envelope__ref=envelope).state)


def opens(envelope: UUID, by: Officer) -> object:
    answer = acts.open_letter(envelope=envelope, reason="to see", by=by, now=NOW)
    return answer.reason if isinstance(answer, Refused) else type(answer)


@pytest.fixture
def bureau(home: Path, their_keys: Path, settings: LazySettings, db: None) -> Sides:
    """Our node and the neighbour's, at which the desk is."""
    return _sides(home, their_keys, settings, DESK)


def _sides(home: Path, their_keys: Path, settings: LazySettings, desk: str) -> Sides:
    theirs = home / "es"
    theirs.mkdir()
    (theirs / "keys").symlink_to(their_keys)
    return Sides(settings, home, theirs, desk)


# From one node to the other, and what each sees


def test_a_letter_waits_at_the_desk_until_it_is_steered_and_both_sides_see_who_holds_it(bureau: Sides) -> None:
    letter = write().envelope
    assert state(letter) is PassageState.AT_DESK

    bureau.carry()
    assert opens(letter, READER) is DeskReason.AT_DESK
    assert opens(letter, clerk()) is ExchangeReason.NOT_ADDRESSED
    (line,) = reads.tray(reader=clerk(), now=NOW)
    assert (line.envelope.id, line.state, line.holders) == (letter, PassageState.AT_DESK, (DESK,))
    assert line.due == NOW + timedelta(hours=72)

    assert isinstance(acts.take(envelope=letter, by=clerk(), now=NOW), Said)
    assert isinstance(acts.steer(envelope=letter, to=(THEIRS,), by=clerk(), now=NOW), Said)
    assert state(letter) is PassageState.WITH_SERVICE
    assert opens(letter, READER) is Opened
    assert opens(letter, clerk()) is ExchangeReason.NOT_ADDRESSED

    bureau.carry()
    seen = reads.passage(envelope=letter, reader=WRITER)
    assert seen is not None
    assert [(stay.state, stay.holders) for stay in seen.way.stays] == [
        (PassageState.AT_DESK, (DESK,)),
        (PassageState.WITH_SERVICE, (THEIRS,)),
    ]
    assert [(step.step, step.official, step.at) for step in seen.steps] == [
        (Step.TAKE, "es.guardia-civil", NOW),
        (Step.STEER, "es.guardia-civil", NOW),
    ]


def test_the_desk_asks_the_sender_answers_and_the_letter_is_the_desk_s_again(bureau: Sides) -> None:
    letter = write().envelope
    bureau.carry()
    asked = acts.ask(envelope=letter, words="Which port is it about?", by=clerk(), now=NOW)
    again = acts.ask(envelope=letter, words="And when?", by=clerk(), now=NOW)
    assert isinstance(asked, Said)
    assert isinstance(again, Refused)
    assert again.reason is DeskReason.ASKED_ALREADY

    bureau.carry()
    assert state(letter) is PassageState.WITH_SENDER
    (step,) = reads.passage(envelope=letter, reader=WRITER).steps
    assert step.words == "Which port is it about?"
    assert isinstance(acts.tell(envelope=letter, words="Nador", by=WRITER, now=NOW), Said)

    bureau.carry()
    assert state(letter) is PassageState.AT_DESK
    assert reads.passing(envelope=letter, reader=clerk()).steps[-1].words == "Nador"


def test_a_returned_letter_is_opened_by_nobody_and_its_sender_knows_why(bureau: Sides) -> None:
    letter = write().envelope
    bureau.carry()
    answer = acts.send_back(
        envelope=letter, reason=ReturnReason.OTHER_SERVICE, words="For the coast guard", by=clerk(), now=NOW
    )
    assert isinstance(answer, Said)
    steered = acts.steer(envelope=letter, to=(THEIRS,), by=clerk(), now=NOW)
    assert isinstance(steered, Refused)
    assert opens(letter, READER) is DeskReason.WAS_RETURNED
    assert reads.tray(reader=clerk(), now=NOW) == ()
    assert [line.state for line in reads.tray(reader=clerk(), now=NOW, which="ended")] == [PassageState.RETURNED]

    bureau.carry()
    seen = reads.passage(envelope=letter, reader=WRITER)
    assert (seen.way.now.state, seen.steps[-1].reason) == (PassageState.RETURNED, ReturnReason.OTHER_SERVICE)


def test_an_answer_goes_straight_back_and_ends_the_passage_everywhere(bureau: Sides) -> None:
    letter = write().envelope
    bureau.carry()
    acts.steer(envelope=letter, to=(THEIRS,), by=clerk(), now=NOW)
    sent = write((OURS,), by=READER, in_reply_to=letter)
    assert state(letter) is PassageState.ANSWERED
    assert state(sent.envelope) is PassageState.WITH_SERVICE

    bureau.carry()
    assert state(letter) is PassageState.ANSWERED
    assert opens(sent.envelope, WRITER) is Opened


def test_a_letter_that_only_claims_to_be_an_answer_waits_at_the_desk(bureau: Sides) -> None:
    letter = write().envelope
    bureau.carry()
    sent = write((OURS,), by=READER, in_reply_to=letter)

    assert state(sent.envelope) is PassageState.AT_DESK
    assert state(letter) is PassageState.AT_DESK


def test_acted_upon_ends_the_passage_at_the_sender_too(bureau: Sides) -> None:
    letter = write().envelope
    bureau.carry()
    acts.steer(envelope=letter, to=(THEIRS,), by=clerk(), now=NOW)
    acts.attest(envelope=letter, state=ReceiptState.ACTED, by=READER, now=NOW)
    assert state(letter) is PassageState.DONE

    bureau.carry()
    assert state(letter) is PassageState.DONE
    assert reads.verify() == ()


def test_the_steering_may_come_before_the_letter(bureau: Sides) -> None:
    write()
    letter = write().envelope
    bureau.carry()
    acts.take(envelope=letter, by=clerk(), now=NOW)
    acts.steer(envelope=letter, to=(THEIRS,), by=clerk(), now=NOW)

    bureau.carry(backwards=True)

    assert state(letter) is PassageState.WITH_SERVICE
    assert [step.step for step in reads.passage(envelope=letter, reader=WRITER).steps] == [Step.TAKE, Step.STEER]


def test_a_desk_on_the_sender_s_own_node_steers_too(
    home: Path, their_keys: Path, settings: LazySettings, db: None
) -> None:
    desk = "ma.bureau"
    sides = _sides(home, their_keys, settings, desk)
    letter = write().envelope
    (line,) = reads.tray(reader=clerk(desk), now=NOW)
    assert line.envelope.id == letter
    assert opens(letter, clerk(desk)) is ExchangeReason.NOT_ADDRESSED

    sides.carry()
    assert opens(letter, READER) is DeskReason.AT_DESK
    sides.carry()
    acts.steer(envelope=letter, to=(THEIRS,), by=clerk(desk), now=NOW)
    sides.carry()

    assert opens(letter, READER) is Opened


# A desk on a node of its own: the keys are not there


@pytest.fixture
def third(es: Neighbour) -> tuple[Neighbour, Neighbour, str]:
    """We are the desk between two neighbours: who writes, who is written to, and the agreement."""
    return third_desk(es)


OUR_CLERK = clerk("ma.gendarmerie", service="ma.dgsn")


def test_a_desk_s_node_accepts_the_label_and_keeps_no_key_of_the_letter(
    third: tuple[Neighbour, Neighbour, str],
) -> None:
    receipt, sealed = to_the_desk(third)

    assert receipt.state is ReceiptState.ACCEPTED, receipt
    row = Envelope.objects.get()
    kept = seal.kept(bytes(row.keys), own().storage, sealed.identity)
    assert kept.letter is None
    for keys in (kept, seal.unwrap(sealed, own().keys.opener)):
        with pytest.raises(Untrusted):
            seal.open_letter(sealed, keys)
        with pytest.raises(Untrusted):
            seal.open_whole(sealed, keys)
    assert row.handed is not None, "no room waits for it"
    HandOver().round()
    assert (Envelope.objects.get().trouble, reads.verify()) == ("", ())


def test_a_desk_that_is_given_the_letter_s_key_refuses_it_and_keeps_nothing(
    third: tuple[Neighbour, Neighbour, str],
) -> None:
    receipt, _ = to_the_desk(third, seal.Role.ALL)

    row = Envelope.objects.get()
    assert (receipt.state, receipt.reason) == (ReceiptState.REFUSED, DeskReason.LABEL_ALONE)
    assert (bytes(row.keys), bytes(row.label)) == (b"", b"")


UNFIT = {
    "a label that names no desk": ({"desk": ""}, DeskReason.PAST_THE_DESK),
    "a label that names another desk": ({"desk": "es.bureau-rabat"}, DeskReason.PAST_THE_DESK),
    "no topic": ({"topic": ""}, "exchange.reason.forbidden"),
    "operational, with no joint operation": ({"operational": True}, "exchange.reason.forbidden"),
    "a duty that may not send": ({"duty": "auditor"}, "exchange.reason.no-permit"),
}


@pytest.mark.parametrize("story", UNFIT)
def test_a_desk_judges_the_sender_by_the_same_rule(third: tuple[Neighbour, Neighbour, str], story: str) -> None:
    said, reason = UNFIT[story]

    receipt, _ = to_the_desk(third, **said)

    assert (receipt.state, receipt.reason) == (ReceiptState.REFUSED, reason)
    assert not Passage.objects.exists()


@pytest.mark.parametrize("duty", Duty)
def test_no_duty_and_no_way_opens_the_letter_at_the_desk(third: tuple[Neighbour, Neighbour, str], duty: Duty) -> None:
    _, sealed = to_the_desk(third)
    letter = sealed.route.id
    for party in ("ma.gendarmerie", "ma.marine", "de.bpol", "es.salvamento"):
        by = Officer("x", party, duty, UUID(int=5))
        said = ""
        try:
            answer = acts.open_letter(envelope=letter, reason="to see", by=by, now=NOW)
        except (Untrusted, Missing) as fault:
            answer, said = None, str(fault)
        assert not isinstance(answer, Opened), (party, duty)
        shown = [
            reads.envelopes(reader=by), reads.tray(reader=by, now=NOW), reads.log(reader=by, limit=1_000),
            reads.events(after=0, reader=by), reads.load(reader=by, now=NOW), reads.passage(envelope=letter, reader=by),
            list(Event.objects.values_list("detail", flat=True)), said,
        ]  # fmt: skip
        assert SECRET not in repr(shown)
    with pytest.raises(Untrusted):
        reads.letter(envelope=letter)


def test_the_desk_steers_by_itself_and_learns_what_became_of_the_letter(
    third: tuple[Neighbour, Neighbour, str],
) -> None:
    es, de, _ = third
    _, sealed = to_the_desk(third)
    letter, digest = sealed.route.id, sealed.identity.hex()

    acts.steer(envelope=letter, to=("de.bpol",), by=OUR_CLERK, now=NOW)

    told = [neighbours.opened(each)[-1] for each in (es, de)]
    assert {each.letter.envelope for each in told} == {digest}
    assert {each.letter.to for each in told} == {("de.bpol",)}
    chain: list[str] = []
    for n, word in enumerate((ReceiptState.ACCEPTED, ReceiptState.READ, ReceiptState.ACTED)):
        chain.append(_receipt(de, digest, n, word, chain))
        assert acts.receive_receipts(tokens=chain[-1:], node="de", now=NOW) == ("done",)
    assert acts.receive_receipts(tokens=[_receipt(es, digest, 0, ReceiptState.ACCEPTED, [])], node="es", now=NOW) == (
        "unknown",
    )
    assert state(letter) is PassageState.DONE
    assert [each.state for each in reads.passing(envelope=letter, reader=OUR_CLERK).receipts] == [
        "accepted", "accepted", "read", "acted",
    ]  # fmt: skip
    assert reads.verify() == ()


def _receipt(of: Neighbour, digest: str, n: int, word: ReceiptState, chain: list[str]) -> str:
    from tansiq.exchange import jws

    said = receipts.Receipt(
        envelope=digest, recipient=of.node, n=n, prev=jws.digest(chain[-1]) if chain else "", state=word,
        agreement=Envelope.objects.get(digest=digest).agreement, at=canon.millis(NOW) + n,
    )  # fmt: skip
    return receipts.sign_receipt(said, of.keys.signer)


def test_a_recipient_s_node_tells_the_desk_what_it_tells_the_sender(es: Neighbour) -> None:
    desk = Neighbour("de", "de.bpol")
    neighbours.meet(desk, NOW)
    agreement = past_a_desk("de.bpol", es, desk)
    fields = {"topic": "drugs", "purpose": "prevention", "urgency": "priority", "desk": "de.bpol"}
    readers = ((seal.Role.ALL, es.known().reader), (seal.Role.LABEL, desk.keys.opener.reader))
    sealed = es.seal(
        agreement, NOW, letter=neighbours.information(SECRET), kind=Kind.INFORMATION, duty="service-officer",
        readers=readers, **fields,
    )  # fmt: skip
    acts.receive(parcels=[Parcel(sealed.raw, "es")], now=NOW)
    letter = sealed.route.id
    assert (opens(letter, WRITER), told(desk)) == (DeskReason.AT_DESK, [])

    word = SteeringLetter(envelope=sealed.identity.hex(), n=1, step=Step.STEER, to=(OURS,), at=NOW)
    for _ in range(2):
        assert neighbours.tell(desk, agreement, word, NOW, duty="bureau-clerk", to=(OURS,), **fields) == ""
    acts.attest(envelope=letter, state=ReceiptState.READ, by=WRITER, now=NOW)

    assert opens(letter, WRITER) is Opened
    assert told(desk) == ["accepted", "read"]
    assert told(es) == ["read"], "the first receipt is the answer to the envelope itself"
    assert reads.verify() == ()


def told(of: Neighbour) -> list[str]:
    """The states of the receipts that wait for a neighbour."""
    waiting = sorted(reads.due(node=of.node, now=world.FAR), key=lambda each: each.delivery)
    verifier = of.known().verifier
    return [
        receipts.read_receipt(each.body.decode(), verifier).state.value for each in waiting if each.thing == "receipt"
    ]


# Steering that has no right to be


def test_who_is_not_the_desk_steers_nothing(third: tuple[Neighbour, Neighbour, str], es: Neighbour) -> None:
    _, sealed = to_the_desk(third)
    _, de, agreement = third
    word = SteeringLetter(envelope=sealed.identity.hex(), n=1, step=Step.STEER, to=("de.bpol",), at=NOW)
    fields = {
        "duty": "service-officer", "desk": "ma.gendarmerie", "topic": "drugs", "purpose": "prevention",
        "urgency": "priority", "to": ("ma.gendarmerie",),
    }  # fmt: skip

    trouble = [neighbours.tell(each, agreement, word, NOW, **fields) for each in (es, de)]

    assert trouble == [DeskReason.UNKNOWN_PASSAGE, DeskReason.UNKNOWN_PASSAGE]
    assert not DeskStep.objects.exists()
    assert state(sealed.route.id) is PassageState.AT_DESK


def test_steering_adds_no_reader(third: tuple[Neighbour, Neighbour, str]) -> None:
    _, sealed = to_the_desk(third)

    answer = acts.steer(envelope=sealed.route.id, to=("de.bpol", "es.salvamento"), by=OUR_CLERK, now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason is DeskReason.NOT_A_RECIPIENT


def test_the_desk_itself_is_written_no_letter(bureau: Sides) -> None:
    answer = acts.send(
        kind=Kind.INFORMATION, letter=neighbours.information(), mechanism=BUREAU.value, to=(DESK,), topic="drugs",
        purpose="prevention", by=WRITER, now=NOW,
    )  # fmt: skip

    assert isinstance(answer, Refused)
    assert answer.reason is DeskReason.LABEL_ALONE


@pytest.mark.parametrize("by", [replace(clerk(), party="es.cgi"), READER, WRITER], ids=lambda by: by.party)
def test_to_who_is_not_of_the_desk_its_letters_are_not_there(bureau: Sides, by: Officer) -> None:
    letter = write().envelope
    bureau.carry()

    for act, more in ((acts.take, {}), (acts.steer, {"to": (THEIRS,)}), (acts.ask, {"words": "?"})):
        with pytest.raises(Missing):
            act(envelope=letter, by=by, now=NOW, **more)
    with pytest.raises(Missing):
        reads.passing(envelope=letter, reader=by)
    assert reads.tray(reader=by, now=NOW) == ()


@pytest.mark.parametrize("change", [{"step": "take"}, {"to": [OURS]}, {"words": "!"}, {"n": 9}, {"digest": "0" * 64}])
def test_a_step_that_was_changed_in_the_database_is_named(bureau: Sides, change: dict[str, object]) -> None:
    letter = write().envelope
    bureau.carry()
    acts.steer(envelope=letter, to=(THEIRS,), by=clerk(), now=NOW)
    assert reads.verify() == ()

    DeskStep.objects.update(**change)

    assert [flaw.table for flaw in reads.verify()] == ["desk step"]


# The tray


def test_the_tray_has_the_oldest_deadline_first_and_pages_through_equal_ones(bureau: Sides) -> None:
    letters = [write(urgency=urgency).envelope for urgency in ("routine", "urgent", "urgent", "urgent", "priority")]
    bureau.carry()
    wanted = [letters[place] for place in (1, 2, 3, 4, 0)]

    seen, after = [], None
    while page := reads.tray(reader=clerk(), now=NOW, after=after, limit=2):
        seen += [line.envelope.id for line in page]
        after = page[-1].envelope.position

    assert seen == wanted
    assert [line.envelope.id for line in reads.tray(reader=clerk(), now=later(9), which="overdue")] == wanted[:3]
    assert {each.urgency: (each.count, each.overdue) for each in reads.load(reader=clerk(), now=later(9))} == {
        "distress": (0, 0), "urgent": (3, 3), "priority": (1, 0), "routine": (1, 0),
    }  # fmt: skip
