"""Cut a coast file, and a coast for the map, from the world's land polygons.

The polygons are those of OpenStreetMap (or GSHHG) inside the optional package `roaring-landmask`, as well-known
binary (OGC 06-103r4, section 8). A pixel is land when its middle is (even-odd rule); an islet smaller than two pixels
takes the pixels of its corners, so that none is lost. Lines for the map are clipped after Sutherland & Hodgman (CACM
17, 1974) and simplified after Douglas & Peucker (1973).
"""

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tansiq.ground.errors import Malformed, Unready
from tansiq.sea import coast
from tansiq.sea.coast import LAND, MIXED, PIXELS, ROW_BYTES, SEA, Box, Coast

Ring = NDArray[np.float64]
"""Corners (lon, lat), the last equal to the first."""

SOURCES = {
    "osm": "OpenStreetMap contributors, ODbL 1.0, through roaring-landmask",
    "gshhg": "GSHHG (Wessel & Smith 1996), LGPL 3, through roaring-landmask",
}

METRES_PER_DEGREE = 111_000.0


def world(source: str) -> bytes:
    """The world's land polygons of a source ("osm" or "gshhg"); raises Unready without the extra package."""
    try:
        from roaring_landmask import LandmaskProvider, Shapes
    except ImportError as error:
        raise Unready("Cutting a coast needs the package roaring-landmask.", "Install tansiq[coast].") from error
    return bytes(Shapes.wkb(LandmaskProvider.Osm if source == "osm" else LandmaskProvider.Gshhg))


def polygons(wkb: bytes, box: Box) -> list[list[Ring]]:
    """The polygons of a well-known binary multipolygon that touch a box, as rings: the outer one first."""
    west, south, east, north = box
    found = []
    for rings in _each_polygon(wkb):
        low, high = rings[0].min(axis=0), rings[0].max(axis=0)
        if high[0] >= west and low[0] <= east and high[1] >= south and low[1] <= north:
            found.append(rings)
    return found


def _each_polygon(wkb: bytes) -> Iterator[list[Ring]]:
    order, kind, count = struct.unpack_from("<BII", wkb)
    if order != 1 or kind != 6:
        raise Malformed(
            "The land polygons are no little-endian multipolygon.", "Use another version of roaring-landmask."
        )
    at = 9
    for _ in range(count):
        rings: list[Ring] = []
        (ring_count,) = struct.unpack_from("<I", wkb, at + 5)
        at += 9
        for _ in range(ring_count):
            (points,) = struct.unpack_from("<I", wkb, at)
            rings.append(np.frombuffer(wkb, "<f8", 2 * points, at + 4).reshape(-1, 2))
            at += 4 + 16 * points
        yield rings


def cut(land: list[list[Ring]], box: Box, name: str, source: str) -> Coast:
    """The coast file of a box, whose sides are widened to whole degrees."""
    west, south = int(np.floor(box[0])), int(np.floor(box[1]))
    east, north = int(np.ceil(box[2])), int(np.ceil(box[3]))
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise Malformed("The box is empty or leaves the earth.", "Give west,south,east,north in degrees.")
    rings = [ring for rings in land for ring in rings]
    kinds = np.zeros((north - south, east - west), np.uint8)
    tiles: dict[tuple[int, int], bytes] = {}
    for lat in range(south, north):
        strip = _strip(rings, lat, west, east)
        for lon in range(west, east):
            bits = strip[:, (lon - west) * ROW_BYTES : (lon - west + 1) * ROW_BYTES]
            kind = SEA if not bits.any() else LAND if (bits == 255).all() else MIXED
            kinds[lat - south, lon - west] = kind
            if kind == MIXED:
                tiles[lat, lon] = coast.packed(np.ascontiguousarray(bits))
    return Coast(name, west, south, kinds, tiles, source)


def _strip(rings: list[Ring], south: int, west: int, east: int) -> NDArray[np.uint8]:
    """The packed land of one degree of latitude from west to east."""
    width = (east - west) * PIXELS
    toggles = np.zeros((PIXELS, width + 1), np.uint8)
    small = np.zeros((PIXELS, width), bool)
    for ring in rings:
        if ring[:, 1].max() < south or ring[:, 1].min() > south + 1:
            continue
        _cross(ring, south, west, toggles)
        if np.ptp(ring, axis=0).max() < 2 / PIXELS:
            column = np.floor((ring[:, 0] - west) * PIXELS).astype(int)
            row = np.floor((ring[:, 1] - south) * PIXELS).astype(int)
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < PIXELS)
            small[row[inside], column[inside]] = True
    land = np.bitwise_xor.accumulate(toggles[:, :-1], axis=1).astype(bool)
    return np.packbits(land | small, axis=1)


