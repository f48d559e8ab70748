"""The forcing of a run: every layer brought onto one grid in memory, then step by step onto an hour's fields.

The grid is that of the finest current that serves the place, its own nodes kept, over all that the particles can
reach. Wind lies on the same grid, so that one look-up serves both.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tansiq.ground.errors import NotCovered
from tansiq.rescue.forcing import Forcing, Layer
from tansiq.sea import grids
from tansiq.sea.grids import Floats, VectorGrid

Singles = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

CELLS = 4_000_000
"""The largest grid of a run; a wider reach takes every second node, and so on."""


class Source(Struct, frozen=True, eq=False):
    """One layer on the run's grid: its vectors (time, row, column, 2), and the cells where it was measured."""

    times: Floats
    vectors: Singles
    measured: NDArray[np.bool_]

    def covers(self, start: float, end: float) -> bool:
        """Whether its times reach from start to end."""
        return bool(self.times[0] <= start and end <= self.times[-1])

    def at(self, time: float, rows: slice, columns: slice) -> Singles:
        """The vectors of some cells at a time, linear between the two times around it."""
        after = int(np.clip(np.searchsorted(self.times, time, side="right"), 1, len(self.times) - 1))
        share = np.float32((time - self.times[after - 1]) / (self.times[after] - self.times[after - 1]))
        first, second = self.vectors[after - 1, rows, columns], self.vectors[after, rows, columns]
        if share == 0:
            return first
        return second if share == 1 else first + (second - first) * share


class RunFields(Struct, frozen=True, eq=False):
    """The grid of a run (even spacing) and the sources on it, by preference."""

    lon: Floats
    lat: Floats
    currents: tuple[Source, ...]
    winds: tuple[Source, ...]

    def size(self, box: Box) -> int:
        """How many bytes the fields of a step take over a box."""
        columns, rows = _slice(self.lon, box[0], box[2]), _slice(self.lat, box[1], box[3])
        return 16 * len(self.lon[columns]) * len(self.lat[rows])

    def steps(self, times: Floats, box: Box) -> tuple[Singles, Floats]:
        """The fields (step, row, column, 4) at those times over a box, and their origin for the kernels."""
        columns, rows = _slice(self.lon, box[0], box[2]), _slice(self.lat, box[1], box[3])
        lon, lat = self.lon[columns], self.lat[rows]
        field = np.empty((len(times), len(lat), len(lon), 4), np.float32)
        for part, sources in ((slice(0, 2), self.currents), (slice(2, 4), self.winds)):
            serving = [source for source in sources if source.covers(times.min(), times.max())]
            masks = _owners(serving, rows, columns)
            for k, time in enumerate(times):
                field[k, :, :, part] = serving[0].at(time, rows, columns)
                for source, mine in zip(serving[1:], masks, strict=True):
                    if mine.any():
                        field[k, :, :, part][mine] = source.at(time, rows, columns)[mine]
        spacing = (self.lon[1] - self.lon[0], self.lat[1] - self.lat[0])
        return field, np.array([lon[0], lat[0], 1 / spacing[0], 1 / spacing[1]])


def _owners(sources: list[Source], rows: slice, columns: slice) -> list[NDArray[np.bool_]]:
    """The cells that each source but the first serves: measured before filled, in order of preference."""
    if not sources:
        raise NotCovered("The forcing has a gap in time.", "Name files that follow each other without a gap.")
    measured = [source.measured[rows, columns] for source in sources]
    if len(sources) == 1 or measured[0].all():
        return [np.zeros_like(measured[0]) for _ in sources[1:]]
    filled = [~np.isnan(source.vectors[0, rows, columns, 0]) for source in sources]
    owner = np.zeros(measured[0].shape, np.int8)
    done = measured[0].copy()
    for served in (measured[1:], filled):
        first = 1 if served is not filled else 0
        for number, cells in enumerate(served, start=first):
            owner[cells & ~done] = number
            done |= cells
    return [owner == number for number in range(1, len(sources))]


def _slice(axis: Floats, low: float, high: float) -> slice:
    """The nodes of an even axis that enclose low to high, at least two."""
    first = max(0, int(np.searchsorted(axis, low, side="right")) - 2)
    last = min(len(axis), int(np.searchsorted(axis, high, side="left")) + 2)
    if last - first < 2:
        first, last = (0, 2) if first == 0 else (len(axis) - 2, len(axis))
    return slice(first, last)


