"""The pages of rescue: cases, one case with its drift, searches, tasks, SITREPs and outcome."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tansiq.ground import clock
from tansiq.ground.errors import Fault, Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.rescue import reads
from tansiq.rescue.values import Case, CaseFile, DriftRun, PersonState, Raster, TaskState
from tansiq.watch import reads as watch
from tansiq.web import chart, events, jobs
from tansiq.web.access import DutyRequest, needs, offer, perform, perform_beside
from tansiq.web.forms import rescue as forms

SHOWN_EVENTS = 60
COMPUTED = (Permission.DRIFT_RUN, Permission.SEARCH_PLAN)
"""What runs beside the requests."""


@require_safe
@needs(Permission.CASE_VIEW)
def cases_page(request: DutyRequest) -> HttpResponse:
    """Every case that the reader's agency takes part in, and the searches asked of it."""
    context = {
        "here": "c",
        "lines": reads.cases(reader=request.officer),
        "tasks": reads.tasks(reader=request.officer),
        "may_open": request.officer.holds(Permission.CASE_OPEN),
    }
    return render(request, "rescue/cases.html", context)


@needs(Permission.CASE_VIEW)
def case_page(request: DutyRequest, case: UUID, **shown: Any) -> HttpResponse:
    """One case, whole."""
    file = reads.case(case=case, reader=request.officer)
    things = (case, *(each.id for each in (*file.drifts, *file.searches, *file.tasks, *file.sitreps)))
    context = {
        "here": "c",
        "file": file,
        "case": file.case,
        "events": events.log(reader=request.officer, things=things, limit=SHOWN_EVENTS),
        "attribution": chart.ATTRIBUTION,
        "bounds": _bounds(file),
        "states": tuple(PersonState),
        **_computed(request, case),
        **_offered(request, file),
    }
    return render(request, "rescue/case.html", {**context, **shown})


def _bounds(file: CaseFile) -> str:
    """The places that the chart begins with: the last known position, where the drift leads, the searches."""
    drifted = [(datum.lat, datum.lon) for datum in file.drift.datums] if file.drift else []
    searched = [corner for plan in file.searches[:2] for corner in plan.corners]
    return chart.around(
        [(file.case.lat, file.case.lon), *drifted, *searched], 0.15 if file.drift or file.searches else chart.MARGIN
    )


def _computed(request: DutyRequest, case: UUID) -> dict[str, Any]:
    """What is being computed for a case, and what a computation refused or failed at: told once, to a whole page."""
    shown: dict[str, Any] = {"running": [job for what in COMPUTED if (job := jobs.running(f"{what}/{case}"))]}
    for what in () if request.headers.get("HX-Request") else COMPUTED:
        answer = jobs.outcome(f"{what}/{case}")
        if isinstance(answer, Refused):
            shown["refusal"] = answer
        elif isinstance(answer, Fault):
            shown["fault"] = answer
    return shown


def _offered(request: DutyRequest, file: CaseFile) -> dict[str, Any]:
    """The forms that the case is open to, filled in as far as the case knows."""
    if not file.case.open:
        return offer(request, forms.RecordOutcome)
    unit = {"lat": file.case.lat, "lon": file.case.lon, "available_at": clock.now(), "agency": request.officer.party}
    offered: dict[str, Any] = offer(
        request,
        forms.RunDrift(),
        forms.PlanSearch(initial=unit),
        forms.SendSitrep(initial={"persons": file.case.persons}),
        forms.RecordOutcome(initial={"at": clock.now()}),
        forms.CloseCase(),
    )
    if file.searches:
        offered |= offer(request, forms.SendTask(file=file))
    if request.officer.holds(Permission.TASK_ANSWER):
        asked = [task for task in file.tasks if task.agency == request.officer.party and task.state != TaskState.DONE]
        offered["answers"] = {task.id: forms.AnswerTask(task=task) for task in asked}
    return offered


@require_safe
@needs(Permission.CASE_VIEW)
def case_progress(request: DutyRequest, case: UUID) -> HttpResponse:
    """Whether a computation still runs; when none does, the page is loaded anew."""
    reads.case(case=case, reader=request.officer)
    running = [job for what in COMPUTED if (job := jobs.running(f"{what}/{case}"))]
    answer = render(request, "rescue/progress.html", {"running": running, "case_id": case})
    if not running:
        answer.headers["HX-Refresh"] = "true"
    return answer


@require_safe
@needs(Permission.CASE_VIEW)
def case_picture(request: DutyRequest, case: UUID) -> JsonResponse:
    """What the chart of a case draws: last known position, searches, units, and the vessels near."""
    now = clock.now()
    file = reads.case(case=case, reader=request.officer)
    tracks = watch.tracks(reader=request.officer, now=now, limit=1000)
    drawn = {
        "tracks": chart.collection(chart.track(track, track.name, track.party) for track in tracks),
        "points": chart.collection([chart.case(file.case, file.case.reference), *map(chart.unit, file.searches)]),
        **chart.plans(file),
    }
    return JsonResponse(drawn)


@require_safe
@needs(Permission.CASE_VIEW)
def case_drift(request: DutyRequest, case: UUID) -> JsonResponse:
    """Where the object probably is, hour by hour of the latest run, for the chart."""
    run = reads.case(case=case, reader=request.officer).drift
    if run is None:
        raise Missing("There is no drift run of this case.")
    rasters = reads.rasters(drift=run.id, reader=request.officer)
    cells = [cell for raster in rasters for cell in _cells(raster)]
    return JsonResponse({"hours": [_hour(run, raster) for raster in rasters], "cells": chart.collection(cells)})


