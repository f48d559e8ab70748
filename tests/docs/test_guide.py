"""The guide's examples run: what stands after `$ ` in a console block is run, and what stands below it is printed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import docs

GUIDES = sorted((docs.ROOT / "docs/guide").glob("*.md"))
TOLD = "docs/guide/adding-to-a-room.md"
"""This one works on a copy of the project: `test_adding`."""


def examples(page: Path) -> Iterator[tuple[str, list[str]]]:
    """The commands of a page's console blocks, each with the lines that it must print."""
    for token in docs.markdown.parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and token.info.strip() == "console":
            command, printed = "", list[str]()
            for line in token.content.splitlines():
                if line.startswith("$ ") or command.endswith("\\"):
                    if command and not command.endswith("\\"):
                        yield command, printed
                        command, printed = "", []
                    command = f"{command}\n{line}" if command else line[2:]
                else:
                    printed.append(line)
            yield command, printed


WITH_EXAMPLES = [page for page in GUIDES if page != docs.ROOT / TOLD and list(examples(page))]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.stem)
def test_what_a_guide_shows_is_what_happens(page: Path, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TANSIQ_", "DJANGO_"))}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    for command, printed in examples(page):
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        for line in printed:
            assert all(part.strip() in done.stdout for part in line.split("...")), f"{command}\n{done.stdout}"
