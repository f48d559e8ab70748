"""Open and close cases."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tansiq.exchange import acts as exchange
from tansiq.exchange.kinds.rescue import SitrepLetter, TaskLetter
from tansiq.exchange.values import Detail
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.rescue import models, rules
from tansiq.rescue.acts import kept
from tansiq.rescue.values import Case, Phase, made_at

UNKNOWN_OBJECT: tuple[tuple[int, float], ...] = ((1, 0.34), (27, 0.33), (44, 0.33))
"""What an object of which nothing is known is taken for: a person in the water, a raft without ballast, a skiff."""
UNKNOWN_RADIUS = 1_000.0
"""One sigma (m) of a last known position that came without its error."""
TASK_RADIUS = 5_000.0
"""One sigma (m) of a position of which only the rectangle to be searched is known."""


@transaction.atomic
def open_case(
    *,
    alert: UUID | None = None,
    lat: float,
    lon: float,
    at: datetime,
    radius_m: float,
    mixture: tuple[tuple[int, float], ...],
    persons: int | None = None,
    text: str = "",
    phase: Phase = Phase.DISTRESS,
    real: bool = False,
    by: Officer,
    now: datetime,
) -> Case | Refused:
    """Open a case, from an alert or from a report; a second one of ours from the same alert is the first again.

    `lat`, `lon` (degrees) and `at` are the last known position and its time, `radius_m` its one-sigma error, `mixture`
    leeway classes with weights, taken relative to their sum; `real` says that it is no part of the exercise that
    this node may be playing.
    """
    total = sum(weight for _, weight in mixture) or 1.0
    case = Case(
        id=uuid7(now),
        phase=phase,
        coordinator=by.party,
        opened_by=by.signature,
        opened_at=now,
        lat=lat,
        lon=lon,
        at=at,
        radius_m=radius_m,
        mixture=tuple((each, weight / total) for each, weight in mixture),
        persons=persons,
        text=text,
        parties=(by.party,),
        alert=alert,
        exercise="" if real else kept.exercise(),
    )
    verdict = rules.may_open(case, now)
    if isinstance(verdict, Refused):
        return verdict
    if alert is not None:
        ours = models.Case.objects.whole().filter(alert=alert, coordinator=by.party).exclude(phase=Phase.CLOSED.value)
        if (there := ours.first()) is not None:
            return there.value()
    enter(case, by=by, now=now)
    return case


@transaction.atomic
def close_case(*, case: UUID, text: str, by: Officer, now: datetime) -> Case | Refused:
    """Close a case that ends without an outcome here, because it was opened twice or handed over; say why."""
    row = kept.case_of(case, by)
    verdict = rules.may_close(row.value(), by.party, text)
    if isinstance(verdict, Refused):
        return verdict
    row.phase, row.closed_at = Phase.CLOSED.value, now
    row.text = f"{row.text}\n{text.strip()}".strip()
    row.save(update_fields=["phase", "closed_at", "text"])
    exchange.record(event=Permission.CASE_CLOSE, thing=row.id, by=by, now=now)
    return row.value()


def enter(case: Case, *, by: Officer | str, now: datetime) -> models.Case:
    """Write a new case with its parties, opened here or by a partner's letter; the alert it comes from learns of it."""
    row = models.Case.objects.create(
        id=case.id,
        phase=case.phase.value,
        coordinator=case.coordinator,
        opened_by=case.opened_by,
        opened_at=case.opened_at,
        lat=case.lat,
        lon=case.lon,
        at=case.at,
        radius_m=case.radius_m,
        mixture=[list(each) for each in case.mixture],
        persons=case.persons,
        text=case.text,
        alert=case.alert,
        exercise=case.exercise,
    )
    row.join(*case.parties)
    detail: Detail = {"phase": case.phase.value}
    if case.alert is not None:
        detail["alert"] = str(case.alert)
    exchange.record(event=Permission.CASE_OPEN, thing=case.id, by=by, now=now, detail=detail)
    return row


def told_by_sitrep(letter: SitrepLetter, sender: str, exercise: str) -> Case:
    """The case as the first SITREP that comes here tells it; its sender coordinates."""
    return Case(
        id=letter.case,
        phase=Phase(letter.phase),
        coordinator=sender,
        opened_by=sender,
        opened_at=made_at(letter.case),
        lat=letter.lat,
        lon=letter.lon,
        at=letter.seen_at or letter.at,
        radius_m=letter.radius_m or UNKNOWN_RADIUS,
        mixture=letter.mixture or UNKNOWN_OBJECT,
        persons=letter.persons,
        text=letter.casualty,
        parties=(sender,),
        alert=letter.alert,
        exercise=exercise,
    )


def told_by_task(letter: TaskLetter, sender: str, exercise: str) -> Case:
    """What a task tells of a case that no SITREP has told of yet: the middle of the rectangle, until one does."""
    return Case(
        id=letter.case,
        phase=Phase.DISTRESS,
        coordinator=sender,
        opened_by=sender,
        opened_at=made_at(letter.case),
        lat=sum(lat for lat, _ in letter.corners) / len(letter.corners),
        lon=sum(lon for _, lon in letter.corners) / len(letter.corners),
        at=letter.start,
        radius_m=TASK_RADIUS,
        mixture=UNKNOWN_OBJECT,
        persons=None,
        text="",
        parties=(sender,),
        alert=letter.alert,
        exercise=exercise,
    )
