"""STIX objects as the draft of a letter of information: one statement for each object, and what was left out.

Nothing is claimed for the source: a statement is an assessment unless the object is an observation, and its grades are
X and 4 until an officer says otherwise, or our own extension says so already. Persons do not come in: STIX has no
category for them (Directive (EU) 2016/680, article 6), so that an officer names them, with theirs. What is said *of* a
dropped person, a relationship or an opinion, is dropped with them: nobody is scored here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from tansiq.exchange.kinds.information import Nature, Statement
from tansiq.exchange.label import Handling
from tansiq.gateways.stix import marks
from tansiq.gateways.stix.read import Found, Object, Wrong, refs
from tansiq.gateways.stix.tell import (
    ABOUT,
    ASIDE,
    CARRIED,
    CONTAINERS,
    FACTS,
    MOST_TEXT,
    PERSONAL,
    READ,
    TELL,
    line,
    text,
)
from tansiq.gateways.stix.write import GRADES

MOST_SUBJECT = 200


class Dropped(StrEnum):
    """Why an object does not come in."""

    PERSON = "names-a-person"
    ABOUT_PERSON = "is-about-a-person"
    UNKNOWN = "unknown-type"
    EMPTY = "says-nothing"


SAID = {
    Dropped.PERSON: "A person comes in only with a category, which STIX does not have: name the person in the letter.",
    Dropped.ABOUT_PERSON: "It speaks of a person who does not come in.",
    Dropped.UNKNOWN: "This type is not known here.",
    Dropped.EMPTY: "It says nothing that a letter could say.",
    Wrong.NO_OBJECT: "It is no object.",
    Wrong.NO_ID: "It has no id of its type.",
    Wrong.OTHER_VERSION: "It is not STIX 2.1.",
    Wrong.NO_DATE: "Its date cannot be read.",
}
"""The reasons in the language of the format."""


class Outcome(Struct, frozen=True):
    """What became of one object: it gave a statement, it was understood without one, or it was dropped."""

    name: str
    kind: str
    version: int | None
    reason: Dropped | Wrong | None = None
    statement: bool = False


class Draft(Struct, frozen=True, kw_only=True):
    """A letter as it was drafted. `left_out` counts properties that no statement carries; `shortened` counts texts."""

    subject: str
    handling: Handling
    statements: tuple[Statement, ...]
    outcomes: tuple[Outcome, ...]
    left_out: dict[str, int]
    shortened: int = 0
    strange_markings: tuple[str, ...] = ()


def draft(found: Sequence[Found], title: str = "STIX 2.1") -> Draft:
    """The draft that these objects give; `title` is its subject where no report names one."""
    known = {each.name: each for each in found if each.wrong is None}
    persons = {name for name, each in known.items() if _is_person(each.said, each.kind)}
    subject = next((line(each.said.get("name")) for each in found if each.kind in ("report", "grouping")), "")
    outcomes, statements, left, shortened = list[Outcome](), list[Statement](), Counter[str](), 0
    taken: list[Found] = []
    for each in found:
        reason, statement = _one(each, known, persons)
        outcomes.append(Outcome(each.name, each.kind, each.version, reason, statement is not None))
        if statement is not None:
            shortened += len(statement.text) > MOST_TEXT
            statements.append(Statement(statement.text[:MOST_TEXT], *_grades(statement, each.said)))
            left.update(set(each.said) - CARRIED - set(READ.get(each.kind, ())))
            taken.append(each)
    handling, strange, restrictions = _handling(taken, known)
    return Draft(
        subject=(subject or title)[:MOST_SUBJECT],
        handling=handling,
        statements=(*statements, *(Statement(f"Marking: {each}", Nature.FACT) for each in restrictions)),
        outcomes=tuple(outcomes),
        left_out=dict(sorted(left.items())),
        shortened=shortened,
        strange_markings=strange,
    )


def _one(each: Found, known: dict[str, Found], persons: set[str]) -> tuple[Dropped | Wrong | None, Statement | None]:
    if each.wrong is not None:
        return each.wrong, None
    if each.kind in ASIDE:
        return None, None
    if each.name in persons:
        return Dropped.PERSON, None
    if each.kind not in CONTAINERS and any(
        ref in persons or _may_be_person(ref, known) for ref in refs(each.said, *ABOUT)
    ):
        return Dropped.ABOUT_PERSON, None
    tell = TELL.get(each.kind)
    if tell is None:
        return Dropped.UNKNOWN, None
    told = tell(each.said, known)
    if not told:
        return Dropped.EMPTY, None
    return None, Statement(told, Nature.FACT if each.kind in FACTS else Nature.ASSESSMENT)


def _is_person(said: Object, kind: str) -> bool:
    if kind == "identity":
        return said.get("identity_class") not in ("organization", "group", "class", "system")
    return kind in PERSONAL or (kind == "threat-actor" and said.get("resource_level") == "individual")


def _may_be_person(ref: str, known: dict[str, Found]) -> bool:
    """Whether an id names something of a personal kind that is not here to be looked at."""
    return ref not in known and ref.partition("--")[0] in PERSONAL


def _grades(statement: Statement, said: Object) -> tuple[Nature, str, int]:
    """Our own extension, where the object has it whole; else what the object's type says, not graded."""
    extensions = said.get("extensions")
    own = extensions.get(GRADES) if isinstance(extensions, dict) else None
    if isinstance(own, dict):
        nature, source, information = own.get("nature"), own.get("source"), own.get("information")
        if nature in list(Nature) and source in ("A", "B", "C", "X") and information in (1, 2, 3, 4):
            return Nature(nature), source, int(information)
    return statement.nature, "X", 4


def _handling(taken: Iterable[Found], known: dict[str, Found]) -> tuple[Handling, tuple[str, ...], list[str]]:
    """The strictest handling asked for, the markings not known here, and the restrictions that they write out."""
    named: list[str] = []
    for each in taken:
        named += refs(each.said, "object_marking_refs")
        granular = each.said.get("granular_markings")
        for part in granular if isinstance(granular, list) else []:
            named += refs(part, "marking_ref") if isinstance(part, dict) else []
    own = {ref: _tlp(known[ref].said) if ref in known else "" for ref in set(named)}
    meant = [marks.TLP[own[ref]] if own[ref] else ref for ref in dict.fromkeys(named)]
    handling, strange = marks.handling_of(meant)
    written = [_restriction(known[ref].said) for ref in strange if ref in known]
    return handling, strange, [each for each in written if each]


def _tlp(said: Object) -> str:
    """The level of a definition of TLP that goes by an id of its own."""
    extensions, definition = said.get("extensions"), said.get("definition")
    own = extensions.get(marks.TLP_EXTENSION) if isinstance(extensions, dict) else None
    level = own.get("tlp_2_0") if isinstance(own, dict) else None
    if level is None and isinstance(definition, dict):
        level = {"white": "clear"}.get(str(definition.get("tlp")), definition.get("tlp"))
    return level if isinstance(level, str) and level in marks.TLP else ""


def _restriction(said: Object) -> str:
    definition = said.get("definition")
    return text(definition.get("statement"))[:MOST_TEXT] if isinstance(definition, dict) else line(said.get("name"))
