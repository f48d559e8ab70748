"""The finite space of labels under one agreement: which of them pass, exactly, and by which rules the others do not.

A rule looks at few attributes of a label, and each of them has few values that can matter: the words of the agreement
and one that it does not list, the numbers on either side of those that the rule compares with, yes and no. So Cedar
itself judges every rule alone over all values of the attributes it looks at (`Table`), and what passes is what the
permits allow and no forbid stops. Whether anything passes, what, and how many shapes, is then a search over small
tables that falls apart into independent ones as attributes get their values (Bayardo and Pehoushek, "Counting models
using connected components", AAAI 2000). Nothing here is sampled; what is too wide to be counted is refused.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cedarpy import PolicySet, is_authorized_batch
from msgspec import Struct

from tansiq.exchange import policy
from tansiq.exchange.agreements import lint
from tansiq.exchange.agreements.limits import STRANGER
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import Agreement
from tansiq.exchange.kinds import Kind
from tansiq.exchange.label import COLOURED, Claim, Handling, Label, Notice, Urgency, part_of
from tansiq.exchange.policy import Policy
from tansiq.ground.errors import Malformed


def _snake(name: str) -> str:
    return name.replace("-", "_")


Value = str | int | bool | tuple[str, ...]
Shape = dict[str, Value]
"""Values of attributes, by names such as "label.topic" or "facts.two_persons"."""

MOST_CASES = 40_000
"""The most combinations over which one rule is judged."""

MOST_STEPS = 2_000_000
"""The most steps of one search."""

UNLISTED = "unlisted"
ODD_TYPE = "application/x-unlisted"
_YES_NO: tuple[Value, ...] = (False, True)
_WORDS = frozenset({"label.topic", "label.purpose", "label.region", "label.desk", "label.group", "label.sender"})
"""Attributes to which any word that a rule names is added."""

_NUMBERS = frozenset({"label.review_days", "label.sensitivity", *[f"label.claims.{_snake(each)}" for each in Claim]})
"""Attributes that a rule may compare with a number."""


class Table(Struct, frozen=True):
    """For one rule, or a fact about labels: the combinations of values `over` some attributes in which it holds.

    `by_terms`: it looks at the agreement's own lists and bounds, so that it stops nothing where they are wide open.
    """

    rule: str
    over: tuple[str, ...]
    holds: frozenset[tuple[Value, ...]]
    by_terms: bool = False

    def of(self, shape: Mapping[str, Value]) -> bool:
        """Whether it holds for a shape that has all its attributes."""
        return tuple([shape[name] for name in self.over]) in self.holds


class Space(Struct, frozen=True):
    """The values of every attribute that matters; when a permit allows; what each forbid stops; what cannot be."""

    domains: dict[str, tuple[Value, ...]]
    permits: Table
    forbids: tuple[Table, ...]
    cannot: tuple[Table, ...]


def domains(policies: Iterable[Policy], more: Iterable[Mapping[str, Value]] = ()) -> dict[str, tuple[Value, ...]]:
    """The values of each attribute that can matter to these agreements, and those in the shapes of `more`."""
    found: dict[str, list[Value]] = {}

    def add(name: str, values: Iterable[Value]) -> None:
        mine = found.setdefault(name, [])
        mine += [value for value in values if value not in mine or (value in mine and _another(value, mine))]

    for bound in policies:
        for name, values in _usual(bound.agreement).items():
            add(name, values)
        for rule in _rules(bound):
            words = _words(rule)
            for name in attributes(rule):
                if name in _NUMBERS:
                    most = 3 if name == "label.sensitivity" else 4_000
                    near = {number + step for number in _beside(rule, name) for step in (-1, 0, 1)}
                    add(name, sorted(number for number in near if 0 <= number <= most))
                elif name in _WORDS:
                    add(name, words)
                elif name == "label.kind":
                    add(name, [word for word in words if word in set(Kind)])
    for shape in more:
        for name, value in shape.items():
            add(name, (value,))
    return {name: tuple(values) for name, values in found.items()}


def space(bound: Policy, values: Mapping[str, tuple[Value, ...]]) -> Space:
    """Judge every rule of an agreement over these values. Raises Malformed where a rule is too wide to be judged."""
    rules = _rules(bound)
    forbids = tuple([_table(bound, rule, values) for rule in rules if rule["effect"] == "forbid"])
    permits = _either([_table(bound, rule, values) for rule in rules if rule["effect"] == "permit"], values)
    return Space(dict(values), permits, forbids, _cannot(bound.agreement, values))


def attributes(rule: dict[str, Any]) -> tuple[str, ...]:
    """The attributes that a rule looks at, but for the agreement's own terms. Raises Malformed where it is unclear."""
    name = rule["annotations"]["id"]
    found: set[str] = set()
    for part in _parts(_bodies(rule)):
        path = _path(part)
        if path is None:
            continue
        if path == ("action",):
            continue
        if path[:1] != ("context",) or (path[1:] and not path[1].islower()):
            raise Malformed(f"{name} looks at {'.'.join(path)}.", "Let it look at the label, the terms and the facts.")
        if path[1:2] != ("terms",):
            found.add(".".join(path[1:]))
    for attribute in found:
        if attribute not in KNOWN:
            raise Malformed(f"{name} looks at {attribute or 'all'} as a whole.", "Let it look at one attribute.")
    if rule["principal"] not in ({"op": "All"}, _PARTIES):
        raise Malformed(f"{name} is for some principals.", "Say which duties send and receive in the flows.")
    return tuple(sorted(found))


