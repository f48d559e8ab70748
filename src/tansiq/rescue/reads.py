"""What is seen of rescue. Every read is told its reader: a case is seen by the agencies that take part in it.

Figures are another matter: they count every case of the node, and show nothing of a case but numbers.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.rescue import cloud, models, values
from tansiq.rescue.values import Phase, TaskState

OPEN_TASKS = (TaskState.SENT, TaskState.ACCEPTED, TaskState.SEARCHING)


def cases(*, reader: Officer, open_only: bool = False, limit: int = 200) -> tuple[values.CaseLine, ...]:
    """The reader's cases, newest first."""
    if not reader.holds(Permission.CASE_VIEW):
        return ()
    rows = models.Case.objects.seen_by(reader.party).whole()
    if open_only:
        rows = rows.exclude(phase=Phase.CLOSED.value)
    rows = rows.prefetch_related("outcomes", "tasks", "searches", "sitreps")
    return tuple(_line(row) for row in rows[:limit])


def case(*, case: UUID, reader: Officer) -> values.CaseFile:
    """One case with all that belongs to it. Raises Missing where the reader's agency takes no part."""
    row = _seen(case, reader)
    twins = models.Case.objects.seen_by(reader.party).filter(alert=row.alert).exclude(id=row.id)
    sitreps = tuple(each.value() for each in row.sitreps.all())
    return values.CaseFile(
        case=row.value(),
        drifts=tuple(each.value() for each in row.drifts.all()),
        searches=tuple(each.value() for each in row.searches.all()),
        tasks=tuple(each.value() for each in row.tasks.whole()),
        sitreps=sitreps,
        outcomes=tuple(each.value() for each in row.outcomes.all()),
        twins=tuple(twins.values_list("id", flat=True)) if row.alert else (),
        next_serial=max((sitrep.serial for sitrep in sitreps), default=0) + 1,
    )


def seen(*, things: Collection[UUID], reader: Officer) -> frozenset[UUID]:
    """Which of these things, cases or parts of cases, belong to a case of the reader's. One query, however many."""
    known = models.Case.objects.seen_by(reader.party).values("id")
    cases = models.Case.objects.filter(id__in=known).filter(id__in=things).order_by().values_list("id")
    parts = [
        table.objects.filter(case__in=known, id__in=things).order_by().values_list("id")
        for table in (models.Drift, models.Search, models.Task, models.Sitrep)
    ]
    return frozenset(found for (found,) in cases.union(*parts))


def drift(*, drift: UUID, reader: Officer) -> values.DriftRun:
    """One drift run of a case that the reader sees."""
    row = models.Drift.objects.filter(id=drift).first()
    if row is None:
        raise Missing(f"There is no drift run {drift}.")
    _seen(row.case_id, reader)
    return row.value()


def rasters(*, drift: UUID, reader: Officer) -> tuple[values.Raster, ...]:
    """Where the object probably is, hour by hour of a run, after the searches flown by then found nothing."""
    row = models.Cloud.objects.select_related("drift").defer("particles").filter(drift_id=drift).first()
    if row is None:
        raise Missing(f"There is no drift run {drift}.")
    case = _seen(row.drift.case_id, reader)
    prior = cloud.rasters(bytes(row.rasters), drift=drift, start=row.drift.value().start)
    flown = [each.value() for each in case.searches.filter(flown=True)]
    if not flown:
        return prior
    from tansiq.rescue.search import order  # numba takes its time: only what was searched needs it

    tracks = cloud.unpack(bytes(row.particles))
    return cloud.searched(prior, tracks, [cloud.Flown(each.end, order.pods_of(tracks, each)) for each in flown])


def raster(*, drift: UUID, hour: int, reader: Officer) -> values.Raster:
    """One hour of `rasters`; the nearest hour that the run has."""
    found = rasters(drift=drift, reader=reader)
    return found[max(0, min(hour, len(found) - 1))]


def search(*, search: UUID, reader: Officer) -> values.Search:
    """One planned search of a case that the reader sees."""
    row = models.Search.objects.filter(id=search).first()
    if row is None:
        raise Missing(f"There is no search {search}.")
    _seen(row.case_id, reader)
    return row.value()


def task(*, task: UUID, reader: Officer) -> values.Task:
    """One task of a case that the reader sees."""
    row = models.Task.objects.whole().filter(id=task).first()
    if row is None:
        raise Missing(f"There is no task {task}.")
    _seen(row.case_id, reader)
    return row.value()


def tasks(*, reader: Officer, open_only: bool = True, limit: int = 200) -> tuple[values.Task, ...]:
    """The searches asked of the reader's own agency, newest first."""
    if not reader.holds(Permission.CASE_VIEW):
        return ()
    rows = models.Task.objects.whole().filter(agency=reader.party)
    if open_only:
        rows = rows.filter(state__in=[state.value for state in OPEN_TASKS])
    return tuple(row.value() for row in rows[:limit])


def case_records(*, start: datetime, end: datetime, exercise: str, reader: Officer) -> tuple[values.CaseRecord, ...]:
    """The cases opened in a period (end not included), for the figures of whoever may see figures."""
    if not reader.holds(Permission.FIGURE_VIEW):
        return ()
    rows = models.Case.objects.filter(opened_at__gte=start, opened_at__lt=end, exercise=exercise).whole()
    found = (row.value() for row in rows.order_by("id"))
    return tuple(
        values.CaseRecord(
            case=each.id,
            reference=each.reference,
            coordinator=each.coordinator,
            opened_at=each.opened_at,
            phase=each.phase,
        )
        for each in found
    )


def outcome_records(
    *, start: datetime, end: datetime, exercise: str, reader: Officer
) -> tuple[values.OutcomeRecord, ...]:
    """How the cases ended whose outcome lies in a period (end not included), each case once, as it stands now."""
    if not reader.holds(Permission.FIGURE_VIEW):
        return ()
    rows = models.Outcome.objects.filter(case__exercise=exercise).order_by("case_id", "-revision")
    last: dict[UUID, models.Outcome] = {}
    for row in rows.select_related("case").prefetch_related("case__parties"):
        last.setdefault(row.case_id, row)
    return tuple(_record(row) for row in last.values() if start <= row.at < end)


def _seen(case: UUID, reader: Officer) -> models.Case:
    """The case, if the reader may see it; whether it exists at all is not told."""
    rows = models.Case.objects.seen_by(reader.party).whole()
    row = rows.filter(id=case).first() if reader.holds(Permission.CASE_VIEW) else None
    if row is None:
        raise Missing(models.missing_case(case))
    return row


def _line(row: models.Case) -> values.CaseLine:
    outcomes = [each.value() for each in row.outcomes.all()]
    flown = [each.value().cumulative_pos for each in row.searches.all() if each.flown]
    open_states = {state.value for state in OPEN_TASKS}
    return values.CaseLine(
        case=row.value(),
        sitreps=len(row.sitreps.all()),
        tasks_open=sum(each.state in open_states for each in row.tasks.all()),
        cumulative_pos=max(flown, default=None),
        outcome=outcomes[0] if outcomes else None,
    )


def _record(row: models.Outcome) -> values.OutcomeRecord:
    said = row.value()
    known = row.case.value()
    return values.OutcomeRecord(
        case=known.id,
        reference=known.reference,
        coordinator=known.coordinator,
        kind=said.kind,
        at=said.at,
        rescued_by=said.rescued_by,
        persons=said.persons,
        rescued=said.rescued,
    )
