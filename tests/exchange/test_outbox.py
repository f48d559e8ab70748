"""What goes out: at least once on the wire, once in effect, urgent first, one case in order, and never elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest

from tansiq.exchange import acts, ledger, reads, seal
from tansiq.exchange.acts.delivering import Reply
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Delivery, Envelope, Event, Log, Partner, Receipt
from tansiq.exchange.outbox import Outbox
from tansiq.exchange.reads import ledger as ledger_reads
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import Sent
from tansiq.ground import clock
from tansiq.parties.duties import Permission
from tests import neighbour as neighbours
from tests.neighbour import COORDINATOR, Neighbour

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rescue(serving_es: Neighbour) -> str:
    digest = neighbours.agree(Mechanism.RESCUE, serving_es, now=clock.now())
    Delivery.objects.all().delete()
    return digest


@contextmanager
def sending(**options: float) -> Iterator[Outbox]:
    """Our outbox, at work."""
    outbox = Outbox(rest=0.02, **{"heads_idle": 60.0, "heads_busy": 60.0, **options})
    outbox.start()
    try:
        yield outbox
    finally:
        outbox.stop()


def until(holds: Callable[[], bool], within: float = 15.0) -> None:
    """Wait until it holds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def send(urgency: str = "distress", case: int | None = None, number: int = 1) -> UUID:
    """Queue one alert."""
    sent = acts.send(
        kind=Kind.ALERT, letter=neighbours.alert(clock.now(), number), mechanism="rescue", to=("es.salvamento",),
        by=COORDINATOR, now=clock.now(), urgency=urgency, case=UUID(int=case) if case else None,
    )  # fmt: skip
    assert isinstance(sent, Sent), sent
    return sent.envelope


def state(envelope: UUID) -> str:
    return Envelope.objects.values_list("state", flat=True).get(ref=envelope)


def heard(es: Neighbour) -> list[UUID]:
    """The envelopes that the neighbour heard, in order, doubles included."""
    frames = [frame for path, some in es.heard if path == "/tsq1/envelopes" for frame in some]
    return [seal.parse(frame).route.id for frame in frames]


def test_a_letter_arrives_and_its_signed_receipt_is_kept(serving_es: Neighbour, rescue: str) -> None:
    envelope = send()
    with sending():
        until(lambda: state(envelope) == "accepted")

    receipt = Receipt.objects.get(direction="in")
    assert (receipt.signer, receipt.state, receipt.rule) == ("es", "accepted", "test.rule")
    assert Delivery.objects.get().state == "done"
    assert reads.verify() == ()


@pytest.mark.parametrize("mood", ["lose", "503", "500", "429", "hold", "forge"])
def test_it_tries_again_until_a_receipt_holds_and_never_with_a_new_id(
    serving_es: Neighbour, rescue: str, mood: str
) -> None:
    serving_es.behaviour = [mood]
    envelope = send()
    if mood == "forge":
        serving_es.answered.clear()
    with sending():
        until(lambda: Delivery.objects.get().attempts > 0 or state(envelope) == "accepted")
        assert Delivery.objects.get().trouble, "what stands in the way is shown"
        serving_es.answered = {} if mood == "forge" else serving_es.answered
        Delivery.objects.update(next_at=clock.now())
        until(lambda: state(envelope) == "accepted")

    assert set(heard(serving_es)) <= {envelope}
    assert Receipt.objects.filter(direction="in").count() == 1


def test_a_partner_that_is_away_is_found_again(serving_es: Neighbour, rescue: str) -> None:
    listening, nobody = serving_es.url, "http://127.0.0.1:9"
    acts.add_partner(card=serving_es.card(number=2, url=nobody), by=neighbours.FIRST, now=clock.now())
    envelope = send()
    with sending():
        until(lambda: Delivery.objects.get().attempts > 0)
        assert "No answer" in Partner.objects.get(node="es").trouble
        acts.add_partner(card=serving_es.card(number=3, url=listening), by=neighbours.FIRST, now=clock.now())
        until(lambda: state(envelope) == "accepted")

    assert Partner.objects.get(node="es").trouble == ""


def test_what_waited_for_a_silent_partner_goes_as_soon_as_it_answers(serving_es: Neighbour, rescue: str) -> None:
    waited, put_off = send(), send("urgent")
    Delivery.objects.filter(envelope__ref=waited).update(trouble="No answer: ClientConnectorError.")
    Delivery.objects.filter(envelope__ref=put_off).update(trouble="held: clock")
    Delivery.objects.update(next_at=clock.now() + timedelta(hours=1))
    listening, nobody = serving_es.url, "http://127.0.0.1:9"
    acts.add_partner(card=serving_es.card(number=2, url=nobody), by=neighbours.FIRST, now=clock.now())
    with sending(heads_idle=0.05, heads_busy=0.05) as outbox:
        until(lambda: "es" in outbox.shut)
        acts.add_partner(card=serving_es.card(number=3, url=listening), by=neighbours.FIRST, now=clock.now())
        until(lambda: state(waited) == "accepted")

    assert outbox.shut == {}
    assert state(put_off) == "queued"


