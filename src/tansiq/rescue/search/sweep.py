"""Sweep width W = W0 x weather x fatigue x speed, from a table in a data file that names its source.

An agency with tables of its own puts them in a file of the same form and reads it with `read_tables`.
Source of the corrections: IAMSAR Manual volume II, appendix N.
"""

from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
from msgspec import Struct

from tansiq.ground.errors import Malformed
from tansiq.rescue.values import Platform, Weather
from tansiq.sea.units import KNOT, NAUTICAL_MILE

FOOT = 0.3048


class PlatformTable(Struct, frozen=True, forbid_unknown_fields=True):
    """One object seen from one platform: widths by height and visibility, and corrections by speed."""

    speed: tuple[tuple[float, float], ...]
    widths: tuple[tuple[float, tuple[float, ...]], ...]


class ObjectTable(Struct, frozen=True, forbid_unknown_fields=True):
    """One search object; `weather` names the row of weather corrections that it takes."""

    weather: str
    platforms: dict[Platform, PlatformTable]


class Tables(Struct, frozen=True, forbid_unknown_fields=True):
    """Every table, in the units that `units` names; `classes` maps a leeway class to its search object."""

    source: str
    units: dict[str, str]
    visibility: tuple[float, ...]
    weather: dict[str, dict[Weather, float]]
    fatigue: float
    classes: dict[str, str]
    objects: dict[str, ObjectTable]


def read_tables(content: bytes) -> Tables:
    """Read tables from a file's bytes. Raises Malformed with what is wrong."""
    try:
        tables = msgspec.json.decode(content, type=Tables)
    except msgspec.MsgspecError as error:
        raise Malformed(f"These are no sweep width tables: {error}.", "Compare with the one in use.") from error
    unknown = set(tables.classes.values()) - set(tables.objects)
    if unknown:
        raise Malformed(f"The classes name search objects without a table: {', '.join(sorted(unknown))}.")
    for name, each in tables.objects.items():
        rows = [row for platform in each.platforms.values() for _, row in platform.widths]
        if each.weather not in tables.weather or any(len(row) != len(tables.visibility) for row in rows):
            raise Malformed(f"The table of {name} does not fit the visibilities or the weather rows.")
    return tables


@cache
def tables() -> Tables:
    """The tables that came along."""
    return read_tables(files("tansiq.rescue.search").joinpath("sweep_widths.json").read_bytes())


def sweep_width(
    *,
    object_class: int,
    platform: Platform,
    height_m: float,
    visibility_m: float,
    speed: float,
    weather: Weather,
    tired: bool,
    table: Tables | None = None,
) -> float:
    """Corrected sweep width in metres for one leeway class; between table entries linear, outside them the nearest."""
    table = table or tables()
    each = table.objects[table.classes[str(object_class)]]
    seen_from = each.platforms[platform]
    visibility = visibility_m / NAUTICAL_MILE
    by_height = [float(np.interp(visibility, table.visibility, row)) for _, row in seen_from.widths]
    heights = [height for height, _ in seen_from.widths]
    uncorrected = float(np.interp(height_m / FOOT, heights, by_height)) * NAUTICAL_MILE
    fatigue = table.fatigue if tired else 1.0
    return uncorrected * table.weather[each.weather][weather] * fatigue * _speed_correction(seen_from, speed)


def _speed_correction(table: PlatformTable, speed: float) -> float:
    """The correction for the speed (m/s) over ground; vessels have none."""
    if not table.speed:
        return 1.0
    return float(np.interp(speed / KNOT, [knots for knots, _ in table.speed], [factor for _, factor in table.speed]))
