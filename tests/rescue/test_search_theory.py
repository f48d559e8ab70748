"""The theory of search against its published numbers: POD laws, effort, updates, sweep widths, the plane, daylight."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from tansiq.ground.errors import Malformed
from tansiq.rescue.search import belief, daylight, effort, sweep
from tansiq.rescue.search.detection import Law, coverage, pod
from tansiq.rescue.search.plane import Plane
from tansiq.rescue.values import Platform, Weather
from tansiq.sea.units import KNOT, NAUTICAL_MILE

PODS = {Law.RANDOM: 0.6321, Law.INVERSE_CUBE: 0.7899, Law.DEFINITE: 1.0}
"""IAMSAR Manual volume II, figure N-10, at coverage 1."""


@pytest.mark.parametrize(("law", "expected"), PODS.items(), ids=[law.name for law in PODS])
def test_pod_at_coverage_one(law: Law, expected: float) -> None:
    assert pod(1.0, law) == pytest.approx(expected, abs=5e-5)


@given(st.floats(0, 20), st.floats(0, 20), st.sampled_from(Law))
def test_more_coverage_never_detects_less(one: float, more: float, law: Law) -> None:
    assert 0 <= pod(one, law) <= pod(one + more, law) <= 1


def test_coverage_is_swept_area_over_area() -> None:
    assert coverage(sweep_width=1000, speed=10, time=3600, area=36e6) == 1


ALLOCATIONS = {
    "one cell is worth two others": ((1, 4, 12, 8), (8, 4, 1, 2), 0.05, (0, 0.033333, 0, 0.016667)),
    "the first cell takes most": ((4, 1, 1, 12), (4, 2, 8, 1), 0.10, (0.09298, 0, 0, 0.00702)),
    "all three are used": ((9, 3, 6), (2, 4, 2), 0.20, (0.073224, 0.084517, 0.042259)),
}
"""Charnes and Cooper (1958): effectiveness, probability, total, allocation."""


@pytest.mark.parametrize("story", ALLOCATIONS.values(), ids=ALLOCATIONS.keys())
def test_effort_is_allocated_as_published(story: tuple[tuple[float, ...], tuple[float, ...], float, object]) -> None:
    effectiveness, probability, total, expected = story

    found = effort.allocate(probability=probability, effectiveness=effectiveness, total=total)

    assert found == pytest.approx(expected, abs=6e-6)
    assert found.sum() == pytest.approx(total)


def test_the_ideal_search_of_a_circular_normal() -> None:
    found = [effort.circular_normal(effort=z * np.pi * 100, sigma=10).success for z in (0.25, 0.5, 1, 2, 4, 9)]

    assert found == pytest.approx([0.0902, 0.1583, 0.2642, 0.4131, 0.5940, 0.8009], abs=5e-5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_what_a_search_finds_leaves_the_weights(one: list[float], two: list[float]) -> None:
    size = min(len(one), len(two))
    weight = belief.uniform(size)
    first, second = np.array(one[:size]), np.array(two[:size])

    rest = belief.after(belief.after(weight, first), second)

    again = belief.success(belief.after(weight, first), second)
    assert belief.cumulative_success(rest) == pytest.approx(belief.success(weight, first) + again)
    assert (rest >= 0).all()


def width(**changes: object) -> float:
    """A sweep width in nautical miles; by default of a person, from a helicopter at 500 ft."""
    usual = {
        "object_class": 1, "platform": Platform.HELICOPTER, "height_m": 152.4, "visibility_m": 20 * NAUTICAL_MILE,
        "speed": 90 * KNOT, "weather": Weather.GOOD, "tired": False,
    }  # fmt: skip
    return sweep.sweep_width(**usual | changes) / NAUTICAL_MILE


WIDTHS = {
    "a person from a helicopter": ({}, 0.1),
    "a person from a slower helicopter": ({"speed": 60 * KNOT}, 0.15),
    "a person in a fresh wind": ({"weather": Weather.FAIR}, 0.05),
    "a person in a near gale": ({"weather": Weather.POOR}, 0.025),
    "a person, by a tired crew": ({"tired": True}, 0.09),
    "a raft from a helicopter": ({"object_class": 27}, 3.5),
    "a fishing vessel in a near gale": ({"object_class": 50, "weather": Weather.POOR}, 14.7 * 0.9),
    "a raft from a lifeboat": ({"object_class": 27, "platform": Platform.VESSEL, "height_m": 14 * 0.3048}, 6.0),
    "a raft in half the visibility": ({"object_class": 27, "visibility_m": 10 * NAUTICAL_MILE}, 2.7),
}


@pytest.mark.parametrize("story", WIDTHS.values(), ids=WIDTHS.keys())
def test_sweep_widths_and_their_corrections(story: tuple[dict[str, object], float]) -> None:
    changes, expected = story

    assert width(**changes) == pytest.approx(expected)


def test_every_leeway_class_has_a_sweep_width_from_every_platform() -> None:
    for object_class in range(1, 86):
        for platform in Platform:
            assert width(object_class=object_class, platform=platform) > 0


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists, max_leaves=5).map(lambda x: str(x).encode()))
def test_a_file_that_is_no_table_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        sweep.read_tables(content)


def test_the_plane_keeps_distances_and_directions_from_its_point() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-100_000, 100_000, (2, 500))

    lat, lon = Plane(36.0, -5.5).round(x, y)

    azimuth, _, distance = Geod(ellps="WGS84").inv(np.full(500, -5.5), np.full(500, 36.0), lon, lat)
    assert distance * np.sin(np.radians(azimuth)) == pytest.approx(x, abs=1.5)
    assert distance * np.cos(np.radians(azimuth)) == pytest.approx(y, abs=1.5)


@pytest.mark.parametrize("lon", [-5.5, 179.9, -179.9])
def test_the_plane_goes_there_and_back_across_the_date_line(lon: float) -> None:
    plane = Plane(-20.0, lon)
    x, y = np.array([-40_000.0, 0.0, 40_000.0]), np.array([30_000.0, 0.0, -30_000.0])

    back = plane.flat(*plane.round(x, y))

    assert back[0] == pytest.approx(x, abs=1e-3)
    assert back[1] == pytest.approx(y, abs=1e-3)


SUNS = {
    "noon at midsummer in the Strait": (35.95, -5.6, datetime(2025, 6, 21, 12, 24, tzinfo=UTC), 77.5),
    "midnight at midsummer in the Strait": (35.95, -5.6, datetime(2025, 6, 21, 0, 24, tzinfo=UTC), -30.6),
    "noon at the equinox on the equator": (0.0, 0.0, datetime(2025, 3, 20, 12, 7, tzinfo=UTC), 89.9),
}


@pytest.mark.parametrize("story", SUNS.values(), ids=SUNS.keys())
def test_the_sun(story: tuple[float, float, datetime, float]) -> None:
    lat, lon, at, expected = story

    assert daylight.sun_altitude(lat, lon, at) == pytest.approx(expected, abs=0.3)
