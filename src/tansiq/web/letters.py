"""How an opened letter is read: its fields, and the codes in them, as words. What is not known is shown as it came."""

from enum import Enum

from tansiq.exchange.kinds.information import Nature, PersonCategory
from tansiq.exchange.kinds.notices import Ask
from tansiq.rescue.values import AgeGroup, OutcomeKind, PersonState, Phase, Sex, TaskState
from tansiq.watch.values import Situation
from tansiq.web import words

CODES: dict[str, type[Enum]] = {
    "phase": Phase,
    "answer": TaskState,
    "outcome": OutcomeKind,
    "situation": Situation,
    "nature": Nature,
    "category": PersonCategory,
    "ask": Ask,
}
"""The fields that hold a code; a SITREP's situation is free text, and so is whatever is none of the codes."""
NOUNS = {"priority": "sitrep-priority", "step": "request-step", "reason": "refusal"}
"""The fields whose codes are told by a table of their own."""
COUNTED = (PersonState, Sex, AgeGroup)
"""What the key of a count of persons is made of: "alive.female.minor"."""


def field(key: str) -> tuple[str, ...]:
    """What a field is called; the key of a count of persons in its three words."""
    parts = key.split(".")
    if len(parts) == len(COUNTED) and all(part in set(codes) for part, codes in zip(parts, COUNTED, strict=True)):
        return tuple(str(words.word(codes(part))) for part, codes in zip(parts, COUNTED, strict=True))
    return (str(words.word(key, "field")),)


def value(told: object, key: str) -> str:
    """What stands in a field, where it is a code in its word."""
    if isinstance(told, float):
        return f"{told:.4f}".rstrip("0").rstrip(".")
    if key in NOUNS and isinstance(told, str) and told in words.CODES[NOUNS[key]]:
        return str(words.word(told, NOUNS[key]))
    codes = CODES.get(key)
    return str(words.word(codes(told))) if codes and told in {str(code) for code in codes} else str(told)
