"""The way out after an old backup: two persons declare the loss, a new epoch opens, and partners follow it once."""

from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.db.models import Model
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tansiq.exchange import acts, canon, intake, keystore, ledger, proof, reads, receipts, recovery
from tansiq.exchange.acts.judging import Parcel
from tansiq.exchange.agreements import standing
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Agreement, Envelope, Event, Head, LedgerEntry, Log, Partner, Receipt
from tansiq.exchange.receipts import Comparison, ReceiptState, SignedHead
from tansiq.exchange.transport import CatchUp, HeadAnswer
from tansiq.exchange.values import Detail, Recovered, Sent
from tansiq.ground import clock
from tansiq.ground.errors import Malformed, Untrusted
from tansiq.ground.verdict import Refused
from tests import neighbour as neighbours
from tests.exchange.doors import open_door
from tests.neighbour import COORDINATOR, FIRST, SECOND, Neighbour
from tests.sides import _tables
from tests.world import MET as NOW

pytestmark = pytest.mark.django_db


def something(count: int = 1) -> None:
    for _ in range(count):
        acts.record(event=neighbours.EVENT, thing=UUID(int=1), by="node", now=NOW)


def back_up() -> dict[type[Model], list[Model]]:
    """Everything that the node keeps now."""
    return {table: list(table.objects.all()) for table in _tables()}


def restore(backup: dict[type[Model], list[Model]]) -> None:
    """The node's database, as it was then."""
    for table in reversed(_tables()):
        table.objects.all().delete()
    for table, rows in backup.items():
        table.objects.bulk_create(rows)


def recover(told: dict[str, CatchUp] | None = None) -> Recovered:
    """Two persons recover, and the anchor is written."""
    answer = acts.recover(told=told or {}, without=(), by=FIRST, second=SECOND, now=NOW)
    assert isinstance(answer, Recovered), answer
    intake.write_anchor()
    return answer


class Watcher:
    """A partner that holds heads of our ledger and follows it as a node does, by the pure functions alone."""

    def __init__(self, es: Neighbour) -> None:
        self.log = es.known().log_verifier
        self.tokens: list[str] = []

    def ask(self, held: SignedHead | None) -> tuple[HeadAnswer, SignedHead]:
        epoch, size = (held.epoch, held.size) if held else (0, 0)
        token = acts.sign_head(now=NOW)
        answer = reads.head_answer(token=token, node="es", epoch=epoch, size=size)
        return answer, receipts.read_head(answer.head, self.log)

    def heads(self) -> list[SignedHead]:
        return [receipts.read_head(token, self.log) for token in self.tokens]

    def compare(self) -> Comparison:
        held = self.heads()[-1] if self.tokens else None
        answer, new = self.ask(held)
        found = receipts.compare(held, new, answer.proof) if held else Comparison.OK
        if held and found is Comparison.RECOVERED:
            try:
                told = self.follow(held, answer, new)
                earlier = [head for head in self.heads() if head.size <= told.shared]
                if held.size > told.shared and earlier:
                    self.follow(earlier[-1], *self.ask(earlier[-1]))
            except Untrusted:
                found = Comparison.FORK
        if found in (Comparison.OK, Comparison.RECOVERED):
            self.tokens.append(answer.head)
        return found

    def follow(self, held: SignedHead, answer: HeadAnswer, new: SignedHead) -> recovery.Recovery:
        return recovery.check(held=held, new=new, steps=answer.proof, documents=answer.recoveries, log=self.log)

    def holds(self, **more: Any) -> dict[str, CatchUp]:
        """What it answers to who lost a ledger."""
        return {"es": CatchUp(heads=tuple(reversed(self.tokens)), **more)}


@pytest.fixture
def watcher(es: Neighbour) -> Watcher:
    """A partner that has seen our ledger grow."""
    found = Watcher(es)
    something(6)
    assert found.compare() is Comparison.OK
    return found


