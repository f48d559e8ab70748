"""An old backup restored: the node notices by the head beside its database, and only rescue passes, unlogged."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tansiq.exchange import acts, intake, keystore, reads, receipts
from tansiq.exchange.acts.judging import Parcel
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.watch import PictureLetter
from tansiq.exchange.models import Envelope, Event, LedgerEntry, LedgerNode, Log
from tansiq.ground.errors import Malformed, Unready, Untrusted
from tests import neighbour as neighbours
from tests.neighbour import Neighbour
from tests.world import MET as NOW

pytestmark = pytest.mark.django_db


def something(count: int = 1) -> None:
    for _ in range(count):
        acts.record(event=neighbours.EVENT, thing=UUID(int=1), by="node", now=NOW)


def restore(size: int) -> None:
    """Put the ledger back to what an old backup would hold."""
    Log.objects.update(size=size)
    LedgerEntry.objects.filter(index__gte=size).delete()
    Event.objects.filter(leaf__gte=size).delete()
    for node in LedgerNode.objects.all():
        value = node.value()
        if (value.index + 1) << value.level > size:
            node.delete()


def test_a_node_that_is_where_it_was_starts(es: Neighbour) -> None:
    something(5)
    intake.write_anchor()
    something(3)

    assert intake.compare_anchor() == ""


def test_an_old_backup_is_noticed_at_the_start_and_said_plainly(es: Neighbour, home: Path) -> None:
    something(9)
    intake.write_anchor()
    held = keystore.read_anchor(home / "anchor.json")
    restore(Log.objects.get().size - 4)

    gate = intake.compare_anchor()

    assert "old backup" in gate
    intake.write_anchor()
    assert keystore.read_anchor(home / "anchor.json") == held, "the anchor is never turned back"
    assert intake.compare_anchor() == gate, "it stays closed until people recover"


def test_a_rewritten_ledger_is_noticed_at_the_start(es: Neighbour) -> None:
    something(8)
    intake.write_anchor()
    LedgerNode.objects.filter(place=3 << 48).update(hash=bytes(32))

    assert "rewritten" in intake.compare_anchor()


def test_while_the_gate_is_closed_only_rescue_passes_unlogged(es: Neighbour) -> None:
    rescue = neighbours.agree(Mechanism.RESCUE, es, now=NOW)
    picture = neighbours.agree(Mechanism.PICTURE, es, now=NOW)
    Log.objects.update(gate="An old backup was restored.")
    size = Log.objects.get().size
    letter = PictureLetter(at=NOW, area="strait", tracks=())
    held = es.seal(
        picture, NOW, kind=Kind.PICTURE, letter=letter, purpose="situational-awareness", topic="", urgency="routine"
    )
    passed = es.seal(rescue, NOW)

    tokens = acts.receive(parcels=[Parcel(held.raw, "es"), Parcel(passed.raw, "es")], now=NOW)

    assert receipts.read_hold(tokens[0], es.known().verifier).reason == "recovering"
    receipt = receipts.read_receipt(tokens[1], es.known().verifier)
    assert (receipt.state, receipt.head) == ("accepted", "")
    assert Envelope.objects.get().line().unlogged
    assert Log.objects.get().size == size
    assert acts.receive(parcels=[Parcel(passed.raw, "es")], now=NOW + timedelta(minutes=1)) == (tokens[1],)


def test_the_gate_is_shown(es: Neighbour) -> None:
    Log.objects.update(gate="An old backup was restored.")

    assert reads.ledger_state(reader=neighbours.COORDINATOR).gate == "An old backup was restored."


def test_keys_do_not_open_with_another_passphrase_or_when_a_byte_changed(tmp_path: Path) -> None:
    keystore.create(tmp_path, b"keys", "right")
    assert keystore.unlock(tmp_path, "right").keys == b"keys"
    with pytest.raises(Untrusted):
        keystore.unlock(tmp_path, "wrong")
    with pytest.raises(Unready):
        keystore.create(tmp_path, b"others", "right")
    with pytest.raises(Unready):
        keystore.unlock(tmp_path)
    file = tmp_path / keystore.FILE
    raw = file.read_bytes()
    file.write_bytes(raw.replace(b'"passes":3', b'"passes":2'))
    with pytest.raises(Untrusted):
        keystore.unlock(tmp_path, "right")
    file.write_bytes(raw[:40])
    with pytest.raises(Malformed):
        keystore.unlock(tmp_path, "right")


def test_without_a_passphrase_one_is_kept_beside_the_keys_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(keystore.VARIABLE, raising=False)

    assert "passphrase" in keystore.create(tmp_path, b"keys")
    assert (tmp_path / keystore.PASSPHRASE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / keystore.FILE).stat().st_mode & 0o777 == 0o600
    assert keystore.unlock(tmp_path).keys == b"keys"


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "anchor.json"
    keystore.write(file, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(keystore.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            keystore.write(file, b"new")

    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["anchor.json"]
