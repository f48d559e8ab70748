"""The weather of a drill: a tide and a jet in the water, a Levante over it, analytic and as CF NetCDF.

Current: an Atlantic jet along the axis of the Strait and on into the Alboran, with the M2 and S2 streams on it, largest
over the Camarinal sill (Candela, Winant and Ruiz 1990, Tides in the Strait of Gibraltar, J. Geophys. Res. 95; Garcia
Lafuente et al. 2000, Tide at the eastern section of the Strait of Gibraltar, J. Geophys. Res. 105). Wind: an easterly
that the Strait speeds up, with a slow swell of strength. Both are shapes of the right size, not a forecast.
The tide is timed from the start of the drill, so that a seed gives the same night on any date.
"""

from collections.abc import Callable
from datetime import datetime

import numpy as np
from msgspec import Struct
from netCDF4 import Dataset
from numpy.typing import ArrayLike, NDArray

from tansiq.drill.waters import AREA

M2_HOURS = 12.4206012
S2_HOURS = 12.0
S2_SHARE = 0.37
"""S2 stream against M2."""

Array = NDArray[np.float64]

_LON = np.array([-7.0, -6.3, -5.95, -5.75, -5.6, -5.4, -5.2, -4.8, -4.3, -3.9, -3.5])
_AXIS = np.array([35.86, 35.87, 35.90, 35.93, 35.94, 35.985, 36.03, 36.10, 36.12, 36.04, 35.90])
_JET = np.array([0.15, 0.25, 0.45, 0.65, 0.85, 1.00, 1.05, 1.00, 0.90, 0.75, 0.60])
_TIDE = np.array([0.10, 0.30, 0.75, 1.10, 0.90, 0.55, 0.25, 0.10, 0.05, 0.03, 0.02])
_WIDTH = np.array([0.20, 0.12, 0.09, 0.075, 0.07, 0.08, 0.11, 0.15, 0.18, 0.20, 0.20])


class Weather(Struct, frozen=True):
    """The water and the wind of one night; `hours` are counted from the start of the drill."""

    inflow_at: float
    """Hours after the start at which the M2 stream runs in (eastward) hardest."""
    spring: float
    """Hours by which the S2 stream lags the M2 stream."""
    wind_speed: float
    """Levante in the open, m/s."""
    wind_from: float
    """Degrees from true north."""
    swell_phase: float

    def current(self, lat: ArrayLike, lon: ArrayLike, hours: ArrayLike) -> tuple[Array, Array]:
        """Eastward and northward surface current in m/s; arguments broadcast against each other."""
        lat, lon, hours = (np.asarray(what, dtype=np.float64) for what in (lat, lon, hours))
        across = (lat - np.interp(lon, _LON, _AXIS)) / np.interp(lon, _LON, _WIDTH)
        since = hours - self.inflow_at
        stream = np.cos(2 * np.pi * since / M2_HOURS) + S2_SHARE * np.cos(2 * np.pi * (since - self.spring) / S2_HOURS)
        along = np.interp(lon, _LON, _JET) * np.exp(-(across**2))
        along = along + np.interp(lon, _LON, _TIDE) * stream * np.exp(-((across / 1.6) ** 2))
        bearing = np.interp(lon, _LON, _BEARING)
        return along * np.cos(bearing), along * np.sin(bearing)

    def wind(self, lat: ArrayLike, lon: ArrayLike, hours: ArrayLike) -> tuple[Array, Array]:
        """Eastward and northward wind at 10 m in m/s; arguments broadcast against each other."""
        lat, lon, hours = (np.asarray(what, dtype=np.float64) for what in (lat, lon, hours))
        funnel = 1 + 0.35 * np.exp(-(((lon + 5.65) / 0.35) ** 2) - ((lat - 35.95) / 0.25) ** 2)
        swell = 1 + 0.12 * np.sin(2 * np.pi * hours / 9.0 + self.swell_phase)
        speed = self.wind_speed * funnel * swell
        toward = np.radians(self.wind_from + 4 * np.sin(2 * np.pi * hours / 15.0 + self.swell_phase) + 180)
        return speed * np.sin(toward), speed * np.cos(toward)


_METRES_EAST = (_LON + 5.5) * 90_000.0
_BEARING = np.arctan2(np.gradient(_AXIS, _METRES_EAST) * 111_000.0, 1.0)
"""Radians north of east at which the axis runs."""


def levante(rng: np.random.Generator) -> Weather:
    """The weather of a seed."""
    return Weather(
        inflow_at=float(rng.uniform(1.5, 3.5)),
        spring=float(rng.uniform(-1.0, 1.0)),
        wind_speed=float(rng.uniform(8.5, 11.5)),
        wind_from=float(rng.uniform(78.0, 92.0)),
        swell_phase=float(rng.uniform(0.0, 2 * np.pi)),
    )


def current_file(weather: Weather, start: datetime, *, before: int = 6, after: int = 60) -> bytes:
    """The current from `before` to `after` hours round `start`, hourly on a 1/36 degree grid, as CF-1.8 NetCDF."""
    return _cf(weather.current, start, range(-before, after + 1), 1 / 36, _CURRENT, "tide and jet")


def wind_file(weather: Weather, start: datetime, *, before: int = 6, after: int = 60) -> bytes:
    """The wind from `before` to `after` hours round `start`, hourly on a 1/8 degree grid, as CF-1.8 NetCDF."""
    return _cf(weather.wind, start, range(-before, after + 1), 1 / 8, _WIND, "Levante")


Field = Callable[[ArrayLike, ArrayLike, ArrayLike], tuple[Array, Array]]

_CURRENT = (("uo", "eastward_sea_water_velocity"), ("vo", "northward_sea_water_velocity"))
_WIND = (("u10", "eastward_wind"), ("v10", "northward_wind"))


def _cf(
    field: Field, start: datetime, hours: range, step: float, names: tuple[tuple[str, str], ...], title: str
) -> bytes:
    """A field on a regular grid of `AREA`, in the variable names of Copernicus Marine and ECMWF."""
    south, west, north, east = AREA
    axes = {
        "time": np.asarray(hours, dtype=np.float64),
        "latitude": np.linspace(south, north, round((north - south) / step) + 1),
        "longitude": np.linspace(west, east, round((east - west) / step) + 1),
    }
    units = {
        "time": f"hours since {start:%Y-%m-%d %H:%M:%S}",
        "latitude": "degrees_north",
        "longitude": "degrees_east",
    }
    values = field(axes["latitude"][None, :, None], axes["longitude"][None, None, :], axes["time"][:, None, None])
    file = Dataset("drill.nc", "w", memory=1 << 16, format="NETCDF4")
    file.setncatts(
        {"Conventions": "CF-1.8", "title": f"EXERCISE: {title}, not an observation", "source": "tansiq drill"}
    )
    for name, axis in axes.items():
        file.createDimension(name, len(axis))
        variable = file.createVariable(name, "f8", (name,))
        variable.setncatts({"standard_name": name, "units": units[name]})
        if name == "time":
            variable.calendar = "standard"
        variable[:] = axis
    for (name, standard), value in zip(names, values, strict=True):
        variable = file.createVariable(name, "f4", tuple(axes), fill_value=np.float32(-32767))
        variable.setncatts({"standard_name": standard, "units": "m s-1"})
        variable[:] = value
    return bytes(file.close())
