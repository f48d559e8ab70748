"""From particles to probability: a raster of weights, and the areas that hold half and nine tenths of it."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tansiq.ground.errors import Malformed
from tansiq.rescue.drift.result import DriftResult
from tansiq.sea.geodesy import metres_per_degree

CELLS = 4_000_000


class ProbabilityRaster(Struct, frozen=True, eq=False):
    """Probability of containment per cell: `cells` (row, column) from the south-western corner, in even degrees.

    `inside` is the probability in the raster and `afloat` that of the object being still afloat; cells sum to `inside`.
    """

    west: float
    south: float
    lon_step: float
    lat_step: float
    cells: NDArray[np.float32]
    inside: float
    afloat: float

    def level(self, share: float) -> float:
        """The cell probability above which the densest cells together hold a share of the raster's probability."""
        ordered = np.sort(self.cells, axis=None)[::-1].astype(np.float64)
        held = np.cumsum(ordered)
        return float(ordered[min(np.searchsorted(held, share * held[-1]), len(ordered) - 1)])

    def containing(self, share: float) -> NDArray[np.bool_]:
        """The cells of the smallest area that holds a share: .5 and .9 are drawn on the map."""
        return (self.cells >= self.level(share)) & (self.cells > 0)

    def contour(self, share: float) -> list[list[tuple[float, float]]]:
        """The closed outlines (lon, lat) of that area along cell edges, outer ones anticlockwise, holes clockwise."""
        return [
            [(self.west + column * self.lon_step, self.south + row * self.lat_step) for column, row in ring]
            for ring in _rings(self.containing(share))
        ]

    def area_m2(self, share: float) -> float:
        """The size of that area in square metres."""
        cells = self.containing(share).sum(axis=1)
        lat = self.south + (np.arange(len(cells), dtype=np.float64) + 0.5) * self.lat_step
        per_lat, per_lon = metres_per_degree(lat)
        return float((cells * per_lat * per_lon).sum() * self.lat_step * self.lon_step)


def probability_raster(
    result: DriftResult,
    hour: int,
    cell_m: float = 1000.0,
    weights: NDArray[np.float32] | None = None,
    ashore: bool = False,
) -> ProbabilityRaster:
    """The weights of the particles at an hour (a row of `result.lon`) in cells of `cell_m` metres.

    `weights` replace the particles' own (a search that found nothing lowers them); `ashore` counts stranded particles
    as well. Raises Malformed when cells would be too many, or nothing is left to count.
    """
    if not 0 <= hour < len(result.times):
        raise Malformed(f"The drift has no hour {hour}.", f"Take 0 to {len(result.times) - 1}.")
    weight = result.weight if weights is None else weights
    counted = ~np.isnan(result.lon[hour]) & (result.lost < 0) if ashore else result.afloat(hour)
    lon, lat = result.lon[hour, counted].astype(np.float64), result.lat[hour, counted].astype(np.float64)
    if not len(lon):
        raise Malformed("No particle is afloat at that hour.", "Take an earlier hour.")
    per_lat, per_lon = metres_per_degree(float(lat.mean()))
    lat_step, lon_step = cell_m / float(per_lat), cell_m / float(per_lon)
    west, south = np.floor(lon.min() / lon_step) * lon_step, np.floor(lat.min() / lat_step) * lat_step
    columns, rows = (
        int((most - least) / step) + 1
        for most, least, step in ((lon.max(), west, lon_step), (lat.max(), south, lat_step))
    )
    if rows * columns > CELLS:
        raise Malformed(f"Cells of {cell_m:g} m make a raster of {rows} by {columns}.", "Take larger cells.")
    cell = ((lat - south) / lat_step).astype(np.int64) * columns + ((lon - west) / lon_step).astype(np.int64)
    cells = np.bincount(cell, weight[counted], rows * columns).reshape(rows, columns).astype(np.float32)
    total = float(weight.sum())
    return ProbabilityRaster(
        float(west), float(south), lon_step, lat_step, cells, float(cells.sum()),
        float(weight[result.afloat(hour)].sum()) / total if total else 0.0,
    )  # fmt: skip


Corner = tuple[int, int]


def _rings(cells: NDArray[np.bool_]) -> list[list[Corner]]:
    """The closed outlines of cells as (column, row) corners, with the cells on the left; straight runs are joined."""
    after: dict[Corner, list[Corner]] = {}
    for begin, end in _edges(np.pad(cells, 1)):
        after.setdefault(begin, []).append(end)
    rings = []
    while after:
        start = next(iter(after))
        ring, at, before = [start], start, None
        while True:
            before, at = at, _leave(after, before, at)
            if at == start:
                break
            ring.append(at)
        rings.append(_joined(ring))
    return rings


def _leave(after: dict[Corner, list[Corner]], before: Corner | None, at: Corner) -> Corner:
    """Take an edge out of a corner; where two cells touch in it the one that turns left, so that rings stay apart."""
    ends = after[at]
    if len(ends) > 1 and before is not None:
        way = (at[0] - before[0], at[1] - before[1])
        left = (at[0] - way[1], at[1] + way[0])
        chosen = left if left in ends else ends[0]
    else:
        chosen = ends[0]
    ends.remove(chosen)
    if not ends:
        del after[at]
    return chosen


def _edges(padded: NDArray[np.bool_]) -> list[tuple[Corner, Corner]]:
    """Directed edges between cells in and out, the inside on their left. `padded` has a margin of one cell."""
    edges: list[tuple[Corner, Corner]] = []
    for rows, columns, begin, end in (
        (np.s_[1:-1], np.s_[1:-1], (0, 0), (1, 0)),  # south side, eastward
        (np.s_[1:-1], np.s_[1:-1], (1, 0), (1, 1)),  # east side, northward
        (np.s_[1:-1], np.s_[1:-1], (1, 1), (0, 1)),  # north side, westward
        (np.s_[1:-1], np.s_[1:-1], (0, 1), (0, 0)),  # west side, southward
    ):
        step = (end[1] - begin[1], end[0] - begin[0])  # (row, column) along the edge
        outside = (-step[1], step[0]) if step[0] == 0 else (0, step[0])
        shifted = np.roll(padded, (-outside[0], -outside[1]), (0, 1))[rows, columns]
        for row, column in np.argwhere(padded[rows, columns] & ~shifted).tolist():
            edges.append(((column + begin[0], row + begin[1]), (column + end[0], row + end[1])))
    return edges


def _joined(ring: list[Corner]) -> list[Corner]:
    """A ring without the corners in the middle of straight runs, closed by its first corner."""
    kept = [
        corner
        for before, corner, after in zip(ring[-1:] + ring[:-1], ring, ring[1:] + ring[:1], strict=True)
        if (corner[0] - before[0]) * (after[1] - corner[1]) != (corner[1] - before[1]) * (after[0] - corner[0])
    ]
    return [*kept, kept[0]]
