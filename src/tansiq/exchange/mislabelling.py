"""Whether a letter bears out what its label said, checked by whoever opens it. Pure.

Rules judge the label, and a desk reads no more than the label; so the sender signs for it, and the recipient who opens
the letter says, signed, where it was not so.
"""

from collections.abc import Callable

from msgspec import Struct

from tansiq.exchange.kinds.notices import Ask, NoticeLetter
from tansiq.exchange.label import Claim, Label, Notice

PERSONS = "persons_named"
"""The label says that nobody is named, and the letter names somebody."""


def contradictions(said: Label, letter: Struct) -> tuple[str, ...]:
    """The claims and marks of a label that its letter does not bear out, by name."""
    found = [] if said.persons_named or not getattr(letter, "persons", ()) else [PERSONS]
    if isinstance(letter, NoticeLetter):
        found += [str(name) for name, holds in _claimed(letter).items() if name in said.claims and not holds(said)]
        if letter.ask is Ask.ARREST and said.notice is not Notice.RED:
            found.append("notice")
    return tuple(found)


def _claimed(letter: NoticeLetter) -> dict[Claim, Callable[[Label], bool]]:
    return {
        Claim.WARRANT: lambda said: letter.warrant is not None,
        Claim.EXTRADITION: lambda said: letter.extradition,
        Claim.PENALTY_MONTHS: lambda said: said.claims[Claim.PENALTY_MONTHS] <= letter.penalty_months,
        Claim.SENTENCE_MONTHS: lambda said: said.claims[Claim.SENTENCE_MONTHS] <= letter.sentence_months,
    }
