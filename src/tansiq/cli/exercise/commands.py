"""The commands of a demo: each `tansiq` command runs in a fresh process, as if a user had typed it.

The processes are forked from one that has loaded the libraries already (`warm`): a third of the time of a cold start.
"""

import io
import json
import multiprocessing
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from tansiq.ground.errors import Fault, Unready

WITHIN = 180.0
"""Seconds that a command may take."""

_fresh = multiprocessing.get_context("forkserver")
_fresh.set_forkserver_preload(["tansiq.cli.exercise.warm"])


def command(*arguments: str, stdin: str = "", fails: bool = False) -> str:
    """Run a `tansiq` command, and answer what it printed.

    Raises `Unready` with the command's own line when it fails, unless it may (`fails`: status 1, "does not hold").
    """
    status, printed, said = beside(_run, arguments, stdin)
    if status != 0 and not (fails and status == 1):
        last = (said.strip() or printed.strip() or "no reason given").splitlines()[-1]
        raise Unready(f"`tansiq {' '.join(arguments[:2])}` ended with {status}: {last}")
    return str(printed)


def answer(*arguments: str, stdin: str = "") -> Any:
    """Run a `tansiq` command and read the JSON that it prints."""
    return json.loads(command(*arguments, stdin=stdin))


def beside(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function answers in a process of its own. Raises `Unready` when it fails there or takes too long."""
    here, there = _fresh.Pipe(duplex=False)
    process = _fresh.Process(target=_tell, args=(there, function, arguments), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(WITHIN):
            raise Unready(f"{function.__name__} takes longer than {WITHIN:.0f} s.")
        done, found = here.recv()
    except EOFError as error:
        raise Unready(f"{function.__name__} ended without an answer.") from error
    finally:
        here.close()
        process.join(5)
        process.kill()
    if not done:
        raise Unready(found)
    return found


def _tell(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        pipe.send((True, function(*arguments)))
    except Exception as error:
        said = str(error) if isinstance(error, Fault) else traceback.format_exc()
        pipe.send((False, said))


def _run(arguments: tuple[str, ...], stdin: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of a command."""
    from tansiq.cli import main

    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    try:
        status = main(list(arguments))
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    printed, said = (stream.buffer.getvalue().decode() for stream in (sys.stdout, sys.stderr))
    return status, printed, said
