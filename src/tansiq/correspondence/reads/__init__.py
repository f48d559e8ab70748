"""What is seen of what officers write. Every read is told its reader."""

from tansiq.correspondence.reads.drafts import draft, drafts
from tansiq.correspondence.reads.offers import offer_status, offers, seen_offers
from tansiq.correspondence.reads.requests import Place, closed, owed, request, requests, seen_requests, thread_of

__all__ = [
    "Place",
    "closed",
    "draft",
    "drafts",
    "offer_status",
    "offers",
    "owed",
    "request",
    "requests",
    "seen_offers",
    "seen_requests",
    "thread_of",
]