def search(
    space: Space, fixed: Mapping[str, Value], *, breaking: Table | None = None, both: Space | None = None
) -> Shape | None:
    """A shape that passes and has these values; or None where there is none. Of several the plainest.

    `breaking`: it must also be one that this table holds for. `both`: it must pass under this agreement as well.
    """
    tables = [*_musts(space), *(_musts(both) if both else ())]
    if breaking is not None:
        tables.append(_Must(breaking.over, breaking.holds, True))
    return _Search(space.domains, fixed, counting=False).all_of(tables).shape


def refused(space: Space, fixed: Mapping[str, Value]) -> Shape | None:
    """A shape with these values that no permit allows, whatever the forbids say; or None where there is none."""
    tables = [_Must(each.over, each.holds, False) for each in (space.permits, *space.cannot)]
    return _Search(space.domains, fixed, counting=False).all_of(tables).shape


def fires(space: Space, table: Table, fixed: Mapping[str, Value]) -> bool:
    """Whether a rule can stop any label with these values, whatever else stops it."""
    tables = [*[_Must(each.over, each.holds, False) for each in space.cannot], _Must(table.over, table.holds, True)]
    return _Search(space.domains, fixed, counting=False).all_of(tables).count > 0


def seen(space: Space, fixed: Mapping[str, Value]) -> tuple[int, dict[str, tuple[Value, ...]]]:
    """How many shapes pass that have these values, and which values of each attribute stand in any of them.

    Attributes that no rule looks at are not counted; all their values pass.
    """
    found = _Search(space.domains, fixed, counting=True).all_of(_musts(space))
    kept = {
        name: tuple(value for value in space.domains[name] if _tell(value) in mine) for name, mine in found.seen.items()
    }
    return found.count, kept


class _Must(Struct, frozen=True):
    """What must hold, or must not, of the values over some attributes."""

    over: tuple[str, ...]
    holds: frozenset[tuple[Value, ...]]
    must: bool

    def given(self, name: str, value: Value) -> "_Must":
        """What is left to be asked once an attribute has a value."""
        at = self.over.index(name)
        left = frozenset([case[:at] + case[at + 1 :] for case in self.holds if _tell(case[at]) == _tell(value)])
        return _Must(self.over[:at] + self.over[at + 1 :], left, self.must)

    @property
    def settled(self) -> bool | None:
        """Whether it is kept or broken, where that is known already."""
        if not self.over:
            return bool(self.holds) is self.must
        return not self.must if not self.holds else None


class _Found(Struct, frozen=True):
    """How many shapes, the values in any of them, and one of them."""

    count: int
    seen: dict[str, set[object]]
    shape: Shape | None


_NOTHING = _Found(0, {}, None)


