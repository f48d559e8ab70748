"""Write the log: what happened, to which thing, by whom; and the ledger's own affairs, its heads and its gate."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tansiq.exchange import receipts
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Head, Log, Partner
from tansiq.exchange.models.ledger import Happening, Writer, root_at
from tansiq.exchange.models.own import own
from tansiq.exchange.receipts import Comparison, SignedHead
from tansiq.exchange.values import Detail
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer


@transaction.atomic
def record(*, event: Permission, thing: UUID, by: Officer | str, now: datetime, detail: Detail | None = None) -> None:
    """Put one event into the log, with its leaf in the ledger."""
    writer = Writer()
    writer.append([Happening(EntryType.EVENT, event.value, thing, name_of(by), now, detail or {})])
    writer.close()


def name_of(by: Officer | str) -> str:
    """How the log names who did it."""
    return by.signature if isinstance(by, Officer) else by


@transaction.atomic
def sign_head(*, now: datetime) -> str:
    """The newest head of our ledger as a token, kept as one that was given out."""
    writer = Writer()
    head = writer.head(own().node, now)
    kept = Head.objects.filter(log=head.log, epoch=head.epoch, size=head.size, root=head.root).first()
    if kept is not None:
        return kept.token
    token = receipts.sign_head(head, own().keys.log)
    Head.row(head, token).save(force_insert=True)
    return token


@transaction.atomic
def witness_head(
    *, token: str, head: SignedHead, comparison: Comparison, by: str, now: datetime, told: Detail | None = None
) -> None:
    """Keep a partner's head that continues what we hold; raise the alarm over one that does not.

    A recovery is kept too, and alarms once: people see what was declared lost (`told`), and the ledger goes on. The
    partner answered, whatever it showed.
    """
    Partner.objects.filter(node=head.log).update(seen_at=now)
    if comparison in (Comparison.OK, Comparison.RECOVERED):
        Head.objects.get_or_create(
            log=head.log,
            epoch=head.epoch,
            size=head.size,
            root=head.root,
            defaults={"token": token, "at": now},
        )
        if comparison is Comparison.OK:
            return
    said: Detail = {"log": head.log, "what": comparison.value, "epoch": head.epoch, "size": head.size}
    detail = {**said, "root": head.root, **(told or {})}
    record(event=Permission.LEDGER_ALARM, thing=NODE, by=by, now=now, detail=detail)


@transaction.atomic
def note_witness(*, node: str, token: str) -> SignedHead:
    """Keep the head of our own ledger that a partner holds. Raises `Untrusted` where we never signed it."""
    head = receipts.read_head(token, own().keys.log.verifier)
    Partner.objects.filter(node=node).update(witnessed=token)
    return head


@transaction.atomic
def close_gate(*, held: Mapping[str, SignedHead], now: datetime) -> str:
    """Compare our ledger with what is held of it: the anchor beside the database, and the heads that partners hold.

    `held` maps who holds a head to the head. Where our ledger is shorter, of an older epoch or of another root, the
    gate is closed and only rescue passes, unlogged, until people recover it. Answers why, or an empty text.
    """
    log = Log.objects.select_for_update().get_or_create(id=1)[0]
    why = next((found for holder, head in held.items() if (found := _behind(log, holder, head))), "")
    if why and not log.gate:
        log.gate = why
        log.save(update_fields=["gate"])
        record(event=Permission.LEDGER_ALARM, thing=NODE, by="node", now=now, detail={"what": "behind", "why": why})
    return log.gate


def _behind(log: Log, holder: str, head: SignedHead) -> str:
    if (head.epoch, head.size) > (log.epoch, log.size):
        return (
            f"The ledger ends at {log.size} in epoch {log.epoch}; {holder} holds a head of {head.size} in epoch "
            f"{head.epoch}. An old backup was restored."
        )
    if head.epoch == log.epoch and head.size and not begins_with(head):
        return f"The first {head.size} entries of the ledger are not those whose head {holder} holds: it was rewritten."
    return ""


def begins_with(head: SignedHead) -> bool:
    """Whether our ledger begins with the leaves that a head was signed over."""
    try:
        return root_at(head.size).hex() == head.root
    except KeyError:
        return False
