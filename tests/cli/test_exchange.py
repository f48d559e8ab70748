"""Two nodes made, introduced and bound by an agreement through the commands that a user would type."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def tansiq(*arguments: str | Path, stdin: str = "", status: int = 0) -> str:
    """Run a command in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TANSIQ_", "DJANGO_"))}
    command = [sys.executable, "-m", "tansiq.cli", *map(str, arguments)]
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    assert done.returncode == status, (command, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr + done.stdout


def answer(*arguments: str | Path, stdin: str = "") -> Any:
    """Run a command, and read its JSON."""
    return json.loads(tansiq(*arguments, "--json", stdin=stdin))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two nodes with an administrator each."""
    folder = tmp_path_factory.mktemp("nodes")
    found = {"ma": "ma.marine", "es": "es.salvamento"}
    for code, agency in found.items():
        answer("node", "init", "--home", folder / code, "--code", code, "--agency", agency)
        answer(
            "people", "add", "--home", folder / code, "--username", "admin", "--agency", agency,
            "--duty", "node-administrator", "--password-stdin", stdin="a long enough password\n",
        )  # fmt: skip
    return {code: folder / code for code in found}


def test_cards_agreement_and_ledger_from_the_command_line(homes: dict[str, Path], tmp_path: Path) -> None:
    ma, es = homes["ma"], homes["es"]
    for here, there in ((ma, es), (es, ma)):
        card = tmp_path / f"{there.name}.card"
        words = answer("partner", "card", "--home", there, "--out", card)["words"]
        assert answer("partner", "add", card, "--home", here)["state"] == "pending"
        said = tansiq(
            "partner", "confirm", there.name, "--words", "no such words", "--by", "admin", "--home", here, status=1
        )
        assert "words-differ" in said
        confirmed = answer("partner", "confirm", there.name, "--words", words, "--by", "admin", "--home", here)
        assert confirmed["state"] == "confirmed"
        assert answer("partner", "list", "--home", here)["node"] == there.name

    file = tmp_path / "rescue.json"
    made = answer("agreement", "new", "--template", "rescue", "--parties", "ma.marine,es.salvamento", "--out", file)
    answer("agreement", "sign", file, "--party", "ma.marine", "--home", ma, "--by", "admin", "--out", file)
    signed = answer("agreement", "sign", file, "--party", "es.salvamento", "--home", es, "--by", "admin", "--out", file)
    assert signed["state"] == "in-force"
    assert answer("agreement", "import", file, "--home", ma)["state"] == "in-force"
    assert answer("agreement", "show", made["agreement"][:12], "--home", ma)["signed"] == ["es.salvamento", "ma.marine"]
    assert "not-a-party" in tansiq("agreement", "sign", file, "--party", "ma.marine", "--home", es, status=1)

    found = answer("ledger", "verify", "--home", ma)
    assert found["sound"]
    assert found["size"] > 5


def test_a_changed_byte_is_named_and_the_exit_status_says_so(homes: dict[str, Path]) -> None:
    database = sqlite3.connect(homes["es"] / "tansiq.sqlite3")
    database.execute("UPDATE exchange_ledgerentry SET entry = replace(entry, 'node', 'nods') WHERE \"index\" = 0")
    database.execute("UPDATE exchange_ledgernode SET hash = zeroblob(32) WHERE place = 0")
    database.commit()
    database.close()

    said = tansiq("ledger", "verify", "--home", homes["es"], status=1)

    assert "level 0, index 0" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("node", "init", "--home", "HOME/x", "--code", "ma", "--agency", "es.salvamento"),
        ("node", "init", "--home", "HOME/x", "--code", "ma", "--agency", "ma.marine", "--url", "nowhere"),
        ("node", "init", "--home", "HOME/ma", "--code", "ma", "--agency", "ma.marine"),
        ("partner", "add", "HOME/no-such-file", "--home", "HOME/ma"),
        ("partner", "add", "HOME/ma/node.toml", "--home", "HOME/ma"),
        ("partner", "confirm", "de", "--words", "x", "--by", "admin", "--home", "HOME/ma"),
        ("partner", "confirm", "de", "--words", "x", "--by", "nobody", "--home", "HOME/ma"),
        ("partner", "list", "--home", "HOME/none"),
        ("agreement", "show", "ffff", "--home", "HOME/ma"),
        ("agreement", "import", "HOME/ma/node.toml", "--home", "HOME/ma"),
        ("agreement", "new", "--template", "rescue", "--parties", "ma.marine"),
        (
            "agreement",
            "new",
            "--template",
            "rescue",
            "--parties",
            "ma.marine",
            "es.salvamento",
            "--until",
            "2001-01-01",
        ),
        ("ledger", "prove", "--home", "HOME/ma", "--envelope", "00000000-0000-0000-0000-000000000000"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_bad_input_is_answered_in_one_line_with_status_2(homes: dict[str, Path], arguments: tuple[str, ...]) -> None:
    folder = str(homes["ma"].parent)

    said = tansiq(*(word.replace("HOME", folder) for word in arguments), status=2)

    lines = [line for line in said.splitlines() if line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("tansiq ")
