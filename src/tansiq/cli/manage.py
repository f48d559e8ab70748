"""`tansiq manage [--home DIR] COMMAND ...`: Django's own commands (check, migrate, shell) with a node's settings."""

import argparse
import os
import sys
from pathlib import Path

from tansiq.cli import django as node


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun; what follows is read by Django."""
    command = commands.add_parser("manage", help="Django's own commands, with a node's settings", add_help=False)
    command.add_argument("--home", type=Path)
    command.add_argument("rest", nargs=argparse.REMAINDER)
    command.set_defaults(run=lambda options: run(options.rest))


def run(arguments: list[str]) -> int:
    """Run one of Django's commands."""
    if arguments[:1] == ["--home"] and len(arguments) > 1:
        node.setup(Path(arguments[1]))
        arguments = arguments[2:]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["tansiq manage", *arguments])
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
