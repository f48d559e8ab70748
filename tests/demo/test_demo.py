"""The whole thread on three nodes, as `tansiq demo` plays it; with nodes killed on the way; and live, until Ctrl-C.

The runs take the most time of all tests, so each is made once and looked at by several.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.shared import SHARED

pytestmark = pytest.mark.xdist_group("demo")

SEED = "7"
BEACON = SHARED / "data" / "ais" / "mob_pair.nmea"
FORCING = SHARED / "data" / "forcing"
recorded = pytest.mark.skipif(
    not (BEACON.exists() and FORCING.exists()), reason="needs the recordings in the shared folder beside the checkout"
)
WITHIN = 900
"""Seconds that a run may take on a machine that does much else."""


def _demo(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tansiq.cli", "demo", "--seed", SEED, *arguments]


def _played(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(_demo("--once", "--json", *arguments), capture_output=True, text=True, timeout=WITHIN)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return _played()


@pytest.fixture(scope="module")
def killed() -> dict[str, Any]:
    return _played("--kills", "20")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], int, str, Path]]:
    """A demo that is watched, with recorded AIS and a reported distress where the recordings are at hand."""
    folder = tmp_path_factory.mktemp("live")
    given: list[str] = []
    if BEACON.exists() and FORCING.exists():
        given = ["--ais", str(BEACON), "--distress", "38.1,6.35,2008-08-06T09:51Z"]
        given += ["--current", str(FORCING / "algeria_cur.nc"), "--wind", str(FORCING / "algeria_wind.nc")]
    told = folder / "told.txt"
    with told.open("w") as said:
        demo = subprocess.Popen(
            _demo("--json", "--keep", str(folder / "homes"), *given), stdout=subprocess.PIPE, stderr=said, text=True
        )
    try:
        _until(lambda: "Ctrl-C" in told.read_text() or demo.poll() is not None)
        demo.send_signal(signal.SIGINT)
        printed, _ = demo.communicate(timeout=60)
    finally:
        demo.kill()
        demo.communicate()
    yield json.loads(printed or "{}"), demo.returncode, told.read_text(), folder
    _until(lambda: not _processes_of(folder), within=20)


def test_the_thread_holds_from_bytes_to_figure(plain):
    assert plain["holds"], plain["failed"]
    for node in ("ma", "es", "de"):
        letters = plain["envelopes"][node]
        assert letters["sent"] == letters["delivered"] == letters["receipts_verified"]
        assert plain["ledgers"][node]["verified"]
        assert set(plain["ledgers"][node]["consistent_with"].values()) == {True}
    assert plain["envelopes"]["ma"]["sent"] > 0
    assert plain["envelopes"]["es"]["sent"] > 0
    assert plain["pos"] > 0
    assert plain["outcome"]["persons"] == {"alive.unknown-sex.adult": 1}
    assert plain["figures"]["ma"]["persons-rescued"] == plain["figures"]["es"]["persons-rescued"]
    assert plain["figures"]["ma"]["persons-rescued"]["value"] == 1
    assert plain["agreements"]["de"] == ["statistics"]


def test_one_distress_and_one_boat_adrift_raise_one_alert_each(plain):
    assert sorted(alert["situation"] for alert in plain["alerts"]) == ["mob", "not-under-command"]
    assert [alert["situation"] for alert in plain["alerts_at_es"]] == ["mob"]


def test_nodes_killed_at_twenty_moments_lose_double_and_reorder_nothing(killed):
    assert len(killed["kills"]) == 20
    assert {kill.partition(" ")[0] for kill in killed["kills"]} == {"ma", "es", "de"}
    assert killed["holds"], killed["failed"]


def test_the_same_seed_gives_the_same_tracks_alerts_and_drift_whatever_was_killed(plain, killed):
    for what in ("night", "tracks", "alerts", "drift_digest", "pos"):
        assert plain[what] == killed[what], what


def test_a_watched_demo_stays_until_it_is_stopped(live):
    found, status, told, _ = live
    assert status == 0, told[-4000:]
    assert found["holds"], found["failed"]
    for node in ("ma", "es", "de"):
        assert f"  {node}   http://127.0.0.1:" in told
    assert "es-rescue" in told


@recorded
def test_a_recorded_beacon_raises_one_distress_alert_that_reaches_es(live):
    found, _, told, _ = live
    heard = [alert for alert in found["alerts"] if alert["mmsi"] == 972072078]
    assert [alert["situation"] for alert in heard] == ["mob"], told[-2000:]
    assert [alert["id"] for alert in found["alerts_at_es"] if alert["mmsi"] == 972072078] == [heard[0]["id"]]


@recorded
def test_a_distress_reported_elsewhere_drifts_on_the_forcing_given(live):
    reported = live[0]["reported"]
    assert reported["drifts"][0]["particles"] == 20_000
    assert reported["pos"] > 0


def test_a_stopped_demo_leaves_no_process_behind(live):
    folder = live[3]
    _until(lambda: not _processes_of(folder), within=20)


def test_a_demo_that_is_killed_outright_leaves_no_process_behind(tmp_path):
    told = tmp_path / "told.txt"
    with told.open("w") as said:
        demo = subprocess.Popen(
            _demo("--once", "--keep", str(tmp_path / "homes")), stdout=subprocess.DEVNULL, stderr=said
        )
    _until(lambda: "de-admin" in told.read_text() or demo.poll() is not None)
    assert demo.poll() is None, told.read_text()
    assert len(_processes_of(tmp_path / "homes")) >= 4
    os.kill(demo.pid, signal.SIGKILL)
    demo.wait()
    _until(lambda: not _processes_of(tmp_path / "homes"), within=20)


@recorded
def test_a_distress_outside_the_forcing_given_is_answered_in_one_line():
    given = ["--current", str(FORCING / "algeria_cur.nc"), "--wind", str(FORCING / "algeria_wind.nc")]
    done = subprocess.run(_demo("--distress", "36,-5,2008-08-06T09:51Z", *given), capture_output=True, text=True)
    assert done.returncode == 2
    assert "algeria_cur.nc" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--distress", "38.1,6.35"], "LAT,LON,TIME"),
        (["--distress", "95,6.35,2008-08-06T09:51Z"], "no place on earth"),
        (["--distress", "38.1,6.35,yesterday"], "ISO 8601"),
        (["--distress", "38.1,6.35,2008-08-06T09:51Z"], "no current and no wind there"),
        (["--ais", "nowhere.nmea"], "there is no file"),
        (["--current", __file__], "come together"),
        (["--keep", str(Path(__file__).parent)], "not empty"),
        (["--port", "80"], "no port to begin at"),
    ],
)
def test_bad_arguments_are_answered_in_one_line(arguments, line):
    done = subprocess.run(_demo("--once", *arguments), capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stdout == ""
    assert line in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def _processes_of(folder: Path) -> list[psutil.Process]:
    """The processes that name a folder in their arguments."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(
            str(folder) in word for word in process.info["cmdline"] or ()
        ):
            found.append(process)
    return found


def _until(holds, within: float = WITHIN) -> None:
    until = time.monotonic() + within
    while not holds():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.2)
