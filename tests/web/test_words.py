"""Every code has a word, and every word exists in every language. English is the language of the source."""

import importlib
import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import gettext, override, pgettext
from tools import words as catalogs

from tansiq.parties.duties import Duty, Permission
from tansiq.web import words

WEB = Path(words.__file__).parents[1]
TRANSLATED = [language for language, _ in settings.LANGUAGES if language != "en"]
ROOMS = ("parties", "exchange", "watch", "rescue", "correspondence", "reporting")

UNSEEN = {
    "tansiq.reporting.values.Indicator",  # its names stand on the cards, in every language
    "tansiq.watch.values.Said",  # what an observation says: inside the pipeline alone
    "tansiq.correspondence.values.OfferState",  # the page shows what waits alone
    "tansiq.exchange.policy.Action",  # what the policy is asked about
}
"""Enums of rooms that no page shows by a word of `web.words`."""


def enums() -> Iterator[type[Enum]]:
    """Every enum that the values and rules of a room define."""
    for room in ROOMS:
        for part in ("values", "rules", "policy"):
            try:
                module = importlib.import_module(f"tansiq.{room}.{part}")
            except ModuleNotFoundError:
                continue
            for _, kind in inspect.getmembers(module, inspect.isclass):
                name = f"{kind.__module__}.{kind.__name__}"
                ours = f"{kind.__module__}.".startswith(f"{module.__name__}.")  # a part may be a folder
                if issubclass(kind, Enum) and ours and name not in UNSEEN:
                    yield kind


@pytest.mark.parametrize(
    "kind",
    sorted({Permission, Duty, *enums()}, key=lambda kind: (kind.__module__, kind.__name__)),
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_every_code_of_a_room_has_a_word(kind: type[Enum]) -> None:
    assert set(words.WORDS.get(kind, {})) == set(kind)


def test_every_table_is_whole() -> None:
    assert [kind for kind, table in words.WORDS.items() if set(table) != set(kind)] == []


@pytest.mark.parametrize("event", [name for name in Permission if not name.endswith(".view")])
def test_every_event_has_a_line_for_the_log(event: Permission) -> None:
    assert event.value in words.CODES["event"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_string_is_translated_and_no_other(language: str) -> None:
    with (WEB / f"locale/{language}/LC_MESSAGES/django.po").open("rb") as file:
        catalog = read_po(file)

    translated = {(entry.context, entry.id): entry.string for entry in catalog if entry.id and not entry.fuzzy}

    assert set(translated) == catalogs.said()
    assert all(translated.values())
    with override(language):
        shown = {(noun, text): pgettext(noun, text) if noun else gettext(text) for noun, text in translated}
    assert shown == translated, "compile the words, and let no other catalog win over them"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_keeps_the_placeholders(language: str) -> None:
    with (WEB / f"locale/{language}/LC_MESSAGES/django.po").open("rb") as file:
        catalog = read_po(file)

    def names(text: str) -> list[str]:
        return sorted(part.partition(")")[0] for part in text.split("%(")[1:])

    assert [entry.id for entry in catalog if entry.id and names(entry.id) != names(entry.string)] == []
