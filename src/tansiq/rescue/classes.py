"""The 85 classes of drifting objects and their leeway coefficients.

A. Allen and J. V. Plourde, "Review of Leeway: Field Experiments and Implementation", USCG R&D Center, CG-D-08-99
(1999); A. Allen, "Leeway Divergence", CG-D-05-05 (2005); O. Breivik and A. Allen, "An operational search and rescue
model for the Norwegian Sea and the North Sea", J. Marine Systems 69 (2008). Coefficients per class and direction:
slope (% of the 10 m wind), offset (cm/s), standard deviation of the residual (cm/s).
"""

from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from tansiq.ground.errors import Malformed


class Leeway(Struct, frozen=True):
    """One regression of leeway on the wind: slope (%), offset (cm/s), standard deviation (cm/s)."""

    slope: float
    offset: float
    deviation: float


class ObjectClass(Struct, frozen=True):
    """A kind of drifting object.

    `level` is its depth under its main class; `names` is keyed by language (ar, es, en, fr).
    """

    id: int
    code: str
    level: int
    names: dict[str, str]
    downwind: Leeway
    right: Leeway
    left: Leeway


class _Table(Struct, frozen=True):
    source: str
    classes: tuple[ObjectClass, ...]


@cache
def classes() -> tuple[ObjectClass, ...]:
    """All classes, by id from 1 to 85."""
    data = files("tansiq.rescue").joinpath("data", "leeway.json").read_bytes()
    return msgspec.json.decode(data, type=_Table).classes


def object_class(id: int) -> ObjectClass:
    """The class of that number; raises Malformed when there is none."""
    table = classes()
    if not 1 <= id <= len(table):
        raise Malformed(f"There is no object class {id}.", f"Take a number from 1 to {len(table)}.")
    return table[id - 1]
