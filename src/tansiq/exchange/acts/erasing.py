"""Destroy sealed letters and the keys that open them; the ledger keeps that they were, and that they are gone.

What goes: the envelope's bytes, its content keys, its label, its attachments. What stays: its digest, the receipts,
every leaf. SQLite overwrites what is deleted (`secure_delete`), and `scrub` empties its log of recent pages; PostgreSQL
lets go of old row versions by VACUUM. Backups, and what people copied, are beyond this: see THREAT_MODEL.md.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from tansiq.exchange.acts.attaching import erase_attachments
from tansiq.exchange.acts.letters import attest
from tansiq.exchange.acts.log import name_of, record
from tansiq.exchange.models import Delivery, Envelope, Passing
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import DeliveryState, Detail, Direction, EnvelopeState
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer


def wipe(rows: Sequence[Envelope], *, detail: Detail, by: Officer | str, now: datetime) -> int:
    """Destroy what these envelopes hold, in the caller's transaction; whoever sent them is told by a receipt.

    One that is still on its way from here is left for later: its bytes may be with the partner already, whose receipt
    must find it. Answers how many are gone.
    """
    gone = 0
    for row in rows:
        if Delivery.objects.filter(envelope=row, state=DeliveryState.WAITING.value).exists():
            continue
        gone += 1
        erase_attachments(envelope=row.ref, by=name_of(by), now=now)
        Passing.objects.filter(carrier=row).update(keys=b"")
        empty = {"raw": b"", "keys": b"", "label": b"", "erased": now}
        Envelope.objects.filter(position=row.position).update(**empty)
        said: Detail = {"envelope": row.digest, **detail}
        record(event=Permission.LETTER_ERASE, thing=row.ref, by=by, now=now, detail=said)
        if row.direction == Direction.IN.value and row.state != EnvelopeState.REFUSED.value:
            attest(envelope=row.ref, state=ReceiptState.ERASED, by=by, now=now)
    return gone


def scrub() -> None:
    """Have the database let go of what was erased, outside any transaction."""
    if transaction.get_connection().in_atomic_block:
        raise RuntimeError("what was erased is let go of after its transaction")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            for table in (Envelope, Passing):
                cursor.execute(f"VACUUM {connection.ops.quote_name(table._meta.db_table)}")
