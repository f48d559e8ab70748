"""Inherited by every page: it opens, turns with the language, carries the content policy and nothing inline."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tansiq.parties.duties import Duty
from tansiq.web import words
from tansiq.web.security import policy
from tests import world
from tests.web import sea

WEB = Path(words.__file__).parents[1]
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
STYLES = sorted((WEB / "static/css").glob("*.css"))
INLINE = re.compile(r"<script(?! src=)|<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|srcdoc")
LANGUAGES = [code for code, _ in settings.LANGUAGES]


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_and_turns_with_the_language(language: str, home: Path) -> None:
    sea.fill(1)
    for duty, address in sea.pages():
        answer = world.sign_in(duty, language=language).get(address)
        page = answer.content.decode()

        assert answer.status_code == HTTPStatus.OK, address
        assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in page, address
        assert answer.headers["Content-Security-Policy"] == policy(), address
        assert answer.headers["Cache-Control"] == "private, no-store", address
        assert not INLINE.search(page), address


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/sign-in", "/nothing-here", "/static/css/base.css", "/duty/coast.json"])
def test_every_answer_carries_the_content_policy(address: str, home: Path) -> None:
    answer = world.sign_in(Duty.WATCH_OFFICER).get(address)
    answer.close()

    assert answer.headers["Content-Security-Policy"] == policy()


def test_the_policy_allows_nothing_from_elsewhere() -> None:
    assert policy() == (
        "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; "
        "img-src 'self' data: blob:; font-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
    )


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(WEB / "templates")))
def test_nothing_is_inline(template: Path) -> None:
    assert not INLINE.search(template.read_text())


@pytest.mark.parametrize("sheet", STYLES, ids=lambda path: path.name)
def test_styles_know_no_left_and_no_right(sheet: Path) -> None:
    assert not re.search(r"\b(left|right)\b", sheet.read_text())


@pytest.mark.parametrize("sheet", [path for path in STYLES if path.name != "tokens.css"], ids=lambda path: path.name)
def test_only_the_tokens_name_colours(sheet: Path) -> None:
    named = re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet.read_text().partition("@media print")[0])

    assert set(named) <= {"#fff", "#0003"}  # the QR code's paper, and a shadow


@pytest.mark.django_db
def test_the_exercise_stands_on_every_page(home: Path, settings: pytest.FixtureRequest) -> None:
    settings.TANSIQ_EXERCISE = "Night in the Strait"

    assert "Night in the Strait" in Client().get("/sign-in").content.decode()
