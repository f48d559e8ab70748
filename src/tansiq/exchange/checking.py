"""Is an agreement well-formed, what would it allow, and what does another one change: what lawyers read and sign.

Both answers are exact (`exchange.space`): a row per kind of letter with the duties that may send and receive it, and
every topic, purpose, colour and degree that any letter of that kind may have; between two agreements the letters that
pass under one alone, each by the rule of the other that stops it.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from tansiq.exchange import policy, space
from tansiq.exchange.agreements import limits, lint, terms
from tansiq.exchange.agreements.limits import CARRIES, Limit
from tansiq.exchange.agreements.terms import NODE_DUTY, Agreement, Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.label import Urgency
from tansiq.exchange.policy import DAY_MS, Policy
from tansiq.exchange.space import Shape, Space, Table, Value
from tansiq.ground.errors import Malformed
from tansiq.parties.duties import Duty

MOST_YEARS = 5
"""A validity beyond this many years earns a warning."""


class Finding(StrEnum):
    """What is wrong with an agreement (the first three), or worth a second look."""

    RULES = "rules"
    TOO_WIDE = "too-wide"
    HARD_LIMIT = "hard-limit"
    KIND_UNKNOWN = "kind-unknown"
    KIND_NOBODY = "kind-nobody"
    KIND_NEVER = "kind-never"
    DUTY_UNKNOWN = "duty-unknown"
    RULE_IDLE = "rule-idle"
    NO_DESK = "no-desk"
    TOPIC_BOTH = "topic-both"
    GROUP_EMPTY = "group-empty"
    ATTACHMENTS_HALF = "attachments-half"
    NO_ANSWER_TIME = "no-answer-time"
    NOT_KEPT = "not-kept"
    LONG = "long"


FAULTS = frozenset({Finding.RULES, Finding.TOO_WIDE, Finding.HARD_LIMIT})
"""What keeps an agreement from being taken."""


class Found(Struct, frozen=True):
    """One finding, and what it is about: a limit, a kind, a duty, a rule's id, or a line that says what is wrong."""

    finding: Finding
    about: str = ""


class Row(Struct, frozen=True, kw_only=True):
    """What an agreement allows of one kind of letter.

    `send` and `receive` are the duties, empty where no letter of this kind passes at all. `case`, `persons`,
    `attachments` and `operational` are "never", "may" or "must". `sensitivity` is the highest. `limits` are the rules
    that can stop such a letter. `shapes` counts the labels that pass, over all that the rules look at.
    """

    kind: str
    send: tuple[str, ...]
    receive: tuple[str, ...]
    shapes: int
    topics: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    sensitivity: int = 0
    case: str = "may"
    persons: str = "may"
    attachments: str = "may"
    operational: str = "may"
    limits: tuple[str, ...] = ()


class Checked(Struct, frozen=True, kw_only=True):
    """An agreement looked through: well-formed where there are no faults."""

    agreement: str
    faults: tuple[Found, ...]
    warnings: tuple[Found, ...]
    rows: tuple[Row, ...]


class Change(Struct, frozen=True):
    """One thing that another agreement says differently: `part` names it, `added` and `removed` are what it says."""

    part: str
    removed: tuple[str, ...]
    added: tuple[str, ...]


class Example(Struct, frozen=True):
    """A letter that passes under one of two agreements alone, and the rule of the other that stops it."""

    rule: str
    shape: Shape


class Diff(Struct, frozen=True, kw_only=True):
    """What the second agreement changes against the first: in words, in the table, and for which letters."""

    words: tuple[Change, ...]
    rows: tuple[Change, ...]
    opened: tuple[Example, ...]
    closed: tuple[Example, ...]


def check(agreement: Agreement) -> Checked:
    """Look an agreement through."""
    return _checked(terms.write_agreement(agreement))


def refuse_faults(agreement: Agreement) -> None:
    """Return when an agreement may be taken; else Malformed with the first fault."""
    faults = check(agreement).faults
    if faults:
        raise Malformed(f"The agreement: {line(faults[0])}.", "Amend it; tansiq agreement check says the rest.")


def line(found: Found) -> str:
    """A finding in one line of English, for the command line."""
    return f"{_LINES[found.finding]}{': ' if found.about else ''}{found.about}"


def diff(first: Agreement, second: Agreement) -> Diff:
    """What the second changes. Raises Malformed where either is not well-formed."""
    before, after = policy.policy_of(first), policy.policy_of(second)
    values = space.domains((before, after))
    old, new = space.space(before, values), space.space(after, values)
    return Diff(
        words=tuple(_words(first, second)),
        rows=tuple(_row_changes(_rows(before, old), _rows(after, new))),
        opened=tuple(_examples(new, old)),
        closed=tuple(_examples(old, new)),
    )


