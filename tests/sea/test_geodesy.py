"""Geodesics and the local metric against published figures."""

import numpy as np
import pytest

from tansiq.sea import geodesy, units


def test_a_degree_measures_what_the_ellipsoid_says() -> None:
    north, east = geodesy.metres_per_degree(np.array([0.0, 45.0, 90.0]))

    assert north == pytest.approx([110574.28, 111131.75, 111693.98], abs=0.05)
    assert east == pytest.approx([111319.49, 78846.81, 0.0], abs=0.05)


def test_there_and_back_along_a_geodesic() -> None:
    lat, lon = geodesy.destination(35.9, -5.5, 65.0, 30_000)
    there = geodesy.leg(35.9, -5.5, lat, lon)

    assert there.distance == pytest.approx(30_000, abs=1e-6)
    assert there.bearing == pytest.approx(65.0, abs=1e-9)


def test_the_local_plane_is_near_enough_within_a_hundred_kilometres() -> None:
    lat, lon = geodesy.destination(36.0, -5.0, 40.0, 100_000)
    east, north = geodesy.local(np.array([lat]), np.array([lon]), 36.0, -5.0)

    assert np.hypot(east, north)[0] == pytest.approx(100_000, rel=0.007)


def test_knots() -> None:
    assert units.knots(1.0) == pytest.approx(1.943844)
