"""What the exchange keeps, split by noun: letters on their way, channels they go by, and the ledger that proves it."""

from tansiq.exchange.models.blobs import Blob, Upload
from tansiq.exchange.models.channels import Agreement, Partner, Statement
from tansiq.exchange.models.collections import Collection, Item
from tansiq.exchange.models.corrections import Correction, Retention
from tansiq.exchange.models.desks import DeskStep, Passage
from tansiq.exchange.models.exceptions import Exceptional, OfficerKey
from tansiq.exchange.models.following import Following
from tansiq.exchange.models.ledger import Event, Head, LedgerEntry, LedgerNode, Log
from tansiq.exchange.models.letters import Delivery, Envelope, Partaker, Receipt
from tansiq.exchange.models.mandates import LiaisonPost, PostCase
from tansiq.exchange.models.onward import Passing, Release
from tansiq.exchange.models.recalls import Recall, RecallAnswer
from tansiq.exchange.models.stamping import Timestamp

__all__ = [
    "Agreement",
    "Blob",
    "Collection",
    "Correction",
    "Delivery",
    "DeskStep",
    "Envelope",
    "Event",
    "Exceptional",
    "Following",
    "Head",
    "Item",
    "LedgerEntry",
    "LedgerNode",
    "LiaisonPost",
    "Log",
    "OfficerKey",
    "Partaker",
    "Partner",
    "Passage",
    "Passing",
    "PostCase",
    "Recall",
    "RecallAnswer",
    "Receipt",
    "Release",
    "Retention",
    "Statement",
    "Timestamp",
    "Upload",
]
