"""What Cedar's own parser and validator let pass and an agreement must not hold.

Cedar accepts two rules of one @id, rules without reason or basis, and arithmetic whose overflow skips a forbid. Its
parser also recurses without bound, so that a partner's deeply nested rule would end the process: the length of a rule
is therefore bounded before it is parsed.
"""

import json
import re
from collections import Counter
from typing import Any

from cedarpy import policies_to_json_str

from tansiq.exchange.agreements.terms import Mechanism

_BARRED_OPERATORS = frozenset({"like", "+", "-", "*", "neg"})


MOST_TOKENS = 300
"""The longest rule, in words and signs: nothing in it can nest deeper. The built-in rules have 102 at most."""

MOST_DEPTH = 16
"""The deepest nesting of brackets and ifs."""

MOST_RULES = 64

_ID = re.compile(r'@id\("([^"]*)"\)')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|[A-Za-z0-9_]+|\S', re.DOTALL)


def lint(cedar: str, mechanism: Mechanism) -> list[str]:
    """What Cedar itself lets pass: notes missing or twice, unnamed conditions, operators that surprise. One line each.

    Raises ValueError where Cedar cannot read the text.
    """
    long = _too_long(cedar)
    if long:
        return [long]
    rules = document(cedar)
    faults = [] if any(rule["effect"] == "permit" for rule in rules) else ["no permit: nothing would ever pass"]
    ids = Counter(str(rule["annotations"].get("id", "")) for rule in rules)
    faults += [f"the @id {name} stands {count} times" for name, count in ids.items() if count > 1]
    for rule in rules:
        faults += _lint_rule(rule, mechanism)
    return faults


def _lint_rule(rule: dict[str, Any], mechanism: Mechanism) -> list[str]:
    notes: dict[str, str] = rule["annotations"]
    name = notes.get("id") or "a rule without @id"
    faults = [f"{name} has no @{key}" for key in ("id", "reason", "basis") if not notes.get(key)]
    if not name.startswith(f"{mechanism.value}."):
        faults.append(f"{name} does not begin with {mechanism.value}.")
    operators = _operators(rule["conditions"]) & _BARRED_OPERATORS
    if operators:
        faults.append(f"{name} uses {', '.join(sorted(operators))}")
    if rule["effect"] == "forbid":
        return [*faults, f"{name} forbids, and rescue has no forbids"] if mechanism is Mechanism.RESCUE else faults
    if not rule["conditions"]:
        faults.append(f"{name} permits without a condition")
    if any(condition["kind"] != "when" for condition in rule["conditions"]):
        faults.append(f"{name} permits with an unless")
    unnamed = [i for i, _ in enumerate(rule["conditions"], 1) if not notes.get(f"when{i}")]
    return [*faults, *[f"{name} does not name its condition {i} by @when{i}" for i in unnamed]]


def _operators(part: object) -> set[str]:
    """Every operator and key used anywhere in a condition."""
    if isinstance(part, dict):
        return set(part).union(*map(_operators, part.values()))
    if isinstance(part, list):
        return set().union(*map(_operators, part))
    return set()


def document(text: str) -> list[dict[str, Any]]:
    """The rules as Cedar's JSON, each with its annotations; linked templates are refused."""
    try:
        read = json.loads(policies_to_json_str(text))
    except RecursionError:
        raise ValueError("nested too deep") from None
    if read.get("templates") or read.get("templateLinks"):
        raise ValueError("templates are not used here")
    return [{**rule, "annotations": rule.get("annotations") or {}} for rule in read["staticPolicies"].values()]


def texts(cedar: str) -> dict[str, str]:
    """The text of each rule by its @id, as it was written."""
    found, begin = {}, 0
    for token in _TOKEN.finditer(cedar):
        if token[0] == ";":
            text = cedar[begin : token.end()].strip()
            begin = token.end()
            name = _ID.search(text)
            if name:
                found[name[1]] = text[name.start() :] if text.startswith("//") else text
    return found


def _too_long(cedar: str) -> str:
    """What is too long, before any parser has seen it; empty when nothing is."""
    rules, tokens, depth = 0, 0, 0
    for token in _TOKEN.finditer(cedar):
        if token[0].startswith("//"):
            continue
        tokens += 1
        depth += (token[0] in ("(", "[", "{", "if")) - (token[0] in (")", "]", "}"))
        if tokens > MOST_TOKENS or depth > MOST_DEPTH:
            return f"rule {rules + 1} is longer than {MOST_TOKENS} words and signs, or deeper than {MOST_DEPTH}"
        if token[0] == ";":
            rules, tokens, depth = rules + 1, 0, 0
    return f"{rules} rules where {MOST_RULES} are the most" if rules > MOST_RULES else ""
