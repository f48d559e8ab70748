"""What is seen of what officers write. Every read is told its reader."""

from tansiq.correspondence.reads.drafts import draft, drafts
from tansiq.correspondence.reads.offers import offer_status, offers

__all__ = ["draft", "drafts", "offer_status", "offers"]
