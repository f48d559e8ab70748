"""Letters that one service writes to another.

Each statement is marked fact or assessment and each person has a category: Directive (EU) 2016/680, articles 6 and 7.
Grades are source A to X and information 1 to 4.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct


class Nature(StrEnum):
    """Whether a statement rests on facts or on a personal assessment (article 7)."""

    FACT = "fact"
    ASSESSMENT = "assessment"


class PersonCategory(StrEnum):
    """In what relation to an offence a person is mentioned (article 6)."""

    SUSPECT = "suspect"
    CONVICTED = "convicted"
    VICTIM = "victim"
    WITNESS = "witness"
    CONTACT = "contact"
    MISSING = "missing"
    OTHER = "other"


class Statement(Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence with its nature and grades."""

    text: str
    nature: Nature
    source: Annotated[str, Meta(pattern=r"^[ABCX]$(?!\n)")] = "X"
    information: Annotated[int, Meta(ge=1, le=4)] = 4


class PersonMentioned(Struct, frozen=True, forbid_unknown_fields=True):
    """A person in the letter, always with a category."""

    name: str
    category: PersonCategory


class InformationLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a service tells another."""

    subject: str
    statements: tuple[Statement, ...]
    persons: tuple[PersonMentioned, ...] = ()
