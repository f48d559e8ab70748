"""The commands of the manual, run as they are printed there, in processes of their own and on the recordings.

Standard output holds one JSON object and nothing else; where input is bad it holds nothing, standard error one line,
and the exit status is 2.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import netCDF4
import pytest

from tests import shared

DRIFT = (
    "drift", "--object", "27", "--lon", "6", "--lat", "38", "--time", "2008-08-06T00:00Z", "--radius", "2000",
    "--particles", "100000", "--hours", "48", "--step", "10",
)  # fmt: skip
FEWER = ("--particles", "1000")
RECORDINGS = ("ais_vernon_20160410.log", "ais-18-27.log", "ais-nmea.log", "sample.aivdm", "mob_pair.nmea")


def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "tansiq.cli", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=300, check=False)


def answered(*arguments: str | Path, stdin: bytes = b"") -> Any:
    """What it says in JSON, alone on its standard output."""
    done = run(*arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"\n") == 1
    return json.loads(done.stdout)


def forcing() -> list[str]:
    """The recorded current and wind off Algeria, as options."""
    current, wind = (str(shared.data("forcing", f"algeria_{name}.nc")) for name in ("cur", "wind"))
    return ["--current", current, "--wind", wind]


def test_a_hundred_thousand_particles_for_two_days(tmp_path: Path) -> None:
    out = tmp_path / "drift.nc"

    said = answered(*DRIFT, *forcing(), "--out", out, "--json")

    assert (said["particles"], said["steps"]) == (100_000, 288)
    assert {"read", "kernels", "forcing", "coast", "drift", "write", "total"} <= set(said["seconds"])
    assert said["particle_steps_per_s"] > 0
    assert 0 <= said["stranded"] <= said["particles"]
    assert [used["name"] for used in said["forcing"]] == ["algeria_cur.nc", "algeria_wind.nc"]
    assert len(said["digest"]) == 64
    with netCDF4.Dataset(out) as data:
        assert data.variables["lon"].size == 49 * 100_000


FLAGS = {
    "no coast": (["--no-coast"], lambda said: said["coast"] == ""),
    "backward": (["--backward", "--time", "2008-08-08T12:00Z"], lambda said: said["backward"]),
    "as OpenDrift does": (["--opendrift-compat"], lambda said: said["opendrift_compat"]),
    "another seed": (["--seed", "9"], lambda said: said["seed"] == 9),
}


@pytest.mark.parametrize("story", FLAGS)
def test_every_flag_of_drift(story: str) -> None:
    options, holds = FLAGS[story]

    assert holds(answered(*DRIFT, *FEWER, *forcing(), *options, "--json"))


def test_one_seed_gives_one_digest_and_areas_for_a_map(tmp_path: Path) -> None:
    out = tmp_path / "drift.geojson"

    first = answered(*DRIFT, *FEWER, *forcing(), "--seed", "4", "--out", out, "--json")
    second = answered(*DRIFT, *FEWER, *forcing(), "--seed", "4", "--json")

    assert first["digest"] == second["digest"]
    assert json.loads(out.read_text())["features"]


def test_a_backward_run_that_begins_before_its_forcing_is_refused() -> None:
    done = run(*DRIFT, *FEWER, *forcing(), "--backward", "--json")

    assert (done.returncode, done.stdout) == (2, b"")
    assert b"2008-08-04T00:00Z" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_recording_is_ingested(name: str) -> None:
    said = answered("ingest", "ais", shared.data("ais", name), "--json")

    assert {"sentences", "messages", "errors", "observations", "tracks", "alerts", "seconds"} <= set(said)
    assert said["sentences"] >= said["messages"] >= said["observations"] > 0
    assert said["alerts"] == len(said["raised"])


@pytest.mark.parametrize("noise", [b"", b"\x00" * 5000, b"!AIVDM,1,1,,A,", b"!AIVDM\r\n" * 100, bytes(range(256)) * 99])
def test_noise_is_counted_and_kills_nothing(noise: bytes) -> None:
    assert answered("ingest", "ais", "-", "--json", stdin=noise)["messages"] == 0


BAD_FORCING = {
    "truncated": lambda whole: whole[: len(whole) // 3],
    "empty": lambda _: b"",
    "text": lambda _: b"not NetCDF",
    "a header and zeros": lambda whole: whole[:8] + bytes(300),
    "classic NetCDF without a body": lambda _: b"CDF\x01" + b"\xff" * 64,
}


@pytest.mark.parametrize("vector", ["--current", "--wind"])
@pytest.mark.parametrize("story", BAD_FORCING)
def test_forcing_that_cannot_be_read_is_refused_by_name(vector: str, story: str, tmp_path: Path) -> None:
    given = forcing()
    at = given.index(vector) + 1
    bad = tmp_path / "bad.nc"
    bad.write_bytes(BAD_FORCING[story](Path(given[at]).read_bytes()))
    given[at] = str(bad)

    done = run(*DRIFT, *FEWER, *given, "--json")

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"tansiq drift: bad.nc ")
    assert done.stderr.count(b"\n") == 1
