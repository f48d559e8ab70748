"""How long a letter is kept: dates and basis from its agreement, from its label, or from somebody who needs it longer.

Each letter is erased `retention_days` of its agreement after it was stored here, or at its label's `erase_by` where
that is sooner, and is to be looked at again each year until then (Directive (EU) 2016/680, article 5), or at its
label's `review_by`. Who needs it longer says on what basis and until when. Pure.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from tansiq.exchange import canon
from tansiq.exchange.label import Label
from tansiq.exchange.recalls import RecallBasis, RecallReason, RetentionBasis
from tansiq.ground.verdict import Allowed, Refused, Verdict

REVIEW_EVERY = timedelta(days=365)

LONGEST = timedelta(days=3_650)
"""For how long a letter can be retained beyond its day, at a time."""


class Dates(Struct, frozen=True, kw_only=True):
    """When a letter is looked at again, when it is erased, and on what it is retained beyond the agreement's day."""

    review: datetime
    erase: datetime
    basis: str = ""
    by: str = ""
    gone: datetime | None = None


def dates(
    *, stored: datetime, days: int, said: Label | None, until: datetime | None, basis: str, by: str, now: datetime
) -> Dates:
    """The dates of one letter; `until` is the last day of who retains it, if anybody does."""
    erase = stored + timedelta(days=days)
    if said is not None and said.erase_by:
        erase = min(erase, canon.moment(said.erase_by))
    kept = until is not None and until > erase
    last = until if until is not None and kept else erase
    review = canon.moment(said.review_by) if said is not None and said.review_by else _next_review(stored, now)
    return Dates(review=min(review, last), erase=last, basis=basis if kept else "", by=by if kept else "")


def may_retain(*, basis: RetentionBasis | None, until: datetime, erase: datetime, now: datetime) -> Verdict:
    """Nobody keeps a letter longer without a basis, without a day, or for no longer than it is kept anyway."""
    if basis is None or until <= max(now, erase) or until > now + LONGEST:
        return Refused(RecallReason.NO_BASIS, RecallBasis.RETENTION)
    return Allowed()


def _next_review(stored: datetime, now: datetime) -> datetime:
    years = max(1, -((stored - now) // REVIEW_EVERY))
    return stored + years * REVIEW_EVERY
