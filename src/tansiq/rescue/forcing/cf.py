"""The parts of the CF Conventions (1.11) that forcing needs: what is what, axes, times, units, missing values.

Works on an open netCDF4 Dataset. `name` is the file's name, for errors.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tansiq.ground.errors import Malformed, NotCovered
from tansiq.rescue.forcing.layers import Vector
from tansiq.rescue.forcing.names import ISSUED, ISSUED_ATTRIBUTES, LATITUDE, LONGITUDE, NAMES, TIME, Axis
from tansiq.sea import grids
from tansiq.sea.grids import Floats, Singles
from tansiq.sea.units import SPEEDS

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

Indices = NDArray[np.intp]


class Window(Struct, frozen=True):
    """The part of a frame that is read."""

    moments: slice
    rows: slice
    columns: slice


class Frame(Struct, frozen=True, eq=False):
    """The axes of a variable: increasing values, where each stands in the file, and the names of the dimensions."""

    times: Floats
    lat: Floats
    lon: Floats
    moments_at: Indices
    rows_at: Indices
    columns_at: Indices
    dimensions: tuple[str, str, str]

    def window(self, what: str, bounds: Box | None, start: datetime | None, end: datetime | None) -> Window:
        """The nodes that enclose bounds and times; raises NotCovered when nothing of the frame lies within."""
        west, south, east, north = bounds or (-360.0, -90.0, 360.0, 90.0)
        if east < self.lon[0] or west > self.lon[-1] or north < self.lat[0] or south > self.lat[-1]:
            raise NotCovered(
                f"{what} cover {self.lon[0]:g} to {self.lon[-1]:g} E and {self.lat[0]:g} to {self.lat[-1]:g} N, "
                f"not {west:g} to {east:g} E and {south:g} to {north:g} N.",
                "Name a file that covers the place.",
            )
        first = grids.seconds(start) if start else -np.inf
        last = grids.seconds(end) if end else np.inf
        if last < self.times[0] or first > self.times[-1]:
            raise NotCovered(
                f"{what} cover {grids.moment(self.times[0]):%Y-%m-%dT%H:%MZ} to "
                f"{grids.moment(self.times[-1]):%Y-%m-%dT%H:%MZ}, "
                f"not {start:%Y-%m-%dT%H:%MZ} to {end:%Y-%m-%dT%H:%MZ}.",
                "Name a file that covers the time.",
            )
        return Window(
            _enclosing(self.times, first, last), _enclosing(self.lat, south, north), _enclosing(self.lon, west, east)
        )


def _enclosing(axis: Floats, low: float, high: float) -> slice:
    """The nodes from the last before low to the first after high, two at least where there are two."""
    first = max(0, int(np.searchsorted(axis, low, side="right")) - 1)
    last = min(len(axis), int(np.searchsorted(axis, high, side="left")) + 1)
    return slice(min(first, max(0, len(axis) - 2)), max(last, min(first + 2, len(axis))))


def parts(name: str, file: Any, vector: Vector) -> tuple[Any, Any]:
    """The eastward and northward variables of a vector."""
    known = NAMES[vector]
    by_standard = {getattr(variable, "standard_name", ""): variable for variable in file.variables.values()}
    found = [(by_standard.get(east), by_standard.get(north)) for east, north in known.standard]
    found += [(file.variables.get(east), file.variables.get(north)) for east, north in known.usual]
    for east, north in found:
        if east is not None and north is not None:
            if east.dimensions != north.dimensions:
                raise Malformed(
                    f"{name}: {east.name} and {north.name} lie on different grids.", "Bring them onto one grid first."
                )
            return east, north
    there = next((part for pair in found for part in pair if part is not None), None)
    if there is not None:
        raise Malformed(f"{name} has {there.name} but not the other part of the {vector}.", "Fetch both parts.")
    standard = " and ".join(known.standard[0])
    raise Malformed(f"{name} has no variables of {vector} ({standard}).", f"Name a file that holds the {vector}.")


def frame(name: str, file: Any, variable: Any) -> Frame:
    """The axes of a variable."""
    lon_dimension, lon = _axis(name, file, variable, LONGITUDE)
    lat_dimension, lat = _axis(name, file, variable, LATITUDE)
    time_dimension, times = _times(name, file, variable)
    wrapped = (lon + 180.0) % 360.0 - 180.0
    axes = [
        _ordered(name, what, values) for what, values in (("time", times), ("latitude", lat), ("longitude", wrapped))
    ]
    if min(len(lat), len(lon)) < 2:
        raise Malformed(f"{name}: {variable.name} is no grid of at least two by two nodes.", "Fetch a wider area.")
    (times, moments_at), (lat, rows_at), (lon, columns_at) = axes
    return Frame(times, lat, lon, moments_at, rows_at, columns_at, (time_dimension, lat_dimension, lon_dimension))


def _ordered(name: str, what: str, values: Floats) -> tuple[Floats, Indices]:
    """An axis in increasing order, and where each value stands; a value that comes twice counts once."""
    if not len(values) or not np.isfinite(values).all():
        raise Malformed(f"{name}: the {what} axis is empty or has missing values.", "Fetch the file again.")
    ordered, at = np.unique(values, return_index=True)
    if what == "latitude" and not (ordered[0] >= -90.001 and ordered[-1] <= 90.001):
        raise Malformed(f"{name}: latitudes reach {ordered[0]:g} to {ordered[-1]:g}.", "Check the file's coordinates.")
    return ordered, at


def _axis(name: str, file: Any, variable: Any, axis: Axis) -> tuple[str, Floats]:
    """The dimension and the values of a longitude or latitude axis."""
    for candidate in _coordinates(file, variable):
        if axis.is_met_by(candidate):
            values = np.ma.filled(np.ma.asarray(candidate[...], dtype=np.float64), np.nan)
            if values.ndim == 1:
                return str(candidate.dimensions[0]), values
            if values.ndim == 2:
                return _straight(name, candidate, values, axis)
    raise Malformed(f"{name}: {variable.name} has no {axis.name} axis.", "Use a file on longitudes and latitudes.")


def _straight(name: str, coordinate: Any, values: Floats, axis: Axis) -> tuple[str, Floats]:
    """The one axis of a two-dimensional coordinate (NEMO, ROMS) whose rows, or columns, are all alike."""
    rows = values.T if axis is LATITUDE else values
    if np.ptp(rows, axis=0).max() > 1e-3:
        raise Malformed(f"{name}: the grid is curvilinear.", "Bring it onto longitudes and latitudes first.")
    return str(coordinate.dimensions[0 if axis is LATITUDE else 1]), np.asarray(rows[0])


def _coordinates(file: Any, variable: Any) -> Iterator[Any]:
    """Variables that can be coordinates of one: its dimensions', those it names, then all on its dimensions."""
    named = [*variable.dimensions, *str(getattr(variable, "coordinates", "")).split()]
    for name in (*named, *file.variables):
        candidate = file.variables.get(name)
        if (
            candidate is not None
            and candidate.name != variable.name
            and set(candidate.dimensions) <= set(variable.dimensions)
        ):
            yield candidate


