"""The indicator cards: what each figure means, in a data file, in four languages."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

import msgspec

from tansiq.reporting.values import Card, Indicator


@cache
def cards() -> tuple[Card, ...]:
    """Every card, each with the SHA-256 of its content."""
    raw = files("tansiq.reporting").joinpath("cards.json").read_bytes()
    return tuple(
        msgspec.structs.replace(each, digest=sha256(msgspec.json.encode(each, order="deterministic")).hexdigest())
        for each in msgspec.json.decode(raw, type=tuple[Card, ...])
    )


def card(indicator: Indicator) -> Card:
    """The card of an indicator."""
    return next(each for each in cards() if each.indicator == indicator)
