"""What programs offered, as the officers of their agency see it; and what a program is told of its own offer."""

from collections.abc import Collection
from uuid import UUID

from tansiq.correspondence import models, values
from tansiq.correspondence.values import OfferState
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer


def offers(*, reader: Officer, before: UUID | None = None, limit: int = 50) -> tuple[values.OfferLine, ...]:
    """The offers that wait for an officer of the reader's agency, the newest first; never what they say."""
    if not reader.holds(Permission.OFFER_VIEW):
        return ()
    rows = models.Offer.objects.filter(agency=reader.party, state=OfferState.WAITING.value).defer("box", "fates")
    if before is not None:
        rows = rows.filter(id__lt=before)
    return tuple(row.line() for row in rows.order_by("-id")[:limit])


def seen_offers(*, things: Collection[UUID], reader: Officer) -> frozenset[UUID]:
    """Which of these offers the reader may know of: for the log."""
    rows = models.Offer.objects if reader.oversees else models.Offer.objects.filter(agency=reader.party)
    return frozenset(rows.filter(id__in=things).values_list("id", flat=True))


def offer_status(*, offer: UUID, reader: Officer) -> values.OfferStatus:
    """What the program that made an offer is told of it; to every other program there is none."""
    row = models.Offer.objects.filter(id=offer, person=reader.person, agency=reader.party).defer("box").first()
    if row is None or not reader.holds(Permission.OFFER_RECEIVE):
        raise Missing("There is no such status.")
    return row.status()