def _times(name: str, file: Any, variable: Any) -> tuple[str, Floats]:
    """The time dimension and its values in seconds since 1970."""
    import cftime  # type: ignore[import-untyped]  # it carries no types

    for candidate in _coordinates(file, variable):
        if TIME.is_met_by(candidate) or " since " in str(getattr(candidate, "units", "")):
            break
    else:
        raise Malformed(f"{name}: {variable.name} has no time axis.", "Use a file with times.")
    units, calendar = str(getattr(candidate, "units", "")), str(getattr(candidate, "calendar", "standard"))
    values = np.ma.filled(np.ma.asarray(candidate[...], dtype=np.float64), np.nan).reshape(-1)
    if not len(values) or not np.isfinite(values).all():
        raise Malformed(f"{name}: the time axis is empty or has missing values.", "Fetch the file again.")
    try:
        base = cftime.num2date(
            values[0], units, calendar, only_use_cftime_datetimes=False, only_use_python_datetimes=True
        )
        one = cftime.num2date(
            values[0] + 1, units, calendar, only_use_cftime_datetimes=False, only_use_python_datetimes=True
        )
    except (ValueError, OverflowError) as error:
        raise Malformed(
            f"{name}: times in {units!r} ({calendar}) cannot be read.", "Use a Gregorian calendar."
        ) from error
    seconds = base.replace(tzinfo=UTC).timestamp() + (values - values[0]) * (one - base).total_seconds()
    return (str(candidate.dimensions[0]) if candidate.dimensions else ""), np.round(seconds, 3)


