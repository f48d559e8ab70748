"""Writes docs/commands.md, every command with its options, from the parsers that read them.

python -m tools.commands           write it
python -m tools.commands --check   exit status 1 when it is out of date
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tansiq import cli

PAGE = Path(__file__).parents[1] / "docs/commands.md"
HEAD = """# Commands

What `tansiq` does, as its parsers know it (`python -m tools.commands` writes this page). JSON goes to standard output
alone, progress and logs to standard error. Exit status: 0 done; 1 checked, and it does not hold; 2 bad arguments or
input, with one clear line. Times are ISO 8601 in UTC, positions degrees, lengths metres.
"""

PLAIN = {
    "home": "the home of the node",
    "json": "print JSON",
    "lat": "latitude in degrees, north positive",
    "lon": "longitude in degrees, east positive",
    "hours": "for how long",
    "particles": "how many",
    "step": "length of a step",
    "name": "the name that others read",
    "username": "the name to sign in with",
    "desk": "the desk of the post",
    "duty": "the duty of the post",
    "title": "the title of the post",
    "party": "the agency that says so",
    "out": "where to write it",
    "envelope": "its id",
    "template": "which of the built-in texts",
    "source": "whose polygons",
    "timezone": "local time, shown beside UTC",
    "rest": "a command of Django and its arguments",
}
"""What options mean that need no help text of their own."""


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its parser, in the order of the nouns."""
    for noun in cli.NOUNS:
        yield from _walk(f"tansiq {noun}", _below(cli.parser(noun))[noun])


def page() -> str:
    """The page as it should be."""
    parts = [HEAD]
    for noun, purpose in cli.NOUNS.items():
        parts.append(f"## {noun}\n\n{_sentence(purpose)}\n")
        parts += [_section(name, parser) for name, parser in commands() if name.split()[1] == noun]
    return "\n".join(parts)


def _below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _walk(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    below = _below(parser)
    if not below:
        yield name, parser
    for verb, child in below.items():
        yield from _walk(f"{name} {verb}", child)


def _section(name: str, parser: argparse.ArgumentParser) -> str:
    told = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]
    rows = [f"| {_option(action)} | {_meaning(action)} |" for action in told]
    table = ["| option | meaning |", "|---|---|", *rows] if rows else ["It takes no option."]
    about = [f"{_sentence(parser.description)}\n"] if parser.description else []
    return "\n".join([f"### {name}\n", *about, *table, ""])


def _option(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{action.metavar or action.dest}`"
    value = "" if action.nargs == 0 else f" {_value(action)}"
    return " ".join(f"`{option}{value}`" for option in action.option_strings)


def _value(action: argparse.Action) -> str:
    if action.metavar:
        return action.metavar if isinstance(action.metavar, str) else " ".join(action.metavar)
    return "DIR" if action.dest == "home" else action.dest.upper()


def _meaning(action: argparse.Action) -> str:
    words = [str(action.help or PLAIN.get(action.dest, ""))]
    if action.choices:
        words.append("one of " + ", ".join(f"`{choice}`" for choice in action.choices))
    if action.option_strings and action.required:
        words.append("needed")
    elif action.default not in (None, False, "", argparse.SUPPRESS, [], ()) and "default" not in words[0]:
        words.append(f"default `{action.default}`")
    return "; ".join(word for word in words if word).replace("%%", "%").replace("|", "\\|")


def _sentence(words: str) -> str:
    text = words.strip().replace("%%", "%")
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def main(arguments: list[str]) -> int:
    """Write or check."""
    if arguments == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            print("docs/commands.md is out of date: run python -m tools.commands", file=sys.stderr)
            return 1
        return 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
