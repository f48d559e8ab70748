"""Drafts as their own writer sees them; to everybody else they do not exist."""

from uuid import UUID

from tansiq.correspondence import models, values
from tansiq.exchange.models.own import own
from tansiq.parties.values import Officer


def draft(*, draft: UUID, reader: Officer) -> values.Draft | None:
    """The draft as it was typed; none where nothing was kept under this id by this reader."""
    row = models.Draft.objects.filter(id=draft, person=reader.person).first()
    return row.value(own().storage) if row is not None else None


def drafts(*, reader: Officer, limit: int = 20) -> tuple[values.DraftLine, ...]:
    """The reader's drafts, the newest first."""
    return tuple(row.line() for row in models.Draft.objects.filter(person=reader.person).defer("box")[:limit])
