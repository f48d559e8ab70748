"""What is done with letters that pass a desk: take in hand, steer, ask, return; answer the desk; receive its word.

Only officials of the desk's own agency act at it, and only its label is known to them. Each step goes, signed, to the
letter's sender and recipients, so that all know who holds it.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tansiq.exchange import canon, desks
from tansiq.exchange.acts.letters import follow_desk, send
from tansiq.exchange.acts.log import record
from tansiq.exchange.desks import DeskBasis, DeskReason, Said
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.desks import ReturnReason, SteeringLetter, Step
from tansiq.exchange.label import Label
from tansiq.exchange.models import DeskStep, Envelope, Passage
from tansiq.exchange.models.desks import free, passage_of, steps_of
from tansiq.exchange.values import Detail
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer

MOST_WORDS = 2_000


@transaction.atomic
def take(*, envelope: UUID, by: Officer, now: datetime) -> Said | Refused:
    """Take a letter at the desk in hand, so that its sender sees that somebody of which service follows it."""
    row, said = _at_desk(envelope, by)
    way = row.way(said, steps_of(row.digest))
    verdict = desks.may_take(way, by.signature)
    if isinstance(verdict, Refused):
        return verdict
    return _say(row, said, Said(envelope=row.digest, n=way.last + 1, step=Step.TAKE, teller=row.desk, at=now), by, now)


@transaction.atomic
def steer(*, envelope: UUID, to: tuple[str, ...], by: Officer, now: datetime, words: str = "") -> Said | Refused:
    """Steer a letter to services that it is addressed to: they may open it from now on."""
    row, said = _at_desk(envelope, by)
    way = row.way(said, steps_of(row.digest))
    verdict = desks.may_steer(way, to)
    if isinstance(verdict, Refused):
        return verdict
    step = Said(
        envelope=row.digest,
        n=way.last + 1,
        step=Step.STEER,
        teller=row.desk,
        to=tuple(sorted(set(to))),
        words=_clean(words),
        at=now,
    )
    return _say(row, said, step, by, now)


@transaction.atomic
def ask(*, envelope: UUID, words: str, by: Officer, now: datetime) -> Said | Refused:
    """Ask the sender for more before the letter goes on."""
    row, said = _at_desk(envelope, by)
    way = row.way(said, steps_of(row.digest))
    verdict = desks.may_ask(way, words)
    if isinstance(verdict, Refused):
        return verdict
    step = Said(envelope=row.digest, n=way.last + 1, step=Step.ASK, teller=row.desk, words=_clean(words), at=now)
    return _say(row, said, step, by, now)


@transaction.atomic
def send_back(*, envelope: UUID, reason: ReturnReason, by: Officer, now: datetime, words: str = "") -> Said | Refused:
    """Return a letter to its sender, unopened, with a reason."""
    row, said = _at_desk(envelope, by)
    way = row.way(said, steps_of(row.digest))
    verdict = desks.may_return(way, reason)
    if isinstance(verdict, Refused):
        return verdict
    step = Said(
        envelope=row.digest,
        n=way.last + 1,
        step=Step.RETURN,
        teller=row.desk,
        reason=reason,
        words=_clean(words),
        at=now,
    )
    return _say(row, said, step, by, now)


@transaction.atomic
def tell(*, envelope: UUID, words: str, by: Officer, now: datetime) -> Said | Refused:
    """Answer the desk's question, for the agency that sent the letter. The desk reads this answer."""
    row, said = _passing(envelope)
    if by.party != said.sender:
        raise Missing("There is no such envelope.")
    way = row.way(said, steps_of(row.digest))
    verdict = desks.may_tell(way, words)
    if isinstance(verdict, Refused):
        return verdict
    step = Said(envelope=row.digest, n=way.question, step=Step.TELL, teller=by.party, words=_clean(words), at=now)
    return _say(row, said, step, by, now)


