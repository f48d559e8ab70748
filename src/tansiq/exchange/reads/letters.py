"""Envelopes as seen: their labels, never their letters."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q
from django.db.models.expressions import RawSQL
from msgspec import Struct

from tansiq.exchange import label as labels
from tansiq.exchange import values
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Agreement, Envelope, Partaker, bulk
from tansiq.exchange.models.own import own
from tansiq.exchange.reads.attaching import attached
from tansiq.exchange.values import Direction, EnvelopeState
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Duty, Permission
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
    rows = Envelope.objects.defer("raw", "keys")
    bounds: dict[str, Any] = {"before": before, "after": after, "limit": limit}
    if case is not None or reader.duty is Duty.LIAISON_OFFICER:  # who sees some cases only, not all of the agency's
        rows = rows.seen_by(reader).filter(
            Q() if case is None else _of_case(case), **_given(direction=direction, agreement=agreement, kind=kind)
        )
        rows = rows.filter(**_given(position__lt=before, position__gt=after))
    elif agreement or direction or kind or not reader.oversees:
        rows = rows.filter(position__in=_places(reader, direction, agreement, kind, bounds))
    else:
        rows = rows.filter(**_given(position__lt=before, position__gt=after))
    return tuple(row.line() for row in rows.order_by("-position" if after is None else "position")[:limit])


def _places(reader: Officer, direction: str, agreement: str, kind: str, bounds: dict[str, Any]) -> RawSQL:
    """Where the letters of a list stand, each range of them out of one index: see `bulk.heads`."""
    ranges = [
        {"kind": each, "direction": way}
        for each in ([kind] if kind else ["", *Kind])
        for way in ([direction] if direction else [*Direction])
    ]
    if agreement:
        known: dict[str, Any] = {} if reader.oversees else {"also": _PARTAKES, "given": [reader.party]}
        return bulk.heads(
            Envelope, "position", [{"agreement": agreement, **each} for each in ranges], **known, **bounds
        )
    if not reader.oversees:
        asked = ranges if kind or direction else [{}]
        return bulk.heads(Partaker, "envelope_id", [{"agency": reader.party, **each} for each in asked], **bounds)
    return bulk.heads(Envelope, "position", ranges if kind else [{"direction": direction}], **bounds)


_PARTAKES = "EXISTS (SELECT 1 FROM exchange_partaker WHERE agency = %s AND envelope_id = position)"


def _given(**tests: Any) -> dict[str, Any]:
    """The tests that were asked for."""
    return {name: value for name, value in tests.items() if value not in (None, "")}


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
    if row is None or row.erased is not None:
        raise Missing("There is no such letter.")
    return row.opened(own().storage)


def exercise_of(*, envelope: UUID) -> str:
    """The exercise to which a letter belongs, by its label; empty for what is real. For the node itself."""
    row = Envelope.objects.only("label").filter(ref=envelope).first()
    return row.said.exercise if row is not None and row.said is not None else ""


class _Played(Struct, frozen=True):
    """What is looked at of a label: a figure counts many, and reads the rest of none."""

    exercise: str = ""


_PLAYED = msgspec.json.Decoder(_Played)


def envelope_records(
    *, start: datetime, end: datetime, exercise: str, reader: Officer
) -> tuple[values.EnvelopeRecord, ...]:
    """Envelopes stored in a period (end not included), oldest first, for whoever may see figures."""
    if not reader.holds(Permission.FIGURE_VIEW):
        return ()
    rows = Envelope.objects.filter(stored__gte=start, stored__lt=end).order_by("position")
    columns = rows.values_list("ref", "stored", "agreement", "sender", "label")
    return tuple(
        values.EnvelopeRecord(ref, stored, agreement, sender)
        for ref, stored, agreement, sender, label in columns.iterator(2_000)
        if (_PLAYED.decode(label).exercise if label else "") == exercise
    )
