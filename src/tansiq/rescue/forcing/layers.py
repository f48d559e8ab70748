"""Forcing as values: layers of current and of wind, in order of preference.

Nesting: a place is served by the first layer that measured it, else by the first whose coast filling reaches it. At
the coast a grid's missing cells are filled by the mean of their valid neighbours, `RINGS` cells inland (see
`sea.grids.filled`): a particle between the last sea cell and the shore drifts with the water beside it until the
coast itself stops it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

import numpy as np
from msgspec import Struct

from tansiq.ground.errors import NotCovered
from tansiq.sea import grids
from tansiq.sea.grids import Floats, VectorGrid

RINGS = 3

Formula = Callable[[Floats, Floats, datetime], tuple[Floats, Floats]]
"""Arrays of latitudes and longitudes and a moment in; eastward and northward m/s out."""


class Vector(StrEnum):
    """The two vectors that move a drifting object."""

    CURRENT = "current"
    WIND = "wind"


class ForcingUsed(Struct, frozen=True):
    """Which forcing a result rests on, and how old it was.

    `digest` is the SHA-256 of the file ("" for constants and formulas); `issued` is when its forecast or analysis was
    made, where the file says so.
    """

    vector: Vector
    name: str
    variables: tuple[str, str]
    digest: str
    start: datetime
    end: datetime
    issued: datetime | None = None


class Layer(Struct, frozen=True, eq=False):
    """One source of one vector: its grid with the coast filled, and where it was measured (lat, lon)."""

    used: ForcingUsed
    grid: VectorGrid
    measured: np.ndarray

    @classmethod
    def of(cls, used: ForcingUsed, grid: VectorGrid) -> "Layer":
        """A layer of a grid as it was read, with NaN where the source has nothing."""
        measured = np.asarray(~(np.isnan(grid.east) | np.isnan(grid.north)).any(axis=0))
        return cls(used, grids.filled(grid, RINGS), measured)


class Forcing(Struct, frozen=True, eq=False):
    """Currents and winds for a drift, each as layers in order of preference."""

    currents: tuple[Layer, ...]
    winds: tuple[Layer, ...]

    @classmethod
    def constant(cls, current: tuple[float, float], wind: tuple[float, float]) -> "Forcing":
        """The same (eastward, northward) current and wind in m/s everywhere and always."""
        return cls((constant_layer(Vector.CURRENT, current),), (constant_layer(Vector.WIND, wind),))

    @classmethod
    def of_formulas(
        cls, *, current: Formula, wind: Formula, bounds: tuple[float, float, float, float],
        times: Sequence[datetime], spacing: float = 0.02, name: str = "formula",
    ) -> "Forcing":  # fmt: skip
        """Formulas sampled every `spacing` degrees of `bounds` (west, south, east, north), at `times`."""
        west, south, east, north = bounds
        lon = np.linspace(west, east, max(2, round((east - west) / spacing) + 1))
        lat = np.linspace(south, north, max(2, round((north - south) / spacing) + 1))
        return cls(
            (_sampled_layer(Vector.CURRENT, current, lon, lat, times, name),),
            (_sampled_layer(Vector.WIND, wind, lon, lat, times, name),),
        )

    @property
    def used(self) -> tuple[ForcingUsed, ...]:
        """What a result over this forcing has to name."""
        return tuple(layer.used for layer in (*self.currents, *self.winds))

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The time that both vectors cover; where the end precedes the start they never meet."""
        starts = [min(layer.used.start for layer in layers) for layers in (self.currents, self.winds)]
        ends = [max(layer.used.end for layer in layers) for layers in (self.currents, self.winds)]
        return max(starts), min(ends)

    def require(self, *, lat: float, lon: float, start: datetime, end: datetime) -> None:
        """Raise NotCovered, naming file, variable and time, unless both vectors serve the place from start to end."""
        for vector, layers in ((Vector.CURRENT, self.currents), (Vector.WIND, self.winds)):
            _require_place(vector, layers, lat, lon)
            _require_time(vector, layers, start, end)


def _require_place(vector: Vector, layers: tuple[Layer, ...], lat: float, lon: float) -> None:
    if any(layer.grid.holds(lat, lon) for layer in layers):
        return
    if not layers:
        raise NotCovered(
            f"There is no {vector} at all.", f"Name a file of {vector} that covers the place and the time."
        )
    first = layers[0]
    west, south, east, north = first.grid.bounds
    raise NotCovered(
        f"{first.used.name}: {', '.join(first.used.variables)} cover {west:g} to {east:g} E and "
        f"{south:g} to {north:g} N, not {lat:g} N {lon:g} E.",
        f"Name a file of {vector} that covers the place.",
    )


def _require_time(vector: Vector, layers: tuple[Layer, ...], start: datetime, end: datetime) -> None:
    early, late = min(start, end), max(start, end)
    reached = early
    for layer in sorted(layers, key=lambda layer: layer.used.start):
        if layer.used.start <= reached:
            reached = max(reached, layer.used.end)
    if reached >= late and any(layer.used.start <= early for layer in layers):
        return
    nearest = min(layers, key=lambda layer: abs((layer.used.end - late).total_seconds()))
    raise NotCovered(
        f"{nearest.used.name}: {', '.join(nearest.used.variables)} cover {nearest.used.start:%Y-%m-%dT%H:%MZ} to "
        f"{nearest.used.end:%Y-%m-%dT%H:%MZ}, not {early:%Y-%m-%dT%H:%MZ} to {late:%Y-%m-%dT%H:%MZ}.",
        f"Name a file of {vector} that covers the time, or ask for fewer hours.",
    )


def constant_layer(vector: Vector, value: tuple[float, float]) -> Layer:
    """The same (eastward, northward) m/s everywhere and always."""
    grid = grids.constant(*value)
    name = f"constant {value[0]:g},{value[1]:g}"
    return Layer.of(_described(vector, name, grid), grid)


def _sampled_layer(
    vector: Vector, formula: Formula, lon: Floats, lat: Floats, times: Sequence[datetime], name: str
) -> Layer:
    longitudes, latitudes = np.meshgrid(lon, lat)
    parts = [formula(latitudes, longitudes, moment) for moment in times]
    shape = (len(times), len(lat), len(lon))
    east = np.array([np.broadcast_to(part[0], shape[1:]) for part in parts], np.float32)
    north = np.array([np.broadcast_to(part[1], shape[1:]) for part in parts], np.float32)
    grid = VectorGrid(lon, lat, np.array([grids.seconds(moment) for moment in times]), east, north)
    return Layer.of(_described(vector, name, grid), grid)


def _described(vector: Vector, name: str, grid: VectorGrid) -> ForcingUsed:
    return ForcingUsed(vector, name, ("east", "north"), "", grids.moment(grid.times[0]), grids.moment(grid.times[-1]))
