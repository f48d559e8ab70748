"""The import contracts hold, and each is shown to break: a rule that never fails guards nothing."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

BREACHES = {
    "Rooms stand in one order; siblings do not know each other": ("watch/values.py", "tansiq.rescue.values"),
    "Inside a room: values <- rules <- models <- acts, reads": ("watch/values.py", "tansiq.watch.rules"),
    "Django only behind the reserved file names": ("watch/rules.py", "django.utils.timezone"),
    "Tables are touched only by acts and reads": ("web/watch.py", "tansiq.watch.models"),
    "Doing and seeing are entered only from the shell": ("watch/rules.py", "tansiq.exchange.acts"),
    "The formats of other systems are pure": ("gateways/stix/write.py", "django.utils.timezone"),
    "No cycles at any depth": ("parties/duties.py", "tansiq.parties.values"),
    "numba stays in kernels": ("watch/rules.py", "numba"),
}


def lint(source: Path) -> str:
    """What import-linter says of a source tree."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    options = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    return subprocess.run([sys.executable, "-c", command, *options], cwd=source, capture_output=True, text=True).stdout


def test_every_contract_holds() -> None:
    said = lint(ROOT / "src")

    assert f"{len(CONTRACTS)} kept, 0 broken" in said, said


def test_every_contract_has_a_breach() -> None:
    assert [contract["name"] for contract in CONTRACTS] == list(BREACHES)


@pytest.mark.parametrize("contract", BREACHES)
def test_a_breach_is_seen(contract: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src/tansiq", tmp_path / "tansiq", ignore=shutil.ignore_patterns("static", "locale"))
    path, module = BREACHES[contract]
    with (tmp_path / "tansiq" / path).open("a") as file:
        file.write(f"\nimport {module}\n")

    assert f"{contract} BROKEN" in lint(tmp_path)
