"""Space-time grids: interpolation, missing cells, and filling at the coast."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.sea import grids
from tansiq.sea.grids import VectorGrid


def plane(lon: np.ndarray, lat: np.ndarray) -> VectorGrid:
    """A field that bilinear interpolation must reproduce: u = lon + 2 lat, v = lon lat."""
    longitudes, latitudes = np.meshgrid(lon, lat)
    east, north = longitudes + 2 * latitudes, longitudes * latitudes
    return VectorGrid(lon, lat, np.array([0.0]), east[None].astype(np.float32), north[None].astype(np.float32))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9, unique=True), st.floats(0, 1))
def test_bilinear_fields_are_kept_on_uneven_axes(places: list[float], at: float) -> None:
    lon = np.array([0.0, 0.1, 0.4, 1.0])
    there = grids.regridded(plane(lon, np.array([0.0, 0.5, 1.0])), np.sort(np.array(places)), np.array([at, at]))

    assert there.east[0, 0] == pytest.approx(np.sort(places) + 2 * at, abs=1e-5)
    assert there.north[0, 0] == pytest.approx(np.sort(places) * at, abs=1e-5)


def test_outside_the_grid_there_is_nothing() -> None:
    axis = np.array([0.0, 1.0])
    there = grids.regridded(plane(axis, axis), np.array([-0.1, 0.5, 1.1]), np.array([0.5, 0.5]))

    assert np.isnan(there.east[0, 0]).tolist() == [True, False, True]


def test_a_missing_corner_of_no_weight_does_no_harm() -> None:
    axis = np.array([0.0, 1.0, 2.0])
    grid = plane(axis, axis)
    grid.east[0, 2, 2] = np.nan
    there = grids.regridded(grid, np.array([1.0, 1.5]), np.array([1.0, 1.5]))

    assert there.east[0, 0, 0] == 3.0
    assert np.isnan(there.east[0, 1, 1])


def test_the_coast_is_filled_with_the_mean_of_what_is_beside_it() -> None:
    axis = np.arange(5.0)
    grid = plane(axis, axis)
    grid.east[0, :, 2:] = np.nan
    grid.east[0, :, :2] = [1.0, 3.0]
    full = grids.filled(grid, rings=2)

    assert full.east[0, 2].tolist()[:4] == [1.0, 3.0, 3.0, 3.0]
    assert np.isnan(full.east[0, 2, 4])
    assert np.isnan(grid.east[0, 2, 2]), "the grid itself is left as it was"


def test_a_constant_covers_the_earth_and_all_times() -> None:
    grid = grids.constant(0.5, -0.25)

    assert grid.holds(-89.0, 179.0)
    assert grid.covers(0.0, 4e9)
