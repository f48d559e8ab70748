"""Where search effort does most good when it can be cut finely: the ideal that a plan of rectangles is held against.

Maximise sum p_j (1 - exp(-e_j x_j)) for sum x_j = total, x_j >= 0. Source: Charnes and Cooper, The theory of search:
optimum distribution of search effort, Management Science 5 (1958); for the circular normal, Koopman (1980), chapter 5.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


def allocate(*, probability: ArrayLike, effectiveness: ArrayLike, total: float) -> NDArray[np.float64]:
    """The best effort for each cell, of the shape of `probability`; `effectiveness` is detection rate per effort."""
    p = np.asarray(probability, dtype=np.float64)
    e = np.asarray(effectiveness, dtype=np.float64)
    worth = p * e
    order = np.argsort(-worth)
    x = np.zeros_like(p)
    for count in range(len(order), 0, -1):
        used = order[:count]
        log_price = (np.sum(np.log(worth[used]) / e[used]) - total) / np.sum(1 / e[used])
        effort = (np.log(worth[used]) - log_price) / e[used]
        if (effort >= 0).all():
            x[used] = effort
            break
    return x


class Ideal(NamedTuple):
    """The best search of a circular normal: the radius it reaches (m) and the probability that it succeeds."""

    radius: float
    success: float


def circular_normal(*, effort: float, sigma: float) -> Ideal:
    """The best search of a circular normal of `sigma` (m) with an effort W V T (m2).

    H = sqrt(Z / (pi s^2)), R^2 = 2 s^2 H, P = 1 - (1 + H) exp(-H).
    """
    h = math.sqrt(effort / (math.pi * sigma**2))
    return Ideal(radius=sigma * math.sqrt(2 * h), success=1 - (1 + h) * math.exp(-h))
