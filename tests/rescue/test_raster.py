"""Probability rasters: weights, areas of half and nine tenths, and their outlines."""

from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tansiq.ground.errors import Malformed
from tansiq.rescue.drift import DriftResult, Seed, probability_raster, simulate
from tansiq.rescue.drift.raster import ProbabilityRaster
from tansiq.rescue.forcing import Forcing

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def result() -> DriftResult:
    """A circular normal of 5 km, drifting without errors."""
    seed = Seed(lat=35.9, lon=-4.5, time=START, classes=((67, 1.0),), particles=200_000, radius_m=5000)
    return simulate(seed=seed, forcing=Forcing.constant((0.3, 0.0), (0, 0)), hours=2)


def test_cells_hold_all_weight(result: DriftResult) -> None:
    raster = probability_raster(result, 2, 500)

    assert raster.cells.sum(dtype=float) == pytest.approx(1.0, abs=1e-5)
    assert raster.inside == pytest.approx(1.0, abs=1e-5)
    assert raster.afloat == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_areas_of_a_circular_normal_are_known(share: float, result: DriftResult) -> None:
    """The densest area with a share P is 2 pi s^2 ln 1/(1 - P)."""
    raster = probability_raster(result, 1, 500)

    assert raster.cells[raster.containing(share)].sum() == pytest.approx(share, abs=0.01)
    assert raster.area_m2(share) == pytest.approx(-2 * np.pi * 5000**2 * np.log(1 - share), rel=0.03)


def test_other_weights_move_the_probability(result: DriftResult) -> None:
    east = result.lon[0] > -4.5
    weights = (result.weight * np.where(east, 0.25, 1.0)).astype(np.float32)
    raster = probability_raster(result, 0, 500, weights=weights)
    lon = raster.west + np.arange(raster.cells.shape[1]) * raster.lon_step

    assert raster.inside == pytest.approx(0.625, abs=0.005)
    assert raster.cells[:, lon > -4.5].sum() / raster.inside == pytest.approx(0.2, abs=0.01)


def test_stranded_particles_count_only_when_asked(result: DriftResult) -> None:
    half = np.where(np.arange(result.lon.shape[1]) % 2 == 0, 3, -1).astype(np.int32)
    partly = msgspec.structs.replace(result, stranded=half)

    assert probability_raster(partly, 2, 1000).inside == pytest.approx(0.5, abs=1e-4)
    assert probability_raster(partly, 2, 1000, ashore=True).inside == pytest.approx(1.0, abs=1e-4)
    assert probability_raster(partly, 0, 1000).afloat == pytest.approx(1.0, abs=1e-4)
    with pytest.raises(Malformed, match="afloat"):
        probability_raster(msgspec.structs.replace(result, stranded=np.zeros_like(half)), 1, 1000)


@pytest.mark.parametrize(("hour", "cell"), [(3, 1000.0), (-1, 1000.0), (1, 1.0)])
def test_hours_and_cells_out_of_range_are_malformed(hour: int, cell: float, result: DriftResult) -> None:
    with pytest.raises(Malformed):
        probability_raster(result, hour, cell)


def signed_area(ring: list[tuple[float, float]]) -> float:
    points = np.array(ring)
    return float(np.sum(points[:-1, 0] * points[1:, 1] - points[1:, 0] * points[:-1, 1])) / 2


@given(arrays(np.int8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 1)))
def test_outlines_enclose_exactly_their_cells(cells: np.ndarray) -> None:
    """Outer rings run anticlockwise and holes clockwise, so their areas sum to the number of cells."""
    raster = ProbabilityRaster(0.0, 0.0, 1.0, 1.0, cells.astype(np.float32), 1.0, 1.0)
    rings = raster.contour(1.0) if cells.any() else []

    assert sum(map(signed_area, rings)) == cells.sum()
    for ring in rings:
        assert ring[0] == ring[-1]
        assert len(set(ring)) == len(ring) - 1 or len(ring) > 5
