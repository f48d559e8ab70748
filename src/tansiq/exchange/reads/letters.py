"""Envelopes as seen: their labels, never their letters."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from tansiq.exchange import label as labels
from tansiq.exchange import values
from tansiq.exchange.models import Agreement, Envelope
from tansiq.exchange.models.own import own
from tansiq.exchange.reads.attaching import attached
from tansiq.exchange.values import EnvelopeState
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer


def envelopes(
    *,
    reader: Officer,
    before: int | None = None,
    after: int | None = None,
    direction: str = "",
    agreement: str = "",
    case: UUID | None = None,
    kind: str = "",
    limit: int = 100,
) -> tuple[values.EnvelopeLine, ...]:
    """Envelopes the newest first, `before` a position; or, with `after`, the oldest first from there.

    `case` is a case's own id; letters about it go by a pseudonym under each agreement.
    """
    if not reader.holds(Permission.ENVELOPE_VIEW):
        return ()
    rows = Envelope.objects.seen_by(reader).defer("raw", "keys")
    if direction:
        rows = rows.filter(direction=direction)
    if agreement:
        rows = rows.filter(agreement=agreement)
    if kind:
        rows = rows.filter(kind=kind)
    if case is not None:
        rows = rows.filter(_of_case(case))
    if after is not None:
        rows = rows.filter(position__gt=after).order_by("position")
    else:
        rows = rows.filter(**({"position__lt": before} if before is not None else {})).order_by("-position")
    return tuple(row.line() for row in rows[:limit])


def _of_case(case: UUID) -> Q:
    digests = Agreement.objects.values_list("digest", flat=True)
    return Q(case__in=[UUID(labels.pseudonym(digest, case)) for digest in digests])


def envelope(*, envelope: UUID, reader: Officer) -> values.Envelope:
    """One envelope whole, but for its letter."""
    rows = Envelope.objects.seen_by(reader).defer("keys").prefetch_related("receipts", "deliveries", "blobs")
    row = rows.filter(ref=envelope).first()
    if row is None or not reader.holds(Permission.ENVELOPE_VIEW):
        raise Missing("There is no such envelope.")
    return values.Envelope(
        line=row.line(),
        digest=row.digest,
        size=len(row.raw),
        label=row.said,
        receipts=tuple(each.line() for each in sorted(row.receipts.all(), key=lambda each: (each.signer, each.n))),
        deliveries=tuple(each.line() for each in sorted(row.deliveries.all(), key=lambda each: each.node)),
        handed=row.handed,
        trouble=row.trouble,
        attachments=attached(envelope=row),
    )


def seen(*, things: Collection[UUID], reader: Officer) -> frozenset[UUID]:
    """Which of these envelopes the reader may know of."""
    return frozenset(Envelope.objects.seen_by(reader).filter(ref__in=things).values_list("ref", flat=True))


def unhanded(*, limit: int = 100) -> tuple[values.Unhanded, ...]:
    """Stored letters that wait for their rooms, oldest first: for the node itself, which hands them over."""
    rows = (
        Envelope.objects.filter(handed__isnull=True)
        .order_by("position")
        .only("position", "ref", "kind", "sender", "case", "quarantined")[:limit]
    )
    return tuple(row.waiting() for row in rows)


def letter(*, envelope: UUID) -> values.Opened:
    """A letter opened for its room, by the node itself: no person sees it by this, so no reason is asked."""
    row = Envelope.objects.filter(ref=envelope).exclude(state=EnvelopeState.REFUSED.value, direction="in").first()
    if row is None:
        raise Missing("There is no such letter.")
    return row.opened(own().storage)


def exercise_of(*, envelope: UUID) -> str:
    """The exercise to which a letter belongs, by its label; empty for what is real. For the node itself."""
    row = Envelope.objects.only("label").filter(ref=envelope).first()
    return row.said.exercise if row is not None and row.said is not None else ""


def envelope_records(
    *, start: datetime, end: datetime, exercise: str, reader: Officer
) -> tuple[values.EnvelopeLine, ...]:
    """Envelopes stored in a period (end not included), oldest first, for whoever may see figures."""
    if not reader.holds(Permission.FIGURE_VIEW):
        return ()
    rows = Envelope.objects.defer("raw", "keys").filter(stored__gte=start, stored__lt=end).order_by("position")
    return tuple(line for row in rows if (line := row.line()).exercise == exercise)
