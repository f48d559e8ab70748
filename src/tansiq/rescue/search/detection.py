"""Coverage and the probability of detection (POD) by three laws of detection.

    coverage  C = W V T / A
    random search (uniform tracks, "normal" conditions)   POD = 1 - exp(-C)
    inverse cube law (parallel sweeps, "ideal" conditions) POD = erf(sqrt(pi) C / 2)
    definite range                                         POD = min(C, 1)

Source: Koopman, Search and Screening (1980), chapters 2 and 3; IAMSAR Manual volume II, figure N-10.
"""

import math
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

ON_LEGS = 0.85
"""The part of a unit's time on scene that it spends on the legs; the rest goes to turns and identification."""


class Law(IntEnum):
    """How detection falls off with distance; the numbers are what the kernels take."""

    RANDOM = 0
    INVERSE_CUBE = 1
    DEFINITE = 2


def coverage(*, sweep_width: float, speed: float, time: float, area: float) -> float:
    """Coverage of an area (m2) by a sweep width (m) towed at a speed (m/s) for a time on the legs (s)."""
    return sweep_width * speed * time / area


def pod(covered: ArrayLike, law: Law = Law.RANDOM) -> NDArray[np.float64]:
    """Probability of detection at a coverage, of the same shape."""
    c = np.asarray(covered, dtype=np.float64)
    if law == Law.RANDOM:
        return np.asarray(-np.expm1(-c))
    if law == Law.INVERSE_CUBE:
        return np.asarray(erf(math.sqrt(math.pi) * c / 2))
    return np.asarray(np.minimum(c, 1.0))