def _cross(ring: Ring, south: int, west: int, toggles: NDArray[np.uint8]) -> None:
    """Toggle, on every row of pixel middles, the first pixel east of each crossing with the ring's edges."""
    lon, lat = ring[:, 0], (ring[:, 1] - south) * PIXELS - 0.5  # rows count from the first middle
    first, last = np.ceil(np.minimum(lat[:-1], lat[1:])), np.ceil(np.maximum(lat[:-1], lat[1:]))
    first, last = np.clip(first, 0, PIXELS).astype(int), np.clip(last, 0, PIXELS).astype(int)
    edges = np.flatnonzero(last > first)
    counts = last[edges] - first[edges]
    edge = np.repeat(edges, counts)
    row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first[edges], counts)
    at = lon[edge] + (row - lat[edge]) / (lat[edge + 1] - lat[edge]) * (lon[edge + 1] - lon[edge])
    column = np.clip(np.ceil((at - west) * PIXELS - 0.5), 0, toggles.shape[1] - 1).astype(int)
    np.bitwise_xor.at(toggles, (row, column), np.uint8(1))


def geojson(land: list[list[Ring]], box: Box, source: str, tolerance_m: float = 250.0, least_m: float = 200.0) -> bytes:
    """Land as one GeoJSON MultiPolygon within a box: simplified to a tolerance, islets below a size left out."""
    shapes = []
    for rings in land:
        kept = [_for_map(ring, box, tolerance_m / METRES_PER_DEGREE) for ring in rings if _size(ring) >= least_m]
        kept = [ring for ring in kept if len(ring) >= 4]
        if kept:
            shapes.append(kept)
    feature = {
        "type": "Feature",
        "properties": {"kind": "land", "source": source},
        "geometry": {"type": "MultiPolygon", "coordinates": shapes},
    }
    document: dict[str, Any] = {"type": "FeatureCollection", "bbox": list(box), "features": [feature]}
    return json.dumps(document, separators=(",", ":")).encode()


def _size(ring: Ring) -> float:
    """The longer side of a ring's bounding box, in metres."""
    spread = np.ptp(ring, axis=0) * (np.cos(np.radians(ring[0, 1])), 1.0)
    return float(spread.max() * METRES_PER_DEGREE)


def _for_map(ring: Ring, box: Box, tolerance: float) -> list[list[float]]:
    clipped = _clipped(ring, box)
    if len(clipped) < 4:
        return []
    far = int(np.hypot(*(clipped - clipped[0]).T).argmax())
    halves = [simplified(half, tolerance) for half in (clipped[: far + 1], clipped[far:])]
    points = np.round(np.concatenate([halves[0], halves[1][1:]]), 4)
    changed = np.concatenate([[True], (np.diff(points, axis=0) != 0).any(axis=1)])
    return [[float(lon), float(lat)] for lon, lat in points[changed]]


def _clipped(ring: Ring, box: Box) -> Ring:
    """A ring cut at the four sides of a box."""
    for axis, limit, sign in ((0, box[0], 1.0), (0, box[2], -1.0), (1, box[1], 1.0), (1, box[3], -1.0)):
        if not len(ring):
            break
        inside = sign * (ring[:, axis] - limit) >= 0
        if inside.all():
            continue
        ring = _cut_side(ring, inside, axis, limit)
    return ring


def _cut_side(ring: Ring, inside: NDArray[np.bool_], axis: int, limit: float) -> Ring:
    """A closed ring without what lies beyond one side."""
    begin, end, stays, ends_in = ring[:-1], ring[1:], inside[:-1], inside[1:]
    points: list[Ring] = []
    crossing = stays != ends_in
    share = np.zeros(len(begin))
    share[crossing] = (limit - begin[crossing, axis]) / (end[crossing, axis] - begin[crossing, axis])
    cuts = begin + share[:, None] * (end - begin)
    for k in np.flatnonzero(crossing | ends_in):
        if crossing[k]:
            points.append(cuts[k])
        if ends_in[k]:
            points.append(end[k])
    return np.array([*points, points[0]]) if points else np.empty((0, 2))


def simplified(line: Ring, tolerance: float) -> Ring:
    """The corners of a line that keep it within a tolerance (degrees of latitude) of what it was."""
    keep = np.zeros(len(line), bool)
    keep[[0, -1]] = True
    squeeze = np.array([np.cos(np.radians(line[:, 1].mean())), 1.0])
    flat, waiting = line * squeeze, [(0, len(line) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        along = flat[last] - flat[first]
        away = flat[first + 1 : last] - flat[first]
        length = np.hypot(*along)
        apart = np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]) / length if length else np.hypot(*away.T)
        middle = int(apart.argmax())
        if apart[middle] > tolerance:
            middle += first + 1
            keep[middle] = True
            waiting += [(first, middle), (middle, last)]
    return line[keep]