def test_a_refusal_is_final_and_kept(serving_es: Neighbour, rescue: str) -> None:
    serving_es.behaviour = ["refuse"]
    envelope = send()
    with sending():
        until(lambda: state(envelope) == "refused")

    assert Delivery.objects.get().state == "refused"


def test_a_redirect_is_never_followed(serving_es: Neighbour, rescue: str) -> None:
    serving_es.behaviour = ["302", "307"]
    send()
    with sending():
        until(lambda: Delivery.objects.get().attempts > 0)

    assert not [path for path, _ in serving_es.heard if "elsewhere" in path]


def test_the_urgent_go_first_and_a_case_stays_in_order(serving_es: Neighbour, rescue: str) -> None:
    routine = send("routine")
    first, second = send("routine", case=7), send("distress", case=7)
    urgent = send("distress")
    with sending():
        until(lambda: Envelope.objects.filter(state="accepted").count() == 4)

    assert heard(serving_es) == [first, second, urgent, routine]


def test_a_case_waits_behind_its_first_letter_and_others_pass(serving_es: Neighbour, rescue: str) -> None:
    first, second, other = send(case=7), send(case=7), send(case=8)
    later = clock.now() + timedelta(hours=1)
    Delivery.objects.filter(envelope__ref=first).update(next_at=later, trouble="held: unknown-agreement")
    with sending():
        until(lambda: state(other) == "accepted")
        time.sleep(0.2)
        assert (state(first), state(second)) == ("queued", "queued")
        Delivery.objects.update(next_at=clock.now())
        until(lambda: state(second) == "accepted")

    assert heard(serving_es) == [other, first, second]


def test_letters_of_a_case_are_numbered_and_chained(serving_es: Neighbour, rescue: str) -> None:
    for _ in range(3):
        send(case=7)
    with sending():
        until(lambda: Envelope.objects.filter(state="accepted").count() == 3)

    rows = list(Envelope.objects.order_by("position"))
    assert [row.said.seq for row in rows if row.said] == [1, 2, 3]
    assert [row.said.prev for row in rows if row.said] == ["", rows[0].digest, rows[1].digest]


def test_many_go_in_batches(serving_es: Neighbour, rescue: str) -> None:
    for number in range(25):
        send("routine", number=number)
    with sending():
        until(lambda: Envelope.objects.filter(state="accepted").count() == 25)

    posts = [frames for path, frames in serving_es.heard if path == "/tsq1/envelopes"]
    assert sum(map(len, posts)) == 25
    assert len(posts) < 5


def test_what_expires_is_given_up_and_said(serving_es: Neighbour, rescue: str) -> None:
    envelope = send()
    acts.expire(now=clock.now() + timedelta(days=60))

    assert state(envelope) == "expired"
    assert Event.objects.filter(thing=envelope, detail__contains="expired").exists()
    assert reads.verify() == ()


def test_read_and_acted_are_attested_to_the_originator(serving_es: Neighbour, rescue: str) -> None:
    now = clock.now()
    envelope = serving_es.seal(rescue, now)
    acts.receive(parcels=[acts.Parcel(envelope.raw, "es")], now=now)
    acts.attest(envelope=envelope.route.id, state=ReceiptState.READ, by=COORDINATOR, now=now)
    acts.attest(envelope=envelope.route.id, state=ReceiptState.ACTED, by=COORDINATOR, now=now)
    acts.attest(envelope=envelope.route.id, state=ReceiptState.ACTED, by=COORDINATOR, now=now)
    with sending():
        until(lambda: not Delivery.objects.filter(state="waiting").exists())

    from tansiq.exchange import receipts

    tokens = [frame.decode() for path, some in serving_es.heard if path == "/tsq1/receipts" for frame in some]
    first = Receipt.objects.get(direction="out", n=0).token
    chain = [first]
    for token in tokens:
        receipts.check_next(chain, token, serving_es.known().verifier)
        chain.append(token)
    assert len(chain) == 3


def test_a_partners_later_receipts_are_kept_and_its_contradictions_raise_an_alarm(
    serving_es: Neighbour, rescue: str
) -> None:
    envelope = send()
    with sending():
        until(lambda: state(envelope) == "accepted")
    row = Envelope.objects.get(ref=envelope)
    first = Receipt.objects.get(direction="in").token
    read = serving_es.later(row.digest, ReceiptState.READ, first)
    other = serving_es.later(row.digest, ReceiptState.ACTED, first)

    assert acts.receive_receipts(tokens=[read], node="es", now=clock.now()) == ("done",)
    assert acts.receive_receipts(tokens=[read], node="es", now=clock.now()) == ("done",)
    assert acts.receive_receipts(tokens=[other], node="es", now=clock.now()) == ("untrusted",)

    assert state(envelope) == "read"
    assert Event.objects.filter(name="exchange.ledger.alarm").count() == 1


