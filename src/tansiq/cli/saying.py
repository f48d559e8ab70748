"""How commands answer: one JSON object a line, or a plain line for people; and who is at the keys."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from tansiq.ground import clock
from tansiq.ground.errors import Malformed
from tansiq.ground.verdict import Refused
from tansiq.node.home import Home
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Officer

CONSOLE = UUID(int=1)
"""Whoever has the node's shell, where no person is named."""


def say(options: argparse.Namespace, line: dict[str, Any]) -> None:
    """Print one answer."""
    if options.json:
        print(json.dumps(line, ensure_ascii=False, default=str))
    else:
        print("  ".join(f"{key}: {_plain(value)}" for key, value in line.items()))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def refused(noun: str, answer: Refused) -> int:
    """Say why it was refused, on standard error; answers the exit status."""
    print(f"tansiq {noun}: refused: {answer.reason} ({answer.basis})", file=sys.stderr)
    return 1


def officer(home: Home, username: str, permission: Permission) -> Officer:
    """The person named by `--by`, in a post that carries the permission; without a name, whoever has the shell.

    Needs Django set up. Raises `Malformed` where the person holds no such post.
    """
    if not username:
        return Officer(name="command-line", party=home.agency, duty=Duty.NODE_ADMINISTRATOR, person=CONSOLE)
    from tansiq.parties import reads

    now = clock.now()
    person = reads.person(username=username)
    for post in reads.posts_of(person=person.id, now=now):
        found = reads.officer(person=person.id, post=post.id, now=now)
        if found is not None and found.holds(permission):
            return found
    raise Malformed(f"{username} holds no post that may do this ({permission}).", "Name someone who does.")


def read(path: Path, limit: int = 1 << 20) -> bytes:
    """A file's bytes; `-` is standard input. Raises `Malformed` where it cannot be read, or is too large."""
    try:
        raw = sys.stdin.buffer.read(limit + 1) if str(path) == "-" else path.read_bytes()[: limit + 1]
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror}.", "Name another file.") from error
    if len(raw) > limit:
        raise Malformed(f"{path} is larger than {limit} bytes.", "Name the right file.")
    return raw


def write(path: Path | None, raw: bytes) -> None:
    """Write an answer's bytes to a file, or to standard output where none is named."""
    if path is None:
        sys.stdout.buffer.write(raw + b"\n")
        sys.stdout.buffer.flush()
        return
    try:
        path.write_bytes(raw + b"\n")
    except OSError as error:
        raise Malformed(f"{path} cannot be written: {error.strerror}.", "Name another file.") from error
