"""The coast: the regional file, its islets, windows, and what damaged files say."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.ground.errors import Malformed, NotCovered
from tansiq.sea import coast
from tansiq.sea.coast import CoastWindow
from tansiq.sea.geodesy import distances

LAND = {
    "Perejil": (35.9137, -5.4187),
    "Alboran": (35.9398, -3.0353),
    "Peñón de Vélez": (35.1728, -4.3007),
    "Alhucemas": (35.2135, -3.8895),
    "Chafarinas": (35.182, -2.43),
    "Isla de las Palomas, Tarifa": (36.0013, -5.61),
    "the Rock": (36.13, -5.345),
    "Ceuta": (35.889, -5.32),
    "Lanzarote": (29.0, -13.65),
    "Algiers": (36.75, 3.05),
}
SEA = {
    "the Strait": (35.95, -5.5),
    "the bay of Algeciras": (36.12, -5.4),
    "the Alboran sea": (35.95, -3.2),
    "off Dakhla": (27.0, -15.0),
    "off Algeria": (38.0, 6.0),
}


@pytest.fixture(scope="module")
def window() -> CoastWindow:
    return coast.regional().window((-19.0, 26.0, 9.0, 40.0))


@pytest.mark.parametrize("place", [*LAND, *SEA])
def test_places_known_to_every_sailor(place: str, window: CoastWindow) -> None:
    lat, lon = LAND.get(place) or SEA[place]

    assert window.land(np.array([lat]), np.array([lon]))[0] == (place in LAND)


def test_a_window_agrees_with_the_whole(window: CoastWindow) -> None:
    part = coast.regional().window((-6.5, 35.2, -4.2, 36.7))
    rng = np.random.default_rng(1)
    lat, lon = rng.uniform(35, 37, 20_000), rng.uniform(-7, -4, 20_000)

    assert (part.land(lat, lon) == window.land(lat, lon)).all()
    assert part.near_box((-5.6, 35.9, -5.5, 36.0))
    assert not coast.regional().window((-13, 34, -11, 36)).near_box((-12.9, 34.1, -12.5, 35))


def test_near_squares_hold_all_land_within_sixteen_pixels(window: CoastWindow) -> None:
    rng = np.random.default_rng(2)
    lat, lon = rng.uniform(35.7, 36.3, 5000), rng.uniform(-6, -5, 5000)
    away = rng.uniform(-0.0159, 0.0159, (2, 5000))
    land = window.land(lat + away[0], lon + away[1])
    row, column = ((lat - 26) * 1000 // 16).astype(int), ((lon + 19) * 1000 // 16).astype(int)

    assert window.near[row, column][land].all()


def test_seeds_on_land_move_to_the_nearest_sea(window: CoastWindow) -> None:
    lat, lon = np.array([36.13, 35.9398]), np.array([-5.345, -3.0353])
    to_lat, to_lon = window.nearest_sea(lat, lon)

    assert not window.land(to_lat, to_lon).any()
    assert (distances(lat, lon, to_lat, to_lon) < 1500).all()


def test_an_inland_start_searches_far_and_an_ocean_of_land_is_refused(window: CoastWindow) -> None:
    inland = coast.regional().window((-5.0, 33.2, -4.0, 35.5))
    lat, _ = inland.nearest_sea(np.array([33.5]), np.array([-4.5]))
    assert lat[0] > 35.0

    solid = CoastWindow.of(np.full((1000, 125), 255, np.uint8), 0, 0)
    with pytest.raises(NotCovered, match="no sea"):
        solid.nearest_sea(np.array([0.5]), np.array([0.5]))


def test_places_beyond_the_file_are_not_covered() -> None:
    coast.regional().require(38.0, 6.0)
    with pytest.raises(NotCovered, match="coast cut"):
        coast.regional().require(60.0, 5.0)


def test_no_coast_has_no_land() -> None:
    assert not CoastWindow.none().land(np.array([36.13]), np.array([-5.345])).any()
    assert not coast.regional().window((100, 0, 101, 1)).bits.size


def test_a_coast_file_reads_back_as_it_was_written() -> None:
    whole = coast.regional()
    again = coast.decoded(coast.encoded(whole))

    assert (again.kinds == whole.kinds).all()
    assert again.tiles == whole.tiles


@given(st.binary(max_size=200), st.integers(0, 91_000))
def test_damaged_files_are_malformed(noise: bytes, at: int) -> None:
    whole = coast.encoded(coast.regional())
    for broken in (noise, whole[:at], coast.MAGIC + noise, whole + noise + b"x"):
        with pytest.raises(Malformed):
            coast.decoded(broken)


def test_a_damaged_tile_is_malformed() -> None:
    for broken in (b"", b"noise", coast.packed(np.zeros((10, 125), np.uint8))):
        with pytest.raises(Malformed):
            coast.unpacked(broken)


def test_the_map_s_coast_is_small_and_whole() -> None:
    data = coast.coast_geojson()
    shapes = json.loads(data)["features"][0]["geometry"]["coordinates"]

    assert len(data) < 400_000
    assert len(shapes) > 200
    assert all(ring[0] == ring[-1] and len(ring) >= 4 for shape in shapes for ring in shape)
    assert "OpenStreetMap" in coast.attribution()
