"""Space-time grids as values: a vector (current or wind) on longitudes x latitudes x times.

The layout follows the CF Conventions 1.11 (section 4): axes as one-dimensional coordinates, missing cells as NaN.
Times are seconds since 1970-01-01T00:00Z, longitudes -180 to 180 and increasing, latitudes increasing.
"""

from datetime import UTC, datetime

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


class VectorGrid(Struct, frozen=True, eq=False):
    """Eastward and northward parts of a vector in m/s, float32 of shape (time, lat, lon)."""

    lon: Floats
    lat: Floats
    times: Floats
    east: Singles
    north: Singles

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the outermost nodes."""
        return float(self.lon[0]), float(self.lat[0]), float(self.lon[-1]), float(self.lat[-1])

    def holds(self, lat: float, lon: float) -> bool:
        """Whether a place lies within the outermost nodes."""
        west, south, east, north = self.bounds
        return west <= lon <= east and south <= lat <= north

    def covers(self, start: float, end: float) -> bool:
        """Whether the times reach from start to end, whichever of the two is earlier."""
        return bool(self.times[0] <= min(start, end) and max(start, end) <= self.times[-1])


def seconds(moment: datetime) -> float:
    """A moment as seconds since 1970; a moment without a zone is taken as UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def constant(east: float, north: float) -> VectorGrid:
    """One vector everywhere on earth, at all times from year 1 to 9999."""
    corners = np.array([-180.0, 180.0]), np.array([-90.0, 90.0])
    always = np.array([-6.2e10, 2.5e11])
    shape = (2, 2, 2)
    return VectorGrid(*corners, always, np.full(shape, east, np.float32), np.full(shape, north, np.float32))


def filled(grid: VectorGrid, rings: int) -> VectorGrid:
    """The grid with missing cells next to the coast filled by the mean of their valid neighbours, ring by ring.

    A mean of the up to eight neighbours leaves the current along the coast unbiased (a maximum would speed it up);
    cells further inland than `rings` stay missing.
    """
    east, north = grid.east.copy(), grid.north.copy()
    for _ in range(rings):
        if not _fill_ring(east, north):
            break
    return VectorGrid(grid.lon, grid.lat, grid.times, east, north)


def _fill_ring(east: Singles, north: Singles) -> bool:
    """Fill in place the missing cells that touch a valid one; False when there was none."""
    missing = np.isnan(east) | np.isnan(north)
    if not missing.any():
        return False
    count = _neighbours(~missing).astype(np.float32)
    ring = missing & (count > 0)
    for part in (east, north):
        total = _neighbours(np.where(missing, np.float32(0), part))
        part[ring] = total[ring] / count[ring]
    return bool(ring.any())


def _neighbours(values: NDArray[np.generic]) -> Singles:
    """The sum over the eight neighbours of each cell; beyond the edge there is nothing."""
    padded = np.pad(values.astype(np.float32), ((0, 0), (1, 1), (1, 1)))
    rows, columns = values.shape[1], values.shape[2]
    total = np.zeros(values.shape, np.float32)
    for row in range(3):
        for column in range(3):
            if (row, column) != (1, 1):
                total += padded[:, row : row + rows, column : column + columns]
    return total


def regridded(grid: VectorGrid, lon: Floats, lat: Floats) -> VectorGrid:
    """The grid at other longitudes and latitudes, bilinear; NaN outside and where any corner is missing."""
    column, across = _brackets(grid.lon, lon)
    row, along = _brackets(grid.lat, lat)
    return VectorGrid(
        lon, lat, grid.times, *(_bilinear(part, row, along, column, across) for part in (grid.east, grid.north))
    )


def _brackets(axis: Floats, at: Floats) -> tuple[NDArray[np.intp], Singles]:
    """The node before each place on an axis, and how far it is to the next one: NaN outside the axis."""
    before = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, len(axis) - 2)
    share = (at - axis[before]) / (axis[before + 1] - axis[before])
    share[np.abs(share) < 1e-6] = 0.0
    share[np.abs(share - 1) < 1e-6] = 1.0
    return before, np.where((share < 0) | (share > 1), np.nan, share).astype(np.float32)


def _bilinear(
    part: Singles, row: NDArray[np.intp], along: Singles, column: NDArray[np.intp], across: Singles
) -> Singles:
    """Bilinear interpolation along the two last axes; a corner of no weight may be missing."""
    lower, upper = part[:, row], part[:, row + 1]
    rows = _mixed(lower, upper, along[:, None])
    return _mixed(rows[:, :, column], rows[:, :, column + 1], across)


def _mixed(first: Singles, second: Singles, share: Singles) -> Singles:
    """First (1 - share) + second share, where a missing value of no weight does no harm."""
    mixed = first + (second - first) * share
    mixed = np.where(share == 0, first, mixed)
    return np.where(share == 1, second, mixed).astype(np.float32)