@pytest.fixture
def lost(watcher: Watcher) -> Watcher:
    """Our node after an old backup was restored; the partner and the anchor know more."""
    backup = back_up()
    something(4)
    intake.write_anchor()
    assert watcher.compare() is Comparison.OK
    restore(backup)
    return watcher


def test_two_persons_declare_the_loss_and_a_new_epoch_opens(lost: Watcher, home: Path) -> None:
    left = Log.objects.get()
    assert intake.compare_anchor()
    held = lost.heads()[-1]

    told = recover(lost.holds())

    assert (told.was, told.epoch, told.restored) == (1, 2, left.size)
    assert told.lost == (left.size, held.size)
    log = Log.objects.get()
    assert (log.epoch, log.gate) == (2, "")
    entry = ledger.read_entry(bytes(LedgerEntry.objects.get(index=left.size).entry or b""))
    said = recovery.read(entry)
    assert (said.size, said.shared, said.held) == (left.size, left.size, held.size)
    assert [holder.split()[0] for holder in said.heads.split("; ")] == ["anchor.json", "es"]
    assert said.officers == f"{FIRST.signature}, {SECOND.signature}"
    assert keystore.read_anchor(home / "anchor.json") == reads.anchor()
    assert reads.verify() == ()
    assert intake.compare_anchor() == ""


