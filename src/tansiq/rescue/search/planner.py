"""The best rectangle for one unit against moving particles: seeds, Nelder-Mead on a sample, a polish, the whole field.

The steps are those that several units need too: `best` improves one unit against given weights (what the other units
would leave) and against `others`, whose rectangles of the same height band it must not overlap. A plan for several
units cycles it over them. Never scored on the sample that it was optimised on.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tansiq.rescue.search.detection import Law
from tansiq.rescue.search.field import Field
from tansiq.rescue.search.rectangle import Able, Asked, Sortie, overlap, sortie, success
from tansiq.rescue.search.seeds import seeds

SAMPLE = 4_000
POLISH = 12_000
CANDIDATES = 40
STARTS = 3
APART = 4_000.0
TURNED = 0.4
"""Starts differ by so many metres or so many radians."""
EVALUATIONS = 160
PENALTY = 3e-5
"""POS taken off per metre of overlap with another rectangle of the same band: 0.03 per kilometre."""
FIRST_STEPS = np.array([4_000.0, 4_000.0, 0.25, 0.25, 0.3])


class Choice(NamedTuple):
    """What the optimiser settled on, and its POS on the sample it used, overlaps taken off."""

    asked: Asked
    score: float


def plan(field: Field, unit: Able, *, rng: np.random.Generator, law: Law = Law.RANDOM) -> Sortie | None:
    """The best rectangle for the unit; none when it cannot be on scene within the field's time."""
    choice = best(field.sample(SAMPLE, rng), unit, law=law)
    if choice is None:
        return None
    polished = improve(field.sample(POLISH, rng), unit, choice.asked, law=law)
    return sortie(field, unit, polished.asked)


def best(
    field: Field, unit: Able, *, law: Law = Law.RANDOM, others: Sequence[Sortie] = (), also: Sequence[Asked] = ()
) -> Choice | None:
    """The best of several starts, and of those in `also`, each improved; none when no start is feasible."""
    scratch = np.empty(field.x.shape[1], np.float32)
    scored = [
        (_score(field, unit, asked, law, others, scratch), asked) for asked in seeds(field, unit, law)[:CANDIDATES]
    ]
    scored.sort(key=lambda each: -each[0])
    starts: list[Asked] = list(also)
    for _, asked in scored:
        if len(starts) >= STARTS + len(also):
            break
        if all(_differ(asked, start, field) for start in starts):
            starts.append(asked)
    choices = [improve(field, unit, start, law=law, others=others) for start in starts]
    return max(choices, key=lambda choice: choice.score, default=None)


def improve(field: Field, unit: Able, start: Asked, *, law: Law = Law.RANDOM, others: Sequence[Sortie] = ()) -> Choice:
    """Nelder-Mead from one start (Nelder and Mead, Computer Journal 7, 1965); never worse than the start."""
    scratch = np.empty(field.x.shape[1], np.float32)

    def loss(numbers: NDArray[np.float64]) -> float:
        return -_score(field, unit, Asked(*(float(number) for number in numbers)), law, others, scratch)

    origin = np.array(start, dtype=np.float64)
    steps = FIRST_STEPS.copy()
    steps[:2] = min(steps[0], 0.25 * math.exp((start.log_length + start.log_width) / 2))
    simplex = np.vstack([origin, origin + np.diag(steps)])
    result = minimize(
        loss,
        origin,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": EVALUATIONS, "fatol": 1e-5, "xatol": math.inf},
    )
    return Choice(Asked(*(float(number) for number in result.x)), -float(result.fun))


def _score(
    field: Field,
    unit: Able,
    asked: Asked,
    law: Law,
    others: Sequence[Sortie],
    scratch: NDArray[np.float32],
) -> float:
    """POS of what is asked, less a penalty for lying in other rectangles."""
    feasible = sortie(field, unit, asked)
    if feasible is None:
        return 0.0
    return success(field, feasible, scratch, law) - PENALTY * sum(overlap(feasible, other) for other in others)


def _differ(one: Asked, other: Asked, field: Field) -> bool:
    """Whether two starts lead to different places: far apart for the size of the cloud, or turned."""
    there = field.at_sea[0]
    spread = float(min(field.x[0, there].std() + field.y[0, there].std(), 2 * APART) / 2)
    return math.hypot(one.x - other.x, one.y - other.y) > spread or abs(one.angle - other.angle) > TURNED
