"""One unit's rectangle of parallel sweeps: where it lies, when it is searched, how densely.

A rectangle is asked for by five numbers (centre x and y, logarithms of length and width, leg direction); `sortie` makes
a feasible one of every asked one, so that the optimiser never leaves what a unit can do:

- the unit arrives when it has come from its base, and leaves in time to return within its endurance;
- usable time T is what of that is light, and spacing is S = L W / (0.85 v T);
- S above the largest sensible spacing shrinks both sides, S below the smallest ends the search early.

Particle i is then searched with coverage W_i v t_i / (L W), where t_i is its time inside on the legs.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tansiq.rescue.search import kernels
from tansiq.rescue.search.detection import ON_LEGS, Law
from tansiq.rescue.search.field import STEP, Field

SHORTEST_LEG = 180.0
"""Seconds that a leg takes at least."""
LEAST_WIDTH = 1_000.0
LARGEST_SIDE = 245_000.0
LEAST_TIME = 360.0
"""Seconds on scene under which a unit is not worth sending."""


class Able(NamedTuple):
    """What a unit can do, on the plane: base (m), ready (s after the first node), speeds (m/s), endurance (s).

    `width` is the sweep width (m) by kind of particle; spacings are metres.
    """

    x: float
    y: float
    ready: float
    transit_speed: float
    search_speed: float
    endurance: float
    least_spacing: float
    largest_spacing: float
    night: bool
    width: NDArray[np.float64]


class Asked(NamedTuple):
    """The five numbers that the optimiser turns."""

    x: float
    y: float
    log_length: float
    log_width: float
    angle: float


class Sortie(NamedTuple):
    """A feasible rectangle: metres, `angle` of the legs anticlockwise from east, seconds after the first node.

    `seconds` is the time searched round each node, `rate` the coverage that a second inside adds, by kind.
    """

    x: float
    y: float
    length: float
    width: float
    angle: float
    spacing: float
    arrive: float
    leave: float
    seconds: NDArray[np.float32]
    rate: NDArray[np.float64]

    @property
    def shape(self) -> NDArray[np.float64]:
        """The rectangle as the kernels take it."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return np.array([self.x, self.y, cosine, sine, self.length / 2, self.width / 2])

    @property
    def area(self) -> float:
        """Square metres."""
        return self.length * self.width

    @property
    def searched(self) -> float:
        """Seconds of searching."""
        return float(self.seconds.sum())


def sortie(field: Field, unit: Able, asked: Asked) -> Sortie | None:
    """The feasible rectangle nearest to what is asked; none when the unit cannot get there in time."""
    length = min(max(math.exp(min(asked.log_length, 20.0)), SHORTEST_LEG * unit.search_speed), LARGEST_SIDE)
    width = min(max(math.exp(min(asked.log_width, 20.0)), 2 * unit.least_spacing, LEAST_WIDTH), LARGEST_SIDE)
    transit = math.hypot(asked.x - unit.x, asked.y - unit.y) / unit.transit_speed
    arrive = max(unit.ready, 0.0) + transit
    leave = min(unit.ready + unit.endurance - transit, field.horizon)
    if leave - arrive < LEAST_TIME:
        return None
    seconds = searched(field, arrive, leave, night=unit.night)
    total = float(seconds.sum())
    if total < LEAST_TIME:
        return None
    speed = ON_LEGS * unit.search_speed
    spacing = length * width / (speed * total)
    if spacing > unit.largest_spacing:
        shrink = math.sqrt(unit.largest_spacing / spacing)
        length, width, spacing = length * shrink, width * shrink, unit.largest_spacing
    elif spacing < unit.least_spacing:
        enough = length * width / (speed * unit.least_spacing)
        before = np.cumsum(seconds) - seconds
        seconds = np.clip(enough - before, 0.0, seconds)
        spacing = unit.least_spacing
    rate = unit.width * speed / (length * width)
    arrive, leave = _span(seconds, arrive, leave)
    small = seconds.astype(np.float32)
    return Sortie(asked.x, asked.y, length, width, asked.angle, spacing, arrive, leave, small, rate)


def searched(field: Field, arrive: float, leave: float, *, night: bool) -> NDArray[np.float64]:
    """Seconds searched round each node, with fractional ends; by night none unless the unit can."""
    times = STEP * np.arange(field.nodes)
    inside = np.minimum(times + STEP / 2, leave) - np.maximum(times - STEP / 2, arrive)
    seconds = np.clip(inside, 0.0, STEP)
    return np.asarray(seconds if night else seconds * field.light)


def _span(seconds: NDArray[np.float64], arrive: float, leave: float) -> tuple[float, float]:
    """When the search begins and ends within the time on scene: the first and the last moment searched."""
    used = np.flatnonzero(seconds > 0)
    begin = max(arrive, (used[0] - 0.5) * STEP)
    last = used[-1]
    room = min(leave, (last + 0.5) * STEP) - max(arrive, (last - 0.5) * STEP)
    end = max(arrive, (last - 0.5) * STEP) + min(float(seconds[last]), room)
    return float(begin), float(max(end, begin))


def pods(field: Field, plan: Sortie, law: Law = Law.RANDOM) -> NDArray[np.float64]:
    """POD of every particle."""
    time = np.empty(field.x.shape[1], np.float32)
    out = np.empty(field.x.shape[1])
    kernels.dwell(field.x, field.y, plan.seconds, plan.shape, time)
    kernels.detect(time, field.kind, plan.rate, int(law), out)
    return out


def success(field: Field, plan: Sortie, scratch: NDArray[np.float32], law: Law = Law.RANDOM) -> float:
    """POS of a sortie under the field's weights; `scratch` has one place for each particle."""
    kernels.dwell(field.x, field.y, plan.seconds, plan.shape, scratch)
    return float(kernels.success(scratch, field.weight, field.kind, plan.rate, int(law)))


def overlap(one: Sortie, other: Sortie) -> float:
    """How deep (m) two rectangles lie in each other, by the separating axis theorem; 0 when they are apart."""
    depth = math.inf
    for axis in (one.angle, one.angle + math.pi / 2, other.angle, other.angle + math.pi / 2):
        cosine, sine = math.cos(axis), math.sin(axis)
        reach = sum(
            each.length / 2 * abs(math.cos(each.angle - axis)) + each.width / 2 * abs(math.sin(each.angle - axis))
            for each in (one, other)
        )
        depth = min(depth, reach - abs((one.x - other.x) * cosine + (one.y - other.y) * sine))
        if depth <= 0:
            return 0.0
    return depth