@transaction.atomic
def receive_steering(*, letter: SteeringLetter, sender: str, envelope: UUID, now: datetime) -> Said | Refused:
    """Take a step that a desk, or a letter's sender, tells us. The same step twice changes nothing.

    A step may come before its letter, by another way: it is kept, and followed when the letter is there. What its
    teller had no right to say is refused.
    """
    said = Said(
        envelope=letter.envelope,
        n=letter.n,
        step=letter.step,
        teller=sender,
        to=letter.to,
        reason=letter.reason,
        words=letter.words,
        official=letter.official,
        by=sender,
        at=min(letter.at, now),
        letter=envelope,
    )
    row = Passage.objects.select_for_update(of=("self",)).filter(digest=letter.envelope).first()
    of = None if row is None else row.envelope
    label = None if of is None else of.said
    if label is not None and sender != (label.sender if letter.step is Step.TELL else label.desk):
        return Refused(DeskReason.UNKNOWN_PASSAGE, DeskBasis.DESK)
    if row is None and Envelope.objects.filter(digest=letter.envelope).exists():
        return Refused(DeskReason.UNKNOWN_PASSAGE, DeskBasis.DESK)
    if not _keep(said):
        return said
    if row is not None and of is not None and label is not None:
        _move(row, label)
        follow_desk(of, row.desk, now)
    detail: Detail = {"step": letter.step.value, "desk": sender}
    record(event=Permission.STEERING_RECEIVE, thing=of.ref if of else envelope, by=sender, now=now, detail=detail)
    return said


EVENTS = {
    Step.TAKE: Permission.DESK_TAKE,
    Step.STEER: Permission.DESK_STEER,
    Step.ASK: Permission.DESK_ASK,
    Step.TELL: Permission.DESK_TELL,
    Step.RETURN: Permission.DESK_RETURN,
}


def _passing(envelope: UUID) -> tuple[Passage, Label]:
    row = passage_of(envelope)
    said = None if row is None else row.envelope.said
    if row is None or said is None:
        raise Missing("There is no such envelope.")
    return row, said


def _at_desk(envelope: UUID, by: Officer) -> tuple[Passage, Label]:
    """A letter's passage, for an official of its desk; to everybody else it is not there."""
    row, said = _passing(envelope)
    if by.party != row.desk:
        raise Missing("There is no such envelope.")
    return row, said


def _say(row: Passage, said: Label, step: Said, by: Officer, now: datetime) -> Said | Refused:
    """Keep a step, tell it to the others signed, and log it. Nothing stands where it cannot be told."""
    letter = SteeringLetter(
        envelope=step.envelope,
        n=step.n,
        step=step.step,
        to=step.to,
        reason=step.reason,
        words=step.words,
        official=by.service or by.party,
        at=now,
    )
    others = {said.sender, said.desk, *said.recipients} - {step.teller}
    sent = send(
        kind=Kind.STEERING,
        letter=letter,
        mechanism=row.envelope.mechanism,
        to=tuple(sorted(others)),
        by=by,
        now=now,
        topic=said.topic,
        purpose=said.purpose,
        sensitivity=said.sensitivity,
        handling=said.handling.value,
        urgency=said.urgency.value,
        in_reply_to=row.envelope.ref,
        exercise=said.exercise,
    )
    if isinstance(sent, Refused):
        return sent
    kept = Said(
        envelope=step.envelope,
        n=step.n,
        step=step.step,
        teller=step.teller,
        to=step.to,
        reason=step.reason,
        words=step.words,
        official=letter.official,
        by=by.signature,
        at=now,
        letter=sent.envelope,
    )
    _keep(kept)
    _move(row, said)
    detail: Detail = {"envelope": step.envelope}
    if step.to:
        detail["to"] = ", ".join(step.to)[:200]
    if step.reason:
        detail["returned"] = step.reason.value
    record(event=EVENTS[step.step], thing=row.envelope.ref, by=by, now=now, detail=detail)
    return kept


def _keep(said: Said) -> bool:
    """Keep a step; False where one with its number was said before, which stands."""
    given = {
        "step": said.step.value,
        "to": list(said.to),
        "reason": said.reason.value,
        "words": said.words,
        "official": said.official,
        "by": said.by,
        "at": said.at,
        "letter": said.letter,
    }
    _, is_new = DeskStep.objects.get_or_create(digest=said.envelope, teller=said.teller, n=said.n, defaults=given)
    return is_new


def _move(row: Passage, said: Label) -> None:
    """Bring the passage up to its steps; where it was steered to a service of this node, its room may have it now."""
    if row.ended is not None:
        return
    before = row.state
    way = row.way(said, steps_of(row.digest))
    row.move(way)
    if before != row.state or way.services:
        free(row.envelope_id, way)


def _clean(words: str) -> str:
    return canon.clean(words.strip())[:MOST_WORDS]