def field(name: str, file: Any, variable: Any, frame: Frame, window: Window) -> Singles:
    """The values of a variable in m/s, float32 of shape (time, lat, lon), NaN where missing, at the surface."""
    factor = SPEEDS.get(str(getattr(variable, "units", "m s-1")).strip())
    if factor is None:
        raise Malformed(
            f"{name}: {variable.name} is in {variable.units!r}, which is no known unit of speed.", "Use m s-1."
        )
    wanted = {
        frame.dimensions[0]: frame.moments_at[window.moments],
        frame.dimensions[1]: frame.rows_at[window.rows],
        frame.dimensions[2]: frame.columns_at[window.columns],
    }
    kept = [dimension for dimension in variable.dimensions if dimension in wanted]
    index = [
        wanted[dimension] if dimension in wanted else _surface(file, dimension) for dimension in variable.dimensions
    ]
    values = _read(variable, index)
    values = values.reshape([len(wanted[dimension]) for dimension in kept])
    if frame.dimensions[0] not in kept:  # one field, whose time stands beside it
        kept, values = [frame.dimensions[0], *kept], values[None]
    return np.ascontiguousarray(
        values.transpose([kept.index(dimension) for dimension in frame.dimensions]) * np.float32(factor)
    )


def _surface(file: Any, dimension: str) -> Indices:
    """Where along another dimension (depth, height, member) the level nearest to the surface stands."""
    levels = file.variables.get(dimension)
    if levels is None or levels.ndim != 1 or not len(levels):
        return np.array([0])
    values = np.ma.filled(np.ma.asarray(levels[...], dtype=np.float64), np.inf)
    return np.array([int(np.abs(values).argmin())])


def _read(variable: Any, index: list[Indices]) -> Singles:
    """The values at some places along each dimension, read in runs of neighbours."""
    if not index:
        return np.ma.filled(np.ma.asarray(variable[...], dtype=np.float32), np.nan)
    ordered = [np.sort(places) for places in index]
    runs = [np.split(places, np.flatnonzero(np.diff(places) != 1) + 1) for places in ordered]
    longest = max(
        range(len(runs)), key=lambda k: len(runs[k])
    )  # only one axis is ever broken: longitudes that wrap round
    pieces = []
    for run in runs[longest]:
        slices = [slice(int(places[0]), int(places[-1]) + 1) for places in ordered]
        slices[longest] = slice(int(run[0]), int(run[-1]) + 1)
        pieces.append(np.ma.filled(np.ma.asarray(variable[tuple(slices)], dtype=np.float32), np.nan))
    values = np.concatenate(pieces, axis=longest)
    for axis, places in enumerate(index):
        taken = ordered[axis] if axis == longest else np.arange(ordered[axis][0], ordered[axis][-1] + 1)
        at = np.searchsorted(taken, places)
        if len(at) != values.shape[axis] or (at != np.arange(len(at))).any():
            values = values.take(at, axis=axis)
    return values


def issued(file: Any) -> datetime | None:
    """When the fields were made, where the file says so."""
    import cftime

    for variable in file.variables.values():
        if getattr(variable, "standard_name", "") in ISSUED and variable.size:
            value = float(np.ma.asarray(variable[...]).reshape(-1)[0])
            made = cftime.num2pydate(value, str(variable.units), str(getattr(variable, "calendar", "standard")))
            return datetime.fromisoformat(made.isoformat()).replace(tzinfo=UTC)
    for attribute in ISSUED_ATTRIBUTES:
        text = str(getattr(file, attribute, "")).strip()
        for form in (text, text[:19], text[:10], f"{text[:4]}-{text[4:6]}-{text[6:8]}"):
            try:
                made = datetime.fromisoformat(form)
            except ValueError:
                continue
            return made.replace(tzinfo=made.tzinfo or UTC)
    return None
