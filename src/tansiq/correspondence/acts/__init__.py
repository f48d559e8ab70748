"""What is done by officers who write to each other, split by noun. Each act is one verb, in one transaction."""

from tansiq.correspondence.acts.drafts import drop_draft, keep_draft
from tansiq.correspondence.acts.letters import write_letter

__all__ = ["drop_draft", "keep_draft", "write_letter"]
