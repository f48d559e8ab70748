"""What the documentation promises: links, settings, events, commands, decisions and words are complete and true."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec
import pytest
from tools import commands, docs, schemas, words

from tansiq import cli
from tansiq.exchange.agreements.standing import AgreementState, PartyAct
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import Nature
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import EnvelopeState
from tansiq.node.home import Feed, Home, Provider
from tansiq.parties.duties import Duty, Permission
from tansiq.rescue.values import OutcomeKind, Phase, TaskState
from tansiq.watch.values import Priority, Situation

PAGES = [pytest.param(page, id=str(page.relative_to(docs.ROOT))) for page in docs.pages()]


def text(name: str) -> str:
    """A page of the documentation."""
    return (docs.ROOT / "docs" / name).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under one heading, down to the next of its level or above."""
    level = heading.partition(" ")[0]
    start = page.index(f"\n{heading}\n") + len(heading) + 2
    return re.split(rf"^#{{1,{len(level)}}} ", page[start:], maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(table: str) -> list[str]:
    """The codes in the first column of the tables in a text."""
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert docs.broken(page) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_one_title_and_no_machine_paths(page: Path) -> None:
    said = page.read_text(encoding="utf-8")

    assert len(re.findall(r"^# ", re.sub(r"^```.*?^```", "", said, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)) == 1
    assert not re.search(r"(?<![\w.])/(work|root|home|tmp)/", said)


def test_every_page_can_be_reached_from_the_front() -> None:
    seen, open_pages = {docs.FRONT}, [docs.FRONT, *(docs.ROOT / name for names in docs.MENU.values() for name in names)]
    while open_pages:
        page = open_pages.pop()
        seen.add(page)
        for target in docs.links(page):
            there = (page.parent / target.partition("#")[0]).resolve()
            if there.suffix == ".md" and there not in seen:
                open_pages.append(there)
    assert [str(page) for page in docs.pages() if page not in seen] == []


def test_the_site_is_built(tmp_path: Path) -> None:
    assert docs.build(tmp_path) == len(docs.pages())
    front = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="docs/guide/first-night.html"' in front
    assert (tmp_path / "docs/protocol/schemas/label.json").is_file()
    assert "<script" not in front


@pytest.mark.parametrize(
    ("struct", "heading"), [(Home, "## node.toml"), (Feed, "### [[feeds]]"), (Provider, "### [[oidc]]")]
)
def test_every_setting_is_documented(struct: type[msgspec.Struct], heading: str) -> None:
    part = section(text("settings.md"), heading).partition("\n### ")[0]

    assert first_cells(part) == [field for field in struct.__struct_fields__ if field != "path"]


def variables() -> set[str]:
    """The environment variables that the program, its tests and its tools name: what is no setting of Django's."""
    settings = set(
        re.findall(r"^(TANSIQ_[A-Z_]+) =", (docs.ROOT / "src/tansiq/node/settings.py").read_text(), re.MULTILINE)
    )
    found = set(re.findall(r"\b(TANSIQ_[A-Z_]+)=", (docs.ROOT / "Makefile").read_text(encoding="utf-8")))
    for folder in ("src", "tests", "tools", "benchmarks"):
        for path in (docs.ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call | ast.Subscript) and "environ" in ast.unparse(node):
                    found |= set(re.findall(r"['\"](TANSIQ_[A-Z_]+)['\"]", ast.unparse(node)))
                if isinstance(node, ast.Constant) and re.fullmatch(r"TANSIQ_[A-Z_]+", str(node.value)):
                    found |= {str(node.value)} - settings
    return found


def test_every_environment_variable_is_documented() -> None:
    assert set(first_cells(section(text("settings.md"), "## Environment"))) == variables()


def test_every_permission_is_an_event_or_said_to_leave_none() -> None:
    events, _, silent = text("audit-events.md").partition("## Permissions that leave no event")
    recorded, unseen = first_cells(events), re.findall(r"`([a-z]+\.[a-z]+\.[a-z]+)`", silent)

    assert len(recorded) == len(set(recorded))
    assert {*recorded, *unseen} == {str(permission) for permission in Permission}
    assert all(name.endswith(".view") for name in unseen)
    assert not any(name.endswith(".view") for name in recorded)


def test_every_event_that_is_recorded_is_in_the_list() -> None:
    recorded = set(first_cells(text("audit-events.md")))
    found = set()
    for path in (docs.ROOT / "src/tansiq").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        found |= {Permission[name] for name in re.findall(r"event=(?:Permission|_?P)\.([A-Z_]+)", source)}

    assert found <= {Permission(name) for name in recorded}


def test_every_command_and_option_is_documented() -> None:
    assert commands.page() == text("commands.md"), "run python -m tools.commands"


def test_every_option_says_what_it_is() -> None:
    assert re.findall(r"^\| (.+) \|  \|$", text("commands.md"), re.MULTILINE) == []


CALL = r"(?:^|[$|] ) *(?:\.venv/bin/)?tansiq ((?:[a-z]+ )*[a-z]+)"
"""A command as pages show it: at the beginning of a line, after a prompt or a pipe."""


def test_every_command_in_the_pages_exists() -> None:
    known = {name for name, _ in commands.commands()} | {f"tansiq {noun}" for noun in cli.NOUNS}
    for page in docs.pages():
        for said in re.findall(CALL, "\n".join(code(page)), re.MULTILINE):
            words = said.split()
            found = any(" ".join(["tansiq", *words[:count]]) in known for count in (1, 2))
            assert found, f"{page.name}: tansiq {said}"


def code(page: Path) -> Iterator[str]:
    """The code of a page: blocks and spans."""
    for token in docs.markdown.parse(page.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block"):
            yield token.content
        for child in token.children or ():
            if child.type == "code_inline":
                yield child.content


def test_every_decision_is_listed_and_has_every_part() -> None:
    folder = docs.ROOT / "docs/adr"
    index = (folder / "index.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("0*.md"))

    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        said = path.read_text(encoding="utf-8")
        assert re.findall(r"^## (.+)$", said, re.MULTILINE) == [
            "Context",
            "Decision",
            "Rejected",
            "Measured",
            "Consequences",
        ]
        assert f"]({path.name}) | {docs.title(path).partition('. ')[2]} |" in index


def glossary() -> list[list[str]]:
    """The rows of the glossary."""
    rows = [line.strip("| ").split(" | ") for line in text("glossary.md").splitlines() if line.startswith("| ")]
    return [row for row in rows if row[0] != "English"]


def test_every_word_has_four_languages_and_a_meaning() -> None:
    rows = glossary()

    assert all(len(row) == 5 and all(cell.strip() for cell in row) for row in rows)
    assert all(re.search("[\u0600-\u06ff]", row[1]) for row in rows)
    assert len({row[0] for row in rows}) == len(rows)


FIELD_WORDS = (
    Duty, Kind, Mechanism, AgreementState, ReceiptState, EnvelopeState, PartyAct, Phase, TaskState, OutcomeKind, Nature,
)  # fmt: skip


@pytest.mark.parametrize("codes", FIELD_WORDS, ids=lambda codes: codes.__name__)
def test_every_word_that_a_page_shows_for_a_code_is_in_the_glossary(codes: type[StrEnum]) -> None:
    known = {row[0].lower().removesuffix(", to") for row in glossary()}

    assert [word for word in codes if word.replace("-", " ") not in {entry.replace("-", " ") for entry in known}] == []


def test_every_priority_and_situation_is_in_the_glossary() -> None:
    known = {row[0].lower().replace("-", " ") for row in glossary()}

    assert [word.name for word in Priority if word.name.lower() not in known] == []
    assert [word for word in Situation if word.replace("-", " ") not in known] == []


def test_the_pages_and_the_glossary_call_a_duty_the_same() -> None:
    pages = {language: {entry.id: entry.string for entry in words.read(language)} for language in words.LANGUAGES}
    rows = {row[0]: row for row in glossary()}

    for duty in Duty:
        name = duty.replace("-", " ")
        assert rows[name][1:4] == [pages[language][name] for language in words.LANGUAGES]


def test_the_schemas_are_those_of_the_structs() -> None:
    assert schemas.stale() == [], "run python -m tools.schemas"


def test_every_schema_is_reached_from_the_protocol() -> None:
    page = text("protocol/index.md")

    assert set(re.findall(r"\(schemas/([a-z-]+\.json)\)", page)) == {
        path.name for path in schemas.FOLDER.glob("*.json")
    }


def test_the_tests_that_the_threat_model_names_are_there() -> None:
    page = (docs.ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/.]+?)(?:::(\w+))?`", page))

    assert len(named) > 20
    for path, test in named:
        assert (docs.ROOT / path).exists(), path
        assert not test or f"def {test}(" in (docs.ROOT / path).read_text(encoding="utf-8"), f"{path}::{test}"
