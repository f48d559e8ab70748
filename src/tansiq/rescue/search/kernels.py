"""The inner loops of search evaluation, compiled: how long each moving particle lies inside a rectangle, and its POD.

All of it is serial: the optimiser calls these hundreds of times on small samples, where threads cost more than they
bring. Positions are float32 metres on a plane round the search, [node, particle]; times are seconds.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Kinds = NDArray[np.int16]

BLOCK = 1024
"""Particles handled together, so that their dwell times stay in the first-level cache."""


@njit(cache=True, fastmath=True, nogil=True)
def pod_of(coverage: float, law: int) -> float:
    """POD at a coverage by the law of that number (`detection.Law`)."""
    if law == 0:
        return 1.0 - math.exp(-coverage)
    if law == 1:
        return math.erf(0.886226925452758 * coverage)
    return min(coverage, 1.0)


@njit(cache=True, fastmath=True, nogil=True)
def dwell(x: Floats, y: Floats, seconds: Floats, rectangle: Doubles, out: Floats) -> None:
    """Seconds that each particle spends inside the rectangle while it is searched.

    `rectangle` is centre x, y, cosine and sine of the leg direction, half length, half width; `seconds` is the time
    searched round each node.
    """
    centre_x, centre_y = np.float32(rectangle[0]), np.float32(rectangle[1])
    cosine, sine = np.float32(rectangle[2]), np.float32(rectangle[3])
    half_length, half_width = np.float32(rectangle[4]), np.float32(rectangle[5])
    nothing = np.float32(0)
    total = np.empty(BLOCK, np.float32)
    for first in range(0, x.shape[1], BLOCK):
        size = min(BLOCK, x.shape[1] - first)
        total[:] = nothing
        for node in range(x.shape[0]):
            time = seconds[node]
            if time > nothing:
                for i in range(size):
                    dx = x[node, first + i] - centre_x
                    dy = y[node, first + i] - centre_y
                    along = abs(dx * cosine + dy * sine)
                    across = abs(dy * cosine - dx * sine)
                    total[i] += time if ((along <= half_length) & (across <= half_width)) else nothing
        for i in range(size):
            out[first + i] = total[i]


@njit(cache=True, fastmath=True, nogil=True)
def success(time: Floats, weight: Doubles, kind: Kinds, rate: Doubles, law: int) -> float:
    """Sum of weight x POD, where coverage is `rate` of the particle's kind (per second) times its dwell time."""
    total = 0.0
    for i in range(time.shape[0]):
        if time[i] > 0:
            total += weight[i] * pod_of(rate[kind[i]] * time[i], law)
    return total


@njit(cache=True, fastmath=True, nogil=True)
def detect(time: Floats, kind: Kinds, rate: Doubles, law: int, out: Doubles) -> None:
    """POD of each particle from its dwell time."""
    for i in range(time.shape[0]):
        out[i] = pod_of(rate[kind[i]] * time[i], law)


@njit(cache=True, fastmath=True, nogil=True)
def pass_by(
    x: Floats, y: Floats, pieces: Doubles, node: NDArray[np.int64], kind: Kinds, width: Doubles, out: Doubles
) -> None:
    """POD of each particle from the legs themselves, by the inverse cube law in the particle's own frame.

    `pieces` are straight pieces of track: x0, y0, x1, y1, the fractions of the step at which they begin and end, and
    their seconds; `node` is the node each step begins at, `width` the sweep width (m) by kind. The hazard of a piece is
    (k h / (v_r x^2)) [s / sqrt(x^2 + s^2)] between its ends, with k h = W^2 v / (8 pi) (Koopman, 1980, section 3.2).
    """
    for i in range(x.shape[1]):
        sweep = width[kind[i]]
        hazard = 0.0
        for piece in range(pieces.shape[0]):
            step = node[piece]
            x0, y0 = x[step, i], y[step, i]
            moved_x, moved_y = x[step + 1, i] - x0, y[step + 1, i] - y0
            begin, end, time = pieces[piece, 4], pieces[piece, 5], pieces[piece, 6]
            from_x = pieces[piece, 0] - (x0 + moved_x * begin)
            from_y = pieces[piece, 1] - (y0 + moved_y * begin)
            along_x = pieces[piece, 2] - (x0 + moved_x * end) - from_x
            along_y = pieces[piece, 3] - (y0 + moved_y * end) - from_y
            ground = math.hypot(pieces[piece, 2] - pieces[piece, 0], pieces[piece, 3] - pieces[piece, 1]) / time
            length = math.hypot(along_x, along_y) + 1e-6
            first = (from_x * along_x + from_y * along_y) / length
            last = first + length
            aside = (from_x * along_y - from_y * along_x) / length
            square = aside * aside + 1.0
            strength = sweep * sweep * ground / (8 * math.pi)
            ends = last / math.sqrt(square + last * last) - first / math.sqrt(square + first * first)
            hazard += strength * time / (length * square) * ends
        out[i] = 1.0 - math.exp(-hazard)
