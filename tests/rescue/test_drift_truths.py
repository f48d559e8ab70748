"""Drift against closed forms: where constant wind and current take a particle, to one metre over 48 hours."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from tansiq.rescue.classes import object_class
from tansiq.rescue.drift import Seed, simulate
from tansiq.rescue.forcing import Forcing
from tansiq.sea.geodesy import ECCENTRICITY_2, destination, distances

START = datetime(2026, 3, 1, tzinfo=UTC)

STORIES = {
    "water alone": (36.0, -5.5, (0.4, 0.3), (0.0, 0.0)),
    "wind alone": (36.0, -5.5, (0.0, 0.0), (6.0, 8.0)),
    "wind against water": (28.2, -16.0, (0.9, -0.5), (-12.0, 7.0)),
    "due east": (38.0, 6.0, (1.0, 0.0), (0.0, 0.0)),
    "due south": (38.0, 6.0, (0.0, -1.0), (0.0, 0.0)),
}


def rhumb_end(lat: float, lon: float, east: float, north: float, seconds: float) -> tuple[float, float]:
    """Where a constant velocity leads: along the meridian exactly, east by isometric latitude (Snyder 3-7)."""
    end = destination(lat, lon, 0.0, north * seconds)[0]
    if abs(north) < 1e-9:
        parallel = (
            6378137.0 * math.cos(math.radians(lat)) / math.sqrt(1 - ECCENTRICITY_2 * math.sin(math.radians(lat)) ** 2)
        )
        return lat, lon + math.degrees(east * seconds / parallel)
    return end, lon + math.degrees(east / north * (isometric(end) - isometric(lat)))


def isometric(lat: float) -> float:
    phi, e = math.radians(lat), math.sqrt(ECCENTRICITY_2)
    return math.atanh(math.sin(phi)) - e * math.atanh(e * math.sin(phi))


def velocity(current: tuple[float, float], wind: tuple[float, float], side: int) -> tuple[float, float]:
    """The leeway equations of Breivik & Allen (2008) without residuals, for class 27; side +1 is right of the wind."""
    kind = object_class(27)
    crosswind = kind.right if side > 0 else kind.left
    speed = math.hypot(*wind)
    if speed == 0:
        return current
    down = (kind.downwind.slope * speed + kind.downwind.offset) / 100
    across = (crosswind.slope * speed + crosswind.offset) / 100
    ahead = (wind[0] / speed, wind[1] / speed)
    return (
        current[0] + down * ahead[0] + across * ahead[1],
        current[1] + down * ahead[1] - across * ahead[0],
    )


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("backward", [False, True])
def test_constant_forcing_ends_where_the_closed_form_says(story: str, backward: bool) -> None:
    lat, lon, current, wind = STORIES[story]
    seed = Seed(lat=lat, lon=lon, time=START, classes=((27, 1.0),), particles=2)

    result = simulate(
        seed=seed, forcing=Forcing.constant(current, wind), hours=48, errors=False, jibing=False, backward=backward
    )

    for particle, side in ((0, 1), (1, -1)):
        east, north = velocity(current, wind, side)
        truth = rhumb_end(lat, lon, east, north, 48 * 3600 * (-1 if backward else 1))
        apart = distances(*(np.array([x]) for x in (*truth, result.lat[-1, particle], result.lon[-1, particle])))
        assert apart[0] < 1.0


def test_positive_crosswind_goes_right_of_the_wind_and_left_as_opendrift_has_it() -> None:
    seed = Seed(lat=36.0, lon=-5.5, time=START, classes=((27, 1.0),), particles=2)
    northward = Forcing.constant((0.0, 0.0), (0.0, 10.0))

    physical = simulate(seed=seed, forcing=northward, hours=12, errors=False, jibing=False)
    compat = simulate(seed=seed, forcing=northward, hours=12, errors=False, jibing=False, opendrift_compat=True)

    assert physical.lon[-1, 0] > -5.5 > physical.lon[-1, 1]
    assert compat.lon[-1, 0] < -5.5 < compat.lon[-1, 1]


def test_one_seed_gives_one_digest_whatever_the_threads() -> None:
    seed = Seed(lat=36.0, lon=-5.5, time=START, classes=((27, 2.0), (76, 1.0)), radius_m=2000, particles=5000)
    forcing = Forcing.constant((0.3, 0.1), (5.0, 5.0))

    digests = {simulate(seed=seed, forcing=forcing, hours=6, rng=7, threads=threads).digest for threads in (1, 2, 5)}

    assert len(digests) == 1
    assert simulate(seed=seed, forcing=forcing, hours=6, rng=8).digest not in digests
