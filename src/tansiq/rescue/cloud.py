"""The particles of a drift run as they are kept: some tens of thousands of them, hour by hour, in a few megabytes.

Degrees are float32 (0.1 to 2 m); their bytes are sorted by significance, which lets zlib halve them. The counts by cell
are kept for every hour, so that a page needs no particles.
"""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tansiq.ground.errors import Malformed
from tansiq.rescue.drift import DriftResult, ProbabilityRaster, probability_raster
from tansiq.rescue.search.field import Tracks
from tansiq.rescue.search.plane import Plane
from tansiq.rescue.values import Datum, Raster

KEPT = 20_000
"""Particles kept of a run; a POS found on them is within 0.007 of that of the whole run (two standard errors)."""
ACROSS = 48
"""Cells across the longer side of the cloud at the last hour."""
LEAST_CELL = 200.0
LARGEST = 256 * 2**20
"""Bytes that a kept cloud may unpack to."""


Outline = tuple[tuple[tuple[float, float], ...], ...]
"""Closed rings of (longitude, latitude)."""


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands before the arrays of a kept cloud."""

    start: datetime
    hours: int
    particles: int


class Frame(Struct, frozen=True, forbid_unknown_fields=True):
    """One hour of a run as cells: (column, row, probability), and the outlines that hold 50 and 90%."""

    west: float
    south: float
    cell_lon: float
    cell_lat: float
    columns: int
    rows: int
    afloat: float
    cells: tuple[tuple[int, int, float], ...]
    half: tuple[tuple[tuple[float, float], ...], ...]
    most: tuple[tuple[tuple[float, float], ...], ...]


class Kept(NamedTuple):
    """A sample of a run, with all that planning needs of it."""

    tracks: Tracks
    datums: tuple[Datum, ...]


def keep(result: DriftResult, rng: np.random.Generator) -> Kept:
    """Take a sample of the particles, each class and side in its share, with weights that sum to one."""
    count = result.lon.shape[1]
    chosen = np.arange(count) if count <= KEPT else np.sort(rng.choice(count, KEPT, replace=False))
    ended = np.where(result.stranded >= 0, result.stranded, result.lost)[chosen]
    weight = result.weight[chosen].astype(np.float64)
    tracks = Tracks(
        start=result.times[0],
        lon=np.ascontiguousarray(result.lon[:, chosen]),
        lat=np.ascontiguousarray(result.lat[:, chosen]),
        weight=weight / weight.sum(),
        object_class=result.object_class[chosen],
        afloat=np.where(ended < 0, np.inf, ended * result.step_minutes * 60).astype(np.float32),
    )
    return Kept(tracks, _datums(tracks))


def _datums(tracks: Tracks) -> tuple[Datum, ...]:
    """Mean position at every hour, and the radii round it that hold half and nine tenths of the weight."""
    found = []
    for hour in range(tracks.lon.shape[0]):
        lat, lon = tracks.lat[hour].astype(np.float64), tracks.lon[hour].astype(np.float64)
        middle = Plane(float(lat @ tracks.weight), float(lon @ tracks.weight))
        away = np.hypot(*middle.flat(lat, lon))
        order = np.argsort(away)
        held = np.cumsum(tracks.weight[order])
        ranks = [min(int(np.searchsorted(held, share)), len(order) - 1) for share in (0.5, 0.9)]
        half, most = (float(away[order[rank]]) for rank in ranks)
        at = tracks.start + timedelta(hours=hour)
        found.append(Datum(at, round(middle.lat, 5), round(middle.lon, 5), round(half, 1), round(most, 1)))
    return tuple(found)


def pack(tracks: Tracks) -> bytes:
    """A sample as bytes."""
    hours, count = tracks.lon.shape
    header = msgspec.json.encode(Header(tracks.start, hours, count))
    arrays: tuple[NDArray[Any], ...] = tracks[1:]
    parts = [_sorted_bytes(array, kind) for array, kind in zip(arrays, KINDS, strict=True)]
    return len(header).to_bytes(4, "big") + header + zlib.compress(b"".join(parts), 1)


KINDS = ("<f4", "<f4", "<f8", "<i2", "<f4")


def unpack(content: bytes) -> Tracks:
    """The sample of these bytes. Raises Malformed when they are none."""
    try:
        size = int.from_bytes(content[:4], "big")
        header = msgspec.json.decode(content[4 : 4 + size], type=Header)
        inflate = zlib.decompressobj()
        body = inflate.decompress(content[4 + size :], LARGEST)
        shapes = [(header.hours, header.particles)] * 2 + [(header.particles,)] * 3
        arrays, at = [], 0
        for shape, kind in zip(shapes, KINDS, strict=True):
            length = int(np.prod(shape)) * np.dtype(kind).itemsize
            arrays.append(_in_order(body[at : at + length], kind).reshape(shape))
            at += length
        if at != len(body) or not inflate.eof or header.hours < 1 or header.particles < 1:
            raise ValueError("its length does not fit its header")
    except (msgspec.MsgspecError, zlib.error, ValueError, OverflowError) as error:
        raise Malformed(f"The kept particles cannot be read: {error}.", "Run the drift again.") from error
    lon, lat, weight, object_class, afloat = arrays
    return Tracks(header.start, lon, lat, weight, object_class, afloat)


def frames(result: DriftResult) -> bytes:
    """Every hour of a run as cells of one size, as bytes."""
    cell = _cell(result)
    found = [_frame(result, hour, cell) for hour in range(len(result.times))]
    return zlib.compress(msgspec.json.encode(found), 6)


def rasters(content: bytes, *, drift: UUID, start: datetime) -> tuple[Raster, ...]:
    """Every hour of the kept cells. Raises Malformed when they cannot be read."""
    try:
        found = msgspec.json.decode(zlib.decompress(content), type=tuple[Frame | None, ...])
    except (msgspec.MsgspecError, zlib.error) as error:
        raise Malformed(f"The kept raster cannot be read: {error}.", "Run the drift again.") from error
    return tuple(_raster(frame or NOTHING, drift, start, hour, len(found) - 1) for hour, frame in enumerate(found))


class Flown(NamedTuple):
    """A search that was flown: when it ended, and its POD for each particle."""

    end: datetime
    pods: NDArray[np.float64]


def searched(prior: tuple[Raster, ...], tracks: Tracks, flown: Sequence[Flown]) -> tuple[Raster, ...]:
    """The rasters lowered by the searches that had ended at each hour, in the cells that they have."""
    return tuple(_searched(each, tracks, [done for done in flown if done.end <= each.at]) for each in prior)


def _searched(prior: Raster, tracks: Tracks, done: Sequence[Flown]) -> Raster:
    if not done or not prior.cells:
        return prior
    weight = tracks.weight * np.prod([1 - each.pods for each in done], axis=0)
    afloat = tracks.afloat >= (prior.at - tracks.start).total_seconds()
    column = np.floor((tracks.lon[prior.hour] - prior.west) / prior.cell_lon).astype(np.int64)
    row = np.floor((tracks.lat[prior.hour] - prior.south) / prior.cell_lat).astype(np.int64)
    inside = afloat & (column >= 0) & (column < prior.columns) & (row >= 0) & (row < prior.rows)
    cell = row[inside] * prior.columns + column[inside]
    counts = np.bincount(cell, weight[inside], prior.rows * prior.columns).reshape(prior.rows, prior.columns)
    left = ProbabilityRaster(
        prior.west, prior.south, prior.cell_lon, prior.cell_lat, counts.astype(np.float32), float(counts.sum()),
        prior.afloat,
    )  # fmt: skip
    half, most = _outlines(left)
    return msgspec.structs.replace(prior, cells=_cells(left), half=half, most=most, unfound=float(weight.sum()))


NOTHING = Frame(0.0, 0.0, 1.0, 1.0, 0, 0, 0.0, (), (), ())
"""An hour at which nothing is afloat any more."""


def _raster(frame: Frame, drift: UUID, start: datetime, hour: int, hours: int) -> Raster:
    return Raster(
        drift=drift,
        hour=hour,
        hours=hours,
        at=start + timedelta(hours=hour),
        west=frame.west,
        south=frame.south,
        cell_lon=frame.cell_lon,
        cell_lat=frame.cell_lat,
        columns=frame.columns,
        rows=frame.rows,
        afloat=frame.afloat,
        cells=frame.cells,
        half=frame.half,
        most=frame.most,
    )


def _cell(result: DriftResult) -> float:
    """The cell's side (m): the cloud of the last hour with anyone afloat is so many cells across."""
    for hour in range(len(result.times) - 1, -1, -1):
        afloat = result.afloat(hour)
        if afloat.any():
            lat, lon = (each[hour, afloat].astype(np.float64) for each in (result.lat, result.lon))
            x, y = Plane(float(lat.mean()), float(lon.mean())).flat(lat, lon)
            reach = max(float(np.ptp(x)), float(np.ptp(y)))
            return max(LEAST_CELL, reach / ACROSS)
    return LEAST_CELL