@lru_cache(maxsize=64)
def _checked(raw: bytes) -> Checked:
    agreement = terms.read_agreement(raw)
    name = terms.digest(agreement)
    faults = policy.check(agreement)
    if faults:
        return Checked(
            agreement=name, faults=tuple(Found(Finding.RULES, each) for each in faults), warnings=(), rows=()
        )
    bound = policy.policy_of(agreement, name)
    try:
        never = tuple(limits.never(agreement))
        whole = space.space(bound, space.domains((bound,), (shape for _, shape in never)))
        broken = {limit: None for limit, shape in never if space.search(whole, shape) is not None}
        rows = _rows(bound, whole)
    except Malformed as error:
        return Checked(agreement=name, faults=(Found(Finding.TOO_WIDE, str(error)),), warnings=(), rows=())
    if set(agreement.flows) - CARRIES.get(agreement.mechanism, set(agreement.flows)):
        broken[Limit.KINDS] = None
    if agreement.mechanism is Mechanism.RESCUE and _closed(agreement, whole):
        broken[Limit.ALWAYS_OPEN] = None
    warnings = (*_flow_warnings(agreement, rows), *_rule_warnings(whole), *_term_warnings(agreement))
    return Checked(
        agreement=name,
        faults=tuple(Found(Finding.HARD_LIMIT, limit) for limit in broken),
        warnings=warnings,
        rows=rows,
    )


def _closed(agreement: Agreement, whole: Space) -> bool:
    """Whether a rescue agreement stops any letter that it is for."""
    kinds = CARRIES[Mechanism.RESCUE]
    return kinds != set(agreement.flows) or any(space.refused(whole, {"label.kind": kind}) for kind in kinds)


# The table


def _rows(bound: Policy, whole: Space) -> tuple[Row, ...]:
    return tuple(_row(bound.agreement, whole, kind) for kind in sorted(bound.agreement.flows))


def _row(agreement: Agreement, whole: Space, kind: str) -> Row:
    flow, fixed = agreement.flows[kind], {"label.kind": kind}
    shapes, seen = space.seen(whole, fixed)
    stops = tuple(each.rule for each in whole.forbids if space.fires(whole, each, fixed))
    if not (shapes and flow.send and flow.receive):
        return Row(kind=kind, send=(), receive=(), shapes=0, limits=stops)

    def said(name: str) -> tuple[Value, ...]:
        return seen.get(name, whole.domains[name])

    return Row(
        kind=kind,
        send=flow.send,
        receive=flow.receive,
        shapes=shapes,
        topics=tuple(map(str, said("label.topic"))),
        purposes=tuple(map(str, said("label.purpose"))),
        notices=tuple(str(each) for each in said("label.notice") if each),
        sensitivity=max(each for each in said("label.sensitivity") if isinstance(each, int)),
        case=_may(said("label.has_case")),
        persons=_may(said("label.persons_named")),
        attachments=_may(said("label.has_attachments")),
        operational=_may(said("label.operational")),
        limits=stops,
    )


def _may(values: tuple[Value, ...]) -> str:
    return "may" if len(values) > 1 else "must" if values[0] else "never"


# Warnings


def _flow_warnings(agreement: Agreement, rows: Iterable[Row]) -> Iterable[Found]:
    duties = {*Duty, NODE_DUTY}
    for row in rows:
        flow = agreement.flows[row.kind]
        if row.kind not in set(Kind):
            yield Found(Finding.KIND_UNKNOWN, row.kind)
        if not flow.send or not flow.receive:
            yield Found(Finding.KIND_NOBODY, row.kind)
        elif not row.shapes:
            yield Found(Finding.KIND_NEVER, row.kind)
        for duty in sorted({*flow.send, *flow.receive} - duties):
            yield Found(Finding.DUTY_UNKNOWN, duty)


def _rule_warnings(whole: Space) -> Iterable[Found]:
    for each in whole.forbids:
        if not each.by_terms and not each.rule.startswith("house.") and not space.fires(whole, each, {}):
            yield Found(Finding.RULE_IDLE, each.rule)


def _term_warnings(agreement: Agreement) -> Iterable[Found]:
    if agreement.mechanism is Mechanism.EMBASSY_BUREAU and not agreement.desk:
        yield Found(Finding.NO_DESK)
    yield from (Found(Finding.TOPIC_BOTH, topic) for topic in agreement.topics if topic in agreement.barred)
    yield from (Found(Finding.GROUP_EMPTY, name) for name, members in agreement.groups.items() if len(members) < 2)
    if bool(agreement.attachment_bytes) != bool(agreement.attachment_types):
        yield Found(Finding.ATTACHMENTS_HALF)
    yield from (Found(Finding.NO_ANSWER_TIME, urgency) for urgency in Urgency if urgency not in agreement.answer_hours)
    if not agreement.retention_days:
        yield Found(Finding.NOT_KEPT)
    if agreement.until - agreement.since > MOST_YEARS * 366 * DAY_MS:
        yield Found(Finding.LONG)


