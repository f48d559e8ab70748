"""`tansiq ingest ais` as it is typed: JSON on standard output, one clear line and status 2 for bad input."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tansiq.cli import main
from tests import shared
from tests.watch.sea import MOB, SHIP, message

ONE = message(type=1, mmsi=SHIP, lat=35.9, lon=-5.6, speed=12.0, status=0)
BEACON = message(type=1, mmsi=MOB, lat=35.9, lon=-5.6, speed=0.5, status=14)


def ingested(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["ingest", "ais", *arguments, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_recording_with_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "night.nmea"
    file.write_bytes(ONE * 2 + ONE[:-4] + b"00\r\n" + BEACON + b"$GPGGA\r\n")

    found = ingested(capsys, str(file), "--messages")

    counts = {"sentences": 4, "messages": 3, "observations": 3, "tracks": 2, "alerts": 1, "other_lines": 1}
    assert {key: found[key] for key in counts} == counts
    assert found["errors"] == {"checksum": 1}
    assert found["types"] == {"1": 3}
    assert found["mmsi"] == {"1": [SHIP, MOB]}
    assert found["raised"][0]["situation"] == "mob"
    assert found["seconds"] >= 0


def test_the_recorded_activation_raises_exactly_one_alert(capsys: pytest.CaptureFixture[str]) -> None:
    found = ingested(capsys, str(shared.data("ais", "mob_pair.nmea")))

    assert found["alerts"] == 1
    assert found["raised"][0]["mmsi"] == [972072078]


def test_a_day_on_a_river(capsys: pytest.CaptureFixture[str]) -> None:
    found = ingested(capsys, str(shared.data("ais", "ais_vernon_20160410.log")))

    assert (found["sentences"], found["messages"], found["errors"]) == (58_506, 57_747, {"checksum": 207})
    assert (found["tracks"], found["alerts"]) == (30, 1)


def test_people_get_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "night.nmea"
    file.write_bytes(BEACON)

    assert main(["ingest", "ais", str(file)]) == 0
    assert "1 alerts" in capsys.readouterr().out


def test_dead_letters_go_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, dead = tmp_path / "night.nmea", tmp_path / "dead"
    file.write_bytes(ONE[:-4] + b"00\r\n")

    ingested(capsys, str(file), "--dead-letters", str(dead))
    assert dead.read_bytes().startswith(b"checksum !AIVD")


def test_a_file_without_ais_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(bytes(range(256)) * 100)

    assert main(["ingest", "ais", str(file), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["sentences"] == 0
    assert "no AIS sentence" in err


@pytest.mark.parametrize("name", ["missing.nmea", "."])
def test_what_cannot_be_read_is_one_line_and_status_two(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ingest", "ais", str(tmp_path / name), "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "cannot be read" in err


def test_standard_input_without_a_home_or_a_database(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tansiq.cli", "ingest", "ais", "-", "--json"],
        input=ONE + BEACON, capture_output=True, cwd=tmp_path, env={"PATH": ""}, check=True,
    )  # fmt: skip

    assert json.loads(done.stdout)["messages"] == 2
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == []


def test_django_is_never_loaded(tmp_path: Path) -> None:
    file = tmp_path / "night.nmea"
    file.write_bytes(ONE)
    command = f"main(['ingest', 'ais', {str(file)!r}])"
    script = f"import sys; from tansiq.cli import main; {command}; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "False"
