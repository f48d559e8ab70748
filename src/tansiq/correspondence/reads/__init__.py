"""What is seen of what officers write. Every read is told its reader."""

from tansiq.correspondence.reads.drafts import draft, drafts

__all__ = ["draft", "drafts"]
