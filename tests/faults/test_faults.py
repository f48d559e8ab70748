"""A short bad night on three real nodes. `make soak` plays a long one; a seed that failed can be played again.

python -m tests.faults.play --seed SEED --letters 300 --seconds 40
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults import play

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    seed = int(os.environ.get("TANSIQ_SEED") or int.from_bytes(os.urandom(3), "big"))
    folder: Path = tmp_path_factory.mktemp(f"seed-{seed}")
    found = play.play(seed, 300, folder, seconds=40.0)
    print(json.dumps({**play.told(found), "befell": found["befell"]}, indent=1))
    return found


def test_every_fault_befell_a_node_while_letters_were_written(night: dict[str, Any]) -> None:
    assert {fault.split()[0] for fault in night["befell"]} == set(play.FAULTS)
    assert [len(lines) for lines in night["written"].values()] == [144, 100, 100]
    assert night["passed"] > 0


def test_nothing_is_lost_doubled_or_reordered_and_all_is_proved(night: dict[str, Any]) -> None:
    assert play.judged(night) == []


def test_the_judge_sees_what_is_lost_doubled_reordered_or_forged(night: dict[str, Any]) -> None:
    def spoilt(change: Any) -> list[str]:
        copy = json.loads(json.dumps(night))
        change(copy["books"])
        return play.judged(copy)

    def swap(books: dict[str, Any]) -> None:
        for book in books.values():
            streams: dict[str, list[dict[str, Any]]] = {}
            for letter in book["in"]:
                streams.setdefault(letter["stream"], []).append(letter)
            for name, letters in streams.items():
                if name and len(letters) > 1:
                    letters[0]["seq"], letters[1]["seq"] = letters[1]["seq"], letters[0]["seq"]
                    return

    assert "stands []" in str(spoilt(lambda books: books["ma"]["in"].pop()))
    assert "'accepted', 'accepted'" in str(spoilt(lambda books: books["ma"]["in"].append(books["ma"]["in"][0])))
    assert "came as" in str(spoilt(swap))
    assert "before a distress" in str(spoilt(lambda books: [each.update(position=0) for each in books["es"]["in"]]))
    assert "receipts for" in str(spoilt(lambda books: books["es"].update(receipts=0)))
    assert "alarm" in str(spoilt(lambda books: books["es"]["alarms"].append({"reason": "fork"})))


def test_the_night_is_played_again_by_its_seed() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "tests.faults.play", "--help"], capture_output=True, text=True, check=True
    )
    assert "--seed" in said.stdout
