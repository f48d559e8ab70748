"""From a drift run and a unit to a search that can be ordered: rectangle, waypoints, times, coverage, POD and POS.

Searches that were flown before are first taken off the weights, with the particles where they were at that time.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tansiq.rescue.search import belief, legs, planner
from tansiq.rescue.search.detection import ON_LEGS, Law, coverage, pod
from tansiq.rescue.search.field import Field, Tracks, field
from tansiq.rescue.search.rectangle import Able, Sortie, pods, searched
from tansiq.rescue.search.sweep import sweep_width
from tansiq.rescue.values import Platform, Search, SearchPlan, SearchUnit

SPACINGS: dict[Platform, tuple[float, float]] = {
    Platform.VESSEL: (200.0, 11_000.0),
    Platform.HELICOPTER: (400.0, 11_000.0),
    Platform.FIXED_WING: (600.0, 15_000.0),
}
"""The smallest track spacing (m) that a platform keeps, and the largest that still makes a search."""
VARIANTS = 4_000
"""Particles on which the eight variants of the legs are compared."""


def plan(
    tracks: Tracks, unit: SearchUnit, *, flown: Sequence[Search], not_before: datetime, rng: np.random.Generator
) -> SearchPlan | None:
    """The best search for one unit; none when it cannot be on scene before the run or its endurance ends.

    Raises NotCovered when the drift run ends before the unit is ready.
    """
    start = max(unit.available_at, not_before, tracks.start)
    ready = max(unit.available_at, not_before)
    left = unit.endurance_hours * 3600
    around = field(tracks._replace(weight=posterior(tracks, flown)), start=start, end=ready + timedelta(seconds=left))
    able = _able(around, unit, ready)
    chosen = planner.plan(around, able, rng=rng)
    if chosen is None:
        return None
    track = legs.best(around.sample(VARIANTS, rng), chosen, able.width)
    return _planned(around, able, track)


def posterior(tracks: Tracks, flown: Sequence[Search]) -> NDArray[np.float64]:
    """The weights of the particles after searches that found nothing, each against the particles of its own time."""
    weight = tracks.weight
    for search in flown:
        weight = belief.after(weight, pods_of(tracks, search))
    return weight


def pods_of(tracks: Tracks, search: Search) -> NDArray[np.float64]:
    """POD of every particle in a search that was planned and flown, random search; 0 where the run does not reach."""
    last = tracks.start + timedelta(hours=tracks.lon.shape[0] - 1)
    begin, end = max(search.start, tracks.start), min(search.end, last)
    if end - begin < timedelta(minutes=10):
        return np.zeros(tracks.lon.shape[1])
    around = field(tracks, start=begin, end=end)
    x, y = around.plane.flat(search.lat, search.lon)
    seconds = searched(around, around.seconds_at(search.start), around.seconds_at(search.end), night=search.unit.night)
    widths = dict(search.sweep_widths)
    width = np.array([widths.get(each, search.sweep_width_m) for each in around.classes])
    area = search.length_m * search.width_m
    rate = width * ON_LEGS * search.unit.search_speed / area
    shape = Sortie(
        x=float(x),
        y=float(y),
        length=search.length_m,
        width=search.width_m,
        angle=math.radians(90 - search.bearing),
        spacing=search.track_spacing_m,
        arrive=0.0,
        leave=around.horizon,
        seconds=seconds.astype(np.float32),
        rate=rate,
    )
    return pods(around, shape)


def _able(around: Field, unit: SearchUnit, ready: datetime) -> Able:
    """What the unit can do, on the field's plane."""
    x, y = around.plane.flat(unit.lat, unit.lon)
    least, largest = SPACINGS[unit.platform]
    return Able(
        x=float(x),
        y=float(y),
        ready=around.seconds_at(ready),
        transit_speed=unit.transit_speed,
        search_speed=unit.search_speed,
        endurance=unit.endurance_hours * 3600,
        least_spacing=least,
        largest_spacing=largest,
        night=unit.night,
        width=np.array([_width(each, unit) for each in around.classes]),
    )


def _width(object_class: int, unit: SearchUnit) -> float:
    """The unit's sweep width (m) for one leeway class."""
    return sweep_width(
        object_class=object_class,
        platform=unit.platform,
        height_m=unit.height_m,
        visibility_m=unit.visibility_m,
        speed=unit.search_speed,
        weather=unit.weather,
        tired=unit.tired,
    )


def _planned(around: Field, able: Able, track: legs.Pattern) -> SearchPlan:
    """The plan in degrees and clock times, with its figures on every particle of the field."""
    chosen = track.plan
    likely = float(np.bincount(around.kind, around.weight, len(around.classes)) @ able.width / around.weight.sum())
    covered = coverage(sweep_width=likely, speed=ON_LEGS * able.search_speed, time=chosen.searched, area=chosen.area)
    cautious = pods(around, chosen)
    lat, lon = around.plane.round(chosen.x, chosen.y)
    return SearchPlan(
        corners=_degrees(around, _corners(chosen)),
        waypoints=_degrees(around, track.points),
        lat=float(lat),
        lon=float(lon),
        length_m=chosen.length,
        width_m=chosen.width,
        bearing=(90 - math.degrees(chosen.angle)) % 180,
        track_spacing_m=track.spacing,
        legs=track.legs,
        sweep_width_m=likely,
        sweep_widths=tuple(zip(around.classes, able.width.tolist(), strict=True)),
        coverage=covered,
        pod=float(pod(covered)),
        pos=belief.success(around.weight, cautious),
        ideal_pos=belief.success(around.weight, pods(around, chosen, Law.INVERSE_CUBE)),
        cumulative_pos=belief.cumulative_success(belief.after(around.weight, cautious)),
        start=around.start + timedelta(seconds=round(chosen.arrive)),
        end=around.start + timedelta(seconds=round(chosen.leave)),
    )


def _corners(chosen: Sortie) -> NDArray[np.float64]:
    """The four corners (m), round the rectangle."""
    cosine, sine = math.cos(chosen.angle), math.sin(chosen.angle)
    u = np.array([1, -1, -1, 1]) * chosen.length / 2
    v = np.array([1, 1, -1, -1]) * chosen.width / 2
    return np.stack([chosen.x + u * cosine - v * sine, chosen.y + u * sine + v * cosine], axis=1)


def _degrees(around: Field, points: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Points (m) as (latitude, longitude), to the sixth decimal (0.1 m)."""
    lat, lon = around.plane.round(points[:, 0], points[:, 1])
    return tuple((round(float(a), 6), round(float(b), 6)) for a, b in zip(lat, lon, strict=True))
