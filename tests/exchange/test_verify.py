"""Any byte changed in a stored envelope, receipt, agreement or ledger row is named by `verify`, with the very row."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection, models

from tansiq.exchange import acts, keystore, proof, reads
from tansiq.exchange.acts.delivering import Reply
from tansiq.exchange.acts.judging import Parcel
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import (
    Agreement,
    Delivery,
    Envelope,
    Event,
    Head,
    LedgerEntry,
    LedgerNode,
    Partner,
    Receipt,
    Statement,
)
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import Sent
from tests import neighbour as neighbours
from tests.exchange.sealed import NOW
from tests.neighbour import COORDINATOR, FIRST, Neighbour

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(es: Neighbour) -> Neighbour:
    """A node in which something of every kind is stored."""
    digest = neighbours.agree(Mechanism.RESCUE, es, now=NOW)
    acts.suspend_agreement(agreement=digest, party="ma.marine", by=FIRST, now=NOW, reason="test")
    acts.lift_agreement(agreement=digest, party="ma.marine", by=FIRST, now=NOW)
    case = UUID(int=5)
    sent = acts.send(
        kind=Kind.ALERT, letter=neighbours.alert(NOW), mechanism="rescue", to=("es.salvamento",), by=COORDINATOR,
        now=NOW, urgency="distress", case=case,
    )  # fmt: skip
    assert isinstance(sent, Sent), sent
    delivery = Delivery.objects.get(thing="envelope")
    token = es._receipt(bytes(Envelope.objects.get().raw), "")
    acts.settle(node="es", replies=[Reply(delivery.id, token)], now=NOW, jitter=0.5)
    digest_of = Envelope.objects.get().digest
    later = es.later(digest_of, ReceiptState.READ, token)
    assert acts.receive_receipts(tokens=[later], node="es", now=NOW) == ("done",)
    good, bad = es.seal(digest, NOW, case="1" * 32, persons_named=True), es.seal(digest, NOW, exercise="x")
    acts.receive(parcels=[Parcel(good.raw, "es"), Parcel(bad.raw, "es")], now=NOW)
    acts.attest(envelope=good.route.id, state=ReceiptState.READ, by=COORDINATOR, now=NOW)
    acts.attest(envelope=good.route.id, state=ReceiptState.ACTED, by=COORDINATOR, now=NOW)
    acts.open_letter(envelope=good.route.id, reason="to see", by=COORDINATOR, now=NOW)
    acts.sign_head(now=NOW)
    return es


WORKING_NOTES = {
    Envelope: {"handed", "trouble", "position"},
    Receipt: {"id", "envelope"},
    Event: {"id"},
    Head: {"id", "at"},
    LedgerEntry: set(),
    LedgerNode: set(),
    Agreement: {"at"},
    Statement: {"id", "at", "agreement"},
}
"""What proves nothing: the node's own marks, and numbers by which rows are found."""


def changed(field: models.Field, value: object) -> Iterator[object]:
    """The value with something changed: a byte at sampled places, a letter, a number, a moment, yes for no."""
    if isinstance(value, bytes | memoryview):
        raw = bytes(value)
        for place in sorted({0, len(raw) // 3, len(raw) // 2, len(raw) - 1}):
            if raw:
                yield raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1_000
    elif isinstance(value, UUID):
        yield UUID(int=value.int ^ 1)
    elif isinstance(value, str):
        yield value[:-1] + ("x" if value[-1:] != "x" else "y") if value else "x"
        if len(value) > 400:
            middle = len(value) // 2
            yield value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]
    elif isinstance(value, dict):
        yield {**value, "xx.other": "x"}
    elif hasattr(value, "isoformat"):
        yield value + timedelta(seconds=1)  # type: ignore[operator]  # what has isoformat here is a moment
    elif value is None and isinstance(field, models.UUIDField):
        yield UUID(int=9)


def test_an_untouched_node_is_sound(full: Neighbour) -> None:
    assert reads.verify() == ()


@pytest.mark.parametrize("model", WORKING_NOTES, ids=lambda model: model.__name__)
def test_every_changed_field_of_every_row_is_named(full: Neighbour, model: type[models.Model]) -> None:
    unseen = []
    count = 0
    connection.check_constraints()
    for row in list(model.objects.all()):
        for field in model._meta.concrete_fields:
            if field.name in WORKING_NOTES[model] or field.primary_key:
                continue
            value = getattr(row, field.attname)
            for other in changed(field, value):
                model.objects.filter(pk=row.pk).update(**{field.attname: other})
                count += 1
                if not reads.verify():
                    unseen.append(f"{model.__name__} {row.pk}: {field.name} {value!r:.60} -> {other!r:.60}")
                model.objects.filter(pk=row.pk).update(**{field.attname: value})
    assert count
    assert unseen == []
    assert reads.verify() == ()


@pytest.mark.parametrize("model", [Envelope, Receipt, Event, LedgerEntry, LedgerNode], ids=lambda model: model.__name__)
def test_every_row_that_is_gone_is_missed(full: Neighbour, model: type[models.Model]) -> None:
    unseen = []
    for row in list(model.objects.all()):
        with connection.constraint_checks_disabled(), connection.cursor() as cursor:
            table, key = model._meta.db_table, model._meta.pk.column
            cursor.execute(f'DELETE FROM "{table}" WHERE "{key}" = %s', [row.pk])
            if not reads.verify():
                unseen.append(f"{model.__name__} {row.pk}")
            row.save(force_insert=True)
    assert unseen == []


def test_the_very_row_is_named(full: Neighbour) -> None:
    row = Envelope.objects.filter(direction="in").first()
    assert row is not None
    raw = bytearray(row.raw)
    raw[len(raw) // 2] ^= 1
    Envelope.objects.filter(pk=row.pk).update(raw=bytes(raw))

    flaws = reads.verify()

    assert {(flaw.table, flaw.row) for flaw in flaws} == {("envelope", str(row.ref))}


def test_an_altered_ledger_node_is_named_by_its_place(full: Neighbour) -> None:
    node = LedgerNode.objects.order_by("place")[2]
    LedgerNode.objects.filter(pk=node.pk).update(hash=bytes(32))

    assert ("ledger node", "level 0, index 2") in {(flaw.table, flaw.row) for flaw in reads.verify()}


def test_a_forged_anchor_is_named(full: Neighbour, home: Path) -> None:
    keystore.write_anchor(home / "anchor.json", keystore.Anchor(1, 3, "0" * 64))

    assert [flaw.table for flaw in reads.verify()] == ["anchor"]


def test_a_changed_card_is_named(full: Neighbour) -> None:
    Partner.objects.filter(node="es").update(token=neighbours.Neighbour(node="de", agency="de.bpol").card())

    assert ("partner", "es") in {(flaw.table, flaw.row) for flaw in reads.verify()}


def test_an_envelope_is_proved_to_who_has_only_the_card(full: Neighbour) -> None:
    row = Envelope.objects.filter(direction="out").get()

    proved = proof.check(reads.proof_of(envelope=row.ref), full.known().log_verifier)

    assert proved.entry is not None
    assert proved.entry.detail["envelope"] == row.digest
