"""Where, when and what the particles of a drift start as.

Breivik & Allen (2008), section 3.1: an initial distribution around a place, a line or an area, released at once or
over a time, half of the particles drifting right of the wind and half left, each with residuals of its own.
"""

from datetime import datetime
from enum import StrEnum

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tansiq.ground.errors import Malformed
from tansiq.rescue.classes import object_class
from tansiq.sea.geodesy import metres_per_degree

Floats = NDArray[np.float64]


class Shape(StrEnum):
    """How the start is spread: around the place (normal or even), along a line, or over an area."""

    NORMAL = "normal"
    DISC = "disc"
    LINE = "line"
    POLYGON = "polygon"


class Seed(Struct, frozen=True, kw_only=True):
    """What is known of the start.

    `classes` are (object class, weight) of an uncertain object; weights are taken relative to their sum. `radius_m`
    is one sigma per axis (NORMAL, LINE) or the disc's radius (DISC). `outline` are the (lat, lon) of a LINE or a
    POLYGON, around which (lat, lon) is only a label. `until` spreads the release evenly from `time` to that moment.
    """

    lat: float
    lon: float
    time: datetime
    classes: tuple[tuple[int, float], ...]
    radius_m: float = 0.0
    particles: int = 10_000
    until: datetime | None = None
    shape: Shape = Shape.NORMAL
    outline: tuple[tuple[float, float], ...] = ()


class Start(Struct, frozen=True, eq=False):
    """The particles before the first step; arrays have one entry per particle."""

    lat: Floats
    lon: Floats
    which: NDArray[np.int32]
    side: NDArray[np.int8]
    weight: NDArray[np.float32]
    release: NDArray[np.int32]
    coefficients: Floats


def check(seed: Seed) -> None:
    """Raise Malformed unless a drift can start from this."""
    if not (-89.0 <= seed.lat <= 89.0 and -180.0 <= seed.lon <= 180.0):
        raise Malformed(f"{seed.lat:g} N {seed.lon:g} E is no place to drift.", "Give degrees: -89 to 89, -180 to 180.")
    if not 1 <= seed.particles <= 20_000_000:
        raise Malformed(f"{seed.particles} particles cannot be followed.", "Take 1 to 20,000,000.")
    if not 0 <= seed.radius_m <= 500_000:
        raise Malformed(f"A radius of {seed.radius_m:g} m makes no sense.", "Give 0 to 500,000 metres.")
    if not seed.classes or any(not (0 < weight < float("inf")) for _, weight in seed.classes):
        raise Malformed("A drift needs object classes with weights above 0.", "Give at least one class.")
    if seed.particles < 2 * len(seed.classes):
        raise Malformed("There are too few particles for so many classes.", "Take at least two for each class.")
    if seed.time.tzinfo is None or (seed.until is not None and seed.until.tzinfo is None):
        raise Malformed("The time of the start has no zone.", "Give it with its zone, such as 2026-01-31T12:00Z.")
    if seed.until is not None and seed.until < seed.time:
        raise Malformed("The release ends before it begins.", "Give the later moment second.")
    least = {Shape.LINE: 2, Shape.POLYGON: 3}.get(seed.shape, 0)
    if len(seed.outline) < least:
        raise Malformed(f"A {seed.shape} needs at least {least} points.", "Give its outline.")


def coefficients(seed: Seed) -> Floats:
    """The (class, 9) coefficients of the seed's classes: downwind, right, left; slope, offset, deviation each."""
    rows = [object_class(number) for number, _ in seed.classes]
    return np.array(
        [
            [
                number
                for part in (row.downwind, row.right, row.left)
                for number in (part.slope, part.offset, part.deviation)
            ]
            for row in rows
        ]
    )


def start(seed: Seed, unit: Floats, step_s: float, rng: np.random.Generator) -> Start:
    """The particles' places, classes, sides, weights and release steps.

    `unit` (2, particle) are their offsets in radii.
    """
    lat, lon = _centres(seed, rng)
    if seed.shape is not Shape.POLYGON:
        lat, lon = displaced(lat, lon, unit[0] * seed.radius_m, unit[1] * seed.radius_m)
    which, side, weight = objects(seed)
    return Start(lat, lon, which, side, weight, _releases(seed, step_s), coefficients(seed))


