"""What is seen of the exchange. A read for people is told its reader and shows what that duty may see.

Those without a reader serve the node itself: what waits for its rooms, what is due to partners, what its ledger says.
"""

from tansiq.exchange.reads.attaching import (
    Awaited,
    DueBlob,
    awaited,
    due_blobs,
    examine,
    forget,
    kept_for,
    seal_uploads,
    store,
    upload,
    uploads,
    verify_blobs,
)
from tansiq.exchange.reads.channels import (
    agreement,
    agreements,
    channel_health,
    digests,
    own_card,
    papers,
    parties_of,
    partners,
)
from tansiq.exchange.reads.choosing import choices, writable
from tansiq.exchange.reads.collections import collection, collections, is_behind, items, kept
from tansiq.exchange.reads.desks import load, passage, passing, tray
from tansiq.exchange.reads.evidence import proof_file, unstamped_head
from tansiq.exchange.reads.exceptions import exceptions, has_key
from tansiq.exchange.reads.health import channel_measures, fallbacks, reciprocity, times_to_read
from tansiq.exchange.reads.ledger import (
    Neighbours,
    anchor,
    anchor_path,
    head_answer,
    ledger_state,
    log_size,
    neighbours,
    proof_of,
    witnesses,
)
from tansiq.exchange.reads.letters import envelope, envelope_records, envelopes, exercise_of, letter, unhanded
from tansiq.exchange.reads.log import events, log
from tansiq.exchange.reads.mandates import liaison_post, liaison_posts, post_letters
from tansiq.exchange.reads.onward import newest_erasure, path, pending_releases, release, releases, ways
from tansiq.exchange.reads.queue import Correspondent, Due, correspondents, due, due_nodes, held_head, signs
from tansiq.exchange.reads.recalls import pending_recalls, recall, recalls
from tansiq.exchange.reads.recovering import catch_up, earlier_head
from tansiq.exchange.reads.threads import Outside, outside, states
from tansiq.exchange.reads.verify import alarms, verify

__all__ = [
    "Awaited",
    "Correspondent",
    "Due",
    "DueBlob",
    "Neighbours",
    "Outside",
    "agreement",
    "agreements",
    "alarms",
    "anchor",
    "anchor_path",
    "awaited",
    "catch_up",
    "channel_health",
    "channel_measures",
    "choices",
    "collection",
    "collections",
    "correspondents",
    "digests",
    "due",
    "due_blobs",
    "due_nodes",
    "earlier_head",
    "envelope",
    "envelope_records",
    "envelopes",
    "events",
    "examine",
    "exceptions",
    "exercise_of",
    "fallbacks",
    "forget",
    "has_key",
    "head_answer",
    "held_head",
    "is_behind",
    "items",
    "kept",
    "kept_for",
    "ledger_state",
    "letter",
    "liaison_post",
    "liaison_posts",
    "load",
    "log",
    "log_size",
    "neighbours",
    "newest_erasure",
    "outside",
    "own_card",
    "papers",
    "parties_of",
    "partners",
    "passage",
    "passing",
    "path",
    "pending_recalls",
    "pending_releases",
    "post_letters",
    "proof_file",
    "proof_of",
    "recall",
    "recalls",
    "reciprocity",
    "release",
    "releases",
    "seal_uploads",
    "signs",
    "states",
    "store",
    "times_to_read",
    "tray",
    "unhanded",
    "unstamped_head",
    "upload",
    "uploads",
    "verify",
    "verify_blobs",
    "ways",
    "witnesses",
    "writable",
]
