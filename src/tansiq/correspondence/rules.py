"""What is allowed among officers who write to each other. Pure."""

from datetime import timedelta

from tansiq.correspondence.values import Basis, Reason
from tansiq.ground.verdict import Allowed, Refused, Verdict

LONGEST_DRAFT = 400_000
"""The most bytes of one draft."""

DRAFT_LIFE = timedelta(days=30)
"""How long a draft that nobody touches is kept."""


def may_keep_draft(size: int) -> Verdict:
    """A draft is kept while it has the size of a letter."""
    return Allowed() if size <= LONGEST_DRAFT else Refused(Reason.DRAFT_TOO_LONG, Basis.DRAFTS)