class _Search:
    """A search that gives the attribute which most rules look at a value, and goes on with what falls apart."""

    def __init__(self, values: Mapping[str, tuple[Value, ...]], fixed: Mapping[str, Value], *, counting: bool) -> None:
        self._values = {name: (fixed[name],) if name in fixed else each for name, each in values.items()}
        self._counting, self._steps = counting, 0

    def all_of(self, tables: Sequence[_Must]) -> _Found:
        """What keeps all of these: the product over parts that share no attribute."""
        open_ones = []
        for table in tables:
            settled = table.settled
            if settled is False:
                return _NOTHING
            if settled is None:
                open_ones.append(table)
        whole = _Found(1, {}, {})
        for part in _apart(open_ones):
            found = self._part(part)
            if not found.count:
                return _NOTHING
            shape = {**(whole.shape or {}), **(found.shape or {})}
            whole = _Found(whole.count * found.count, {**whole.seen, **found.seen}, shape)
        return whole

    def _part(self, tables: Sequence[_Must]) -> _Found:
        """What keeps tables that hang together; attributes that fall out on the way may have any value."""
        names = {name for table in tables for name in table.over}
        name = max(sorted(names), key=lambda each: sum(each in table.over for table in tables))
        count, marked, shape = 0, {each: set[object]() for each in names}, None
        for value in self._values[name]:
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise Malformed("The agreement's rules hang together too widely.", "Let each look at less.")
            found = self.all_of([table.given(name, value) if name in table.over else table for table in tables])
            if not found.count:
                continue
            free = names - found.seen.keys() - {name}
            ways = found.count
            for each in free:
                ways *= len(self._values[each])
                marked[each].update(map(_tell, self._values[each]))
            count += ways
            marked[name].add(_tell(value))
            for each, values in found.seen.items():
                marked[each] |= values
            shape = shape or {**{each: self._values[each][0] for each in free}, **(found.shape or {}), name: value}
            if not self._counting:
                break
        return _Found(count, marked, shape) if count else _NOTHING


def _tell(value: Value) -> object:
    """A value told apart from others: 1 is not True."""
    return (isinstance(value, bool), value)


def _musts(space: Space) -> list[_Must]:
    """What every shape that passes keeps."""
    stops = [_Must(each.over, each.holds, False) for each in (*space.forbids, *space.cannot)]
    return [_Must(space.permits.over, space.permits.holds, True), *stops]


def _apart(tables: Sequence[_Must]) -> list[list[_Must]]:
    """The tables in groups that share no attribute."""
    groups: list[tuple[set[str], list[_Must]]] = []
    for table in tables:
        near = [group for group in groups if not group[0].isdisjoint(table.over)]
        names, mine = set(table.over), [table]
        for group in near:
            names |= group[0]
            mine += group[1]
        groups = [group for group in groups if group not in near] + [(names, mine)]
    return [mine for _, mine in groups]


# What a rule looks at

_PARTIES = {"op": "in", "entity": {"type": "Agency", "id": "parties"}}


def _rules(bound: Policy) -> list[dict[str, Any]]:
    """The agreement's rules and the house's, but for what no label can change: is it in force, is it one's own name."""
    passing = ("house.state", "house.own-name")
    return [rule for rule in lint.document(bound.text) if rule["annotations"]["id"] not in passing]


def _bodies(rule: dict[str, Any]) -> list[object]:
    return [condition["body"] for condition in rule["conditions"]]


def _parts(body: object) -> Iterator[object]:
    """Every part of a condition, but none inside a path."""
    yield body
    if _path(body) is not None:
        return
    if isinstance(body, dict):
        for key, value in body.items():
            if key not in ("Value", "Var"):
                yield from _parts(value)
    elif isinstance(body, list):
        for value in body:
            yield from _parts(value)


def _path(body: object) -> tuple[str, ...] | None:
    """("context", "label", "topic") of context.label.topic; None where it is no path."""
    if not isinstance(body, dict) or len(body) != 1:
        return None
    if "Var" in body:
        return (str(body["Var"]),)
    step = body.get(".")
    if not isinstance(step, dict):
        return None
    before = _path(step.get("left"))
    return None if before is None else (*before, str(step.get("attr")))


