"""What our node answers to each thing a partner or a stranger may send it. One story a line."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tansiq.exchange import acts, receipts, seal
from tansiq.exchange.acts.judging import STRANGE, Parcel
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.watch import PictureLetter
from tansiq.exchange.models import Envelope, Event, Receipt
from tansiq.exchange.receipts import Hold, ReceiptState
from tansiq.exchange.seal import Envelope as Sealed
from tansiq.ground.ids import uuid7
from tests import neighbour as neighbours
from tests.exchange.sealed import NOW
from tests.neighbour import FIRST, Neighbour

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


def answers(es: Neighbour, *envelopes: Sealed | bytes, now: datetime = NOW, node: str = "es") -> tuple[str, ...]:
    """What our node answers to a group."""
    parcels = [Parcel(each if isinstance(each, bytes) else each.raw, node) for each in envelopes]
    return acts.receive(parcels=parcels, now=now)


def receipt(es: Neighbour, token: str) -> receipts.Receipt:
    """A receipt of ours, its signature checked."""
    return receipts.read_receipt(token, es.known().verifier)


def hold(es: Neighbour, token: str) -> Hold:
    """A hold of ours, its signature checked."""
    return receipts.read_hold(token, es.known().verifier)


@pytest.fixture
def rescue(es: Neighbour) -> str:
    return neighbours.agree(Mechanism.RESCUE, es, now=NOW)


@pytest.fixture
def picture(es: Neighbour) -> str:
    return neighbours.agree(Mechanism.PICTURE, es, now=NOW)


@pytest.fixture
def direct(es: Neighbour) -> str:
    return neighbours.agree(Mechanism.DIRECT, es, now=NOW)


INFORMATION = {
    "kind": Kind.INFORMATION, "duty": "service-officer", "purpose": "prevention", "topic": "smuggling",
    "urgency": "routine",
}  # fmt: skip


def test_a_letter_is_accepted_with_a_receipt_that_its_ledger_covers(es: Neighbour, rescue: str) -> None:
    (token,) = answers(es, es.seal(rescue, NOW))

    said = receipt(es, token)
    assert (said.state, said.recipient, said.n) == (ReceiptState.ACCEPTED, "ma", 0)
    head = receipts.read_head(said.head, es.known().log_verifier)
    assert head.size > said.leaf
    assert Envelope.objects.get().state == "accepted"


def test_an_unknown_partner_gets_the_one_answer(es: Neighbour, rescue: str) -> None:
    stranger = Neighbour(node="xx", agency="xx.service")
    stranger.partner = es.partner

    assert answers(es, stranger.seal(rescue, NOW), node="xx") == (STRANGE,)
    assert not Envelope.objects.exists()


@pytest.mark.parametrize("what", ["another's key", "another's envelope", "noise", "nothing", "cut"])
def test_what_is_not_signed_by_the_partner_gets_the_one_answer(es: Neighbour, rescue: str, what: str) -> None:
    good = es.seal(rescue, NOW)
    bad = {
        "another's key": es.seal(rescue, NOW, signer=neighbours.keys_of("mallory")).raw,
        "another's envelope": good.raw,
        "noise": bytes(range(256)) * 20,
        "nothing": b"",
        "cut": good.raw[:-1],
    }[what]

    assert answers(es, bad, node="de" if what == "another's envelope" else "es") == (STRANGE,)
    assert not Envelope.objects.exists()


def test_no_byte_of_an_envelope_can_be_changed(es: Neighbour, rescue: str) -> None:
    raw = es.seal(rescue, NOW).raw
    for place in range(0, len(raw), 97):
        changed = bytearray(raw)
        changed[place] ^= 1
        assert answers(es, bytes(changed)) == (STRANGE,), place


def test_an_altered_label_that_is_signed_again_is_refused_by_name(es: Neighbour, rescue: str) -> None:
    said = es.seal(rescue, NOW, raw=b'{"not":"an alert"}')

    (token,) = answers(es, said)

    assert receipt(es, token).reason == "exchange.reason.unreadable"


def test_a_retry_is_answered_with_the_first_receipt(es: Neighbour, rescue: str) -> None:
    envelope = es.seal(rescue, NOW)
    first = answers(es, envelope)

    assert answers(es, envelope, now=LATER) == first
    assert Envelope.objects.count() == Receipt.objects.count() == 1


def test_a_retry_gets_the_first_receipt_though_the_agreement_is_suspended_by_then(es: Neighbour, picture: str) -> None:
    envelope = es.seal(picture, NOW, kind=Kind.PICTURE, letter=_picture(), **PICTURE)
    first = answers(es, envelope)
    assert receipt(es, first[0]).state is ReceiptState.ACCEPTED, receipt(es, first[0])
    acts.suspend_agreement(agreement=picture, party="ma.marine", by=FIRST, now=LATER)

    assert answers(es, envelope, now=LATER) == first


def test_the_same_twice_in_one_group_has_one_effect(es: Neighbour, rescue: str) -> None:
    envelope = es.seal(rescue, NOW)

    one, two = answers(es, envelope, envelope)

    assert one == two
    assert Envelope.objects.count() == 1


def test_the_same_id_with_another_digest_is_refused_with_an_alarm(es: Neighbour, rescue: str) -> None:
    number = uuid7(NOW)
    first, second = es.seal(rescue, NOW, id=number), es.seal(rescue, NOW, id=number)
    answers(es, first)

    (token,) = answers(es, second, now=LATER)
    (again,) = answers(es, second, now=LATER + timedelta(hours=1))

    assert receipt(es, token).reason == "exchange.reason.another-digest"
    assert again == token, "a refusal is given once, and then repeated"
    assert Envelope.objects.get().digest == first.identity.hex()
    assert Event.objects.get(name="exchange.ledger.alarm").thing == number


def test_an_id_taken_by_another_originator_stays_free_for_its_owner(es: Neighbour, rescue: str) -> None:
    de = Neighbour(node="de", agency="de.bpol")
    neighbours.meet(de, NOW)
    both = neighbours.agree(Mechanism.RESCUE, de, now=NOW)
    number = uuid7(NOW)

    one = receipt(es, answers(es, es.seal(rescue, NOW, id=number))[0])
    two = receipt(es, answers(es, de.seal(both, NOW, id=number), node="de")[0])

    assert one.state is two.state is ReceiptState.ACCEPTED
    assert len(set(Envelope.objects.values_list("ref", flat=True))) == 2


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ("suspended", "suspended"),
        ("unsigned", "not-yet"),
        ("unknown", "unknown-agreement"),
        ("ended", "exchange.reason.not-in-force"),
        ("expired", "exchange.reason.not-in-force"),
    ],
)
def test_an_agreement_that_is_not_in_force_lets_nothing_pass(es: Neighbour, state: str, answer: str) -> None:
    dates = {"until": NOW - timedelta(days=1)} if state == "expired" else {}
    digest = neighbours.agree(Mechanism.PICTURE, es, now=NOW, signed=state != "unsigned", **dates)
    if state == "suspended":
        acts.suspend_agreement(agreement=digest, party="ma.marine", by=FIRST, now=NOW)
    if state == "ended":
        acts.end_agreement(agreement=digest, party="ma.marine", by=FIRST, now=NOW)
    agreement = "f" * 64 if state == "unknown" else digest

    (token,) = answers(es, es.seal(agreement, NOW, kind=Kind.PICTURE, letter=_picture(), **PICTURE))

    if answer.startswith("exchange."):
        assert receipt(es, token).reason == answer
    else:
        assert hold(es, token).reason == answer
        assert not Receipt.objects.exists(), "what is held may still be accepted"


def test_what_was_held_passes_once_the_suspension_is_lifted(es: Neighbour, picture: str) -> None:
    envelope = es.seal(picture, NOW, kind=Kind.PICTURE, letter=_picture(), **PICTURE)
    acts.suspend_agreement(agreement=picture, party="ma.marine", by=FIRST, now=NOW)
    assert hold(es, answers(es, envelope)[0]).reason == "suspended"
    acts.lift_agreement(agreement=picture, party="ma.marine", by=FIRST, now=NOW)

    assert receipt(es, answers(es, envelope)[0]).state is ReceiptState.ACCEPTED


def test_distress_passes_while_its_agreement_is_suspended(es: Neighbour, rescue: str) -> None:
    acts.suspend_agreement(agreement=rescue, party="ma.marine", by=FIRST, now=NOW)

    assert receipt(es, answers(es, es.seal(rescue, NOW))[0]).state is ReceiptState.ACCEPTED


def test_distress_that_names_a_person_passes_and_is_quarantined(es: Neighbour, rescue: str) -> None:
    assert receipt(es, answers(es, es.seal(rescue, NOW, persons_named=True))[0]).state is ReceiptState.ACCEPTED
    assert Envelope.objects.get().quarantined


def test_distress_passes_when_the_partners_card_has_run_out(es: Neighbour, rescue: str, picture: str) -> None:
    acts.add_partner(card=es.card(number=2, expires=NOW), by=FIRST, now=NOW)

    assert receipt(es, answers(es, es.seal(rescue, NOW))[0]).state is ReceiptState.ACCEPTED
    letter = es.seal(picture, NOW, kind=Kind.PICTURE, letter=_picture(), **PICTURE)
    assert hold(es, answers(es, letter)[0]).reason == "key-expired"


def test_a_letter_from_the_future_is_held_but_never_a_distress(es: Neighbour, rescue: str, picture: str) -> None:
    soon = NOW + timedelta(hours=1)
    letter = es.seal(picture, soon, kind=Kind.PICTURE, letter=_picture(), **PICTURE)

    assert hold(es, answers(es, letter)[0]).reason == "clock"
    assert receipt(es, answers(es, es.seal(rescue, soon))[0]).state is ReceiptState.ACCEPTED


def test_a_letter_whose_time_is_over_is_refused(es: Neighbour, rescue: str) -> None:
    envelope = es.seal(rescue, NOW - timedelta(days=3))

    assert receipt(es, answers(es, envelope)[0]).reason == "exchange.reason.expired"


def test_a_letter_that_no_rule_permits_is_refused_with_the_rule(es: Neighbour, rescue: str) -> None:
    envelope = es.seal(rescue, NOW, letter=neighbours.information(), **INFORMATION)

    said = receipt(es, answers(es, envelope)[0])

    assert said.state is ReceiptState.REFUSED
    assert said.reason == "exchange.reason.no-permit"


def test_who_is_no_party_is_refused(es: Neighbour, rescue: str) -> None:
    envelope = es.seal(rescue, NOW, to=("ma.gendarmerie",))

    assert receipt(es, answers(es, envelope)[0]).reason == "exchange.reason.not-a-party"


def test_a_letter_of_a_drill_never_enters_a_real_duty_room(es: Neighbour, rescue: str) -> None:
    envelope = es.seal(rescue, NOW, exercise="Night in the Strait")

    assert receipt(es, answers(es, envelope)[0]).reason == "exchange.reason.other-exercise"


def test_a_bad_item_fails_alone(es: Neighbour, rescue: str) -> None:
    good = [es.seal(rescue, NOW) for _ in range(4)]

    tokens = answers(es, good[0], b"noise", good[1], es.seal(rescue, NOW, exercise="x"), good[2], good[3])

    states = ["-" if token == STRANGE else receipt(es, token).state.value for token in tokens]
    assert states == ["accepted", "-", "accepted", "refused", "accepted", "accepted"]


def test_a_bundle_is_verified_by_one_signature_and_each_item_alone(es: Neighbour, rescue: str) -> None:
    sealed = _bundle(es, rescue, 5)
    odd = replace(sealed[2], raw=sealed[3].raw[:-1] + b"\x00").raw

    tokens = answers(es, *(each.raw for each in sealed[:2]), odd, sealed[4].raw)

    assert [token == STRANGE for token in tokens] == [False, False, True, False]
    assert receipt(es, tokens[3]).state is ReceiptState.ACCEPTED


def test_later_letters_of_a_case_wait_behind_one_that_is_held(es: Neighbour, picture: str) -> None:
    said = {"kind": Kind.PICTURE, "letter": _picture(), "case": "0" * 32, **PICTURE}
    early = es.seal(picture, NOW + timedelta(hours=1), seq=1, **said)
    late = es.seal(picture, NOW, seq=2, **said)

    tokens = answers(es, early, late)

    assert [hold(es, token).reason for token in tokens] == ["clock", "earlier-held"]


def _bundle(es: Neighbour, agreement: str, count: int) -> list[Sealed]:
    drafts = [es.draft(agreement, NOW) for _ in range(count)]
    return [each.envelope for each in seal.finish_bundle(drafts, es.keys.signer)]


PICTURE = {"purpose": "situational-awareness", "topic": "maritime-traffic", "urgency": "routine"}


def _picture() -> PictureLetter:
    return PictureLetter(at=NOW, area="strait", tracks=())
