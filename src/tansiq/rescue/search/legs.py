"""The parallel sweep itself: waypoints, when each is reached, and the POD of the legs against what drifts meanwhile.

IAMSAR Manual volume II, 5.5 (pattern PS): legs along one side of the rectangle, the first and last half a spacing
inside. The direction of the legs and the corner they begin at matter when the object drifts: eight variants are
compared with the legs spelled out.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tansiq.rescue.search import kernels
from tansiq.rescue.search.field import STEP, Field
from tansiq.rescue.search.rectangle import Sortie

CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


class Pattern(NamedTuple):
    """A track over a rectangle: `plan` with its legs turned as they are flown, spacing as flown, turning points (m).

    `speed` (m/s) is the even speed of progress that brings the unit to the end in the time searched.
    """

    plan: Sortie
    spacing: float
    legs: int
    points: NDArray[np.float64]
    speed: float


def turned(plan: Sortie) -> Sortie:
    """The same rectangle with legs along its other side."""
    return plan._replace(length=plan.width, width=plan.length, angle=plan.angle + math.pi / 2)


def pattern(plan: Sortie, corner: tuple[int, int]) -> Pattern:
    """The track that begins at a corner, given as signs along and across the legs; an even spacing fits the width."""
    legs = max(1, round(plan.width / plan.spacing))
    spacing = plan.width / legs
    half = max(plan.length - spacing, 0.0) / 2
    along, across = corner
    offsets = across * (plan.width / 2 - spacing * (np.arange(legs) + 0.5))
    signs = along * np.where(np.arange(legs) % 2 == 0, 1, -1)
    u = np.stack([signs * half, -signs * half], axis=1).ravel()
    v = np.repeat(offsets, 2)
    cosine, sine = math.cos(plan.angle), math.sin(plan.angle)
    points = np.stack([plan.x + u * cosine - v * sine, plan.y + u * sine + v * cosine], axis=1)
    length = float(np.hypot(*np.diff(points, axis=0).T).sum())
    return Pattern(plan, spacing, legs, points, length / plan.searched)


def pods(field: Field, track: Pattern, width: NDArray[np.float64]) -> NDArray[np.float64]:
    """POD of every particle by the inverse cube law with the legs spelled out; `width` is sweep width (m) by kind."""
    pieces, node = _pieces(field, track)
    out = np.empty(field.x.shape[1])
    kernels.pass_by(field.x, field.y, pieces, node, field.kind, width, out)
    return out


def best(field: Field, plan: Sortie, width: NDArray[np.float64]) -> Pattern:
    """The best of eight variants: legs along either side, begun at either of four corners."""
    variants = [pattern(each, corner) for each in (plan, turned(plan)) for corner in CORNERS]
    scores = [float(field.weight @ pods(field, each, width)) for each in variants]
    return variants[int(np.argmax(scores))]


def _pieces(field: Field, track: Pattern) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The track cut at its turning points and at every node, as the kernel takes it.

    Progress is proportional to time searched: none by night, even otherwise.
    """
    begins, done = _searching(track.plan)
    reached = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(track.points, axis=0).T))])
    nodes = STEP * np.arange(field.nodes)
    at_nodes = np.interp(nodes, begins, done) * track.speed
    cuts = np.unique(np.concatenate([reached, at_nodes, done * track.speed]).clip(0.0, reached[-1]))
    cuts = cuts[np.append(True, np.diff(cuts) > 1e-3)]
    hair = 1e-4  # metres: which side of a pause a cut belongs to
    begin = np.interp((cuts[:-1] + hair) / track.speed, done, begins)
    end = np.interp((cuts[1:] - hair) / track.speed, done, begins)
    x, y = (np.interp(cuts, reached, track.points[:, axis]) for axis in (0, 1))
    node = np.clip((begin + end) / 2 // STEP, 0, field.nodes - 2).astype(np.int64)
    parts = (begin / STEP - node, end / STEP - node, np.maximum(end - begin, 1e-3))
    return np.ascontiguousarray(np.stack([x[:-1], y[:-1], x[1:], y[1:], *parts], axis=1)), node


def _searching(plan: Sortie) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (s) at which searching starts and stops round each node, and the seconds searched by then."""
    used = np.flatnonzero(plan.seconds > 0)
    spent = plan.seconds[used].astype(np.float64)
    starts = np.maximum((used - 0.5) * STEP, plan.arrive)
    total = np.concatenate([[0.0], np.cumsum(spent)])
    times = np.stack([starts, starts + spent], axis=1).ravel()
    return times, np.stack([total[:-1], total[1:]], axis=1).ravel()
