"""Our drift and OpenDrift's are one distribution: the recorded case off Algeria, 20,000 particles, 48 hours.

Runs where a Python with OpenDrift is named by TANSIQ_OPENDRIFT_PYTHON or stands in .venv-bench (which `make bench`
makes). Two runs of OpenDrift give the measure: ours may overlap with it less than it does with itself by no more than
.01.
"""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tansiq.rescue.drift import Seed, simulate
from tansiq.rescue.forcing import open_forcing
from tansiq.sea import coast
from tests import shared

ROOT = Path(__file__).parents[2]
PARTICLES = 20_000
CELL = 0.05


class Cloud(NamedTuple):
    """Where all particles are at the end."""

    lon: NDArray[np.floating]
    lat: NDArray[np.floating]


def opendrift_python() -> str:
    """The Python that has OpenDrift, or a skip that says how to get one."""
    named = os.environ.get("TANSIQ_OPENDRIFT_PYTHON") or str(ROOT / ".venv-bench" / "bin" / "python")
    if not Path(named).exists():
        pytest.skip("needs OpenDrift: name its Python in TANSIQ_OPENDRIFT_PYTHON, or let `make bench` install it")
    return named


def forcing() -> tuple[Path, Path]:
    return shared.data("forcing", "algeria_cur.nc"), shared.data("forcing", "algeria_wind.nc")


def overlap(first: Cloud, second: Cloud) -> float:
    """The shared part of two distributions over cells of 0.05 degrees."""
    lon = np.arange(min(first.lon.min(), second.lon.min()), max(first.lon.max(), second.lon.max()) + CELL, CELL)
    lat = np.arange(min(first.lat.min(), second.lat.min()), max(first.lat.max(), second.lat.max()) + CELL, CELL)
    shares = [np.histogram2d(cloud.lon, cloud.lat, (lon, lat))[0] / PARTICLES for cloud in (first, second)]
    return float(np.minimum(*shares).sum())


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> list[Cloud]:
    """Two runs of OpenDrift, with seeds 1 and 2."""
    python, (current, wind) = opendrift_python(), forcing()
    clouds = []
    for seed in (1, 2):
        out = tmp_path_factory.mktemp("opendrift") / f"{seed}.npz"
        command = [python, str(ROOT / "benchmarks" / "opendrift_leeway.py"), str(PARTICLES), str(seed)]
        done = subprocess.run([*command, str(current), str(wind), "--save", str(out)], capture_output=True, check=True)
        assert json.loads(done.stdout.splitlines()[-1])["version"]
        with np.load(out) as data:
            clouds.append(Cloud(data["lon"], data["lat"]))
    return clouds


@pytest.fixture(scope="module")
def ours() -> Cloud:
    """Our run in compatible mode, with the coast."""
    current, wind = forcing()
    seed = Seed(
        lat=38.0,
        lon=6.0,
        time=datetime(2008, 8, 6, tzinfo=UTC),
        classes=((27, 1.0),),
        radius_m=2000,
        particles=PARTICLES,
    )
    result = simulate(
        seed=seed,
        forcing=open_forcing([current], [wind]),
        hours=48,
        coast=coast.regional(),
        rng=0,
        opendrift_compat=True,
    )
    return Cloud(result.lon[-1], result.lat[-1])


def test_longitudes_and_latitudes_come_from_one_distribution(theirs: list[Cloud], ours: Cloud) -> None:
    for cloud in theirs:
        assert stats.ks_2samp(ours.lon, cloud.lon).pvalue > 0.05
        assert stats.ks_2samp(ours.lat, cloud.lat).pvalue > 0.05


def test_cells_are_shared_as_well_as_opendrift_shares_them_with_itself(theirs: list[Cloud], ours: Cloud) -> None:
    itself = overlap(*theirs)

    for cloud in theirs:
        assert overlap(ours, cloud) > itself - 0.01
