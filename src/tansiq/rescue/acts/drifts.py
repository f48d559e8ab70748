"""Run a drift of a case and keep it."""

import math
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction

from tansiq.exchange import acts as exchange
from tansiq.exchange.values import Detail
from tansiq.ground.errors import NotCovered
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.rescue import cloud, models, rules
from tansiq.rescue.acts import kept
from tansiq.rescue.drift import DriftResult, Seed, simulate
from tansiq.rescue.forcing import Forcing, open_forcing
from tansiq.rescue.values import Basis, Case, DriftRun, ForcingUsed, Reason
from tansiq.sea.coast import Coast, regional

STEP_MINUTES = 10.0


@kept.computes_first
def run_drift(
    *,
    case: UUID,
    hours: float = 24.0,
    particles: int = 20_000,
    by: Officer,
    now: datetime,
    seed: int | None = None,
    forcing: Forcing | None = None,
    coast: Coast | None = None,
) -> DriftRun | Refused:
    """Drift the case's object from its last known position for so many hours (whole ones; shorter if the forcing ends).

    Without `forcing` the files in the node's home are taken, without `coast` the regional one. `seed` fixes all that is
    random; left out, it follows from what the case says, so that the same question gets the same answer.
    """
    with transaction.atomic():
        known = kept.case_of(case, by).value()
    verdict = rules.may_drift(known, hours, particles)
    if isinstance(verdict, Refused):
        return verdict
    number = seed if seed is not None else _number(known)
    try:
        source = forcing or _own_forcing()
        if source is None:
            return Refused(Reason.NO_FORCING, Basis.DRIFT)
        reach = _reach(source, known, hours)
        result = simulate(
            seed=Seed(
                lat=known.lat,
                lon=known.lon,
                time=known.at,
                classes=known.mixture,
                radius_m=known.radius_m,
                particles=particles,
            ),
            forcing=source,
            hours=reach,
            step_minutes=STEP_MINUTES,
            coast=coast or _own_coast(known),
            rng=number,
        )
    except NotCovered:
        return Refused(Reason.NOT_COVERED, Basis.DRIFT)
    sample = cloud.keep(result, np.random.default_rng(number))
    run = _said(result, sample, known, asked=hours, by=by, now=now, ends=_ends(source))
    return _keep(run=run, particles=cloud.pack(sample.tracks), rasters=cloud.frames(result), by=by, now=now)


def _number(case: Case) -> int:
    """A random seed that every node and every day draws from the same last known position and object."""
    asked = f"{case.lat} {case.lon} {case.at:%Y-%m-%dT%H:%M:%S.%f} {case.radius_m} {case.mixture}"
    return int.from_bytes(sha256(asked.encode()).digest()[:4], "big") >> 1


@transaction.atomic
def _keep(*, run: DriftRun, particles: bytes, rasters: bytes, by: Officer, now: datetime) -> DriftRun | Refused:
    """Write the run, unless the case was closed meanwhile."""
    row = kept.case_of(run.case, by)
    verdict = rules.may_drift(row.value(), run.hours, run.particles)
    if isinstance(verdict, Refused):
        return verdict
    drift = models.Drift.objects.create(id=run.id, case=row, made_at=now, document=models.Drift.said(run))
    models.Cloud.objects.create(drift=drift, particles=particles, rasters=rasters)
    detail: Detail = {"case": str(run.case), "hours": run.hours, "digest": run.digest}
    exchange.record(event=Permission.DRIFT_RUN, thing=run.id, by=by, now=now, detail=detail)
    return run


def _own_forcing() -> Forcing | None:
    """What the node's home holds; none when there is no file of current or of wind. A broken file is left to raise."""
    home = settings.TANSIQ_HOME
    if home is None:
        return None
    folder = Path(home) / "forcing"
    currents, winds = (sorted(folder.glob(f"{what}*.nc"), reverse=True) for what in ("current", "wind"))
    return open_forcing(currents, winds) if currents and winds else None


def _own_coast(case: Case) -> Coast | None:
    """The regional coast, where the case lies in it; elsewhere nothing strands, and the run names no coast."""
    coast = regional()
    try:
        coast.require(case.lat, case.lon)
    except NotCovered:
        return None
    return coast


def _ends(forcing: Forcing) -> datetime:
    """The last time that both vectors reach. Raises NotCovered when one is missing."""
    if not forcing.currents or not forcing.winds:
        raise NotCovered("There is no current or no wind at all.", "Name files of both.")
    return min(max(layer.used.end for layer in layers) for layers in (forcing.currents, forcing.winds))


def _reach(forcing: Forcing, case: Case, hours: float) -> float:
    """The whole hours that can be run: those asked for, or fewer when the forcing ends first."""
    there = math.floor((_ends(forcing) - case.at) / timedelta(hours=1))
    if there < 1:
        raise NotCovered("The forcing ends before the first hour.", "Add newer files.")
    return float(min(math.ceil(hours), there))


def _said(
    result: DriftResult, sample: cloud.Kept, case: Case, *, asked: float, by: Officer, now: datetime, ends: datetime
) -> DriftRun:
    """The run as it is told."""
    hours = result.steps * result.step_minutes / 60
    return DriftRun(
        id=uuid7(now),
        case=case.id,
        by=by.signature,
        made_at=now,
        start=result.times[0],
        hours=hours,
        asked_hours=asked,
        particles=int(result.lon.shape[1]),
        kept=int(sample.tracks.lon.shape[1]),
        step_minutes=result.step_minutes,
        seed=result.rng,
        mixture=case.mixture,
        stranded=int((result.stranded >= 0).sum()),
        lost=int((result.lost >= 0).sum()),
        coast=result.coast,
        forcing=tuple(
            ForcingUsed(
                vector=each.vector.value,
                name=each.name,
                start=each.start,
                end=each.end,
                digest=each.digest,
                age_hours=None if each.issued is None else (now - each.issued).total_seconds() / 3600,
            )
            for each in result.forcing_used
        ),
        forcing_ends=ends if hours < asked else None,
        digest=result.digest,
        seconds={phase: round(spent, 4) for phase, spent in result.seconds.items()},
        datums=sample.datums,
    )