def _frame(result: DriftResult, hour: int, cell: float) -> Frame | None:
    """One hour as cells; none when nothing is afloat any more."""
    if not result.afloat(hour).any():
        return None
    found = probability_raster(result, hour, cell)
    half, most = _outlines(found)
    size = found.cells.shape
    return Frame(
        found.west,
        found.south,
        found.lon_step,
        found.lat_step,
        size[1],
        size[0],
        found.afloat,
        _cells(found),
        half,
        most,
    )


def _cells(found: ProbabilityRaster) -> tuple[tuple[int, int, float], ...]:
    """Cells with anything in them, to three digits."""
    rows, columns = np.nonzero(found.cells)
    chance = found.cells[rows, columns]
    return tuple((int(c), int(r), float(f"{p:.3g}")) for c, r, p in zip(columns, rows, chance, strict=True))


def _outlines(found: ProbabilityRaster) -> tuple[Outline, Outline]:
    """The outlines of the least areas that hold 50 and 90%, to the metre."""
    half, most = (
        tuple(tuple((round(lon, 5), round(lat, 5)) for lon, lat in ring) for ring in found.contour(share))
        for share in (0.5, 0.9)
    )
    return half, most


def _sorted_bytes(array: NDArray[Any], kind: str) -> bytes:
    """The bytes of an array, all first bytes first, then all second ones."""
    plain = np.ascontiguousarray(array, dtype=kind)
    return plain.view(np.uint8).reshape(-1, plain.itemsize).T.tobytes()


def _in_order(content: bytes, kind: str) -> NDArray[Any]:
    """`_sorted_bytes` undone."""
    size = np.dtype(kind).itemsize
    return np.frombuffer(np.frombuffer(content, np.uint8).reshape(size, -1).T.tobytes(), kind)
