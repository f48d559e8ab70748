"""A drift run: seed, bring the forcing onto one grid, step all particles through it, some hours at a time.

The model is that of Breivik & Allen (2008, arXiv:1111.1102) after Allen & Plourde (1999). With W the 10 m wind speed
and slopes s, offsets o and residuals e of a particle, its downwind leeway is L = [(s + e/20) W + o + e/2] / 100, its
crosswind leeway alike with the coefficients of its side; it moves with L along the wind, crosswind leeway across it,
and the current. Crosswind leeway changes its side (jibes) with a probability of 4% an hour. Euler steps of 10
minutes.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tansiq.ground.errors import Malformed
from tansiq.rescue.drift import fields, seeds
from tansiq.rescue.drift.result import DriftResult, digest
from tansiq.rescue.drift.seeds import Seed, Start
from tansiq.rescue.forcing import Forcing
from tansiq.sea import grids
from tansiq.sea.coast import Coast, CoastWindow
from tansiq.sea.geodesy import metres_per_degree

JIBES_PER_HOUR = -np.log(1 - 0.04)
"""Rate of a 4% probability of jibing per hour (Allen 2005; Breivik & Allen 2008)."""

Singles = NDArray[np.float32]


class Options(Struct, frozen=True, kw_only=True):
    """How a run is made; see `simulate`."""

    hours: float
    step_minutes: float
    rng: int
    backward: bool
    opendrift_compat: bool
    errors: bool
    memory_hours: float | None
    jibing: bool

    @property
    def steps(self) -> int:
        """How many steps the run takes."""
        return round(self.hours * 60 / self.step_minutes)

    @property
    def seconds(self) -> float:
        """The length of a step; negative when it runs backward."""
        return self.step_minutes * (-60.0 if self.backward else 60.0)


class Particles(Struct, eq=False):
    """The state of all particles, changed in place by the kernels; the last axis of every array is the particle."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    state: NDArray[np.int8]
    ended: NDArray[np.int32]
    leeway: Singles
    residual: Singles
    jibe: NDArray[np.int32]
    streams: NDArray[np.uint64]
    start: Start


def simulate(
    *,
    seed: Seed,
    forcing: Forcing,
    hours: float,
    step_minutes: float = 10.0,
    coast: Coast | None = None,
    rng: int = 0,
    backward: bool = False,
    opendrift_compat: bool = False,
    errors: bool = True,
    memory_hours: float | None = None,
    jibing: bool = True,
    threads: int | None = None,
    stopwatch: Callable[[], float] = time.perf_counter,
) -> DriftResult:
    """Drift the particles of a seed for some hours; positions are kept every hour and at the end.

    `rng` fixes all that is random. `backward` mirrors the forward run (a quick look, no inversion).
    `opendrift_compat` takes positive crosswind leeway as left of the wind, as OpenDrift does; Allen & Plourde take it
    as right. `errors` off leaves out the residuals. `memory_hours` lets residuals wander with that correlation time;
    None freezes them for life, as the classic model does, which makes the cloud shrink when the wind turns back.
    Without `coast` nothing strands.

    Raises NotCovered when forcing or coast do not reach the place or the time, Malformed for a start that makes no
    sense.
    """
    options = Options(
        hours=hours, step_minutes=step_minutes, rng=rng, backward=backward, opendrift_compat=opendrift_compat,
        errors=errors, memory_hours=memory_hours, jibing=jibing,
    )  # fmt: skip
    check(seed, options)
    end = seed.time + timedelta(seconds=options.seconds * options.steps)
    forcing.require(lat=seed.lat, lon=seed.lon, start=seed.time, end=end)
    if coast:
        coast.require(seed.lat, seed.lon)
    laps = Laps.start(stopwatch)
    from tansiq.rescue.drift import kernels  # noqa: F401  # numba takes long to load: only a run pays, and counts it

    laps.end("kernels")
    workers = threads or os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        crew = Crew(pool, workers)
        particles = _seeded(seed, options, crew)
        laps.end("seed")
        fastest = _fastest(particles, forcing, options)
        box = _widened(particles, fastest * options.hours * 3600)
        ground = fields.prepare(forcing, box, grids.seconds(seed.time), grids.seconds(end))
        laps.end("forcing")
        shore = coast.window(box) if coast else CoastWindow.none()
        _put_to_sea(particles, shore)
        laps.end("coast")
        rows = _run(particles, Sea(ground, shore, fastest * 3600), options, grids.seconds(seed.time), crew)
        laps.end("drift")
    stranded, lost = _ends(particles)
    weight = particles.start.weight
    total = digest(rows.lon, rows.lat, stranded, weight)
    laps.end("digest")
    return DriftResult(
        seed=seed, times=_times(seed, options), lon=rows.lon, lat=rows.lat, stranded=stranded, lost=lost, weight=weight,
        object_class=np.array([number for number, _ in seed.classes], np.int16)[particles.start.which],
        forcing_used=forcing.used, coast=coast.name if coast else "", rng=rng, step_minutes=step_minutes,
        steps=options.steps, backward=backward, opendrift_compat=opendrift_compat, digest=total, seconds=laps.seconds,
    )  # fmt: skip


