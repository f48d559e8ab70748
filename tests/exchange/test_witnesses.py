"""What others hold of a ledger stands against whoever rewrites it, and `verify` says so."""

from uuid import UUID

import pytest

from tansiq.exchange import acts, reads, receipts
from tansiq.exchange.models import Head, LedgerEntry, LedgerNode, Log, Partner
from tansiq.exchange.receipts import Comparison
from tests import neighbour as neighbours
from tests.exchange.sealed import NOW
from tests.neighbour import Neighbour

pytestmark = pytest.mark.django_db


@pytest.fixture
def witnessed(es: Neighbour) -> Neighbour:
    """A neighbour that holds a head of our ledger."""
    for number in range(6):
        acts.record(event=neighbours.EVENT, thing=UUID(int=number), by="node", now=NOW)
    es.own_head = acts.sign_head(now=NOW)
    acts.note_witness(node="es", token=es.own_head)
    assert reads.verify() == ()
    return es


def flaws() -> set[tuple[str, str]]:
    return {(flaw.table, flaw.row) for flaw in reads.verify()}


def forget_own_heads() -> None:
    """What a forger would do first."""
    Head.objects.filter(log="ma").delete()


def test_a_ledger_that_was_cut_short_contradicts_the_head_that_a_partner_holds(witnessed: Neighbour) -> None:
    forget_own_heads()
    Log.objects.update(size=3)
    LedgerEntry.objects.filter(index__gte=3).delete()

    assert ("witness", "es") in flaws()


def test_a_ledger_that_was_rewritten_contradicts_it_too(witnessed: Neighbour) -> None:
    forget_own_heads()
    held = receipts.read_head(witnessed.own_head, witnessed.known().log_verifier)
    LedgerNode.objects.filter(place=held.size - 1).update(hash=bytes(32))
    LedgerNode.objects.filter(place__gte=1 << 48).update(hash=bytes(32))

    assert ("witness", "es") in flaws()


def test_a_head_that_we_never_signed_is_named(witnessed: Neighbour) -> None:
    Partner.objects.filter(node="es").update(witnessed=witnessed.own_head[:-4] + "AAAA")

    assert flaws() == {("witness", "es")}


def test_a_closed_gate_is_named(witnessed: Neighbour) -> None:
    Log.objects.update(gate="An old backup was restored.")

    assert flaws() == {("ledger", "ma")}


def test_a_card_that_cannot_be_read_hides_nothing_else(witnessed: Neighbour) -> None:
    token = witnessed.head()
    head = receipts.read_head(token, witnessed.keys.log.verifier)
    acts.witness_head(token=token, head=head, comparison=Comparison.OK, by="es", now=NOW)
    Partner.objects.filter(node="es").update(token="x.y.z")

    assert {("partner", "es"), ("head", f"es epoch 1 size {head.size}")} <= flaws()


def test_a_partners_fork_is_told_and_is_no_flaw_of_ours(witnessed: Neighbour) -> None:
    token = witnessed.head()
    head = receipts.read_head(token, witnessed.keys.log.verifier)
    acts.witness_head(token=token, head=head, comparison=Comparison.FORK, by="es", now=NOW)

    assert reads.verify() == ()
    (alarm,) = reads.alarms()
    assert (alarm.row, alarm.what.split()[0]) == ("es", "fork")
