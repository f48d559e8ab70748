"""How pages write what an agreement allows: findings, parts of its text, the values of a label's attributes."""

from django import template

from tansiq.exchange.checking import Finding, Found
from tansiq.web import filters, words

register = template.Library()

_ABOUT = {
    Finding.HARD_LIMIT: "limit",
    Finding.TOPIC_BOTH: "topic",
    Finding.NO_ANSWER_TIME: "urgency",
}
_VALUES = {
    "topics": "topic",
    "topic": "topic",
    "purposes": "purpose",
    "purpose": "purpose",
    "notices": "notice",
    "notice": "notice",
    "sensitivity": "sensitivity",
    "urgency": "urgency",
    "handling": "handling",
    "case": "may",
    "persons": "may",
    "attachments": "may",
    "operational": "may",
}
"""The attributes whose values are codes, and of what."""


@register.filter
def about(found: Found) -> str:
    """What a finding is about, in the reader's words."""
    if found.finding in (Finding.KIND_UNKNOWN, Finding.KIND_NOBODY, Finding.KIND_NEVER):
        return filters.kind_word(found.about)
    return str(words.word(found.about, _ABOUT[found.finding])) if found.finding in _ABOUT else found.about


@register.filter
def part_name(part: str) -> str:
    """A part of an agreement, "flows.alert.send", in the reader's words."""
    first, *rest = part.split(".", 2)
    if first in ("articles", "reasons", "rules"):
        return f"{words.word(first, 'agreement-part')} {'.'.join(rest)}"
    if first == "flows":
        return filters.comma().join((filters.kind_word(rest[0]), str(words.word(rest[1], "agreement-part"))))
    if rest:
        return filters.comma().join((filters.kind_word(first), str(words.word(rest[0], "agreement-part"))))
    return str(words.word(first, "agreement-part"))


@register.filter
def part_value(value: str, part: str) -> str:
    """One line of a part of an agreement, in its word where it is a code."""
    last = part.rpartition(".")[2]
    if last in ("send", "receive"):
        return filters.duty_word(value)
    if last == "barred":
        last = "topics"
    return _said(value, last)


@register.filter
def attribute_value(value: object, name: str) -> str:
    """The value of a label's attribute in the reader's words."""
    last = name.rpartition(".")[2]
    if isinstance(value, bool):
        return str(words.word(str(value), "yes-no"))
    if isinstance(value, tuple):
        return filters.comma().join(value) or "–"
    if last == "kind":
        return filters.kind_word(str(value))
    return _said(str(value), last)


@register.filter
def attribute_name(name: str) -> str:
    """A label's attribute in the reader's words."""
    if name.startswith("label.claims."):
        return str(words.word(name.removeprefix("label.claims.").replace("_", "-"), "claim"))
    return str(words.word(name, "attribute"))


def _said(value: str, of: str) -> str:
    if not value:
        return "–"
    return str(words.word(value, _VALUES[of])) if of in _VALUES else value
