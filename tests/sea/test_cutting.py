"""Cutting coasts from polygons: pixels, islets, clipping and simplification."""

import json
import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.ground.errors import Malformed
from tansiq.sea import coast, cutting


def ring(*corners: tuple[float, float]) -> np.ndarray:
    return np.array([*corners, corners[0]], dtype=float)


SQUARE = ring((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
LAKE = ring((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))
ISLET = ring((0.1, 0.1), (0.1003, 0.1), (0.1003, 0.1003))
BEYOND = ring((0.9, -0.5), (1.5, -0.5), (1.5, 1.5), (0.9, 1.5))


def multipolygon(*shapes: list[np.ndarray]) -> bytes:
    """Well-known binary as the land package holds it."""
    data = struct.pack("<BII", 1, 6, len(shapes))
    for shape in shapes:
        data += struct.pack("<BII", 1, 3, len(shape))
        for points in shape:
            data += struct.pack("<I", len(points)) + points.astype("<f8").tobytes()
    return data


def test_land_lakes_and_islets_come_out_as_pixels() -> None:
    land = cutting.polygons(multipolygon([SQUARE, LAKE], [ISLET], [ring((5, 5), (6, 5), (6, 6))]), (0, 0, 1, 1))
    assert len(land) == 2

    cut = cutting.cut([*land, [BEYOND]], (0, 0, 2, 1), "test", "nowhere")
    window = cut.window((0, 0, 2, 1))
    stories = {
        "land": (0.3, 0.3, True), "lake": (0.5, 0.5, False), "sea": (0.2, 0.5, False), "islet": (0.1001, 0.1001, True),
        "a shape that leaves the box": (0.95, 0.5, True), "the next tile": (1.2, 0.5, True),
        "its far side": (1.6, 0.5, False),
    }  # fmt: skip
    for story, (lon, lat, land_there) in stories.items():
        assert window.land(np.array([lat]), np.array([lon]))[0] == land_there, story
    bits = np.unpackbits(window.bits, axis=1)
    assert abs(int(bits[:, :850].sum()) - (500 * 500 - 200 * 200)) <= 3


def test_a_file_of_whole_tiles_is_a_few_bytes() -> None:
    everywhere = ring((-1, -1), (3, -1), (3, 3), (-1, 3))
    cut = cutting.cut([[everywhere]], (0, 0, 2, 2), "land", "nowhere")

    assert not cut.tiles
    assert len(coast.encoded(cut)) < 250


def test_the_map_clips_simplifies_and_leaves_small_islets_out() -> None:
    document = json.loads(cutting.geojson([[SQUARE, LAKE], [ISLET], [BEYOND]], (0, 0, 1, 1), "nowhere"))
    shapes = document["features"][0]["geometry"]["coordinates"]

    assert [len(shape) for shape in shapes] == [2, 1]
    assert max(lon for lon, _ in shapes[1][0]) == 1.0
    assert len(shapes[0][0]) == 5


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40), st.floats(0.001, 0.2))
def test_a_simplified_line_keeps_its_ends_and_stays_near(points: list[tuple[float, float]], tolerance: float) -> None:
    line = np.array(points)
    kept = cutting.simplified(line, tolerance)

    assert kept[0].tolist() == line[0].tolist()
    assert kept[-1].tolist() == line[-1].tolist()
    for point in line:
        assert min(_apart(point, a, b) for a, b in pairwise(kept)) <= tolerance * 1.001


def _apart(point: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """How far a point lies from the line through a and b, or from a where they are one."""
    along = b - a
    length = float(np.hypot(*along))
    if length == 0:
        return float(np.hypot(*(point - a)))
    return float(abs(along[0] * (point - a)[1] - along[1] * (point - a)[0])) / length


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (-200, 0, 0, 1), (5, 5, 4, 6)])
def test_an_empty_box_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(Malformed):
        cutting.cut([], box, "none", "nowhere")
    with pytest.raises(Malformed):
        cutting.polygons(b"\x00" * 20, box)