class Laps(Struct):
    """Wall time by phase."""

    stopwatch: Callable[[], float]
    mark: float
    seconds: dict[str, float]

    @classmethod
    def start(cls, stopwatch: Callable[[], float]) -> "Laps":
        """Begin now."""
        return cls(stopwatch, stopwatch(), {})

    def end(self, phase: str) -> None:
        """Write down the time since the last mark, and mark anew."""
        now = self.stopwatch()
        self.seconds[phase] = now - self.mark
        self.mark = now


class Crew(Struct, frozen=True):
    """Threads that each take a part of the particles."""

    pool: ThreadPoolExecutor
    workers: int

    def each(self, count: int, kernel: Callable[..., None], *arguments: Any) -> None:
        """Call the kernel on parts (begin, end) that together are 0 to count; whoever is free takes the next."""
        size = max(2048, -(-count // (8 * self.workers)))
        begins = iter(range(0, count, size))

        def work() -> None:
            for begin in begins:
                kernel(begin, min(begin + size, count), *arguments)

        others = [self.pool.submit(work) for _ in range(min(self.workers, -(-count // size)) - 1)]
        work()
        for done in others:
            done.result()


def check(seed: Seed, options: Options) -> None:
    """Raise Malformed unless this can be run."""
    seeds.check(seed)
    if not 0 < options.hours <= 24 * 366:
        raise Malformed(f"{options.hours:g} hours cannot be drifted.", "Take more than 0 hours and at most a year.")
    if not 0.1 <= options.step_minutes <= 60 or 60 % options.step_minutes > 1e-9:
        raise Malformed(
            f"A step of {options.step_minutes:g} minutes does not divide the hour.", "Take 10, or 5, or 15."
        )
    if abs(options.hours * 60 / options.step_minutes - options.steps) > 1e-6:
        raise Malformed(f"{options.hours:g} hours are no whole number of steps.", "Take whole hours.")
    if options.memory_hours is not None and not options.memory_hours > 0:
        raise Malformed("The memory of the residuals is not above 0 hours.", "Take 6, or leave it out.")
    if not 0 <= options.rng < 2**63:
        raise Malformed("The random seed is out of range.", "Take 0 to 9223372036854775807.")
    if seed.until is not None and seed.until > seed.time + timedelta(hours=options.hours):
        raise Malformed("The release ends after the run does.", "Take more hours, or an earlier end.")
    if options.backward and seed.until is not None:
        raise Malformed("A backward run starts at one moment.", "Leave out the end of the release.")


def _seeded(seed: Seed, options: Options, crew: Crew) -> Particles:
    from tansiq.rescue.drift import kernels  # numba takes its time: only a run needs it

    count = seed.particles
    which, side, _ = seeds.objects(seed)
    leeway, residual = np.empty((5, count), np.float32), np.empty((2, count), np.float32)
    jibe, streams = np.empty(count, np.int32), np.empty(count, np.uint64)
    unit = np.empty((2, count))
    crew.each(
        count, kernels.draw_objects, np.uint64(options.rng), seeds.coefficients(seed), which, side, options.errors,
        _jibe_rate(options), leeway, residual, jibe, streams, unit, seed.shape is seeds.Shape.DISC,
    )  # fmt: skip
    start = seeds.start(seed, unit, abs(options.seconds), np.random.Generator(np.random.Philox(options.rng)))
    state = np.where(start.release > 0, kernels.WAITING, kernels.AFLOAT).astype(np.int8)
    return Particles(
        start.lon.copy(), start.lat.copy(), state, np.full(count, -1, np.int32), leeway, residual, jibe, streams, start
    )


def _jibe_rate(options: Options) -> float:
    """The rate of jibing per step."""
    return float(JIBES_PER_HOUR * options.step_minutes / 60) if options.jibing else 0.0


def _fastest(particles: Particles, forcing: Forcing, options: Options) -> float:
    """A speed in m/s that no particle exceeds: the fastest water, and the most leeway in the strongest wind."""
    wind = fields.fastest(forcing.winds)
    slope, offset, across, across_error, across_offset = (float(np.abs(row).max()) for row in particles.leeway)
    if options.memory_hours is not None:  # residuals wander beyond where they began
        slope, offset, across_error, across_offset = (3 * part for part in (slope, offset, across_error, across_offset))
    leeway = np.hypot(slope * wind + offset, (across + across_error) * wind + across_offset)
    return 1.01 * float(fields.fastest(forcing.currents) + leeway) + 0.1


def _widened(particles: Particles, metres: float) -> fields.Box:
    """The box around all particles, wider by so many metres on each side."""
    high = metres / float(metres_per_degree(0.0)[0])
    south, north = max(-89.5, float(particles.lat.min()) - high), min(89.5, float(particles.lat.max()) + high)
    wide = metres / float(metres_per_degree(max(abs(south), abs(north)))[1])
    return float(particles.lon.min()) - wide, south, float(particles.lon.max()) + wide, north


def _put_to_sea(particles: Particles, shore: CoastWindow) -> None:
    """Move the seeds that lie on land to the nearest sea."""
    ashore = shore.land(particles.lat, particles.lon)
    if ashore.any():
        particles.lat[ashore], particles.lon[ashore] = shore.nearest_sea(particles.lat[ashore], particles.lon[ashore])


class Sea(Struct, frozen=True, eq=False):
    """What the particles move over: the forcing on one grid, the coast, and how far they can come in an hour."""

    fields: fields.RunFields
    shore: CoastWindow
    metres_per_hour: float


class Rows(Struct, frozen=True, eq=False):
    """The positions that are kept (hour, particle): at the start, every hour and the end."""

    lon: Singles
    lat: Singles


AT_ONCE = 6
"""Hours that threads go through between two waits for each other, where the fields of so many are small."""

SMALL = 64_000_000
"""Bytes of fields that are small."""


def _run(particles: Particles, sea: Sea, options: Options, start: float, crew: Crew) -> Rows:
    """Step through all hours."""
    from tansiq.rescue.drift import kernels

    count, per_hour = len(particles.lon), round(60 / options.step_minutes)
    hours = -(-options.steps // per_hour)
    rows = Rows(np.empty((hours + 1, count), np.float32), np.empty((hours + 1, count), np.float32))
    kernels.kept(count, 0, particles.lon, particles.lat, particles.state, rows.lon[0], rows.lat[0])
    hour = 0
    while hour < hours:
        if not ((particles.state == kernels.AFLOAT) | (particles.state == kernels.WAITING)).any():
            rows.lon[hour + 1 :], rows.lat[hour + 1 :] = particles.lon, particles.lat
            break
        at_once = _at_once(particles, sea, options, per_hour)
        steps = np.arange(hour * per_hour, min((hour + at_once) * per_hour, options.steps))
        _advance(particles, sea, options, start, steps, crew, Rows(rows.lon[hour + 1 :], rows.lat[hour + 1 :]))
        hour += at_once
    return rows


def _at_once(particles: Particles, sea: Sea, options: Options, per_hour: int) -> int:
    """How many hours to go through at once; one where residuals are renewed after each."""
    size = AT_ONCE * per_hour * sea.fields.size(_widened(particles, AT_ONCE * sea.metres_per_hour))
    return AT_ONCE if options.memory_hours is None and size <= SMALL else 1


def _advance(
    particles: Particles, sea: Sea, options: Options, start: float, steps: NDArray[np.int64], crew: Crew, rows: Rows
) -> None:
    """Take all particles through some steps, and keep where each hour ends."""
    from tansiq.rescue.drift import kernels

    count, per_hour = len(particles.lon), round(60 / options.step_minutes)
    box = _widened(particles, sea.metres_per_hour * len(steps) / per_hour)
    field, origin = sea.fields.steps(start + steps.astype(np.float64) * options.seconds, box)
    coast = sea.shore if sea.shore.near_box(box) else CoastWindow.none()  # on the open sea the look at land is spared
    crew.each(
        count, kernels.advance, particles.lon, particles.lat, particles.state, particles.ended, particles.leeway,
        particles.jibe, particles.streams, particles.start.release, field, origin, METRIC, int(steps[0]), per_hour,
        np.float32(options.seconds), np.float32(-1 if options.opendrift_compat else 1), _jibe_rate(options),
        coast.bits, coast.near, coast.frame, _long_steps(sea, options, box), rows.lon, rows.lat,
    )  # fmt: skip
    if options.memory_hours is not None:
        crew.each(
            count, kernels.renew_residuals, float(np.exp(-1 / options.memory_hours)), particles.start.coefficients,
            particles.start.which, particles.start.side, particles.leeway, particles.residual, particles.streams,
        )  # fmt: skip


def _long_steps(sea: Sea, options: Options, box: fields.Box) -> bool:
    """Whether a step may pass the squares of pixels around a particle that are known to be free of land."""
    _, per_lon = metres_per_degree(max(abs(box[1]), abs(box[3])))
    return bool(sea.metres_per_hour * options.step_minutes / 60 > 16 / sea.shore.frame[2] * per_lon)


def _metric() -> NDArray[np.float64]:
    """Degrees of latitude and of longitude per metre, every 0.05 degrees of latitude from the south pole."""
    lat = np.clip(np.arange(-90.0, 90.1, 0.05), -89.9, 89.9)
    return 1.0 / np.stack(metres_per_degree(lat))


METRIC = _metric()


def _ends(particles: Particles) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The step in which each particle stranded, and in which it left the forcing; -1 where it did not."""
    from tansiq.rescue.drift import kernels

    stranded, lost = (np.where(particles.state == end, particles.ended, -1) for end in (kernels.STRANDED, kernels.LOST))
    return stranded.astype(np.int32), lost.astype(np.int32)


def _times(seed: Seed, options: Options) -> tuple[datetime, ...]:
    """The moments of the rows of a result: the start, every hour and the end."""
    steps = [*range(0, options.steps, round(60 / options.step_minutes)), options.steps]
    return tuple(seed.time + timedelta(seconds=step * options.seconds) for step in steps)
