"""Read currents and winds from CF NetCDF files into compact arrays.

CF Conventions 1.11: coordinates by standard name, units or axis; packed values and fill values (section 2.5); time
units (4.4); longitudes of 0 to 360 are turned to -180 to 180; decreasing latitudes are turned round; of several
depths the one nearest to the surface is taken. Rectilinear grids only: a curvilinear one is refused with advice. Any
file that cannot be read is Malformed, whatever the library says of it; a file that lacks the place or the time is
NotCovered. Files are read whole or within bounds and times, as float32.
"""

import threading
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from tansiq.ground.errors import Fault, Malformed, NotCovered
from tansiq.rescue.forcing import cf, classic
from tansiq.rescue.forcing.layers import Forcing, ForcingUsed, Layer, Vector
from tansiq.sea import grids
from tansiq.sea.grids import VectorGrid

_LIBRARY = threading.Lock()
"""The NetCDF and HDF5 libraries are not safe to enter twice."""

FASTEST = {Vector.CURRENT: 20.0, Vector.WIND: 150.0}
"""Speeds in m/s above which values can only be unmarked fill values or wrong units."""


def open_forcing(
    currents: Sequence[Path],
    winds: Sequence[Path],
    *,
    bounds: cf.Box | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Forcing:
    """The forcing of files, earlier ones preferred to later ones.

    `bounds` (west, south, east, north) and start to end limit what is read; a file wholly outside is passed over,
    unless none is left. Raises Malformed for what cannot be read, NotCovered when nothing serves the bounds and the
    time.
    """
    return Forcing(
        open_layers(currents, Vector.CURRENT, bounds=bounds, start=start, end=end),
        open_layers(winds, Vector.WIND, bounds=bounds, start=start, end=end),
    )


def open_layers(
    paths: Sequence[Path],
    vector: Vector,
    *,
    bounds: cf.Box | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> tuple[Layer, ...]:
    """The layers of one vector's files; see `open_forcing`."""
    if not paths:
        raise NotCovered(f"There is no {vector} file.", f"Name at least one file of {vector}.")
    layers: list[Layer] = []
    outside: NotCovered | None = None
    for path in paths:
        try:
            layers.append(read_layer(path, vector, bounds, start, end))
        except NotCovered as error:
            outside = outside or error
    if not layers and outside:
        raise outside
    return tuple(layers)


def read_layer(
    path: Path, vector: Vector, bounds: cf.Box | None = None, start: datetime | None = None, end: datetime | None = None
) -> Layer:
    """One file as a layer; raises Malformed or NotCovered, naming the file."""
    import netCDF4  # the libraries behind it take their time

    try:
        digest = _digest(path)
        _require_whole(path)
        with _LIBRARY, netCDF4.Dataset(str(path)) as file:
            return _layer(path.name, file, vector, digest, bounds, start, end)
    except Fault:
        raise
    except Exception as error:  # the NetCDF, HDF5 and cftime libraries raise all kinds for broken bytes
        raise Malformed(f"{path.name} cannot be read as NetCDF ({_short(error)}).", "Fetch the file again.") from error


def _digest(path: Path) -> str:
    total = sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    except OSError as error:
        raise Malformed(f"{path} cannot be read ({error.strerror}).", "Name a file that is there.") from error
    return total.hexdigest()


def _require_whole(path: Path) -> None:
    """Raise Malformed for a classic file that ends before its header says."""
    try:
        with path.open("rb") as file:
            needed = classic.required_length(file)
            short = needed is not None and file.seek(0, 2) < needed
    except classic.Truncated:
        short = True
    if short:
        raise Malformed(f"{path.name} ends before its header says.", "Fetch the file again.")


def _short(error: Exception) -> str:
    """An error's first line, without the paths that libraries put into it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).splitlines() or [type(error).__name__])[0][:80]


def _layer(
    name: str,
    file: Any,
    vector: Vector,
    digest: str,
    bounds: cf.Box | None,
    start: datetime | None,
    end: datetime | None,
) -> Layer:
    """What an open file holds of a vector within bounds and times."""
    east, north = cf.parts(name, file, vector)
    frame = cf.frame(name, file, east)
    what = f"{name}: {east.name}, {north.name}"
    window = frame.window(what, bounds, start, end)
    fields = [cf.field(name, file, part, frame, window) for part in (east, north)]
    _require_plausible(what, vector, fields)
    grid = VectorGrid(frame.lon[window.columns], frame.lat[window.rows], frame.times[window.moments], *fields)
    used = ForcingUsed(
        vector, name, (str(east.name), str(north.name)), digest,
        grids.moment(frame.times[0]), grids.moment(frame.times[-1]), cf.issued(file),
    )  # fmt: skip
    return Layer.of(used, grid)


def _require_plausible(what: str, vector: Vector, fields: Sequence[grids.Singles]) -> None:
    fastest = max(float(np.nanmax(np.abs(field), initial=0.0)) for field in fields)
    if fastest > FASTEST[vector]:
        raise Malformed(f"{what} hold {fastest:.3g} m/s, which no {vector} reaches.", "Check units and fill values.")
    if all(np.isnan(field).all() for field in fields):
        raise NotCovered(f"{what} hold no value there, only missing ones.", f"Name a file of {vector} with values.")
