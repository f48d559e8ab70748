"""Record how a case ended, tell its parties, and receive the same."""

from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from tansiq.exchange import acts as exchange
from tansiq.exchange import reads as channels
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.rescue import OutcomeLetter
from tansiq.exchange.values import Detail
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of
from tansiq.rescue import letters, models, rules
from tansiq.rescue.acts import kept
from tansiq.rescue.acts.post import post
from tansiq.rescue.values import Basis, Outcome, OutcomeKind, Phase, Reason


@transaction.atomic
def record_outcome(
    *,
    case: UUID,
    outcome: OutcomeKind,
    persons: dict[str, int],
    rescued_by: str = "",
    at: datetime | None = None,
    lat: float | None = None,
    lon: float | None = None,
    text: str = "",
    by: Officer,
    now: datetime,
) -> Outcome | Refused:
    """Say how a case ended, in numbers by "state.sex.age"; it closes the case here and at its parties abroad.

    Said again, it corrects what was said before, as a new revision; the same again changes nothing.
    """
    row = kept.case_of(case, by)
    known = row.value()
    counts = {key: count for key, count in sorted(persons.items()) if count}
    verdict = rules.may_conclude(known, by.party, outcome, counts)
    if isinstance(verdict, Refused):
        return verdict
    before = row.outcomes.first()
    said = Outcome(
        case=row.id,
        revision=before.revision + 1 if before else 1,
        kind=outcome,
        at=at or now,
        lat=lat,
        lon=lon,
        rescued_by=rescued_by,
        persons=counts,
        text=text,
        by=by.signature,
        recorded_at=now,
        envelope=None,
    )
    if before is not None and _same(before.value(), said, at):
        return before.value()
    told = _tell(row, said, by, now)
    if isinstance(told, Refused):
        return told
    _write(row, told, now)
    detail: Detail = {"outcome": outcome.value, "revision": told.revision}
    exchange.record(event=Permission.OUTCOME_RECORD, thing=row.id, by=by, now=now, detail=detail)
    return told


@transaction.atomic
def receive_outcome(*, letter: OutcomeLetter, sender: str, envelope: UUID, now: datetime) -> Outcome | Refused:
    """Enter how a partner's case ended; the same letter twice changes nothing."""
    row = kept.known_case(letter.case)
    verdict = rules.may_receive_outcome(row.value() if row else None, sender, letter)
    if isinstance(verdict, Refused):
        return verdict
    if row is None:
        return Refused(Reason.UNKNOWN_CASE, Basis.LETTERS)
    if (there := row.outcomes.filter(revision=letter.revision).first()) is not None:
        return there.value()
    said = Outcome(
        case=row.id,
        revision=letter.revision,
        kind=OutcomeKind(letter.outcome),
        at=letter.at,
        lat=letter.lat,
        lon=letter.lon,
        rescued_by=letter.rescued_by,
        persons={key: count for key, count in sorted(letter.persons.items()) if count},
        text=letter.text,
        by=sender,
        recorded_at=now,
        envelope=envelope,
    )
    _write(row, said, now)
    detail: Detail = {"outcome": letter.outcome, "revision": letter.revision}
    exchange.record(event=Permission.OUTCOME_RECEIVE, thing=row.id, by=sender, now=now, detail=detail)
    return said


def _tell(row: models.Case, said: Outcome, by: Officer, now: datetime) -> Outcome | Refused:
    """Send the outcome to those of the case's parties that other nodes speak for, where there are any."""
    partners = {*channels.parties_of(mechanism=letters.MECHANISM)} & {*row.value().parties}
    to = tuple(sorted(code for code in partners if node_of(code) != node_of(by.party)))
    if not to:
        return said
    sent = post(
        kind=Kind.OUTCOME,
        letter=letters.write_outcome(said),
        to=to,
        urgency="priority",
        case=row.id,
        exercise=row.exercise,
        by=by,
        now=now,
    )
    return sent if isinstance(sent, Refused) else msgspec.structs.replace(said, envelope=sent.envelope)


def _same(before: Outcome, said: Outcome, at: datetime | None) -> bool:
    """Whether a new outcome says nothing new."""
    keys = ("kind", "lat", "lon", "rescued_by", "persons", "text")
    return all(getattr(before, key) == getattr(said, key) for key in keys) and at in (None, before.at)


def _write(row: models.Case, said: Outcome, now: datetime) -> None:
    """Keep an outcome and close the case."""
    models.Outcome.objects.create(
        case=row,
        revision=said.revision,
        kind=said.kind.value,
        at=said.at,
        lat=said.lat,
        lon=said.lon,
        rescued_by=said.rescued_by,
        persons=said.persons,
        text=said.text,
        by=said.by,
        recorded_at=now,
        envelope=said.envelope,
    )
    row.phase, row.closed_at = Phase.CLOSED.value, row.closed_at or now
    row.save(update_fields=["phase", "closed_at"])
