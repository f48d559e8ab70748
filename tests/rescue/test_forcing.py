"""Reading currents and winds: what services write, and what goes wrong with it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tansiq.ground.errors import Fault, Malformed, NotCovered
from tansiq.rescue.forcing import Forcing, Vector, open_forcing, open_layers
from tests import shared

START = datetime(2026, 3, 1, tzinfo=UTC)
CURRENT = ("eastward_sea_water_velocity", "northward_sea_water_velocity")
DAYS = tuple(hour / 24 for hour in range(4))
LON, LAT = np.arange(-6.0, -3.9, 0.25), np.arange(35.0, 37.1, 0.25)


def write(
    path: Path, names: tuple[str, str] = ("uo", "vo"), standard: tuple[str, str] | None = None, lon: Any = LON,
    lat: Any = LAT,
    hours: Any = (0, 1, 2, 3), time_units: str = "hours since 2026-03-01 00:00:00",
    units: str | None = "m s-1",
    format: str = "NETCDF4", dims: tuple[str, ...] = ("time", "lat", "lon"),
    change: Callable[[Any], None] | None = None,
    missing: Any = None, packed: bool = False,
) -> Path:  # fmt: skip
    """A forcing file whose current is u = lon + hour / 10, v = lat - 36."""
    with netCDF4.Dataset(str(path), "w", format=format) as file:
        axes = {
            "lon": np.asarray(lon),
            "lat": np.asarray(lat),
            "time": np.asarray(hours),
            "depth": np.array([0.5, 10.0]),
        }
        for name in dims:
            file.createDimension(name, len(axes[name]))
            axis = file.createVariable(name, "f8", (name,))
            axis[:] = axes[name]
            axis.units = {"lon": "degrees_east", "lat": "degrees_north", "time": time_units, "depth": "m"}[name]
        place = dict(zip(dims, np.meshgrid(*(axes[name] for name in dims), indexing="ij"), strict=True))
        wrapped = (place["lon"] + 180) % 360 - 180
        for k, name in enumerate(names):
            kind = (
                {"datatype": "i2", "fill_value": -32767}
                if packed
                else {"datatype": "f4", "fill_value": np.float32(1e20)}
            )
            variable = file.createVariable(name, dimensions=dims, **kind)
            if packed:
                variable.scale_factor, variable.add_offset = 0.001, 0.5
            if standard:
                variable.standard_name = standard[k]
            if units:
                variable.units = units
            values = wrapped + place["time"] / 10 if k == 0 else place["lat"] - 36
            if "depth" in dims:
                values = values + place["depth"] - 0.5
            variable[:] = np.ma.masked_where(missing(place), values) if missing else values
        if change:
            change(file)
    return path


def both(path: Path, **options: Any) -> Forcing:
    """The file as current, and a constant wind."""
    return Forcing(open_layers([path], Vector.CURRENT, **options), Forcing.constant((0, 0), (5, 0)).winds)


USUAL = {
    "Copernicus": {"standard": CURRENT, "names": ("uo", "vo")},
    "NEMO": {"names": ("vozocrtx", "vomecrty")},
    "HYCOM, 0 to 360": {"names": ("water_u", "water_v"), "lon": LON + 360},
    "ROMS on rho points": {
        "names": ("u_eastward", "v_northward"),
        "time_units": "days since 2026-03-01",
        "hours": DAYS,
    },
    "latitudes from north to south": {"lat": LAT[::-1]},
    "another order of axes": {"dims": ("lon", "time", "lat")},
    "depths": {"dims": ("time", "depth", "lat", "lon")},
    "packed": {"packed": True},
    "classic format": {"format": "NETCDF3_CLASSIC"},
    "times out of order": {"hours": (2, 0, 3, 1)},
    "no units": {"units": None},
    "any names with standard names": {
        "names": ("a", "b"),
        "standard": ("x_sea_water_velocity", "y_sea_water_velocity"),
    },
}


@pytest.mark.parametrize("story", USUAL)
def test_what_services_write_is_read(story: str, tmp_path: Path) -> None:
    layer = both(write(tmp_path / "file.nc", **USUAL[story])).currents[0]

    assert layer.grid.lon == pytest.approx(LON)
    assert layer.grid.lat == pytest.approx(LAT)
    assert layer.grid.times[0] == START.timestamp()
    assert (np.diff(layer.grid.times) == 3600).all()
    assert layer.grid.east[1, 2] == pytest.approx(LON + (1 / 240 if "ROMS" in story else 0.1), abs=1e-3)
    assert layer.grid.north[0, :, 0] == pytest.approx(LAT - 36, abs=1e-3)
    assert len(layer.used.digest) == 64


def test_speeds_in_other_units_become_metres_per_second(tmp_path: Path) -> None:
    layer = both(write(tmp_path / "cm.nc", units="cm s-1")).currents[0]

    assert layer.grid.north[0, -1, 0] == pytest.approx(0.01)


def test_a_file_around_greenwich_of_0_to_360_is_read_in_two_pieces(tmp_path: Path) -> None:
    path = write(tmp_path / "globe.nc", lon=np.arange(0.0, 360.0, 0.5))
    layer = both(path, bounds=(-2.0, 35.0, 2.0, 37.0)).currents[0]

    assert layer.grid.lon == pytest.approx(np.arange(-2.0, 2.1, 0.5))
    assert layer.grid.east[0, 0] == pytest.approx(layer.grid.lon)


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "file.nc", hours=range(48))
    part = both(
        path,
        bounds=(-5.1, 35.9, -4.9, 36.1),
        start=START + timedelta(hours=10, minutes=5),
        end=START + timedelta(hours=12),
    ).currents[0]

    assert part.grid.east.shape == (3, 3, 3)
    assert part.grid.times[0] == START.timestamp() + 36_000
    assert part.used.end == START + timedelta(hours=47)


def test_two_dimensional_coordinates_of_a_straight_grid_are_read(tmp_path: Path) -> None:
    def to_nemo(file: Any) -> None:
        for name, values in zip(("nav_lon", "nav_lat"), np.meshgrid(LON, LAT), strict=True):
            file.renameVariable(name[4:], f"was_{name[4:]}")
            file.variables[f"was_{name[4:]}"].units = "1"
            file.createVariable(name, "f4", ("lat", "lon"))[:] = values

    layer = both(write(tmp_path / "nemo.nc", change=to_nemo)).currents[0]

    assert layer.grid.lon == pytest.approx(LON)
    assert layer.grid.lat == pytest.approx(LAT)


def test_when_the_fields_were_made_is_kept(tmp_path: Path) -> None:
    by_attribute = both(write(tmp_path / "a.nc", change=lambda file: file.setncattr("bulletin_date", "20260228")))
    assert by_attribute.currents[0].used.issued == datetime(2026, 2, 28, tzinfo=UTC)

    def reference(file: Any) -> None:
        variable = file.createVariable("forecast", "f8", ())
        variable.standard_name, variable.units = "forecast_reference_time", "hours since 2026-02-28"
        variable[...] = 12

    by_variable = both(write(tmp_path / "b.nc", change=reference))
    assert by_variable.currents[0].used.issued == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert both(write(tmp_path / "c.nc")).currents[0].used.issued is None


def spoil(file: Any, value: float) -> None:
    file.variables["uo"][0, 0, 0] = value


def alter(file: Any, name: str, **attributes: str) -> None:
    file.variables[name].setncatts(attributes)


BROKEN = {
    "another variable": ({"names": ("temperature", "salinity")}, "eastward_sea_water_velocity"),
    "one part alone": ({"names": ("uo", "salinity")}, "not the other part"),
    "furlongs": ({"units": "furlongs per fortnight"}, "no known unit of speed"),
    "unmarked fill values": ({"change": lambda file: spoil(file, 9999.0)}, "no current reaches"),
    "times without a date": ({"time_units": "hours"}, "no time axis|cannot be read"),
    "a calendar of 360 days": ({"change": lambda file: alter(file, "time", calendar="360_day")}, "Gregorian"),
    "a single column": ({"lon": [-5.0]}, "two by two"),
    "latitudes beyond the pole": ({"lat": LAT + 60}, "latitudes reach"),
    "no longitude": ({"change": lambda file: alter(file, "lon", standard_name="x")}, "longitude axis"),
    "a missing time": ({"hours": (0, 1, np.nan, 3)}, "missing values"),
}  # fmt: skip


@pytest.mark.parametrize("story", BROKEN)
def test_what_cannot_be_read_says_why_and_names_the_file(story: str, tmp_path: Path) -> None:
    options, said = BROKEN[story]
    path = write(tmp_path / "strange.nc", **options)

    with pytest.raises(Malformed, match=said) as error:
        both(path)
    assert "strange.nc" in error.value.what
    assert error.value.next_step


def test_a_curvilinear_grid_is_refused(tmp_path: Path) -> None:
    def bend(file: Any) -> None:
        for name, values in zip(("lon", "lat"), np.meshgrid(LON, LAT), strict=True):
            file.renameVariable(name, f"was_{name}")
            file.variables[f"was_{name}"].units = "1"
            file.createVariable(f"{name}_rho", "f4", ("lat", "lon"))[:] = values + 0.1 * values.T

    with pytest.raises(Malformed, match="curvilinear"):
        both(write(tmp_path / "bent.nc", change=bend))


def test_a_file_of_missing_values_only_is_not_covered(tmp_path: Path) -> None:
    with pytest.raises(NotCovered, match="missing"):
        both(write(tmp_path / "land.nc", missing=lambda place: place["lon"] < 100))


COVER = {
    "another place": ({"bounds": (5.0, 35.0, 6.0, 36.0)}, "cover -6 to -4 E"),
    "another time": ({"start": START + timedelta(days=3), "end": START + timedelta(days=4)}, "2026-03-01T03:00Z"),
}


@pytest.mark.parametrize("story", COVER)
def test_what_is_not_covered_names_file_variable_and_extent(story: str, tmp_path: Path) -> None:
    options, said = COVER[story]

    with pytest.raises(NotCovered, match=said) as error:
        both(write(tmp_path / "small.nc"), **options)
    assert "small.nc: uo, vo" in error.value.what


def test_a_drift_that_outlasts_its_forcing_is_told_so(tmp_path: Path) -> None:
    forcing = both(write(tmp_path / "short.nc"))
    forcing.require(lat=36, lon=-5, start=START, end=START + timedelta(hours=3))

    assert forcing.span == (START, START + timedelta(hours=3))
    with pytest.raises(NotCovered, match=r"short.nc: uo, vo cover .* not .*2026-03-01T05:00Z"):
        forcing.require(lat=36, lon=-5, start=START, end=START + timedelta(hours=5))
    with pytest.raises(NotCovered, match=r"short.nc: uo, vo cover -6 to -4 E"):
        forcing.require(lat=36, lon=-8, start=START, end=START + timedelta(hours=1))
    with pytest.raises(NotCovered, match="no current"):
        open_forcing([], [tmp_path / "short.nc"])


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="No such file"):
        both(tmp_path / "nowhere.nc")


@pytest.fixture(scope="module", params=["NETCDF4", "NETCDF3_CLASSIC"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("whole") / "whole.nc", format=request.param)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(share=st.floats(0, 0.999))
def test_a_truncated_file_never_passes_as_whole(share: float, whole: Path, tmp_path: Path) -> None:
    data = whole.read_bytes()
    short = tmp_path / "short.nc"
    short.write_bytes(data[: int(len(data) * share)])

    with pytest.raises(Malformed, match=r"short.nc"):
        both(short)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(noise=st.binary(max_size=300))
def test_noise_is_malformed(noise: bytes, tmp_path: Path) -> None:
    path = tmp_path / "noise.nc"
    for start in (b"", b"CDF\x01", b"CDF\x02\x00\x00\x00\x00", b"\x89HDF\r\n\x1a\n"):
        path.write_bytes(start + noise)
        with pytest.raises(Fault):
            both(path)


def test_the_recorded_forcing_off_algeria_is_read() -> None:
    forcing = open_forcing([shared.data("forcing", "algeria_cur.nc")], [shared.data("forcing", "algeria_wind.nc")])

    assert [used.variables for used in forcing.used] == [("uo", "vo"), ("u10", "v10")]
    assert forcing.span == (datetime(2008, 8, 6, tzinfo=UTC), datetime(2008, 8, 8, 18, tzinfo=UTC))
    assert forcing.currents[0].grid.east.shape == (96, 32, 65)
    assert forcing.currents[0].measured.mean() == pytest.approx(1 - 0.01202, abs=1e-4)
