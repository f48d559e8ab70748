"""What variables are called: CF standard names first, then the usual names of the services that serve this coast.

CF standard name table 90; Copernicus Marine (uo, vo; vozocrtx, vomecrty), MFS, HYCOM (water_u, water_v), ROMS on rho
points (u_eastward, v_northward), ECMWF and ERA5 (u10, v10), GFS (UGRD_10maboveground).
"""

from typing import Any, NamedTuple

from tansiq.rescue.forcing.layers import Vector


class Names(NamedTuple):
    """How the two parts of a vector may be called, in order of preference; pairs stand at the same place."""

    standard: tuple[tuple[str, str], ...]
    usual: tuple[tuple[str, str], ...]


NAMES: dict[Vector, Names] = {
    Vector.CURRENT: Names(
        (
            ("eastward_sea_water_velocity", "northward_sea_water_velocity"),
            ("surface_eastward_sea_water_velocity", "surface_northward_sea_water_velocity"),
            ("x_sea_water_velocity", "y_sea_water_velocity"),
            ("sea_water_x_velocity", "sea_water_y_velocity"),
            ("surface_geostrophic_eastward_sea_water_velocity", "surface_geostrophic_northward_sea_water_velocity"),
        ),
        (
            ("uo", "vo"), ("utotal", "vtotal"), ("vozocrtx", "vomecrty"), ("water_u", "water_v"),
            ("u_eastward", "v_northward"),
            ("ucur", "vcur"),
            ("ssu", "ssv"), ("ugos", "vgos"), ("u", "v"), ("U", "V"),
        ),
    ),
    Vector.WIND: Names(
        (("eastward_wind", "northward_wind"), ("x_wind", "y_wind"), ("grid_eastward_wind", "grid_northward_wind")),
        (
            ("u10", "v10"), ("10u", "10v"), ("u10m", "v10m"), ("U10M", "V10M"), ("uwnd", "vwnd"),
            ("Uwind", "Vwind"), ("UGRD_10maboveground", "VGRD_10maboveground"),
            ("eastward_wind", "northward_wind"), ("x_wind_10m", "y_wind_10m"), ("u", "v"),
        ),
    ),
}  # fmt: skip


class Axis(NamedTuple):
    """How a coordinate is recognised: by standard name, by units, or by its usual names."""

    name: str
    usual: tuple[str, ...]
    units: tuple[str, ...]

    def is_met_by(self, variable: Any) -> bool:
        """Whether a variable is this coordinate."""
        if hasattr(variable, "standard_name"):
            return bool(variable.standard_name == self.name)
        return getattr(variable, "units", "") in self.units or variable.name in self.usual


LONGITUDE = Axis(
    "longitude",
    ("lon", "longitude", "nav_lon", "lon_rho"),
    ("degrees_east", "degree_east", "degree_E", "degrees_E", "degreeE", "degreesE"),
)
LATITUDE = Axis(
    "latitude",
    ("lat", "latitude", "nav_lat", "lat_rho"),
    ("degrees_north", "degree_north", "degree_N", "degrees_N", "degreeN", "degreesN"),
)
TIME = Axis("time", ("time", "time_counter", "ocean_time", "valid_time", "MT"), ())

ISSUED = ("forecast_reference_time",)
"""Standard name of the time at which a forecast was made."""

ISSUED_ATTRIBUTES = ("bulletin_date", "forecast_reference_time", "field_date", "date_created", "creation_date")
"""Global attributes that say when the file's fields were made, the surest first."""