def _words(rule: dict[str, Any]) -> list[str]:
    """The words that a rule names."""
    return [value for value in _constants(_bodies(rule)) if isinstance(value, str)]


def _beside(rule: dict[str, Any], name: str) -> list[int]:
    """The numbers that a rule compares an attribute with: those that stand with it on the two sides of one sign."""
    path = ("context", *name.split("."))
    found: list[Any] = []
    for part in _parts(_bodies(rule)):
        for sides in part.values() if isinstance(part, dict) and _path(part) is None else ():
            if isinstance(sides, dict) and path in (_path(sides.get("left")), _path(sides.get("right"))):
                found += _constants(sides)
    return [value for value in found if isinstance(value, int) and not isinstance(value, bool)]


def _constants(body: object) -> list[Any]:
    parts = [part for part in _parts(body) if isinstance(part, dict) and set(part) == {"Value"}]
    return [part["Value"] for part in parts]


def _another(value: Value, there: Sequence[Value]) -> bool:
    """Whether a value is not there, where 1 is not True."""
    return not any(each == value and type(each) is type(value) for each in there)


def _usual(agreement: Agreement) -> dict[str, tuple[Value, ...]]:
    """The values of each attribute under an agreement."""
    topics = [topic for topic in agreement.topics if topic != "any"]
    parties, others = agreement.parties, agreement.parties[1:]
    listed = agreement.attachment_types
    claims: dict[str, tuple[Value, ...]] = {f"label.claims.{_snake(claim)}": (0, 1) for claim in Claim}
    return {
        "label.kind": (*sorted(agreement.flows), *sorted(set(Kind) - set(agreement.flows))[:1]),
        "label.topic": ("", *topics, *agreement.barred, UNLISTED),
        "label.purpose": ("", *agreement.purposes, UNLISTED),
        "label.region": ("", UNLISTED),
        "label.notice": tuple(map(str, Notice)),
        "label.operational": _YES_NO,
        "label.sensitivity": (0, 1, 2, 3),
        "label.urgency": tuple(map(str, Urgency)),
        "label.handling": tuple(map(str, Handling)),
        "label.source": ("A", "B", "C", "X"),
        "label.information": (1, 2, 3, 4),
        "label.sender": (parties[0], STRANGER),
        "label.recipients": ((others[0],), others, (others[0], STRANGER)),
        "label.desk": ("", *((agreement.desk,) if agreement.desk else ()), STRANGER),
        "label.group": ("", *agreement.groups, UNLISTED),
        "label.has_case": _YES_NO,
        "label.has_attachments": _YES_NO,
        "label.attachment_types": ((), *((listed,) if listed else ()), (ODD_TYPE,)),
        "label.persons_named": _YES_NO,
        "label.exercise": _YES_NO,
        "label.review_days": (0, 1),
        **claims,
        **dict.fromkeys([f"facts.{name}" for name in _FREE], _YES_NO),
        **dict.fromkeys([f"facts.{name}" for name in _SURE], (True,)),
        "facts.state": (AgreementState.IN_FORCE.value,),
    }


_SURE = ("duty_may", "acts_for_itself")
_FREE = (
    "two_persons", "in_group", "attachments_fit", "joint_operation", "mandate_in_date", "mandate_topic",
    "mandate_region", "mandate_case",
)  # fmt: skip


def _cannot(agreement: Agreement, values: Mapping[str, tuple[Value, ...]]) -> tuple[Table, ...]:
    """What no label can be, whatever the rules say."""
    members = {name: set(group) for name, group in agreement.groups.items()}

    def table(name: str, first: str, second: str, wrong: Callable[[Any, Any], bool]) -> Table:
        cases = itertools.product(values[first], values[second])
        return Table(name, (first, second), frozenset(case for case in cases if wrong(*case)))

    def beside(group: str, fits: bool) -> bool:
        return fits if group and not members.get(group) else not group and not fits

    some, kinds = "label.has_attachments", {*COLOURED}
    return (
        table("label.colour", "label.kind", "label.notice", lambda kind, colour: bool(colour) != (kind in kinds)),
        table("label.types", some, "label.attachment_types", lambda any_, types: any_ != bool(types)),
        table("label.size", some, "facts.attachments_fit", lambda any_, fit: not any_ and not fit),
        table("label.group", "label.group", "facts.in_group", beside),
    )