def prepare(forcing: Forcing, box: Box, start: float, end: float) -> RunFields:
    """The forcing on one grid over a box (what the particles can reach) and a time."""
    lon, lat = _axes(forcing, box)
    early, late = min(start, end), max(start, end)
    return RunFields(
        lon, lat, _sources(forcing.currents, lon, lat, early, late), _sources(forcing.winds, lon, lat, early, late)
    )


def fastest(layers: tuple[Layer, ...]) -> float:
    """The greatest speed anywhere in the layers, m/s."""
    speeds = [float(np.nanmax(np.hypot(layer.grid.east, layer.grid.north), initial=0.0)) for layer in layers]
    return max(speeds, default=0.0)


def _axes(forcing: Forcing, box: Box) -> tuple[Floats, Floats]:
    """Even axes over what the forcing covers of the box, with the spacing and nodes of its finest layer."""
    layers = [*forcing.currents, *forcing.winds]
    gridded = [layer.grid for layer in layers if len(layer.grid.lon) > 2] or [layer.grid for layer in layers]
    finest = min(gridded, key=lambda grid: grid.lon[1] - grid.lon[0])
    edges = [_reach([layer.grid for layer in some]) for some in (forcing.currents, forcing.winds)]
    west, south = max(box[0], *(edge[0] for edge in edges)), max(box[1], *(edge[1] for edge in edges))
    east, north = min(box[2], *(edge[2] for edge in edges)), min(box[3], *(edge[3] for edge in edges))
    lon, lat = _even(finest.lon, west, east, edges, 0), _even(finest.lat, south, north, edges, 1)
    while len(lon) * len(lat) > CELLS:
        lon, lat = lon[::2], lat[::2]
    return lon, lat


def _reach(grids_of: list[VectorGrid]) -> Box:
    """The box around the outermost nodes of all grids."""
    bounds = np.array([grid.bounds for grid in grids_of])
    return (*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0))


def _even(axis: Floats, low: float, high: float, edges: list[Box], side: int) -> Floats:
    """Nodes of even spacing in step with an axis that enclose low to high, without leaving what is covered."""
    spacing = (axis[-1] - axis[0]) / (len(axis) - 1)
    first = np.floor((low - axis[0]) / spacing + 1e-6)
    last = max(np.ceil((high - axis[0]) / spacing - 1e-6), first + 1)
    least, most = max(edge[side] for edge in edges), min(edge[side + 2] for edge in edges)
    nodes = axis[0] + spacing * np.arange(first, last + 1)
    inside = (nodes >= least - 1e-6 * spacing) & (nodes <= most + 1e-6 * spacing)
    kept = nodes[inside]
    return np.asarray(kept if len(kept) >= 2 else nodes[:2])


def _sources(layers: tuple[Layer, ...], lon: Floats, lat: Floats, start: float, end: float) -> tuple[Source, ...]:
    """The layers that serve some of the time, on the run's grid."""
    return tuple(
        _source(layer, lon, lat, start, end)
        for layer in layers
        if layer.grid.times[0] <= end and layer.grid.times[-1] >= start
    )


def _source(layer: Layer, lon: Floats, lat: Floats, start: float, end: float) -> Source:
    grid = layer.grid
    first = max(0, int(np.searchsorted(grid.times, start, side="right")) - 1)
    last = min(len(grid.times), int(np.searchsorted(grid.times, end, side="left")) + 1)
    last = max(last, min(first + 2, len(grid.times)))
    first = min(first, last - 2)
    part = VectorGrid(grid.lon, grid.lat, grid.times[first:last], grid.east[first:last], grid.north[first:last])
    there = grids.regridded(part, lon, lat)
    vectors = np.stack([there.east, there.north], axis=-1)
    return Source(part.times, vectors, _nearest(layer, lon, lat))


def _nearest(layer: Layer, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Whether the layer was measured at the node nearest to each cell of the run's grid."""
    grid = layer.grid
    columns = np.abs(grid.lon[None, :] - lon[:, None]).argmin(axis=1)
    rows = np.abs(grid.lat[None, :] - lat[:, None]).argmin(axis=1)
    inside = ((lat >= grid.lat[0]) & (lat <= grid.lat[-1]))[:, None] & ((lon >= grid.lon[0]) & (lon <= grid.lon[-1]))
    return np.asarray(layer.measured[np.ix_(rows, columns)] & inside)