def objects(seed: Seed) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.float32]]:
    """Class row, side (0 right, 1 left) and weight of each particle.

    Each class gets its share of particles, at least two; its first particle goes right, the next left, and so on.
    Weights make good what rounding took, so that each class holds exactly its weight.
    """
    total = sum(weight for _, weight in seed.classes)
    shares = np.array([weight / total for _, weight in seed.classes])
    counts = 2 + np.floor(shares * (seed.particles - 2 * len(shares))).astype(int)
    counts[np.argmax(shares)] += seed.particles - counts.sum()
    which = np.repeat(np.arange(len(shares), dtype=np.int32), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    side = ((np.arange(seed.particles) - first) % 2).astype(np.int8)
    return which, side, np.repeat(shares / counts, counts).astype(np.float32)


def displaced(lat: Floats, lon: Floats, east: Floats, north: Floats) -> tuple[Floats, Floats]:
    """Places so many metres away on the geodesic that starts towards (east, north).

    Series to second order in distance over the earth's radius (Bomford, "Geodesy", 1980, 2.13): its error grows with
    the cube, 2 mm at 2 km and 4 m at 25 km; beyond that PROJ solves the geodesic itself.
    """
    if np.hypot(east, north).max(initial=0.0) > 25_000:
        from tansiq.sea.geodesy import destinations

        return destinations(lat, lon, np.degrees(np.arctan2(east, north)), np.hypot(east, north))
    metres_north, metres_east = metres_per_degree(lat)
    slope = np.tan(np.radians(lat))
    radius = np.degrees(metres_east) / np.cos(np.radians(lat))
    to_lat = lat + (north - east**2 * slope / (2 * radius)) / metres_north
    return to_lat, lon + east / metres_east * (1 + north * slope / radius)


def _centres(seed: Seed, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Where each particle's own offset is counted from."""
    if seed.shape is Shape.LINE:
        return _along(np.array(seed.outline), rng.random(seed.particles))
    if seed.shape is Shape.POLYGON:
        return _within(np.array(seed.outline), seed.particles, rng)
    return np.full(seed.particles, seed.lat), np.full(seed.particles, seed.lon)


def _along(outline: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Places at shares of the length of a line of (lat, lon)."""
    metres_north, metres_east = metres_per_degree(outline[:, 0].mean())
    pieces = np.hypot(np.diff(outline[:, 0]) * metres_north, np.diff(outline[:, 1]) * metres_east)
    reached = np.concatenate([[0.0], np.cumsum(pieces)])
    at = share * reached[-1]
    return np.interp(at, reached, outline[:, 0]), np.interp(at, reached, outline[:, 1])


def _within(outline: Floats, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Places evenly over a polygon of (lat, lon), by rejection from its bounding box."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    found: list[Floats] = []
    missing = count
    for _ in range(1000):
        drawn = low + (high - low) * rng.random((max(1000, 2 * missing), 2))
        found.append(drawn[_inside(outline, drawn)][:missing])
        missing -= len(found[-1])
        if not missing:
            places = np.concatenate(found)
            return places[:, 0], places[:, 1]
    raise Malformed("The outline of the start encloses no area.", "Give its corners in order.")


def _inside(outline: Floats, places: Floats) -> NDArray[np.bool_]:
    """Whether places lie within a polygon: an odd number of its edges lies east of each (Shimrat 1962)."""
    odd = np.zeros(len(places), bool)
    lat, lon = places[:, 0], places[:, 1]
    for (lat1, lon1), (lat2, lon2) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if lat1 != lat2:
            crosses = (lat1 > lat) != (lat2 > lat)
            odd ^= crosses & (lon < lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1))
    return odd


def _releases(seed: Seed, step_s: float) -> NDArray[np.int32]:
    """The step at which each particle is released: evenly over the time, unrelated to its class and side."""
    if seed.until is None:
        return np.zeros(seed.particles, np.int32)
    golden = 0.6180339887498949  # the most even spacing that does not follow the order of the particles
    share = (np.arange(seed.particles) * golden) % 1.0
    steps = np.rint(share * ((seed.until - seed.time).total_seconds() / step_s))
    return np.asarray(steps, np.int32)
