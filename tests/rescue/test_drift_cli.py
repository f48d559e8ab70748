"""`tansiq drift` and `tansiq coast` as a user calls them: JSON alone on standard output, status 2 for bad input."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray

from tansiq.cli import main
from tansiq.sea import coast
from tests import shared

CONSTANT = ["--current=0.3,0.1", "--wind=-5,5"]
START = ["--lat", "35.9", "--lon", "-4.5", "--time", "2026-03-01T00:00Z", "--radius", "500", "--particles", "500"]


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["drift", *arguments, "--json"]) == 0
    said = capsys.readouterr()
    assert not said.err
    return dict(json.loads(said.out))


def test_the_summary_says_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    said = called(capsys, "--object", "27", *START, *CONSTANT, "--hours", "12", "--seed", "4")

    assert {"particles": 500, "steps": 72, "stranded": 0, "lost": 0, "afloat": 500}.items() <= said.items()
    assert {"read", "kernels", "seed", "forcing", "coast", "drift", "digest", "write", "total"} == set(said["seconds"])
    assert said["particle_steps_per_s"] > 0
    assert [used["name"] for used in said["forcing"]] == ["constant 0.3,0.1", "constant -5,5"]
    assert said["coast"] == "tansiq-west"
    assert said["digest"] == called(capsys, *START, "--object=27", *CONSTANT, "--hours=12", "--seed=4")["digest"]


def test_flags_change_the_drift(capsys: pytest.CaptureFixture[str]) -> None:
    common = [*START, *CONSTANT, "--hours", "3"]
    variants = [
        [],
        ["--backward"],
        ["--opendrift-compat"],
        ["--memory", "3"],
        ["--seed", "1"],
        ["--object", "27:1,76:2"],
    ]

    assert len({called(capsys, *common, *flags)["digest"] for flags in variants}) == len(variants)
    assert called(capsys, *common, "--no-coast")["coast"] == ""


def test_words_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", *START, *CONSTANT, "--hours", "1"]) == 0
    assert "500 particles over 1 hours" in capsys.readouterr().out


def test_trajectories_are_cf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drift.nc"
    said = called(capsys, *START, *CONSTANT, "--hours", "6", "--out", str(path))

    with netCDF4.Dataset(str(path)) as file:
        assert file.featureType == "trajectory"
        assert file.Conventions == "CF-1.11"
        assert file.digest == said["digest"]
        assert file["trajectory"].cf_role == "trajectory_id"
    with xarray.open_dataset(path) as data:
        assert data.lon.shape == (500, 7)
        assert data.time.values[0, -1] == np.datetime64("2026-03-01T06:00")
        assert float(data.lon[:, -1].mean()) == pytest.approx(said["mean"]["lon"], abs=1e-4)
        assert float(data.weight.sum()) == pytest.approx(1.0)


def test_areas_for_the_map_are_geojson(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drift.geojson"
    called(capsys, *START, *CONSTANT, "--hours", "3", "--out", str(path))
    features = json.loads(path.read_bytes())["features"]

    kinds = [feature["properties"]["kind"] for feature in features]
    assert kinds == ["mean-track"] + ["containment"] * 8 + ["particles"]
    assert len(features[-1]["geometry"]["coordinates"]) == 500


REFUSED = {
    "no forcing at all": ([], "no forcing at all"),
    "no wind": (["--current=0.3,0.1"], "no wind"),
    "a missing file": (["--current", "nowhere.nc", "--wind=1,1"], "nowhere.nc"),
    "no such class": ([*CONSTANT, "--object", "99"], "no object class 99"),
    "an object in words": ([*CONSTANT, "--object", "raft"], "raft"),
    "an object with two weights": ([*CONSTANT, "--object", "27:1:2"], "27:1:2"),
    "no time": ([*CONSTANT, "--time", "yesterday"], "yesterday"),
    "a time before all calendars": ([*CONSTANT, "--time", "0001-01-01T00:00+14:00"], "no time"),
    "a time after all forcing": ([*CONSTANT, "--time", "9999-12-31T23:59Z"], "no time"),
    "a step that never ends": ([*CONSTANT, "--step", "0.0000001"], "A step of"),
    "a release that outlasts the run": ([*CONSTANT, "--until", "2027-01-01T00:00Z"], "release"),
    "a memory that is no number": ([*CONSTANT, "--memory", "nan"], "memory"),
    "a current that is no number": (["--current=nan,0", "--wind=1,1"], "m/s"),
    "a wind beyond all winds": (["--current=0,0", "--wind=1e300,0"], "m/s"),
    "too many hours": ([*CONSTANT, "--hours", "1e9"], "hours"),
    "another place than the coast": ([*CONSTANT, "--lat", "60"], "coast"),
    "a file of another kind": ([*CONSTANT, "--out", "x.txt"], "neither"),
    "a folder that is not there": ([*CONSTANT, "--hours", "1", "--out", "/nowhere/x.nc"], "cannot be written"),
    "a negative seed": ([*CONSTANT, "--seed", "-4"], "random seed"),
}


@pytest.mark.parametrize("story", REFUSED)
def test_bad_input_is_one_line_and_status_2(story: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, said = REFUSED[story]

    assert main(["drift", *START, *arguments]) == 2
    out, error = capsys.readouterr()
    assert not out
    assert said in error
    assert error.count("\n") == 1


def test_a_truncated_forcing_file_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = shared.data("forcing", "algeria_cur.nc").read_bytes()
    (tmp_path / "half.nc").write_bytes(whole[: len(whole) // 2])

    assert main(["drift", *START, "--current", str(tmp_path / "half.nc"), "--wind=1,1"]) == 2
    assert "half.nc" in capsys.readouterr().err


def test_the_recorded_case_off_algeria(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(shared.data("forcing", name)) for name in ("algeria_cur.nc", "algeria_wind.nc")]
    said = called(
        capsys, "--object", "27", "--lon", "6", "--lat", "38", "--time", "2008-08-06T00:00Z", "--radius", "2000",
        "--particles", "2000", "--hours", "48", "--current", files[0], "--wind", files[1],
    )  # fmt: skip

    assert said["steps"] == 288
    assert said["mean"]["lat"] == pytest.approx(38.053, abs=0.02)
    assert said["mean"]["lon"] == pytest.approx(5.833, abs=0.02)
    assert [used["variables"] for used in said["forcing"]] == [["uo", "vo"], ["u10", "v10"]]


def test_it_runs_without_django() -> None:
    code = (
        "import sys; from tansiq.cli import main; "
        f"main({['drift', *START, *CONSTANT, '--hours', '1']!r}); sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_coasts_are_cut_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("roaring_landmask", reason="needs the extra package of `tansiq[coast]`")
    cut, shapes = tmp_path / "strait.bin", tmp_path / "strait.json"

    assert main(["coast", "cut", "--bbox=-6,35,-4,37", "--out", str(cut), "--map", str(shapes)]) == 0
    assert json.loads(capsys.readouterr().out)["polygons"] > 10
    assert json.loads(shapes.read_bytes())["features"]
    assert called(capsys, *START, *CONSTANT, "--hours", "1", "--coast", str(cut))["coast"] == "strait"
    box = (-6.0, 35.0, -4.0, 37.0)
    assert (coast.read(cut).window(box).bits == coast.regional().window(box).bits).all(), (
        "the regional file is cut alike"
    )
    assert main(["coast", "cut", "--bbox=4,3", "--out", str(cut)]) == 2
