"""Particles of a drift run as the planner needs them: on a plane, at even steps, with what each of them is."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tansiq.ground.errors import NotCovered
from tansiq.rescue.search import daylight
from tansiq.rescue.search.plane import Plane

STEP = 600.0
"""Seconds between nodes: ten minutes, as in the drift run."""
AWAY = 1e7
"""Where a particle lies (m) once it is ashore or lost: out of every rectangle, since a search at sea cannot find it."""


class Tracks(NamedTuple):
    """What a drift run leaves: hourly degrees [hour, particle], weight and class of each particle.

    `afloat` is how many seconds after `start` each particle stays at sea; infinite for most.
    """

    start: datetime
    lon: NDArray[np.float32]
    lat: NDArray[np.float32]
    weight: NDArray[np.float64]
    object_class: NDArray[np.int16]
    afloat: NDArray[np.float32]


class Field(NamedTuple):
    """Moving particles: metres on `plane` at each node, `light` 1 by day and 0 by night at the node.

    `kind` indexes `classes`. The weights sum to one minus what earlier searches would have found.
    """

    plane: Plane
    start: datetime
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    weight: NDArray[np.float64]
    kind: NDArray[np.int16]
    classes: tuple[int, ...]
    light: NDArray[np.float64]

    @property
    def at_sea(self) -> NDArray[np.bool_]:
        """Which particles are at sea at which node [node, particle]."""
        return np.asarray(np.abs(self.x) < AWAY / 2)

    @property
    def nodes(self) -> int:
        """How many times there are."""
        return int(self.x.shape[0])

    @property
    def horizon(self) -> float:
        """Seconds from the first node to the last."""
        return (self.nodes - 1) * STEP

    @property
    def end(self) -> datetime:
        """The time of the last node."""
        return self.start + timedelta(seconds=self.horizon)

    def seconds_at(self, at: datetime) -> float:
        """A time as seconds after the first node."""
        return (at - self.start).total_seconds()

    def weighted(self, weight: NDArray[np.float64]) -> Self:
        """The same particles with other weights."""
        return self._replace(weight=weight)

    def sample(self, size: int, rng: np.random.Generator) -> Self:
        """So many particles drawn by weight, of equal weight; the field itself when it is no larger."""
        count = self.x.shape[1]
        if count <= size:
            return self
        total = self.weight.sum()
        chosen = np.sort(rng.choice(count, size, replace=False, p=self.weight / total))
        return self._replace(
            x=np.ascontiguousarray(self.x[:, chosen]),
            y=np.ascontiguousarray(self.y[:, chosen]),
            weight=np.full(size, total / size),
            kind=self.kind[chosen],
        )


def field(tracks: Tracks, *, start: datetime, end: datetime) -> Field:
    """The particles between two times, on a plane round their mean, linear in time between the hours.

    Raises NotCovered when the run does not reach from `start` by at least one step.
    """
    hours = tracks.lon.shape[0]
    first = (start - tracks.start).total_seconds()
    last = min((end - tracks.start).total_seconds(), (hours - 1) * 3600.0)
    count = int((last - first) // STEP) + 1
    if first < 0 or count < 2:
        raise NotCovered(f"The drift run does not cover {start:%Y-%m-%d %H:%M}Z.", "Run the drift again, for longer.")
    plane = _plane(tracks, min(hours - 1, round((first + last) / 7200)))
    span = slice(int(first // 3600), min(hours, int(-(-last // 3600)) + 1))
    flat = [plane.flat(lat, lon) for lat, lon in zip(tracks.lat[span], tracks.lon[span], strict=True)]
    since = first + STEP * np.arange(count)
    times = since / 3600.0 - span.start
    gone = since[:, None] >= tracks.afloat
    middle = [start + timedelta(seconds=STEP * i) for i in range(count)]
    classes, kind = np.unique(tracks.object_class, return_inverse=True)
    return Field(
        plane=plane,
        start=start,
        x=np.where(gone, np.float32(AWAY), _between(np.stack([x for x, _ in flat]), times)),
        y=np.where(gone, np.float32(AWAY), _between(np.stack([y for _, y in flat]), times)),
        weight=tracks.weight.astype(np.float64),
        kind=kind.astype(np.int16),
        classes=tuple(int(each) for each in classes),
        light=np.array([float(daylight.light(plane.lat, plane.lon, at)) for at in middle]),
    )


def _plane(tracks: Tracks, hour: int) -> Plane:
    """A plane round the weighted mean position at an hour; longitudes are averaged as differences."""
    lon, lat = tracks.lon[hour].astype(np.float64), tracks.lat[hour].astype(np.float64)
    across = (lon - lon[0] + 180.0) % 360.0 - 180.0
    weight = tracks.weight / tracks.weight.sum()
    return Plane(float(lat @ weight), float((lon[0] + across @ weight + 180.0) % 360.0 - 180.0))


def _between(hourly: NDArray[np.float64], times: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Rows at fractional hours."""
    low = np.minimum(times.astype(np.int64), max(hourly.shape[0] - 2, 0))
    high = np.minimum(low + 1, hourly.shape[0] - 1)
    part = (times - low)[:, None]
    return np.asarray(hourly[low] * (1 - part) + hourly[high] * part, dtype=np.float32)