_LINES = {
    Finding.RULES: "the rules do not hold",
    Finding.TOO_WIDE: "the rules cannot be tried out",
    Finding.HARD_LIMIT: "it would let pass what its mechanism never carries",
    Finding.KIND_UNKNOWN: "this node knows no such kind of letter",
    Finding.KIND_NOBODY: "nobody sends or nobody receives this kind of letter, so none passes",
    Finding.KIND_NEVER: "the rules let no letter of this kind pass",
    Finding.DUTY_UNKNOWN: "this node knows no such duty",
    Finding.RULE_IDLE: "this rule never stops anything",
    Finding.NO_DESK: "no desk is named, so nothing passes",
    Finding.TOPIC_BOTH: "this topic is both listed and barred",
    Finding.GROUP_EMPTY: "this sharing group has fewer than two members",
    Finding.ATTACHMENTS_HALF: "attachments have a size without types, or types without a size, so none passes",
    Finding.NO_ANSWER_TIME: "no answer time is agreed for this urgency",
    Finding.NOT_KEPT: "letters are kept for no days",
    Finding.LONG: "it stands for more than five years",
}


# What another agreement changes


def _words(first: Agreement, second: Agreement) -> Iterable[Change]:
    """The parts of the text that differ, each with the lines that go and the lines that come."""
    before, after = _parts(first), _parts(second)
    for part in dict.fromkeys((*before, *after)):
        old, new = before.get(part, ()), after.get(part, ())
        if old != new:
            yield Change(part, _but(old, new), _but(new, old))


def _but(lines: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """The lines that the others lack; where only their order differs, all of them."""
    return tuple(each for each in lines if each not in others) or (lines if set(lines) == set(others) else ())


def _parts(agreement: Agreement) -> dict[str, tuple[str, ...]]:
    """What an agreement says, part by part, each part as lines."""
    plain: dict[str, Any] = msgspec.to_builtins(agreement)
    parts: dict[str, tuple[str, ...]] = {}
    for name, value in plain.items():
        if name in ("cedar", "reasons", "flows", "articles", "v"):
            continue
        parts[name] = _lines(value)
    for number, article in enumerate(plain["articles"], 1):
        parts[f"articles.{number}"] = _lines(article)
    for kind, flow in plain["flows"].items():
        for way, duties in flow.items():
            parts[f"flows.{kind}.{way}"] = tuple(duties) or ("nobody",)
    for name, said in plain["reasons"].items():
        parts[f"reasons.{name}"] = _lines(said)
    for name, text in lint.texts(agreement.cedar).items():
        parts[f"rules.{name}"] = tuple(text.splitlines())
    return parts


def _lines(value: object) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(f"{key}: {_flat(each)}" for key, each in value.items())
    return tuple(map(_flat, value)) if isinstance(value, list | tuple) else (_flat(value),)


def _flat(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "nobody"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _row_changes(before: tuple[Row, ...], after: tuple[Row, ...]) -> Iterable[Change]:
    """What differs in the table: "information.send", "notice.topics"."""
    old, new = ({row.kind: row for row in rows} for rows in (before, after))
    for kind in dict.fromkeys((*old, *new)):
        for name in _BOTH if old.get(kind, _NONE).shapes and new.get(kind, _NONE).shapes else ("send", "receive"):
            was, is_ = (_cell(rows.get(kind), name) for rows in (old, new))
            if set(was) != set(is_):
                yield Change(f"{kind}.{name}", _but(was, is_), _but(is_, was))


_NONE = Row(kind="", send=(), receive=(), shapes=0)
_BOTH = tuple(name for name in Row.__struct_fields__ if name not in ("kind", "shapes"))
"""What is compared where a kind passes under both agreements; else only who no longer sends and receives it, or now."""


def _cell(row: Row | None, name: str) -> tuple[str, ...]:
    if row is None or not row.shapes:
        return ()
    value = getattr(row, name)
    return tuple(value) if isinstance(value, tuple) else (str(value),)


def _examples(passing: Space, stopping: Space) -> Iterable[Example]:
    """For each rule of one agreement that stops what the other lets pass, one such letter, said by what matters."""
    nothing = Table("", stopping.permits.over, _all(stopping) - stopping.permits.holds)
    for table in (*stopping.forbids, nothing):
        shape = space.search(passing, {}, breaking=table)
        if shape is not None:
            yield Example(table.rule, _plain(shape, table))


def _all(whole: Space) -> frozenset[tuple[Value, ...]]:
    """Every combination of what the permits look at."""
    cases: list[tuple[Value, ...]] = [()]
    for name in whole.permits.over:
        cases = [(*case, value) for case in cases for value in whole.domains[name]]
    return frozenset(cases)


def _plain(shape: Shape, table: Table) -> Shape:
    """Of a shape what it is about, and what the rule looks at; the rest is as on any letter."""
    wanted = {"label.kind", "label.topic", "label.purpose", *table.over}
    return {name: value for name, value in sorted(shape.items()) if name in wanted and name not in _FIXED}


_FIXED = ("facts.duty_may", "label.sender", "label.recipients")
