"""Drift beside OpenDrift: the same forcing and case, whole processes, taking turns in one run.

    python -m benchmarks.drift [--opendrift-python PATH] [--rounds 3] [--particles 10000 100000]

Each figure is that of a whole process: start, imports, reading the forcing, coast, 48 h of drift in steps of 10
minutes with positions every hour. Wall clock and peak resident memory as the kernel counts them for the process. Our
code is compiled once before (the note says how long that takes). OpenDrift comes from --opendrift-python,
TANSIQ_OPENDRIFT_PYTHON or .venv-bench, which is made on first use. JSON goes to standard output. The forcing is the
recorded case off Algeria where it is at hand, else a formula of its shape.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
RECORDED = ROOT.parent / "shared" / "data" / "forcing"
PEER = "opendrift==1.14.12"
CASE = (
    "--object",
    "27",
    "--lon",
    "6",
    "--lat",
    "38",
    "--time",
    "2008-08-06T00:00Z",
    "--radius",
    "2000",
    "--hours",
    "48",
)


class Cost(NamedTuple):
    """What a process cost, and what it said."""

    seconds: float
    processor: float
    megabytes: float
    said: dict[str, Any]


def spent(command: list[str], **environment: str) -> Cost:
    """Run a process to its end: wall seconds, peak resident megabytes, and the JSON of its last line."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.DEVNULL, env=os.environ | environment, cwd=ROOT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        lines = out.read().decode().splitlines()
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:3])} ... ended with status {process.returncode}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, json.loads(lines[-1]))


def peer_python(named: str | None) -> str:
    """The Python that has OpenDrift; made in .venv-bench where none is named."""
    named = named or os.environ.get("TANSIQ_OPENDRIFT_PYTHON")
    if named:
        return named
    python = ROOT / ".venv-bench" / "bin" / "python"
    if not python.exists():
        print(f"installing {PEER} into .venv-bench ...", file=sys.stderr)
        venv.create(ROOT / ".venv-bench", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PEER], check=True, stdout=sys.stderr)
    return str(python)


def forcing(folder: Path) -> tuple[str, str]:
    """Current and wind files: the recorded ones, or a meandering current and a turning wind of the same size."""
    recorded = [RECORDED / name for name in ("algeria_cur.nc", "algeria_wind.nc")]
    if all(path.exists() for path in recorded):
        return str(recorded[0]), str(recorded[1])
    import netCDF4
    import numpy as np

    made = []
    for name, step, hours, parts in (("current", 1 / 16, 96, ("uo", "vo")), ("wind", 0.5, 96, ("u10", "v10"))):
        path = folder / f"{name}.nc"
        kind = "sea_water_velocity" if name == "current" else "wind"
        lon, lat, hour = (
            np.arange(4, 8.01, step),
            np.arange(37, 39.01, step),
            np.arange(0, hours, 1 if name == "current" else 6),
        )
        scale = 0.4 if name == "current" else 6.0
        turn = 2 * np.pi * (hour[:, None, None] / 48 + lon / 2 + lat[:, None])
        with netCDF4.Dataset(str(path), "w") as file:
            since = "hours since 2008-08-05 13:00"
            for axis, values, units in (
                ("time", hour, since),
                ("lat", lat, "degrees_north"),
                ("lon", lon, "degrees_east"),
            ):
                file.createDimension(axis, len(values))
                variable = file.createVariable(axis, "f8", (axis,))
                variable.units, variable.standard_name = units, {"lat": "latitude", "lon": "longitude"}.get(axis, axis)
                variable[:] = values
            for part, way, values in zip(parts, ("eastward", "northward"), (np.cos(turn), np.sin(turn)), strict=True):
                variable = file.createVariable(part, "f4", ("time", "lat", "lon"))
                variable.units, variable.standard_name = "m s-1", f"{way}_{kind}"
                variable[:] = scale * values
        made.append(str(path))
    return made[0], made[1]


def ours(particles: int, current: str, wind: str) -> list[str]:
    """Our command."""
    command = [sys.executable, "-m", "tansiq.cli", "drift", *CASE, "--particles", str(particles)]
    return [*command, "--current", current, "--wind", wind, "--json"]


def compare(python: str, current: str, wind: str, particles: int, rounds: int) -> dict[str, Any]:
    """One row: both take turns, medians of each, and the ratio of the medians."""
    theirs = [python, str(ROOT / "benchmarks" / "opendrift_leeway.py"), str(particles)]
    mine: list[Cost] = []
    peer: list[Cost] = []
    for turn in range(rounds):
        mine += [spent([*ours(particles, current, wind), "--seed", str(2 * turn + half)]) for half in (0, 1)]
        peer.append(spent([*theirs, str(turn), current, wind]))
        print(f"{particles}: ours {mine[-1].seconds:.2f} s, OpenDrift {peer[-1].seconds:.1f} s", file=sys.stderr)
    seconds = [statistics.median(cost.seconds for cost in costs) for costs in (mine, peer)]
    return {
        "particles": f"{particles:,}",
        "ours, s": round(seconds[0], 3),
        f"OpenDrift {peer[0].said['version']}, s": round(seconds[1], 2),
        "ratio": round(seconds[1] / seconds[0], 1),
        "ratio of processor time": round(
            statistics.median(cost.processor for cost in peer) / statistics.median(cost.processor for cost in mine), 1
        ),
        "ours, MB": round(max(cost.megabytes for cost in mine)),
        "OpenDrift, MB": round(max(cost.megabytes for cost in peer)),
        "ours, drift alone, s": round(statistics.median(cost.said["seconds"]["drift"] for cost in mine), 3),
        "OpenDrift, run alone, s": round(statistics.median(cost.said["run_s"] for cost in peer), 2),
        "particle-steps/s, drift alone": round(statistics.median(cost.said["particle_steps_per_s"] for cost in mine)),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--opendrift-python")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--particles", type=int, nargs="+", default=[10_000, 100_000])
    args = parser.parse_args()
    python = peer_python(args.opendrift_python)
    with tempfile.TemporaryDirectory() as folder:
        current, wind = forcing(Path(folder))
        first = ours(10, current, wind)
        cold = spent(first, NUMBA_CACHE_DIR=str(Path(folder) / "cold"))
        spent(first)  # compiled, and the files in the page cache
        rows = [compare(python, current, wind, particles, args.rounds) for particles in args.particles]
    notes = [
        f"Medians of {args.rounds} OpenDrift and {2 * args.rounds} own processes in turns; class 27, 48 h, steps of 10 "
        f"minutes, hourly positions, coast on, forcing {Path(current).name} and {Path(wind).name}. "
        "Memory is the greatest seen.",
        f"The first process of all compiles the kernels: {cold.seconds:.1f} s and {cold.megabytes:.0f} MB.",
    ]
    print(json.dumps({"title": "Drift beside OpenDrift", "rows": rows, "notes": notes}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