def test_a_receipt_for_another_envelope_settles_nothing(serving_es: Neighbour, rescue: str) -> None:
    one, two = send(number=1), send(number=2)
    token = serving_es._receipt(bytes(Envelope.objects.get(ref=one).raw), "")
    delivery = Delivery.objects.get(envelope__ref=two)

    acts.settle(node="es", replies=[Reply(delivery.id, token)], now=clock.now(), jitter=0.5)

    assert (state(one), state(two)) == ("queued", "queued")


def test_a_rewritten_ledger_of_a_partner_is_noticed(serving_es: Neighbour, rescue: str) -> None:
    serving_es.leaves = [ledger.hash_leaf(bytes([number])) for number in range(9)]
    with sending(heads_idle=0.05):
        until(lambda: reads.held_head(log="es")[0] is not None)
        serving_es.leaves = [ledger.hash_leaf(bytes([number + 1])) for number in range(12)]
        until(lambda: Event.objects.filter(name="exchange.ledger.alarm", detail__contains="fork").exists())
        serving_es.leaves = serving_es.leaves[:4]
        until(lambda: Event.objects.filter(name="exchange.ledger.alarm", detail__contains="rollback").exists())

    held, _ = reads.held_head(log="es")
    assert held is not None
    assert held.size == 9, "the head that was known first stays"
    assert Event.objects.filter(name="exchange.ledger.alarm").count() == 2, "the same alarm once"


def test_a_new_epoch_that_declares_no_loss_raises_the_alarm_and_is_not_followed(
    serving_es: Neighbour, rescue: str
) -> None:
    serving_es.leaves = [ledger.hash_leaf(bytes([number])) for number in range(9)]
    with sending(heads_idle=0.05):
        until(lambda: reads.held_head(log="es")[0] is not None)
        serving_es.epoch = 2
        until(lambda: Event.objects.filter(name="exchange.ledger.alarm", detail__contains="fork").exists())

    held, _ = reads.held_head(log="es")
    assert held is not None
    assert held.epoch == 1


def test_a_partner_that_holds_more_of_our_ledger_closes_the_gate(serving_es: Neighbour, rescue: str) -> None:
    for _ in range(3):
        acts.record(event=neighbours.EVENT, thing=UUID(int=1), by="node", now=clock.now())
    serving_es.own_head = acts.sign_head(now=clock.now())
    Log.objects.update(size=2)
    with sending(heads_idle=0.05):
        until(lambda: bool(Log.objects.get().gate))

    assert "es holds a head" in Log.objects.get().gate


def test_rescue_goes_apart_from_what_a_door_turns_away(serving_es: Neighbour, rescue: str) -> None:
    neighbours.agree(Mechanism.DIRECT, serving_es, now=clock.now(), ours="ma.marine")
    Delivery.objects.all().delete()
    routine = acts.send(
        kind=Kind.INFORMATION, letter=neighbours.information(), mechanism="direct", to=("es.salvamento",),
        by=COORDINATOR, now=clock.now(), topic="smuggling", purpose="prevention", urgency="urgent",
    )  # fmt: skip
    assert isinstance(routine, Sent), routine
    distress = send()
    with sending():
        until(lambda: state(distress) == "accepted" and state(routine.envelope) == "accepted")

    assert [len(frames) for path, frames in serving_es.heard if path == "/tsq1/envelopes"] == [1, 1]
    assert heard(serving_es) == [distress, routine.envelope]


@pytest.mark.parametrize("honest", [True, False])
def test_a_split_view_is_seen_by_what_another_partner_was_shown(serving_es: Neighbour, honest: bool) -> None:
    de = Neighbour("de", "de.bpol")
    de.leaves = [ledger.hash_leaf(bytes([number])) for number in range(5)]
    serving_es.seen = (de.head(), "no head at all", Neighbour("xx", "xx.none").head())
    first = b"\x00" if honest else b"rewritten"
    de.leaves = [ledger.hash_leaf(first), *de.leaves[1:], *(ledger.hash_leaf(b"more") for _ in range(4))]

    def alarms() -> list[str]:
        return [*Event.objects.filter(name=Permission.LEDGER_ALARM).values_list("detail", flat=True)]

    with de.serving():
        neighbours.meet(de, clock.now())
        with sending(heads_idle=0.05) as outbox:
            until(lambda: reads.held_head(log="de")[0] is not None)
            if honest:
                asked = de.asked
                until(lambda: de.asked > asked + 4)
            else:
                until(lambda: bool(alarms()))
            assert {log for log, _ in outbox._shown} <= {"de"}, "what nobody here knows fills no memory"

    assert [('"what":"fork"' in each, '"shown":"es"' in each) for each in alarms()] == (
        [] if honest else [(True, True)]
    )
    assert ledger_reads.seen_heads(but="es") == (reads.held_head(log="de")[1],)