def _hour(run: DriftRun, raster: Raster) -> dict[str, Any]:
    datum = min(run.datums, key=lambda each: abs(each.at - raster.at), default=None)
    mean = {"at": [datum.lon, datum.lat], "radius": datum.radius_50_m} if datum else None
    return {"time": f"{raster.at:%Y-%m-%d %H:%M}Z", "at": raster.at.isoformat(), "datum": mean}


def _cells(raster: Raster) -> list[chart.Feature]:
    """The cells of an hour as squares; `share` is a cell's probability relative to the likeliest."""
    likeliest = max((share for _, _, share in raster.cells), default=1.0)
    squares = []
    for column, row, share in raster.cells:
        west, south = raster.west + column * raster.cell_lon, raster.south + row * raster.cell_lat
        east, north = west + raster.cell_lon, south + raster.cell_lat
        edges = [(south, west), (south, east), (north, east), (north, west)]
        ring = [[round(lon, 5), round(lat, 5)] for lat, lon in edges]
        squares.append(
            chart.feature("Polygon", [[*ring, ring[0]]], hour=raster.hour, share=round(share / likeliest, 3))
        )
    return squares


@needs(Permission.CASE_OPEN)
def open_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """The form for a case, filled in from an alert where one is named."""
    return render(
        request, "rescue/open.html", {"here": "c", "open_case": forms.OpenCase(initial=_known(request)), **shown}
    )


def _known(request: DutyRequest) -> dict[str, Any]:
    """What an alert that the address names already tells."""
    now = clock.now()
    begun: dict[str, Any] = {"at": now, "radius_m": 2000}
    try:
        alert = watch.alert(alert=UUID(request.GET.get("alert", "")), reader=request.officer, now=now)
    except (ValueError, Missing):
        return begun
    text = alert.text or str(alert.name)
    known = {"lat": alert.lat, "lon": alert.lon, "at": alert.seen_at, "persons": alert.persons, "text": text}
    return {**begun, **known, "alert": alert.id, "radius_m": max(alert.radius_m, 100.0)}


@require_POST
@needs(Permission.CASE_OPEN)
def open_case(request: DutyRequest) -> HttpResponse:
    """Open the case and go to it."""

    def its_page(made: Case) -> str:
        return reverse("case", args=[made.id])

    about = {"real": _is_real(request)}
    return perform(request, forms.OpenCase(request.POST), open_page, about=about, to=its_page, after="cases")


def _is_real(request: DutyRequest) -> bool:
    """Whether the case comes from an alert that is no part of the exercise that this node may be playing."""
    try:
        alert = watch.alert(alert=UUID(request.POST.get("alert", "")), reader=request.officer, now=clock.now())
    except (ValueError, Missing):
        return False
    return not alert.exercise


@require_POST
@needs(Permission.CASE_CLOSE)
def close_case(request: DutyRequest, case: UUID) -> HttpResponse:
    """Close a case without an outcome."""
    return perform(request, forms.CloseCase(request.POST), case_page, case=case)


@require_POST
@needs(Permission.DRIFT_RUN)
def run_drift(request: DutyRequest, case: UUID) -> HttpResponse:
    """Compute a drift."""
    reads.case(case=case, reader=request.officer)
    key = f"{Permission.DRIFT_RUN}/{case}"
    return perform_beside(request, forms.RunDrift(request.POST), case_page, key, case=case)


@require_POST
@needs(Permission.SEARCH_PLAN)
def plan_search(request: DutyRequest, case: UUID) -> HttpResponse:
    """Plan a search."""
    reads.case(case=case, reader=request.officer)
    key = f"{Permission.SEARCH_PLAN}/{case}"
    return perform_beside(request, forms.PlanSearch(request.POST), case_page, key, case=case)


@require_POST
@needs(Permission.TASK_SEND)
def send_task(request: DutyRequest, case: UUID) -> HttpResponse:
    """Ask agencies to search."""
    file = reads.case(case=case, reader=request.officer)
    return perform(request, forms.SendTask(request.POST, file=file), case_page, about={}, case=case)


@require_POST
@needs(Permission.TASK_ANSWER)
def answer_task(request: DutyRequest, task: UUID) -> HttpResponse:
    """Answer a search task."""
    asked = reads.task(task=task, reader=request.officer)
    return perform(
        request, forms.AnswerTask(request.POST, task=asked), case_page, about={"task": task}, case=asked.case
    )


@require_POST
@needs(Permission.SITREP_SEND)
def send_sitrep(request: DutyRequest, case: UUID) -> HttpResponse:
    """Send a SITREP."""
    return perform(request, forms.SendSitrep(request.POST), case_page, case=case)


@require_POST
@needs(Permission.OUTCOME_RECORD)
def record_outcome(request: DutyRequest, case: UUID) -> HttpResponse:
    """Record the outcome."""
    return perform(request, forms.RecordOutcome(request.POST), case_page, case=case)


@require_safe
@needs(Permission.CASE_VIEW)
def sitrep_page(request: DutyRequest, case: UUID, sitrep: UUID) -> HttpResponse:
    """One SITREP, as it is printed."""
    file = reads.case(case=case, reader=request.officer)
    found = next((each for each in file.sitreps if each.id == sitrep), None)
    if found is None:
        raise Missing("There is no such SITREP.")
    return render(request, "rescue/sitrep.html", {"here": "c", "case": file.case, "sitrep": found})
