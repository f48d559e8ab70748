"""Liaison posts as seen: those that the reader's agency sends or hosts, with the labels of their cases' letters."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from tansiq.exchange import label as labels
from tansiq.exchange import values
from tansiq.exchange.mandates import Post
from tansiq.exchange.models import Envelope, LiaisonPost
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer

MOST = 200


def liaison_posts(*, reader: Officer) -> tuple[Post, ...]:
    """The posts that the reader's agency sends or hosts, the one that ends first at the top."""
    return tuple(row.value() for row in _seen(reader).prefetch_related("cases")[:MOST])


def liaison_post(*, post: UUID, reader: Officer) -> Post:
    """One post."""
    row = _seen(reader).prefetch_related("cases").filter(id=post).first()
    if row is None:
        raise Missing("There is no such post.")
    return row.value()


def post_letters(*, post: Post, reader: Officer, now: datetime, limit: int = 50) -> tuple[values.EnvelopeLine, ...]:
    """The letters of a post's cases, the newest first: labels alone."""
    if not reader.holds(Permission.LIAISON_VIEW):
        return ()
    names = [UUID(labels.pseudonym(post.mandate.agreement, each.case)) for each in post.cases]
    rows = Envelope.objects.seen_by(reader).filter(agreement=post.mandate.agreement, case__in=names)
    return tuple(row.line() for row in rows.defer("raw", "keys").order_by("-position")[:limit])


def seen_posts(*, things: Collection[UUID], reader: Officer) -> frozenset[UUID]:
    """Which of these liaison posts the reader may know of: for the log."""
    return frozenset(_seen(reader).filter(id__in=things).values_list("id", flat=True))


def _seen(reader: Officer) -> QuerySet[LiaisonPost]:
    rows = LiaisonPost.objects.all()
    if not reader.holds(Permission.LIAISON_VIEW):
        return rows.none()
    return rows if reader.oversees else rows.filter(Q(sending=reader.party) | Q(host=reader.party))
