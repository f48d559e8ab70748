"""What is done by officers who write to each other, split by noun. Each act is one verb, in one transaction."""

from tansiq.correspondence.acts.drafts import drop_draft, keep_draft
from tansiq.correspondence.acts.letters import write_letter
from tansiq.correspondence.acts.offers import discard_offer, receive_offers, take_offer

__all__ = ["discard_offer", "drop_draft", "keep_draft", "receive_offers", "take_offer", "write_letter"]
