"""`tansiq drift`: where an object drifts, from forcing files to trajectories, without a node or a database."""

import argparse
import json
import math
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tansiq.ground import clock
from tansiq.ground.errors import Malformed, NotCovered
from tansiq.rescue.drift import DriftResult, Seed, simulate
from tansiq.rescue.forcing import Forcing, ForcingUsed, Layer, Vector, constant_layer, open_layers
from tansiq.sea import coast

FASTEST = 5.0
"""Nothing drifts faster, m/s: how far around the start forcing is read."""

FASTEST_WIND = 120.0
"""No wind of ten minutes was ever faster, m/s: more is a slip of the pen."""


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Register the command."""
    parser = commands.add_parser("drift", help="where an object drifts", description=__doc__)
    start = parser.add_argument_group("the start")
    start.add_argument(
        "--object", default="1", metavar="CLASS", help="object class 1 to 85, or a mixture such as 27:0.7,76:0.3"
    )
    start.add_argument("--lon", type=float, required=True)
    start.add_argument("--lat", type=float, required=True)
    start.add_argument("--time", required=True, help="UTC where it names no zone, such as 2008-08-06T00:00Z")
    start.add_argument("--until", help="release evenly until then")
    start.add_argument("--radius", type=float, default=0.0, metavar="METRES", help="one sigma of the position")
    start.add_argument("--particles", type=int, default=10_000)
    run = parser.add_argument_group("the run")
    run.add_argument("--hours", type=float, default=24.0)
    run.add_argument("--step", type=float, default=10.0, metavar="MINUTES")
    run.add_argument(
        "--current",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="NetCDF, preferred first; or U,V in m/s",
    )
    run.add_argument(
        "--wind", nargs="+", action="extend", default=[], metavar="FILE", help="NetCDF, preferred first; or U,V in m/s"
    )
    run.add_argument("--coast", type=Path, metavar="FILE", help="a coast file of `tansiq coast cut`")
    run.add_argument("--no-coast", action="store_true", help="strand nothing")
    run.add_argument("--backward", action="store_true", help="mirror the run into the past: a quick look only")
    run.add_argument("--memory", type=float, metavar="HOURS", help="let residuals wander with this correlation time")
    run.add_argument("--opendrift-compat", action="store_true", help="crosswind sign of OpenDrift")
    run.add_argument("--seed", type=int, default=0, help="of all that is random")
    result = parser.add_argument_group("the result")
    result.add_argument("--out", type=Path, metavar="FILE", help="trajectories as .nc, areas as .geojson")
    result.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.set_defaults(run=run_drift)


def run_drift(args: argparse.Namespace) -> int:
    """Drift and say what came of it."""
    began = time.perf_counter()
    if args.out and args.out.suffix not in (".nc", ".geojson"):
        raise Malformed(f"{args.out.name} is neither .nc nor .geojson.", "Choose one of the two.")
    seed = _seed(args)
    shore = _coast(args)
    forcing = _forcing(args, seed)
    read = time.perf_counter() - began
    from tansiq.rescue.drift import kernels  # numba loads late, so that bad input is answered at once

    kernels.without_blas()
    loaded = time.perf_counter() - began - read
    result = simulate(
        seed=seed, forcing=forcing, hours=args.hours, step_minutes=args.step, coast=shore, rng=args.seed,
        backward=args.backward, opendrift_compat=args.opendrift_compat, memory_hours=args.memory,
    )  # fmt: skip
    mark = time.perf_counter()
    if args.out:
        _write(args.out, result)
    seconds = {
        "read": read,
        **result.seconds,
        "kernels": loaded + result.seconds["kernels"],
        "write": time.perf_counter() - mark,
        "total": time.perf_counter() - began,
    }
    summary = _summary(result, seconds)
    print(json.dumps(summary) if args.json else _words(summary))
    sys.stdout.flush()
    return 0


def _seed(args: argparse.Namespace) -> Seed:
    return Seed(
        lat=args.lat, lon=args.lon, time=_moment(args.time), classes=_classes(args.object), radius_m=args.radius,
        particles=args.particles, until=_moment(args.until) if args.until else None,
    )  # fmt: skip


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{text!r} is no time.", "Write it as 2008-08-06T00:00Z.") from error
    if not 1900 <= moment.year < 2200:
        raise Malformed(f"{text!r} is no time to drift at.", "Take one from 1900 to 2199.")
    return moment


def _classes(text: str) -> tuple[tuple[int, float], ...]:
    try:
        pairs = [part.partition(":") for part in text.split(",")]
        return tuple((int(name), float(weight) if colon else 1.0) for name, colon, weight in pairs)
    except ValueError as error:
        raise Malformed(f"{text!r} names no object classes.", "Write 27, or 27:0.7,76:0.3.") from error


def _coast(args: argparse.Namespace) -> coast.Coast | None:
    if args.no_coast:
        return None
    return coast.read(args.coast) if args.coast else coast.regional()


def _forcing(args: argparse.Namespace, seed: Seed) -> Forcing:
    """The forcing that was named, read where and when the drift can need it."""
    if not 0 < args.hours <= 24 * 366:
        raise Malformed(f"{args.hours:g} hours cannot be drifted.", "Take more than 0 hours and at most a year.")
    reach = (FASTEST * args.hours * 3600 + 5 * max(args.radius, 0)) / 111_000
    wide = reach / max(0.1, 1 - (abs(seed.lat) + reach) ** 2 / 8100)
    bounds = (seed.lon - wide, max(-90.0, seed.lat - reach), seed.lon + wide, min(90.0, seed.lat + reach))
    length = timedelta(hours=-args.hours if args.backward else args.hours)
    start, end = sorted((seed.time, seed.time + length))
    if not args.current and not args.wind:
        raise NotCovered("There is no forcing at all.", "Name files with --current and --wind.")
    return Forcing(
        _layers(Vector.CURRENT, args.current, bounds, start, end), _layers(Vector.WIND, args.wind, bounds, start, end)
    )


def _layers(
    vector: Vector, given: list[str], bounds: tuple[float, float, float, float], start: datetime, end: datetime
) -> tuple[Layer, ...]:
    """The layers of one vector: a constant, or files."""
    constant = _constant(given[0]) if len(given) == 1 else None
    if constant:
        return (constant_layer(vector, constant),)
    return open_layers([Path(path) for path in given], vector, bounds=bounds, start=start, end=end)


def _constant(text: str) -> tuple[float, float] | None:
    """Two numbers as a constant vector; None for anything else, which is a file."""
    try:
        east, north = (float(part) for part in text.split(","))
    except ValueError:
        return None
    if not math.hypot(east, north) <= FASTEST_WIND:
        raise Malformed(f"Nothing blows or flows by {text} m/s.", f"Take at most {FASTEST_WIND:g} m/s.")
    return east, north


def _write(path: Path, result: DriftResult) -> None:
    """Write the file whole, or not at all."""
    from tansiq.rescue.drift import export

    data = export.netcdf(result) if path.suffix == ".nc" else export.geojson(result)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Malformed(f"{path} cannot be written ({error.strerror}).", "Choose another place.") from error


def _summary(result: DriftResult, seconds: dict[str, float]) -> dict[str, Any]:
    particles = result.lon.shape[1]
    stranded, lost = int((result.stranded >= 0).sum()), int((result.lost >= 0).sum())
    return {
        "particles": particles,
        "steps": result.steps,
        "hours": result.steps * result.step_minutes / 60,
        "seconds": {name: round(spent, 4) for name, spent in seconds.items()},
        "particle_steps_per_s": round(result.particle_steps / max(seconds["drift"], 1e-9)),
        "stranded": stranded,
        "lost": lost,
        "afloat": particles - stranded - lost,
        "mean": {
            "lat": round(float(result.lat[-1].mean(dtype=float)), 5),
            "lon": round(float(result.lon[-1].mean(dtype=float)), 5),
        },
        "forcing": [_used(used) for used in result.forcing_used],
        "coast": result.coast,
        "backward": result.backward,
        "opendrift_compat": result.opendrift_compat,
        "seed": result.rng,
        "digest": result.digest,
    }


def _used(used: ForcingUsed) -> dict[str, Any]:
    """What a summary says of one forcing; `age_hours` counts from when it was made until now."""
    age = (clock.now() - used.issued).total_seconds() / 3600 if used.issued else None
    constant = not used.digest
    return {
        "vector": used.vector, "name": used.name, "variables": used.variables, "digest": used.digest,
        "start": None if constant else _iso(used.start), "end": None if constant else _iso(used.end),
        "issued": _iso(used.issued) if used.issued else None, "age_hours": None if age is None else round(age, 1),
    }  # fmt: skip


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}"


def _words(summary: dict[str, Any]) -> str:
    used = ", ".join(forcing["name"] for forcing in summary["forcing"])
    mean = summary["mean"]
    return (
        f"{summary['particles']} particles over {summary['hours']:g} hours ({used}): {summary['afloat']} afloat, "
        f"{summary['stranded']} stranded, {summary['lost']} beyond the forcing; "
        f"mean {mean['lat']:.4f} N {mean['lon']:.4f} E; "
        f"{summary['seconds']['total']:.2f} s; digest {summary['digest'][:16]}"
    )
