"""Adding to a room: what the guide tells is done in a copy of the project, and the story it ends with passes there."""

import shutil
from pathlib import Path

import pytest
from tools import docs

from tests.docs import walkthrough

PAGE = docs.ROOT / "docs/guide/adding-to-a-room.md"
LEFT = shutil.ignore_patterns("__pycache__", "vendor", "node_modules", ".*")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the sources, the tests and what they read."""
    for folder in ("src", "tests", "tools", "docs"):
        shutil.copytree(docs.ROOT / folder, tmp_path / folder, ignore=LEFT)
    for file in docs.ROOT.glob("*.*"):
        if file.is_file() and file.suffix in (".toml", ".md", ".cfg"):
            shutil.copy(file, tmp_path)
    return tmp_path


def test_the_guide_adds_a_fact_that_works(copy: Path) -> None:
    for step in walkthrough.steps(PAGE):
        walkthrough.apply(step, copy)


def test_every_block_says_in_words_where_it_goes() -> None:
    told = PAGE.read_text(encoding="utf-8")

    for step in walkthrough.steps(PAGE):
        if step.place != "run":
            assert f"*In `{step.path}`, " in told
            assert not step.anchors or f"`{step.anchors[-1]}`" in told
