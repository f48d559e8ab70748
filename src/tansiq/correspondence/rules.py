"""What is allowed among officers who write to each other. Pure."""

from datetime import timedelta

from tansiq.correspondence.values import Basis, OfferState, Reason
from tansiq.ground.verdict import Allowed, Refused, Verdict

LONGEST_DRAFT = 400_000
"""The most bytes of one draft."""

DRAFT_LIFE = timedelta(days=30)
"""How long a draft that nobody touches is kept."""


def may_keep_draft(size: int) -> Verdict:
    """A draft is kept while it has the size of a letter."""
    return Allowed() if size <= LONGEST_DRAFT else Refused(Reason.DRAFT_TOO_LONG, Basis.DRAFTS)


MOST_ROWS = 30
"""How many statements the form of a letter holds: a longer offer becomes several drafts."""


def may_settle(state: OfferState) -> Verdict:
    """An offer is taken up or discarded once."""
    return Allowed() if state is OfferState.WAITING else Refused(Reason.OFFER_DONE, Basis.OFFERS)