# Judging

_BASE = Label(kind=Kind.ALERT, sender="aa", duty="node", recipients=("aa",), sent=0, expires=0, letter=part_of(b""))
KNOWN = frozenset(
    {
        *[f"label.{name}" for name in policy.context_of(_BASE) if name != "claims"],
        *[f"label.claims.{_snake(claim)}" for claim in Claim],
        *[f"facts.{name}" for name in (*_FREE, *_SURE, "state")],
    }
)
"""Every attribute that a rule may look at, beside the agreement's terms."""


def _table(bound: Policy, rule: dict[str, Any], values: Mapping[str, tuple[Value, ...]]) -> Table:
    """Cedar's word on one rule alone, over all values of what it looks at, on sending and on receiving.

    A forbid stops a letter at whichever side it fires; a permit must hold at both.
    """
    over = attributes(rule)
    cases = list(itertools.islice(itertools.product(*[values[name] for name in over]), MOST_CASES + 1))
    name = rule["annotations"]["id"]
    if len(cases) > MOST_CASES:
        raise Malformed(f"{name} looks at too much at once to be tried out.", "Let it look at less.")
    alone = {**rule, "effect": "permit", "annotations": {"id": name}}
    rules = PolicySet.from_json_str(json.dumps({"staticPolicies": {name: alone}, "templates": {}, "templateLinks": []}))
    apart = rule["action"] != {"op": "All"} or _looks_at_action(rule)
    sides = [_holds(bound, rules, over, cases, action) for action in (("send", "receive") if apart else ("send",))]
    join = any if rule["effect"] == "forbid" else all
    holds = frozenset(case for case, *said in zip(cases, *sides, strict=True) if join(said))
    return Table(
        name, over, holds, by_terms=any((_path(part) or ())[1:2] == ("terms",) for part in _parts(_bodies(rule)))
    )


def _looks_at_action(rule: dict[str, Any]) -> bool:
    return any(_path(part) == ("action",) for part in _parts(_bodies(rule)))


def _holds(
    bound: Policy, rules: PolicySet, over: tuple[str, ...], cases: Sequence[tuple[Value, ...]], action: str
) -> list[bool]:
    """Cedar's word on each case, given no more than the rule looks at: it was validated when the agreement was."""
    principal = {"type": "Duty", "id": f"{bound.agreement.parties[0]}/node"}
    resource = {"type": "Channel", "id": bound.agreement.mechanism.value}
    plain = {"principal": principal, "action": {"type": "Action", "id": action}, "resource": resource}
    requests = [{**plain, "context": _context(bound, over, case)} for case in cases]
    answers = is_authorized_batch(requests, rules, bound.entities)
    if any(answer.diagnostics.errors for answer in answers):
        raise Malformed("A rule errs where it is tried out.", "Let it look at what every label has.")
    return [answer.allowed for answer in answers]


def _context(bound: Policy, over: tuple[str, ...], case: tuple[Value, ...]) -> dict[str, Any]:
    context: dict[str, Any] = {"terms": bound.terms}
    for name, value in zip(over, case, strict=True):
        part = context
        *path, last = name.split(".")
        for step in path:
            part = part.setdefault(step, {})
        part[last] = list(value) if isinstance(value, tuple) else value
    return context


def _either(tables: Sequence[Table], values: Mapping[str, tuple[Value, ...]]) -> Table:
    """Where any of these tables holds."""
    if len(tables) == 1:
        return tables[0]
    over = tuple(sorted({name for table in tables for name in table.over}))
    cases = list(itertools.islice(itertools.product(*[values[name] for name in over]), MOST_CASES + 1))
    if len(cases) > MOST_CASES:
        raise Malformed("The permits look at too much together to be tried out.", "Let them look at less.")
    shapes = [dict(zip(over, case, strict=True)) for case in cases]
    return Table(
        ",".join(table.rule for table in tables),
        over,
        frozenset(case for case, shape in zip(cases, shapes, strict=True) if any(table.of(shape) for table in tables)),
    )
