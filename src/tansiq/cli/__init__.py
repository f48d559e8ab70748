"""The command line. Each noun stands in a module of its own name, imported only when it is called.

JSON goes to standard output alone, progress and logs to standard error. Exit status: 0 done, 1 it was checked and does
not hold, 2 bad arguments or input, with one clear line.
"""

import argparse
import gc
import sys
from importlib import import_module

from tansiq.ground.errors import Fault

NOUNS = {
    "node": "make a node's home",
    "serve": "run a node",
    "people": "add people and their posts",
    "client": "programs that use the gateways, and their tokens",
    "partner": "exchange and confirm partner cards",
    "agreement": "write, sign and show agreements",
    "keys": "change the node's keys",
    "ledger": "verify the ledger, prove an envelope",
    "alert": "give alerts to other systems",
    "stix": "read STIX bundles as drafts of letters",
    "proof": "check a proof file without a node, or write one",
    "ingest": "read recorded observations",
    "drift": "where an object drifts",
    "coast": "cut a coast file",
    "drill": "fill a node that plays an exercise",
    "demo": "play a night in the Strait on three nodes",
    "manage": "Django's own commands, with a node's settings",
}
"""Every noun and what it is for; `tansiq NOUN --help` says the rest."""


class Parser(argparse.ArgumentParser):
    """Answers bad arguments with one line instead of a page."""

    def error(self, message: str) -> None:  # type: ignore[override]  # argparse says NoReturn, and exit() is that
        """Say what is wrong, and exit with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser(noun: str | None = None) -> argparse.ArgumentParser:
    """The parser: of one noun, or with every noun where none is named."""
    top = Parser(prog="tansiq", description=__doc__.partition("\n")[0])
    commands = top.add_subparsers(dest="noun", required=True, metavar="NOUN", parser_class=Parser)
    for name, purpose in NOUNS.items():
        if noun is None or name == noun:
            import_module(f"tansiq.cli.{name}").add(commands)
        else:
            commands.add_parser(name, help=purpose, add_help=False)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command and answer its exit status."""
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    finally:
        if arguments is None:  # the process ends, and its memory with it: looking for garbage first takes .1 s
            gc.freeze()


def _run(given: list[str]) -> int:
    noun = next((word for word in given if word in NOUNS), "") if given and not given[0].startswith("-") else ""
    if given[:1] == ["manage"]:
        return int(import_module("tansiq.cli.manage").run(given[1:]))
    options = parser(noun).parse_args(given)
    try:
        return int(options.run(options))
    except Fault as fault:
        print(f"tansiq {options.noun}: {fault}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if type(error).__module__ != "django.db.utils":
            raise
        print(f"tansiq {options.noun}: The database cannot be used: {str(error).splitlines()[0]}.", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
