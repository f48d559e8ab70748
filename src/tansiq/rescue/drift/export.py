"""A drift as files for others: trajectories as CF NetCDF, and what a map needs as GeoJSON.

NetCDF follows the CF Conventions 1.11, appendix H.4.1 (trajectories as two-dimensional arrays); GeoJSON follows RFC
7946.
"""

import json
from datetime import datetime
from typing import Any

import numpy as np

from tansiq.ground.errors import Malformed
from tansiq.rescue.drift.raster import probability_raster
from tansiq.rescue.drift.result import DriftResult
from tansiq.sea.geodesy import metres_per_degree

SHARES = (0.5, 0.9)
"""The shares of probability whose areas are drawn."""

POINTS = 2000
"""How many particles stand in a GeoJSON, evenly taken from all."""


def netcdf(result: DriftResult) -> bytes:
    """The trajectories as the bytes of a NetCDF-4 file."""
    import netCDF4

    hours, particles = result.lon.shape
    file = netCDF4.Dataset("drift.nc", "w", memory=1 << 20)
    file.setncatts(_attributes(result))
    file.createDimension("trajectory", particles)
    file.createDimension("obs", hours)
    number = file.createVariable("trajectory", "i4", ("trajectory",), compression="zlib", complevel=1)
    number.setncatts({"cf_role": "trajectory_id", "long_name": "particle"})
    number[:] = np.arange(particles)
    minutes = [round((moment - result.times[0]).total_seconds() / 60) for moment in result.times]
    _whole(file, "time", np.broadcast_to(np.array(minutes, np.int32), (particles, hours)), {
        "standard_name": "time", "units": f"minutes since {result.times[0]:%Y-%m-%d %H:%M:%S}",
        "calendar": "standard", "axis": "T",
    })  # fmt: skip
    _whole(file, "lon", result.lon.T, {"standard_name": "longitude", "units": "degrees_east", "axis": "X"})
    _whole(file, "lat", result.lat.T, {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"})
    for name, values, meaning in (
        ("stranded", result.stranded, "step in which the particle met land, or -1"),
        ("lost", result.lost, "step in which the particle left the forcing, or -1"),
        ("object_class", result.object_class, "leeway object class (Allen & Plourde 1999)"),
        ("weight", result.weight, "probability that the particle stands for"),
    ):
        variable = file.createVariable(name, values.dtype, ("trajectory",), compression="zlib", complevel=1)
        variable.setncatts({"long_name": meaning, "units": "1"})
        variable[:] = values
    return bytes(file.close())


def _whole(file: Any, name: str, values: Any, attributes: dict[str, str]) -> None:
    """A variable of every particle and hour."""
    chunks = (min(values.shape[0], 8192), values.shape[1])
    fill = np.float32(np.nan) if values.dtype.kind == "f" else None
    variable = file.createVariable(
        name, values.dtype, ("trajectory", "obs"), compression="zlib", complevel=1, chunksizes=chunks, fill_value=fill
    )
    variable.setncatts(attributes)
    variable[:] = values


def _attributes(result: DriftResult) -> dict[str, Any]:
    return {
        "Conventions": "CF-1.11",
        "featureType": "trajectory",
        "title": "Leeway drift",
        "source": "; ".join(f"{used.vector}: {used.name} {used.digest}".strip() for used in result.forcing_used),
        "references": "Allen & Plourde 1999, CG-D-08-99; Breivik & Allen 2008, arXiv:1111.1102",
        "coast": result.coast,
        "digest": result.digest,
        "random_seed": str(result.rng),
        "step_minutes": result.step_minutes,
        "backward": int(result.backward),
        "opendrift_compat": int(result.opendrift_compat),
    }


def geojson(result: DriftResult) -> bytes:
    """The mean track, the areas of 50 and 90% at every hour, and some of the last positions."""
    features = [_track(result)]
    for hour, moment in enumerate(result.times):
        features += _areas(result, hour, moment)
    features.append(_points(result))
    document = {"type": "FeatureCollection", "digest": result.digest, "features": features}
    return json.dumps(document, separators=(",", ":")).encode()


def _feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _track(result: DriftResult) -> dict[str, Any]:
    """The weighted mean of all particles over time."""
    places = []
    for lon, lat in zip(result.lon.astype(np.float64), result.lat.astype(np.float64), strict=True):
        there = ~np.isnan(lon)
        if there.any():
            weight = result.weight[there]
            places.append([round(float(np.average(axis[there], weights=weight)), 5) for axis in (lon, lat)])
    times = [_iso(moment) for moment in result.times]
    return _feature({"type": "LineString", "coordinates": places}, kind="mean-track", times=times)


def _areas(result: DriftResult, hour: int, moment: datetime) -> list[dict[str, Any]]:
    """The areas of probability at an hour; none when nothing is afloat."""
    try:
        raster = probability_raster(result, hour, _cell(result, hour))
    except Malformed:
        return []
    areas = []
    for share in SHARES:
        rings = [[[round(lon, 5), round(lat, 5)] for lon, lat in ring] for ring in raster.contour(share)]
        geometry = {"type": "MultiLineString", "coordinates": rings}
        areas.append(
            _feature(geometry, kind="containment", share=share, time=_iso(moment), area_m2=round(raster.area_m2(share)))
        )
    return areas


def _cell(result: DriftResult, hour: int) -> float:
    """A cell size that gives the cloud some 40 cells from side to side, 100 m at least."""
    afloat = result.afloat(hour)
    if not afloat.any():
        return 1000.0
    lat, lon = result.lat[hour, afloat], result.lon[hour, afloat]
    per_lat, per_lon = metres_per_degree(float(lat.mean()))
    spread = max(
        np.ptp(np.percentile(lat, (1, 99))) * float(per_lat), np.ptp(np.percentile(lon, (1, 99))) * float(per_lon)
    )
    return max(100.0, float(spread) / 40)


def _points(result: DriftResult) -> dict[str, Any]:
    every = max(1, result.lon.shape[1] // POINTS)
    lon, lat = result.lon[-1, ::every], result.lat[-1, ::every]
    there = ~np.isnan(lon)
    places = [[round(float(x), 5), round(float(y), 5)] for x, y in zip(lon[there], lat[there], strict=True)]
    geometry = {"type": "MultiPoint", "coordinates": places}
    return _feature(geometry, kind="particles", time=_iso(result.times[-1]))


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
