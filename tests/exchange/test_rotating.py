"""Keys change, on either side, and nothing that was signed or sealed before is lost, and nothing stolen lives on."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from django.conf import LazySettings

from tansiq.exchange import acts, canon, cards, keystore, reads, receipts, seal, transport
from tansiq.exchange.acts.judging import STRANGE
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.keys import KeySet
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Delivery, Envelope, Event, Partner
from tansiq.exchange.models.channels import OVERLAP
from tansiq.exchange.models.own import own
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import Opened, Rotated, Sent
from tansiq.ground import clock
from tansiq.ground.verdict import Refused
from tests import neighbour as neighbours
from tests.exchange.doors import open_door
from tests.neighbour import COORDINATOR, FIRST, SECOND, Neighbour

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(tmp_path: Path, keys: Path, settings: LazySettings) -> Path:
    """The home of our node, with keys of its own, since they change."""
    shutil.copytree(keys, tmp_path / "keys")
    settings.TANSIQ_HOME, settings.TANSIQ_NODE, settings.TANSIQ_AGENCY = tmp_path, "ma", "ma.marine"
    settings.TANSIQ_EXERCISE = ""
    return tmp_path


@pytest.fixture
def rescue(es: Neighbour) -> str:
    digest = neighbours.agree(Mechanism.RESCUE, es, now=NOW)
    Delivery.objects.all().delete()
    return digest


def rotate(now: datetime = NOW, *, compromised: bool = False) -> Rotated:
    done = acts.rotate_keys(by=FIRST, second=SECOND, now=now, compromised=compromised)
    assert isinstance(done, Rotated), done
    return done


def changed(es: Neighbour, issued: datetime, *, endorsed: bool = True) -> str:
    """The neighbour takes new keys; answers the card that shows them."""
    old, es.keys = es.keys, es.keys.next()
    es.number += 1
    return es.card(issued=issued, replaces=old.signer if endorsed else None)


def received(es: Neighbour, envelope: seal.Envelope, now: datetime = NOW) -> str:
    """The state that our receipt gives, or what stands in its place."""
    (token,) = acts.receive(parcels=[acts.Parcel(envelope.raw, es.node)], now=now)
    if token == STRANGE:
        return token
    return str(receipts.read_receipt(token, own().keys.signer.verifier).state)


def send(now: datetime = NOW) -> UUID:
    """A letter of ours."""
    sent = acts.send(
        kind=Kind.ALERT, letter=neighbours.alert(now), mechanism="rescue", to=("es.salvamento",), by=COORDINATOR,
        now=now, urgency="distress",
    )  # fmt: skip
    assert isinstance(sent, Sent), sent
    return sent.envelope


# A partner's keys


def test_a_partners_old_signature_counts_for_as_long_as_a_letter_may_travel(es: Neighbour, rescue: str) -> None:
    before = [es.seal(rescue, NOW, id=UUID(int=number), expires=canon.millis(neighbours.FAR)) for number in range(3)]
    acts.receive_card(card=changed(es, NOW), node="es", now=NOW)

    assert received(es, es.seal(rescue, NOW)) == "accepted"
    assert received(es, before[0], NOW) == "accepted"
    assert received(es, before[1], NOW + OVERLAP - timedelta(minutes=1)) == "accepted"
    assert received(es, before[2], NOW + OVERLAP) == STRANGE


def test_a_partner_that_changes_twice_is_followed_through_both(es: Neighbour, rescue: str) -> None:
    first = es.seal(rescue, NOW)
    acts.receive_card(card=changed(es, NOW), node="es", now=NOW)
    second = es.seal(rescue, NOW)
    acts.receive_card(card=changed(es, NOW), node="es", now=NOW)

    assert [received(es, each) for each in (first, second, es.seal(rescue, NOW))] == ["accepted"] * 3


def test_receipts_of_a_partner_go_on_after_its_keys_changed(es: Neighbour, rescue: str) -> None:
    ref = send()
    row = Envelope.objects.get(ref=ref)
    first = es._receipt(bytes(row.raw), "")
    (delivery,) = Delivery.objects.filter(envelope=row)
    acts.settle(node="es", replies=[acts.delivering.Reply(delivery.id, first)], now=NOW, jitter=0.0)
    acts.receive_card(card=changed(es, NOW), node="es", now=NOW)

    said = acts.receive_receipts(tokens=[es.later(row.digest, ReceiptState.READ, first)], node="es", now=NOW)

    assert said == ("done",)
    assert reads.verify() == ()


def test_a_card_that_no_key_endorsed_is_for_people_and_its_key_counts_for_nothing(es: Neighbour, rescue: str) -> None:
    old = es.seal(rescue, NOW)
    card = changed(es, NOW, endorsed=False)
    with pytest.raises(Exception, match="does not continue"):
        acts.receive_card(card=card, node="es", now=NOW)
    assert received(es, es.seal(rescue, NOW)) == STRANGE

    acts.add_partner(card=card, by=FIRST, now=NOW)
    acts.confirm_partner(node="es", words=cards.fingerprint(cards.read_card(card)), by=SECOND, now=NOW)

    assert received(es, es.seal(rescue, NOW)) == "accepted"
    assert received(es, old) == STRANGE, "what the lost key signs is believed no more"


def test_a_partner_brings_its_new_card_under_its_new_key(serving_es: Neighbour) -> None:
    es, now = serving_es, clock.now()
    neighbours.agree(Mechanism.RESCUE, es, now=now)
    old = es.keys
    with open_door() as door:
        card = changed(es, now)
        new, es.keys = es.keys, neighbours.keys_of("mallory")
        assert es.post(door, "/tsq1/card", canon.lp(card.encode()), now)[0] == 403, "another key brings nothing"
        es.keys = new
        assert es.post(door, "/tsq1/receipts", canon.lp(b"x"), now)[0] == 403, "it is not known yet"
        status, raw, _ = es.post(door, "/tsq1/card", canon.lp(card.encode()), now)
        assert (status, msgspec.json.decode(raw, type=transport.Words).answers) == (200, ("done",))
        assert es.post(door, "/tsq1/receipts", canon.lp(b"x"), now)[0] == 200
        es.keys = old
        assert es.post(door, "/tsq1/receipts", canon.lp(b"x"), now)[0] == 200, "the old one still counts"
        es.keys = new
        unendorsed = changed(es, now, endorsed=False)
        assert es.post(door, "/tsq1/card", canon.lp(unendorsed.encode()), now)[0] == 403
        assert es.post(door, "/tsq1/card", canon.lp(b"no card"), now)[0] == 403


# Our own keys


def test_two_persons_change_the_keys_and_every_partner_is_told_first(es: Neighbour, rescue: str) -> None:
    old = own().keys
    waiting = send()
    refused = acts.rotate_keys(by=FIRST, second=FIRST, now=NOW)
    assert isinstance(refused, Refused)

    done = rotate()

    assert (done.number, done.told) == (2, ("es",))
    fresh = own().keys
    assert fresh.signer.kid != old.signer.kid
    assert fresh.opener.kid != old.opener.kid
    assert fresh.log.kid == old.log.kid
    due = reads.due(node="es", now=NOW)
    assert {each.thing for each in due} == {"card", "envelope"}
    held = cards.read_card(Partner.objects.get(node="ma").past[-1])
    assert cards.succeed(held, cards.read_card(done.card)) is cards.Succession.CONTINUES
    assert Envelope.objects.get(ref=waiting).state == "queued"
    assert Event.objects.filter(name="exchange.key.rotate").count() == 1
    assert reads.verify() == ()


def test_what_was_sealed_to_the_old_key_still_opens_and_new_letters_are_signed_by_the_new(
    es: Neighbour, rescue: str
) -> None:
    sealed_before = es.seal(rescue, NOW)
    accepted = received(es, es.seal(rescue, NOW))
    done = rotate()
    es.partner = cards.read_card(done.card)

    assert accepted == received(es, sealed_before) == received(es, es.seal(rescue, NOW)) == "accepted"
    sent = Envelope.objects.get(ref=send())
    assert seal.parse(bytes(sent.raw)).signer == own().keys.signer.kid
    assert es._receipt(bytes(sent.raw), "")
    for row in Envelope.objects.filter(direction="in"):
        opened = acts.open_letter(envelope=row.ref, reason="to act on it", by=COORDINATOR, now=NOW)
        assert isinstance(opened, Opened), opened
    assert reads.verify() == ()


def test_old_keys_are_destroyed_when_nothing_can_come_that_they_open(es: Neighbour, rescue: str) -> None:
    late = es.seal(rescue, NOW, expires=canon.millis(neighbours.FAR))
    rotate()
    assert acts.forget_keys(now=NOW + OVERLAP - timedelta(minutes=1)) == 0
    assert acts.forget_keys(now=NOW + OVERLAP) == 1
    assert acts.forget_keys(now=NOW + OVERLAP) == 0

    assert own().keys.opener.older == ()
    assert received(es, late, NOW + OVERLAP) == "refused"


@pytest.mark.parametrize("committed", [True, False], ids=["after the card was shown", "before the card was shown"])
def test_a_stop_between_disk_and_database_is_settled_at_the_next_start(
    es: Neighbour, rescue: str, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = own().keys.signer.kid
    from tansiq.exchange.acts import rotating

    def stopped(**_: object) -> bool:
        raise KeyboardInterrupt

    if committed:
        calls = iter((rotating.settle_keys, stopped))
        monkeypatch.setattr(rotating, "settle_keys", lambda **given: next(calls)(**given))
    else:
        monkeypatch.setattr(rotating, "_shown", lambda *_: stopped())
    with pytest.raises(KeyboardInterrupt):
        acts.rotate_keys(by=FIRST, second=SECOND, now=NOW)
    monkeypatch.undo()
    assert own().keys.signer.kid == old

    assert acts.settle_keys(now=NOW) is committed

    shown = Partner.objects.get(node="ma").card()
    assert own().keys.signer.kid == shown.verifier.kid
    assert (own().keys.signer.kid == old) is not committed
    assert keystore.unlock(own().folder).coming == b""
    assert received(es, es.seal(rescue, NOW)) == "accepted"
    assert reads.verify() == ()


def test_keys_in_strange_hands_vouch_for_nothing(es: Neighbour, rescue: str) -> None:
    """The compromise drill: every key goes, the log's too, and people compare words."""
    thief = own().keys
    held = Partner.objects.get(node="ma").card()
    received(es, es.seal(rescue, NOW))

    done = rotate(compromised=True)

    assert done.told == ()
    assert not Delivery.objects.filter(thing="card").exists()
    card = cards.read_card(done.card)
    assert card.endorsed == ""
    assert cards.succeed(held, card) is cards.Succession.CONFIRM
    assert own().keys.log.kid != thief.log.kid
    assert cards.fingerprint(card) == done.words
    with pytest.raises(Exception, match="signature"):
        cards.succeed(card, cards.read_card(_forged(thief)))
    assert received(es, es.seal(rescue, NOW)) == "accepted"
    acts.sign_head(now=NOW)
    assert reads.verify() == ()


def _forged(thief: KeySet) -> str:
    """A card by which the thief would continue ours under a key of its own."""
    return cards.make_card(
        node="ma", agencies=("ma.marine",), number=9, url="http://127.0.0.1:9", keys=neighbours.keys_of("mallory"),
        issued=NOW, expires=neighbours.FAR, replaces=thief.signer,
    )  # fmt: skip
