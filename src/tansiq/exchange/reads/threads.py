"""A letter as the room that keeps its thread needs it: what its label says, when an answer is owed, what became of it.

For the node itself: rooms ask it of envelopes that they sent or were handed, and show what their own rules let be seen.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from tansiq.exchange import canon
from tansiq.exchange.models import Agreement, Envelope
from tansiq.exchange.values import EnvelopeState
from tansiq.ground.errors import Missing


class Outside(Struct, frozen=True, kw_only=True):
    """The outside of one letter, and the hours within which its agreement wants an answer (None: it says nothing)."""

    envelope: UUID
    agreement: str
    mechanism: str
    parties: tuple[str, ...]
    sender: str
    to: tuple[str, ...]
    topic: str
    purpose: str
    sensitivity: int
    handling: str
    urgency: str
    has_case: bool
    sent: datetime
    exercise: str
    hours: int | None


def outside(*, envelope: UUID) -> Outside:
    """The outside of a letter. Raises `Missing` where there is none, or where its label never opened."""
    row = Envelope.objects.defer("raw", "keys").filter(ref=envelope).first()
    said = row.said if row is not None else None
    agreement = Agreement.objects.filter(digest=row.agreement).first() if row is not None else None
    if row is None or said is None or agreement is None:
        raise Missing("There is no such letter.")
    terms = agreement.terms()
    return Outside(
        envelope=row.ref,
        agreement=row.agreement,
        mechanism=row.mechanism,
        parties=terms.parties,
        sender=said.sender,
        to=said.recipients,
        topic=said.topic,
        purpose=said.purpose,
        sensitivity=said.sensitivity,
        handling=said.handling.value,
        urgency=said.urgency.value,
        has_case=bool(said.case),
        sent=canon.moment(said.sent),
        exercise=said.exercise,
        hours=terms.answer_hours.get(said.urgency),
    )


def states(*, envelopes: Collection[UUID]) -> dict[UUID, EnvelopeState]:
    """What became of these letters, by their receipts."""
    rows = Envelope.objects.filter(ref__in=envelopes).values_list("ref", "state")
    known = {state.value for state in EnvelopeState}
    return {ref: EnvelopeState(state) for ref, state in rows if state in known}
