"""Plan a search for a unit and keep it."""

import time
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import numpy as np
from django.db import transaction

from tansiq.exchange import acts as exchange
from tansiq.exchange.values import Detail
from tansiq.ground.errors import Missing, NotCovered
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused, Step
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.rescue import cloud, models, rules
from tansiq.rescue.acts import kept
from tansiq.rescue.search.field import Tracks
from tansiq.rescue.values import Basis, Case, DriftRun, Platform, Reason, Search, SearchPlan, SearchUnit, Weather


class Known(NamedTuple):
    """What planning stands on: the case, its latest run and searches flown since it was opened, oldest first."""

    case: Case
    run: DriftRun | None
    particles: bytes
    flown: tuple[Search, ...]


@kept.computes_first
def plan_search(
    *,
    case: UUID,
    unit: str,
    agency: str,
    platform: Platform,
    lat: float,
    lon: float,
    available_at: datetime,
    transit_speed: float,
    search_speed: float,
    endurance_hours: float,
    height_m: float,
    visibility_m: float = 18_520.0,
    weather: Weather = Weather.GOOD,
    tired: bool = False,
    night: bool = False,
    drift: UUID | None = None,
    seed: int = 0,
    by: Officer,
    now: datetime,
) -> Search | Refused:
    """Plan the best search of one unit on a drift run (the latest, unless named), after the searches already flown."""
    means = SearchUnit(
        name=unit,
        agency=agency,
        platform=platform,
        lat=lat,
        lon=lon,
        available_at=available_at,
        transit_speed=transit_speed,
        search_speed=search_speed,
        endurance_hours=endurance_hours,
        height_m=height_m,
        visibility_m=visibility_m,
        weather=weather,
        tired=tired,
        night=night,
    )
    known = _known(case=case, drift=drift, by=by)
    verdict = rules.may_plan(known.case, means, drifted=known.run is not None)
    if isinstance(verdict, Refused):
        return verdict
    began = time.perf_counter()
    planned = _plan(cloud.unpack(known.particles), means, known, seed)
    if isinstance(planned, Refused):
        return planned
    assert known.run is not None  # the rule has seen to it
    search = Search(
        id=uuid7(now),
        case=case,
        drift=known.run.id,
        unit=means,
        by=by.signature,
        made_at=now,
        seed=seed,
        seconds=round(time.perf_counter() - began, 3),
        forcing_ends=_forcing_ends(known.run, planned.end),
        **msgspec.structs.asdict(planned),
    )
    return _keep(search=search, by=by, now=now)


@transaction.atomic
def _known(*, case: UUID, drift: UUID | None, by: Officer) -> Known:
    """Read all that planning needs, at one moment."""
    row = kept.case_of(case, by)
    runs = models.Drift.objects.filter(case=row).select_related("cloud")
    run = runs.filter(id=drift).first() if drift else runs.first()
    if drift is not None and run is None:
        raise Missing(f"There is no drift run {drift} of this case.")
    flown = tuple(each.value() for each in models.Search.objects.filter(case=row, flown=True).order_by("made_at", "id"))
    particles = bytes(run.cloud.particles) if run else b""
    return Known(row.value(), run.value() if run else None, particles, flown)


def _plan(tracks: Tracks, unit: SearchUnit, known: Known, seed: int) -> SearchPlan | Refused:
    """The plan, or why there is none."""
    from tansiq.rescue.search import order  # numba takes its time: only a plan needs it

    rng = np.random.default_rng(seed)
    try:
        planned = order.plan(tracks, unit, flown=known.flown, not_before=known.case.at, rng=rng)
    except NotCovered:
        return Refused(Reason.NOT_IN_TIME, Basis.SEARCH, Step(Permission.DRIFT_RUN))
    return planned or Refused(Reason.NOT_IN_TIME, Basis.SEARCH, Step(Permission.SEARCH_PLAN))


def _forcing_ends(run: DriftRun, end: datetime) -> datetime | None:
    """When the forcing ended, where that cut the search short: it stands at the end of the run."""
    return run.forcing_ends if run.forcing_ends is not None and end >= run.end else None


@transaction.atomic
def _keep(*, search: Search, by: Officer, now: datetime) -> Search | Refused:
    """Write the plan, unless the case was closed meanwhile."""
    row = kept.case_of(search.case, by)
    verdict = rules.may_plan(row.value(), search.unit, drifted=True)
    if isinstance(verdict, Refused):
        return verdict
    models.Search.objects.create(id=search.id, case=row, made_at=now, document=models.Search.said(search))
    detail: Detail = {"case": str(search.case), "pos": round(search.pos, 4)}
    exchange.record(event=Permission.SEARCH_PLAN, thing=search.id, by=by, now=now, detail=detail)
    return search