def test_one_person_twice_is_refused(lost: Watcher) -> None:
    intake.compare_anchor()

    answer = acts.recover(told=lost.holds(), without=(), by=FIRST, second=replace(SECOND, person=FIRST.person), now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == "exchange.reason.same-person"
    assert Log.objects.get().gate


def test_where_nothing_is_lost_nothing_changes(watcher: Watcher) -> None:
    answer = acts.recover(told=watcher.holds(), without=(), by=FIRST, second=SECOND, now=NOW)

    assert isinstance(answer, Refused)
    assert Log.objects.get().epoch == 1


def test_a_partner_follows_the_recovery_once_and_goes_on(lost: Watcher) -> None:
    assert lost.compare() is Comparison.ROLLBACK
    recover(lost.holds())

    assert lost.compare() is Comparison.RECOVERED
    something(3)
    assert lost.compare() is Comparison.OK
    assert intake.compare_anchor() == ""


def test_an_old_head_that_a_partner_still_holds_does_not_close_the_gate_again(lost: Watcher) -> None:
    old = lost.tokens[-1]
    recover(lost.holds())

    head = acts.note_witness(node="es", token=old)

    assert acts.close_gate(held={"es": head}, now=NOW) == ""
    assert reads.verify() == ()


def test_a_second_rewritten_history_still_alarms(lost: Watcher) -> None:
    recover(lost.holds())
    assert lost.compare() is Comparison.RECOVERED
    backup = back_up()
    something(2)
    assert lost.compare() is Comparison.OK
    restore(backup)
    something(3)

    assert lost.compare() is Comparison.FORK


def test_a_history_rewritten_under_a_recovery_alarms(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """It declares only its end lost, and has changed what stands before."""
    early = back_up()
    something(2)
    assert watcher.compare() is Comparison.OK
    something(8)
    assert watcher.compare() is Comparison.OK
    restore(early)
    something(4)
    monkeypatch.setattr("tansiq.exchange.acts.recovering.begins_with", lambda head: True)
    recover(watcher.holds())

    assert watcher.compare() is Comparison.FORK


def test_a_node_that_went_on_unnoticed_declares_all_that_differs(watcher: Watcher) -> None:
    early = back_up()
    size = watcher.heads()[-1].size
    something(2)
    assert watcher.compare() is Comparison.OK
    restore(early)
    something(9)

    told = recover(watcher.holds())

    assert told.lost == (size, size + 2)
    assert watcher.compare() is Comparison.RECOVERED
    assert reads.verify() == ()


def test_a_new_epoch_without_its_entry_is_no_recovery(lost: Watcher) -> None:
    Log.objects.update(epoch=2)

    assert lost.compare() is Comparison.FORK


@given(documents=st.lists(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")), max_size=3))
def test_no_document_stops_it(documents: list[str]) -> None:
    head = receipts.SignedHead(log="es", epoch=1, size=4, root="0" * 64, at=1)

    with pytest.raises((Untrusted, Malformed)):
        recovery.check(
            held=head,
            new=replace(head, epoch=2),
            steps=(),
            documents=documents,
            log=neighbours.keys_of("es").log.verifier,
        )


def test_what_a_node_lost_is_asked_for_seldom(es: Neighbour, transactional_db: None) -> None:
    with open_door() as url:
        said = [es.post(url, "/tsq1/catch-up", b"", clock.now(), method="GET") for _ in range(7)]

    assert [status for status, _, _ in said].count(200) == 5
    shown = msgspec.json.decode(said[0][1], type=CatchUp)
    assert shown.yours == es.card()


def test_a_loss_after_a_loss(lost: Watcher) -> None:
    backup = back_up()
    recover(lost.holds())
    assert lost.compare() is Comparison.RECOVERED
    something(5)
    assert lost.compare() is Comparison.OK
    restore(backup)

    assert recover(lost.holds()).epoch == 3
    assert lost.compare() is Comparison.RECOVERED
    assert reads.verify() == ()


def test_who_missed_a_recovery_follows_the_next(lost: Watcher) -> None:
    missed = lost.tokens[:]
    recover(lost.holds())
    assert lost.compare() is Comparison.RECOVERED
    backup = back_up()
    something(5)
    assert lost.compare() is Comparison.OK
    restore(backup)
    recover(lost.holds())
    assert lost.compare() is Comparison.RECOVERED
    lost.tokens = missed

    assert lost.compare() is Comparison.RECOVERED


def test_what_passed_unlogged_gets_its_leaf(es: Neighbour) -> None:
    rescue = neighbours.agree(Mechanism.RESCUE, es, now=NOW)
    Log.objects.update(gate="An old backup was restored.")
    size = Log.objects.get().size
    came = es.seal(rescue, NOW)
    acts.receive(parcels=[Parcel(came.raw, "es")], now=NOW)
    acts.attest(envelope=came.route.id, state=ReceiptState.READ, by=COORDINATOR, now=NOW)
    sent = acts.send(
        kind=Kind.ALERT, letter=neighbours.alert(NOW), mechanism="rescue", to=("es.salvamento",), by=COORDINATOR,
        now=NOW, urgency="distress",
    )  # fmt: skip
    assert isinstance(sent, Sent)
    es._receipt(bytes(Envelope.objects.get(direction="out").raw), "")
    acts.receive_receipts(tokens=[*es.answered.values()], node="es", now=NOW)

    assert recover().logged == 4

    assert not Event.objects.filter(leaf=-1).exists()
    assert not Envelope.objects.filter(leaf=-1).exists()
    assert not Receipt.objects.filter(leaf=-1).exists()
    assert Event.objects.get(type="recovery").leaf == size
    assert reads.verify() == ()
    acts.sign_head(now=NOW)
    assert proof.check(reads.proof_of(envelope=came.route.id), es.known().log_verifier).entry is not None
    Receipt.objects.filter(direction="out", n=0).update(leaf=size + 3)
    assert reads.verify() != ()


def test_letters_flow_again(lost: Watcher, es: Neighbour) -> None:
    picture = neighbours.agree(Mechanism.RESCUE, es, now=NOW)
    recover(lost.holds())

    (token,) = acts.receive(parcels=[Parcel(es.seal(picture, NOW).raw, "es")], now=NOW)

    receipt = receipts.read_receipt(token, es.known().verifier)
    assert (receipt.state, receipts.read_head(receipt.head, lost.log).epoch) == ("accepted", 2)
    assert reads.verify() == ()


def test_an_agreement_that_ended_stays_ended(watcher: Watcher, es: Neighbour) -> None:
    digest = neighbours.agree(Mechanism.PICTURE, es, now=NOW)
    backup = back_up()
    acts.end_agreement(agreement=digest, party="ma.marine", by=FIRST, now=NOW)
    papers = Agreement.objects.get(digest=digest).papers()
    assert watcher.compare() is Comparison.OK
    restore(backup)
    assert Agreement.objects.get(digest=digest).channel(NOW).passes

    told = recover(watcher.holds(papers=(papers,)))

    assert told.troubles == ()
    assert Agreement.objects.get(digest=digest).channel(NOW).state is standing.AgreementState.ENDED
    assert reads.verify() == ()


def test_a_newer_card_and_given_receipts_come_back(watcher: Watcher, es: Neighbour) -> None:
    rescue = neighbours.agree(Mechanism.RESCUE, es, now=NOW)
    came = es.seal(rescue, NOW)
    acts.receive(parcels=[Parcel(came.raw, "es")], now=NOW)
    backup = back_up()
    acts.attest(envelope=came.route.id, state=ReceiptState.READ, by=COORDINATOR, now=NOW)
    read = Receipt.objects.get(n=1).token
    yours = acts.issue_card(agencies=("ma.marine",), url="http://127.0.0.1:7", by="node", now=NOW)
    assert watcher.compare() is Comparison.OK
    restore(backup)

    told = recover(watcher.holds(yours=yours, card=es.card(number=5), receipts=(read,)))

    assert told.troubles == ()
    assert Receipt.objects.get(n=1).token == read
    assert (Partner.objects.get(node="es").card().number, Partner.objects.get(node="ma").token) == (5, yours)
    acts.attest(envelope=came.route.id, state=ReceiptState.READ, by=COORDINATOR, now=NOW)
    assert Receipt.objects.filter(n=1).count() == 1
    acts.attest(envelope=came.route.id, state=ReceiptState.ACTED, by=COORDINATOR, now=NOW)
    assert reads.verify() == ()


def test_what_a_partner_shows_and_does_not_hold_is_left_out_and_said(lost: Watcher, es: Neighbour) -> None:
    forged = es.card(number=9, keys=neighbours.keys_of("mallory"))
    bad = CatchUp(heads=(*reversed(lost.tokens), es.head()), card=forged, yours=es.card(), receipts=("x.y.z",))

    told = recover({"es": bad})

    assert len(told.troubles) == 3
    assert Partner.objects.get(node="es").card().number == 1
    assert reads.verify() == ()


def test_a_partner_is_shown_what_it_may_have_lost_and_nothing_of_others(es: Neighbour) -> None:
    de = Neighbour(node="de", agency="de.bpol")
    neighbours.meet(de, NOW)
    rescue, both = neighbours.agree(Mechanism.RESCUE, es, now=NOW), neighbours.agree(Mechanism.PICTURE, de, now=NOW)
    came = es.seal(rescue, NOW)
    acts.receive(parcels=[Parcel(came.raw, "es")], now=NOW)
    token = es.head()
    head = receipts.read_head(token, es.keys.log.verifier)
    acts.witness_head(token=token, head=head, comparison=Comparison.OK, by="es", now=NOW)

    shown, other = reads.catch_up(node="es"), reads.catch_up(node="de")

    assert (shown.heads, shown.yours) == ((token,), es.card())
    assert [canon.digest(each.document.encode()).hex() for each in shown.papers] == [rescue]
    assert [receipts.read_receipt(each, es.known().verifier).n for each in shown.given] == [0]
    assert (other.heads, other.given) == ((), ())
    assert [canon.digest(each.document.encode()).hex() for each in other.papers] == [both]


def test_the_alarm_over_a_recovery_says_what_was_declared(es: Neighbour) -> None:
    token = es.head(epoch=2)
    head = receipts.read_head(token, es.keys.log.verifier)
    told: Detail = {"restored": 40, "lost": "40-52", "officers": "two"}
    acts.witness_head(token=token, head=head, comparison=Comparison.RECOVERED, by="es", now=NOW, told=told)

    (alarm,) = reads.alarms()
    assert alarm.what.startswith("recovered")
    assert Event.objects.get(name="exchange.ledger.alarm").value().detail["lost"] == "40-52"
    assert Head.objects.get(log="es").epoch == 2
