"""Erase what its agreement keeps no longer, and keep what somebody needs longer, on a basis and until a day."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from tansiq.exchange import retention
from tansiq.exchange.acts.erasing import wipe
from tansiq.exchange.acts.letters import attest, is_for
from tansiq.exchange.acts.log import record
from tansiq.exchange.acts.releasing import held
from tansiq.exchange.models import Agreement, Envelope, Log, Recall, Retention
from tansiq.exchange.recalls import RecallBasis, RecallReason, RecallState, RetentionBasis
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import Direction, ExchangeBasis, ExchangeReason
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer

AT_ONCE = 200
"""How many letters are erased in one transaction."""


@transaction.atomic
def retain_letter(
    *, envelope: UUID, basis: RetentionBasis, days: int, by: Officer, now: datetime
) -> retention.Dates | Refused:
    """Keep a letter longer than its agreement does, for so many days from now; its originator is told by a receipt.

    Only someone who may open it. What was recalled is retained by answering the recall.
    """
    row = held(envelope, by)
    if row.erased is not None:
        return Refused(RecallReason.ERASED, RecallBasis.RETENTION)
    if not is_for(row, by, now):
        return Refused(ExchangeReason.NOT_ADDRESSED, ExchangeBasis.AGREEMENT)
    until, plain = now + timedelta(days=days), dates_of(row, now)
    verdict = retention.may_retain(basis=basis, until=until, erase=plain.erase, now=now)
    if isinstance(verdict, Refused):
        return verdict
    said = {"basis": basis.value, "until": until, "by": by.signature, "at": now}
    Retention.objects.update_or_create(envelope=row, defaults=said)
    record(
        event=Permission.LETTER_RETAIN, thing=row.ref, by=by, now=now,
        detail={"envelope": row.digest, "basis": basis.value, "until": until.isoformat()},
    )  # fmt: skip
    if row.direction == Direction.IN.value:
        attest(envelope=row.ref, state=ReceiptState.RETAINED, by=by, now=now)
    return dates_of(row, now)


def dates_of(row: Envelope, now: datetime) -> retention.Dates:
    """The dates of a letter of ours; one whose agreement is not here is kept for no time at all."""
    agreement = Agreement.objects.filter(digest=row.agreement).first()
    kept = Retention.objects.filter(envelope=row).first()
    return retention.dates(
        stored=row.stored,
        days=agreement.terms().retention_days if agreement else 0,
        said=row.said,
        until=kept.until if kept else None,
        basis=kept.basis if kept else "",
        by=kept.by if kept else "",
        now=now,
    )


@transaction.atomic
def erase_expired(*, now: datetime) -> int:
    """Erase letters whose time is over, some at a time. For the node itself. Answers how many are gone."""
    if Log.objects.exclude(gate="").exists():
        return 0
    kept = Retention.objects.filter(until__gt=now).values("envelope_id")
    held_by_recall = Recall.objects.filter(state=RecallState.RETAINED.value, until__gt=now).values("digest")
    gone = 0
    for due in _due(now):
        rows = due.filter(erased__isnull=True, handed__isnull=False).exclude(position__in=kept)
        rows = rows.exclude(digest__in=held_by_recall).select_for_update().order_by("position")
        some = list(rows[: AT_ONCE - gone])
        gone += wipe(some, detail={"cause": "retention"}, by="node", now=now)
        if gone >= AT_ONCE:
            break
    return gone


def _due(now: datetime) -> "Iterator[QuerySet[Envelope]]":
    """Envelopes past their day: by their agreement, or by their own label."""
    for agreement in Agreement.objects.order_by("digest"):
        cutoff = now - timedelta(days=agreement.terms().retention_days)
        yield Envelope.objects.filter(agreement=agreement.digest, stored__lte=cutoff)
    yield Envelope.objects.filter(erase_at__lte=now)
