"""The Strait of Gibraltar as a drill needs it: lanes, ferry lines, ports, fishing grounds, anchorages, stations.

Positions are (latitude, longitude) in WGS 84 degrees. The lanes follow the traffic separation scheme "In the Strait of
Gibraltar" (IMO Ships' Routeing, part B): westbound traffic keeps to the north, eastbound to the south, with the
separation zone about 35 degrees 56 to 59 minutes north between them. They are simplified and are not for navigation.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Point = tuple[float, float]
Line = tuple[Point, ...]
Box = tuple[float, float, float, float]
"""South, west, north, east."""

AREA: Box = (35.20, -7.00, 36.90, -3.50)
"""What the forcing of the drill covers."""

EASTBOUND: Line = (
    (35.862, -6.200), (35.903, -5.750), (35.912, -5.610), (35.953, -5.430), (35.995, -5.200), (36.040, -4.700),
)  # fmt: skip
WESTBOUND: Line = (
    (36.140, -4.700), (36.062, -5.200), (36.016, -5.400), (35.968, -5.610), (35.964, -5.750), (36.000, -6.200),
)  # fmt: skip
LANE_HALF_WIDTH = 500.0
"""Metres either side of a lane's middle in which through traffic keeps."""

FERRY_LINES: dict[str, Line] = {
    "TARIFA TANGER": (
        (36.0045, -5.6030), (35.9930, -5.5990), (35.9300, -5.6600), (35.8400, -5.7650), (35.8000, -5.7950),
    ),
    "ALGECIRAS CEUTA": (
        (36.1270, -5.4160), (36.0800, -5.3950), (35.9900, -5.3550), (35.9150, -5.3250), (35.9020, -5.3180),
    ),
}  # fmt: skip

FISHING_GROUNDS: dict[str, Box] = {
    "Zahara": (35.985, -6.060, 36.060, -5.880),
    "Spartel": (35.790, -6.120, 35.850, -5.990),
    "Tangier bay": (35.852, -5.800, 35.880, -5.700),
    "La Linea": (36.190, -5.220, 36.280, -5.060),
    "Ceuta east": (35.800, -5.180, 35.870, -5.040),
}

ANCHORAGE: Box = (36.110, -5.322, 36.150, -5.300)
"""East of the Rock."""

YACHT_PASSAGES: tuple[Line, ...] = (
    ((36.128, -5.372), (36.085, -5.375), (36.030, -5.480), (35.990, -5.620), (36.010, -5.900)),
    ((35.905, -5.300), (35.960, -5.270), (36.080, -5.310), (36.170, -5.270), (36.330, -5.200)),
    ((35.800, -5.800), (35.850, -5.860), (35.860, -6.050), (35.760, -6.130)),
)

TARIFA_LIFEBOAT: Point = (36.0045, -5.6030)

STATIONS: dict[str, tuple[int, float, float]] = {
    "MASPARTEL": (2429901, 35.7920, -5.9220),
    "MACIRES": (2429902, 35.9090, -5.4830),
}
"""Coast stations by name: MMSI (00MID...) without its zeros, latitude, longitude."""


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Metres in one degree of latitude and of longitude at a latitude (WGS 84 series, within 1 m)."""
    phi = np.radians(lat)
    north = 111_132.954 - 559.822 * np.cos(2 * phi) + 1.175 * np.cos(4 * phi)
    east = 111_412.84 * np.cos(phi) - 93.5 * np.cos(3 * phi)
    return float(north), float(east)


def offset(point: Point, north: float, east: float) -> Point:
    """A point moved by metres north and east."""
    per_lat, per_lon = metres_per_degree(point[0])
    return point[0] + north / per_lat, point[1] + east / per_lon


def apart(a: Point, b: Point) -> tuple[float, float]:
    """Metres north and east from `a` to `b`, on the plane at their middle: within 1 m in 10 km here."""
    per_lat, per_lon = metres_per_degree((a[0] + b[0]) / 2)
    return (b[0] - a[0]) * per_lat, (b[1] - a[1]) * per_lon


def distance(a: Point, b: Point) -> float:
    """Metres between two points a few tens of kilometres apart."""
    return float(np.hypot(*apart(a, b)))


def length(line: Sequence[Point]) -> float:
    """Metres along a line."""
    return sum(distance(a, b) for a, b in pairwise(line))


def beside(line: Sequence[Point], right: float) -> Line:
    """A line moved to its right by metres, each point square to the way it goes there."""
    moved = []
    for at, point in enumerate(line):
        north, east = apart(line[max(0, at - 1)], line[min(len(line) - 1, at + 1)])
        size = float(np.hypot(north, east))
        moved.append(offset(point, -east / size * right, north / size * right))
    return tuple(moved)


def within(box: Box, share_north: float, share_east: float) -> Point:
    """The point of a box at two shares of its sides."""
    south, west, north, east = box
    return south + share_north * (north - south), west + share_east * (east - west)
