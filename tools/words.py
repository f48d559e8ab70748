r"""Keeps the catalogs of words: collect what the pages say, put translations in, tell what is missing.

    python -m tools.words update          collect new strings into the .po files, drop those no page says
    python -m tools.words put FILE.json   the same, then set translations: {"msgid": {"ar": "", "fr": "", "es": ""}}
    python -m tools.words missing         list what has no translation yet; exit status 1 when there is any

A message with a context is keyed "context\u0004msgid". The catalogs are written under a lock.
"""

import fcntl
import json
import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from tools import template_words

ROOT = Path(__file__).parents[1]
WEB = ROOT / "src/tansiq/web"
LANGUAGES = ("ar", "fr", "es")
METHODS: list[tuple[str, Any]] = [("**.py", "python"), ("**.html", template_words.extract)]
KEYWORDS = {"_": None, "_of": ((1, "c"), 2), "_n": (1, 2), "gettext": None, "pgettext": ((1, "c"), 2)}

Key = tuple[str | None, str]


def said() -> set[Key]:
    """Every string that the pages say, with its context."""
    found = extract_from_dir(WEB, METHODS, keywords=KEYWORDS)
    return {(context, message if isinstance(message, str) else message[0]) for _, _, message, _, context in found}


def path_of(language: str) -> Path:
    """Where a language's catalog stands."""
    return WEB / f"locale/{language}/LC_MESSAGES/django.po"


def read(language: str) -> Catalog:
    """A language's catalog, or an empty one."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(words: dict[str, dict[str, str]]) -> None:
    """Write every catalog anew: what is said, with its old translation or the one in `words`."""
    keys = sorted(said(), key=lambda key: (key[1], key[0] or ""))
    for language in LANGUAGES:
        old = {(entry.context, entry.id): entry.string for entry in read(language) if entry.id and not entry.fuzzy}
        new = Catalog(locale=language, project="tansiq", fuzzy=False)
        for context, message in keys:
            key = f"{context}\u0004{message}" if context else message
            given = words.get(key, {}).get(language)
            new.add(message, given or old.get((context, message), ""), context=context)
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        with path_of(language).open("wb") as file:
            write_po(file, new, omit_header=False, width=120, no_location=True)


def missing() -> list[tuple[str, Key]]:
    """What is said and has no translation yet, by language."""
    gaps = []
    for language in LANGUAGES:
        there = {(entry.context, entry.id) for entry in read(language) if entry.id and entry.string}
        gaps += [(language, key) for key in sorted(said() - there, key=str)]
    return gaps


def main(arguments: list[str]) -> int:
    """Run one of the three commands."""
    with (ROOT / "tools/words.py").open() as own:
        fcntl.flock(own, fcntl.LOCK_EX)
        if arguments[:1] == ["put"]:
            update(json.loads(Path(arguments[1]).read_text()))
        elif arguments == ["update"]:
            update({})
        elif arguments != ["missing"]:
            print(__doc__, file=sys.stderr)
            return 2
        gaps = missing()
    for language, (context, message) in gaps:
        print(f"{language}: {context + ': ' if context else ''}{message!r}", file=sys.stderr)
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
