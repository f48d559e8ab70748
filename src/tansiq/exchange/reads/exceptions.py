"""Exceptions as seen: by the agency that asked for them alone."""

from collections.abc import Collection
from uuid import UUID

from tansiq.exchange import values
from tansiq.exchange.models import Exceptional, OfficerKey
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer


def exceptions(*, reader: Officer, before: int | None = None, limit: int = 50) -> tuple[values.ExceptionLine, ...]:
    """What two persons were asked to approve, the newest first."""
    if not reader.holds(Permission.EXCEPTION_VIEW):
        return ()
    rows = Exceptional.objects.filter(sender=reader.party).order_by("-position")
    rows = rows if before is None else rows.filter(position__lt=before)
    return tuple(row.value() for row in rows[:limit])


def seen_exceptions(*, things: Collection[UUID], reader: Officer) -> frozenset[UUID]:
    """Which of these exceptions the reader may know of: for the log."""
    rows = Exceptional.objects if reader.oversees else Exceptional.objects.filter(sender=reader.party)
    return frozenset(rows.filter(ref__in=things).values_list("ref", flat=True))


def has_key(*, reader: Officer) -> bool:
    """Whether the reader has a key to approve with already."""
    return OfficerKey.objects.filter(person=reader.person).exists()
