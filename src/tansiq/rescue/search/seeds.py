"""Where the optimiser starts: the best places of the best shapes over the time-averaged density.

For twelve leg directions the particles at six times of the search are counted in 64 x 64 cells by kind, and integral
images give the probability under every placed rectangle at once; eight areas in four aspects are tried.
Source of the integral image: Crow, Summed-area tables for texture mapping, SIGGRAPH 1984.
"""

import math

import numpy as np
from numpy.typing import NDArray

from tansiq.rescue.search.detection import ON_LEGS, Law, pod
from tansiq.rescue.search.field import Field
from tansiq.rescue.search.rectangle import SHORTEST_LEG, Able, Asked, sortie

ANGLES = tuple(k * math.pi / 12 for k in range(12))
CELLS = 64
AREAS = 8
ASPECTS = (1.0, 1.6, 2.6, 4.0)
SLICES = 6


def seeds(field: Field, unit: Able, law: Law) -> list[Asked]:
    """Rectangles to start from, the most promising first; none when the unit cannot get there in time."""
    middle = field.nodes // 3
    there = field.at_sea[middle]
    if not field.weight[there].any():
        return []
    centre = [float(np.average(axis[middle][there], weights=field.weight[there])) for axis in (field.x, field.y)]
    first = sortie(field, unit, Asked(centre[0], centre[1], math.log(3e3), math.log(3e3), 0.0))
    if first is None:
        return []
    used = np.flatnonzero(first.seconds > 0)
    used = used[np.linspace(0, len(used) - 1, min(SLICES, len(used))).astype(int)]
    swept = ON_LEGS * unit.search_speed * first.searched
    found: list[tuple[float, Asked]] = []
    for angle in ANGLES:
        found += _at_angle(field, unit, law, used, swept, angle)
    found.sort(key=lambda each: -each[0])
    return [asked for _, asked in found]


def _areas(unit: Able, swept: float) -> NDArray[np.float64]:
    """Areas (m2) from the smallest to the largest that the unit searches sensibly with this track length (m)."""
    least = max(unit.least_spacing * swept, (SHORTEST_LEG * unit.search_speed) ** 2)
    return np.geomspace(least, max(unit.largest_spacing * swept, 2 * least), AREAS)


def _at_angle(
    field: Field, unit: Able, law: Law, used: NDArray[np.int64], swept: float, angle: float
) -> list[tuple[float, Asked]]:
    """The best place for each area and aspect with legs in this direction, with its rough POS."""
    cosine, sine = math.cos(angle), math.sin(angle)
    along = (field.x[used] * cosine + field.y[used] * sine).ravel()
    across = (field.y[used] * cosine - field.x[used] * sine).ravel()
    there = field.at_sea[used].ravel()
    if not there.any():
        return []
    low, high = (np.array([np.quantile(axis[there], share) for axis in (along, across)]) for share in (0.002, 0.998))
    low, size = low - 1.0, (high - low + 2.0) / CELLS
    image = _integral(field, len(used), (along - low[0]) / size[0], (across - low[1]) / size[1])
    found = []
    for area in _areas(unit, swept):
        chance = pod(unit.width * swept / area, law)
        for aspect in ASPECTS:
            length = math.sqrt(area * aspect)
            width = area / length
            cells = [min(CELLS, max(1, round(side / each))) for side, each in zip((length, width), size, strict=True)]
            a, b = cells
            inside = image[:, a:, b:] - image[:, :-a, b:] - image[:, a:, :-b] + image[:, :-a, :-b]
            score = np.tensordot(chance, inside, 1)
            i, j = np.unravel_index(int(np.argmax(score)), score.shape)
            u, v = low[0] + (i + a / 2) * size[0], low[1] + (j + b / 2) * size[1]
            place = (float(u * cosine - v * sine), float(u * sine + v * cosine))
            found.append((float(score[i, j]), Asked(*place, math.log(length), math.log(width), angle)))
    return found


def _integral(field: Field, slices: int, column: NDArray[np.float32], row: NDArray[np.float32]) -> NDArray[np.float64]:
    """Integral images [kind, CELLS + 1, CELLS + 1] of the weights, averaged over the times."""
    i, j = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
    inside = (i >= 0) & (i < CELLS) & (j >= 0) & (j < CELLS)
    kinds = len(field.classes)
    weight = np.tile(field.weight, slices)[inside] / slices
    cell = (np.tile(field.kind, slices)[inside].astype(np.int64) * CELLS + i[inside]) * CELLS + j[inside]
    density = np.bincount(cell, weight, minlength=kinds * CELLS * CELLS).reshape(kinds, CELLS, CELLS)
    image = np.zeros((kinds, CELLS + 1, CELLS + 1))
    image[:, 1:, 1:] = density.cumsum(1).cumsum(2)
    return image
