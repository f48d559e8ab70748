"""Does what a guide page tells: puts its code where it says, and runs its commands, in a copy of the project.

A block of code names its file on the fence, and where in the file it goes:

    ```python in="src/tansiq/rescue/rules.py" end            at the end of the file
    ```python in="src/tansiq/rescue/rules.py" after="text"   after the first line that holds it (also before=, instead=)
    ```python in="tests/stories/test_sea.py" new             a new file
    ```console                                               lines that begin with "$ " are run

A place may be a path of texts: after="class Kind ... ANSWER" looks for ANSWER only below class Kind.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools import docs

WORD = re.compile(r"""(\w+)=(?:"([^"]*)"|'([^']*)')""")
PLACES = ("after", "before", "instead")


class Step(NamedTuple):
    """One block of a page: where it goes, or a command."""

    path: str
    place: str
    anchors: tuple[str, ...]
    text: str


def steps(page: Path) -> Iterator[Step]:
    """The blocks of a page that say where they go, and its commands."""
    for token in docs.markdown.parse(page.read_text(encoding="utf-8")):
        if token.type != "fence":
            continue
        if token.info == "console":
            for line in token.content.splitlines():
                if line.startswith("$ "):
                    yield Step("", "run", (), line[2:])
        elif " in=" in token.info:
            words = {name: double or single for name, double, single in WORD.findall(token.info)}
            place = next((place for place in PLACES if place in words), token.info.split()[-1])
            anchors = tuple(words[place].split(" ... ")) if place in words else ()
            yield Step(words["in"], place, anchors, token.content)


def apply(step: Step, root: Path) -> None:
    """Do one step in a copy of the project."""
    if step.place == "run":
        run(step.text, root)
        return
    path = root / step.path
    if step.place == "new":
        assert not path.exists(), step.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if step.place == "end":
        lines.append(step.text if step.text.startswith("\n") else f"\n\n{step.text}")
    else:
        at = place(lines, step)
        start, end = {"after": (at + 1, at + 1), "before": (at, at), "instead": (at, at + 1)}[step.place]
        lines[start:end] = [step.text]
    path.write_text("".join(lines), encoding="utf-8")


def place(lines: list[str], step: Step) -> int:
    """The line that a step names."""
    at = -1
    for anchor in step.anchors:
        at = next((number for number in range(at + 1, len(lines)) if anchor in lines[number]), -1)
        assert at >= 0, f"{step.path} has no line with {anchor!r}"
    return at


def run(command: str, root: Path) -> str:
    """Run a command in a copy of the project; what it prints."""
    words = shlex.split(command)
    if words[0] == "python":
        words[0] = sys.executable
    elif words[0] == "tansiq":
        words[:1] = [sys.executable, "-m", "tansiq.cli"]
    else:
        words[0] = str(Path(sys.executable).parent / words[0])
    home = {name: value for name, value in os.environ.items() if not name.startswith("TANSIQ_")}
    done = subprocess.run(
        words,
        cwd=root,
        env={**home, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout
