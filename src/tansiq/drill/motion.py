"""How things move in a drill: a way is a polyline in time, and drifting is carried step by step.

Times are seconds from the start of the drill, positions WGS 84 degrees, speeds knots.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct

from tansiq.drill.waters import Point, apart, distance, offset
from tansiq.drill.weather import Weather
from tansiq.sea.units import KNOT

STEP = 60.0
"""Seconds in one step of a drift."""


class Place(Struct, frozen=True):
    """Where something is and how it goes over the ground; course in degrees from true north."""

    lat: float
    lon: float
    knots: float
    course: float


class Way(Struct, frozen=True):
    """A polyline in time: at `times[i]` the thing is at `points[i]`, and between two points it goes straight."""

    times: tuple[float, ...]
    points: tuple[Point, ...]

    @property
    def start(self) -> float:
        """When the way begins."""
        return self.times[0]

    @property
    def end(self) -> float:
        """When the way ends."""
        return self.times[-1]

    def at(self, time: float) -> Place:
        """The place at a time; before the start and after the end the thing lies still."""
        leg = int(np.searchsorted(self.times, time, side="right")) - 1
        if leg < 0 or leg >= len(self.times) - 1:
            lat, lon = self.points[0 if leg < 0 else -1]
            return Place(lat, lon, 0.0, 0.0)
        (lat, lon), ahead = self.points[leg], self.points[leg + 1]
        lasts = self.times[leg + 1] - self.times[leg]
        share = (time - self.times[leg]) / lasts
        north, east = apart((lat, lon), ahead)
        knots = float(np.hypot(north, east)) / lasts / KNOT
        course = float(np.degrees(np.arctan2(east, north))) % 360.0
        return Place(lat + share * (ahead[0] - lat), lon + share * (ahead[1] - lon), knots, course)

    def then(self, further: "Way") -> "Way":
        """The way and another one after it."""
        return Way(self.times + further.times, self.points + further.points)

    def until(self, time: float) -> "Way":
        """The part of the way before a time, ended there."""
        kept = [at for at, when in enumerate(self.times) if when < time]
        last = self.at(time)
        times = (*(self.times[at] for at in kept), time)
        return Way(times, (*(self.points[at] for at in kept), (last.lat, last.lon)))


def sail(line: Sequence[Point], knots: float, start: float) -> Way:
    """Along a line at one speed."""
    times = [start]
    for a, b in pairwise(line):
        times.append(times[-1] + distance(a, b) / (knots * KNOT))
    return Way(tuple(times), tuple(line))


def shuttle(line: Sequence[Point], knots: float, start: float, stay: float, end: float) -> Way:
    """To and fro along a line until `end`, staying some seconds at each side."""
    way, onward = sail(line, knots, start), tuple(line)
    while way.end < end:
        onward = onward[::-1]
        way = way.then(sail(onward, knots, way.end + stay))
    return way


def drift(from_point: Point, start: float, end: float, *, weather: Weather, windage: float) -> Way:
    """Carried by the current and by a share of the wind (0.01 for a person in water), in Euler steps of a minute."""
    times, points = [start], [from_point]
    while times[-1] < end:
        lasts = min(STEP, end - times[-1])
        lat, lon = points[-1]
        (u, v), (wind_u, wind_v) = (what(lat, lon, times[-1] / 3600) for what in (weather.current, weather.wind))
        east, north = float(u + windage * wind_u) * lasts, float(v + windage * wind_v) * lasts
        points.append(offset((lat, lon), north, east))
        times.append(times[-1] + lasts)
    return Way(tuple(times), tuple(points))
