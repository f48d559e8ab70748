"""What is done by officers who write to each other, split by noun. Each act is one verb, in one transaction."""

from tansiq.correspondence.acts.drafts import drop_draft, keep_draft
from tansiq.correspondence.acts.letters import write_letter
from tansiq.correspondence.acts.offers import discard_offer, receive_offers, take_offer
from tansiq.correspondence.acts.requests import (
    answer,
    ask,
    escalate,
    receive_reply,
    receive_request,
    refuse,
    remind,
    take,
    withdraw,
)

__all__ = [
    "answer",
    "ask",
    "discard_offer",
    "drop_draft",
    "escalate",
    "keep_draft",
    "receive_offers",
    "receive_reply",
    "receive_request",
    "refuse",
    "remind",
    "take",
    "take_offer",
    "withdraw",
    "write_letter",
]
