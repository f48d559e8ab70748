"""What follows from what: the only file that knows every room.

`ON_RECEIVE` names the act that a received letter causes; `ON_EVENT` the acts in other rooms that follow an event of
this node; `SEEN` the read that says whether somebody may know of the thing that an event is about. Nothing registers
itself: who wants to know what happens reads these tables. A kind of letter that is
missing here (information, notices) waits sealed until someone opens it.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from tansiq.correspondence import acts as correspondence
from tansiq.correspondence import reads as written
from tansiq.exchange import acts as exchange
from tansiq.exchange.kinds import Kind
from tansiq.exchange.reads import letters as envelopes
from tansiq.exchange.reads.exceptions import seen_exceptions
from tansiq.exchange.reads.mandates import seen_posts
from tansiq.parties.duties import Permission
from tansiq.reporting import acts as reporting
from tansiq.rescue import acts as rescue
from tansiq.rescue import reads as cases
from tansiq.watch import acts as watch

ON_RECEIVE: dict[Kind, Callable[..., Any]] = {
    Kind.ALERT: watch.receive_alert,
    Kind.PICTURE: watch.receive_picture,
    Kind.SITREP: rescue.receive_sitrep,
    Kind.TASK: rescue.receive_task,
    Kind.ANSWER: rescue.receive_answer,
    Kind.OUTCOME: rescue.receive_outcome,
    Kind.CLAIM: reporting.receive_claim,
    Kind.REQUEST: correspondence.receive_request,
    Kind.REPLY: correspondence.receive_reply,
    Kind.RELEASE_REQUEST: exchange.receive_release_request,
    Kind.RELEASE: exchange.receive_release,
    Kind.FORWARD: exchange.receive_forward,
    Kind.USE: exchange.receive_use,
    Kind.STEERING: exchange.receive_steering,
    Kind.MANDATE: exchange.receive_mandate,
    Kind.RECALL: exchange.receive_recall,
    Kind.STATEMENT: exchange.receive_statement,
    Kind.CORRECTION: exchange.receive_correction,
}

ON_EVENT: dict[Permission, tuple[Callable[..., Any], ...]] = {
    Permission.CASE_OPEN: (watch.link_case,),
    Permission.CASE_CLOSE: (watch.end_with_case,),
    Permission.OUTCOME_RECORD: (watch.end_with_case,),
    Permission.OUTCOME_RECEIVE: (watch.end_with_case,),
}

Seen = Callable[..., frozenset[UUID]]
"""A read that is told things and a reader, and answers which of the things the reader may know of."""

SEEN: dict[str, Seen] = {
    "exchange.envelope": envelopes.seen,
    "exchange.release": envelopes.seen,
    "exchange.desk": envelopes.seen,
    "rescue.case": cases.seen,
    "exchange.liaison": seen_posts,
    "exchange.exception": seen_exceptions,
    "correspondence.request": written.seen_requests,
    "correspondence.offer": written.seen_offers,
}
"""By the kind of thing on whose page events stand (`exchange.reads.log.thing_of`)."""

OF_THE_NODE = frozenset({
    "exchange.agreement", "exchange.channels", "exchange.key", "exchange.ledger", "exchange.log", "exchange.partner",
    "exchange.proof", "parties.directory", "parties.people", "reporting.figure", "reporting.records", "watch.alert",
    "watch.picture",
})  # fmt: skip
"""Kinds of things that all agencies of a node have in common: who may see them is for the duty alone to say. Events of
a kind that stands in neither table are seen by who looks after the node, and by nobody else."""
