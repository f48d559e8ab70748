"""The word for every code, in the reader's language. Codes are stored and passed on; words are looked up here alone.

One file per room. Each gives `WORDS`, a table for every enum of the room, and `CODES`, tables for codes that travel as
plain text. An adjective names its noun, `_of("task", "accepted")`, because it agrees with it in Arabic, French and
Spanish; that is why the same spelling may have another word in another enum.
"""

from enum import Enum

from django.utils.functional import Promise

from tansiq.web.words import agreements, correspondence, exchange, originator, parties, reporting, rescue, watch, web

ROOMS = (web, parties, exchange, agreements, originator, watch, rescue, correspondence, reporting)

Table = dict[Enum, Promise]

WORDS: dict[type[Enum], Table] = {enum: table for room in ROOMS for enum, table in room.WORDS.items()}
CODES: dict[str, dict[str, Promise]] = {noun: table for room in ROOMS for noun, table in room.CODES.items()}
_DOTTED = {str(code): text for table in WORDS.values() for code, text in table.items() if "." in str(code)}


def word(code: Enum | str, noun: str = "") -> Promise | str:
    """The word for a code.

    A member of an enum must have one (KeyError); a partner's text may hold a code that is not known here, which is
    then shown as it came.
    """
    if noun:
        return CODES[noun].get(str(code), str(code))
    if isinstance(code, Enum):
        return WORDS[type(code)][code]
    return _DOTTED.get(code, code)
