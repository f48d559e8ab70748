"""What is believed about particles before and after a search that found nothing.

Each particle i carries a weight p_i; at first they sum to one. A search that detects particle i with POD_i and finds
nothing leaves p_i (1 - POD_i) (Bayes, not normalised), so that 1 - sum p_i is the cumulative probability of success
over all searches and all drift between them. Weights are kept, particles are never resampled.
Source: IAMSAR Manual volume II, 4.6; Stone, Theory of Optimal Search (1975), chapter 1.
"""

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]


def uniform(particles: int) -> Weights:
    """Equal weights that sum to one."""
    return np.full(particles, 1.0 / particles)


def success(weight: Weights, pod: NDArray[np.float64]) -> float:
    """Probability of success (POS) of one search: sum of POC x POD."""
    return float(weight @ pod)


def after(weight: Weights, pod: NDArray[np.float64]) -> Weights:
    """The weights after a search that found nothing."""
    return weight * (1.0 - pod)


def cumulative_success(weight: Weights) -> float:
    """Cumulative POS of every search so far."""
    return float(1.0 - weight.sum())
