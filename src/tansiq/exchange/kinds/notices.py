"""Interpol's notices and diffusions: what one bureau asks of others about a person, a thing or a way of acting.

What each colour needs stands in INTERPOL's Rules on the Processing of Data: red in articles 82 to 87, blue in 88, green
in 89, yellow in 90, black in 91, purple in 92, orange in 93; diffusions in 97 to 99. A notice goes to every party, a
diffusion to those whom the sender chooses. No biometric data stand here.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from tansiq.exchange.kinds.information import PersonCategory, Statement

Moment = Annotated[datetime, Meta(tz=True)]
"""A time that names its zone; one without is no letter."""

Months = Annotated[int, Meta(ge=0, le=1_200)]
Short = Annotated[str, Meta(max_length=200)]


class Ask(StrEnum):
    """What the sender asks for."""

    ARREST = "arrest"
    LOCATE = "locate"
    INFORM = "inform"
    IDENTIFY = "identify"
    WARN = "warn"


class Warrant(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An arrest warrant, or a judicial decision of the same effect: who issued it, when, under which number."""

    authority: Short
    number: Short
    issued: Moment


class NoticePerson(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person whom the notice concerns: particulars by which they are told from others, and always a category.

    `born` is a date or a year, as far as it is known; `nationality` is ISO 3166-1 alpha-2, "" where unknown.
    """

    name: Short
    category: PersonCategory
    other_names: tuple[Short, ...] = ()
    born: Annotated[str, Meta(pattern=r"^([0-9]{4}(-[0-9]{2}-[0-9]{2})?)?$(?!\n)")] = ""
    nationality: Annotated[str, Meta(pattern=r"^([A-Z]{2})?$(?!\n)")] = ""
    description: Annotated[str, Meta(max_length=2_000)] = ""


class NoticeLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A notice: what is asked, why, about whom; for a red one the warrant and the penalty in months."""

    subject: Short
    ask: Ask
    statements: tuple[Statement, ...]
    persons: tuple[NoticePerson, ...] = ()
    offence: Short = ""
    provision: Short = ""
    warrant: Warrant | None = None
    penalty_months: Months = 0
    sentence_months: Months = 0
    extradition: bool = False


class DiffusionLetter(NoticeLetter, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A diffusion: a notice that goes to the bureaus which the sender chooses, and to no others."""
