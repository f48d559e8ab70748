"""The inner loops of a drift run, compiled by numba.

They read as the equations of `tansiq.rescue.drift` (Breivik & Allen 2008, arXiv:1111.1102). They release the
interpreter lock and are called from threads, one block of particles at a time; no particle touches another, and each
draws from a stream of its own (SplitMix64: Steele, Lea & Flood, OOPSLA 2014), so results do not depend on the number
of threads. No fast-math: the same operations in the same order everywhere. Compiled code is cached beside this file,
or in the user's cache folder where this one is read-only (a numba rule); where neither can be written it is compiled
anew.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
STREAM = np.uint64(0xD1B54A32D192ED03)
ONE = np.uint64(1)
S11, S27, S30, S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)

AFLOAT, STRANDED, LOST, WAITING = np.int8(0), np.int8(1), np.int8(2), np.int8(3)

NEVER = np.int32(2**31 - 1)


def compiled(function: Callable[..., Any]) -> Any:
    """The function, compiled at its first call, free of the interpreter lock, cached where a folder can be written."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # neither this folder nor the user's cache can be written
        return njit(nogil=True)(function)


def without_blas() -> None:
    """Let numba come up without scipy.linalg, for a command that should begin at once.

    numba imports scipy.linalg only to see whether there is a BLAS, which takes a quarter of a second; no kernel here
    multiplies matrices. Products compile all the same afterwards: numba asks again for each.
    """
    if "scipy.linalg" in sys.modules or "numba.np.arraymath" in sys.modules:
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]  # how import is told that there is none
    try:
        import_module("numba.np.arraymath")
    finally:
        del sys.modules["scipy.linalg"]


@compiled
def mixed(z: Any) -> Any:
    """The output function of SplitMix64: 64 well-mixed bits of a counter."""
    z = (z ^ (z >> S30)) * MIX_1
    z = (z ^ (z >> S27)) * MIX_2
    return z ^ (z >> S31)


@compiled
def uniform(z: Any) -> Any:
    """A number in (0, 1) from 64 bits."""
    return (np.float64(mixed(z) >> S11) + 0.5) * (1.0 / 9007199254740992.0)


@compiled
def stream_of(seed: np.uint64, particle: int) -> Any:
    """Where the stream of a particle begins."""
    return mixed(seed * GOLDEN + STREAM) ^ mixed((np.uint64(particle) + np.uint64(1)) * STREAM)


@compiled
def normal(stream: np.uint64) -> Any:
    """A standard normal number (Box & Muller 1958) and the stream after it."""
    first = uniform(stream + GOLDEN)
    second = uniform(stream + GOLDEN + GOLDEN)
    return np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second), stream + GOLDEN + GOLDEN


@compiled
def waiting_steps(stream: np.uint64, rate: float) -> Any:
    """Steps until the next jibe: geometric, with probability 1 - exp(-rate) a step; and the stream after it."""
    if rate <= 0.0:
        return NEVER // 2, stream
    stream = stream + GOLDEN
    return min(np.int64(np.ceil(-np.log(uniform(stream)) / rate)), np.int64(NEVER // 2)), stream


@compiled
def positive_slope(slope: float, deviation: float, stream: np.uint64) -> Any:
    """A downwind residual in cm/s, redrawn while it would make the slope negative; and the stream after it."""
    error, stream = normal(stream)
    error *= deviation
    tries = 0
    while slope + error / 20.0 < 0.0 and tries < 1000:
        error, stream = normal(stream)
        error *= deviation
        tries += 1
    return error, stream


@compiled
def draw_objects(
    begin: int, end: int, seed: np.uint64, coefficients: np.ndarray, which: np.ndarray, side: np.ndarray, errors: bool,
    jibe_rate: float, leeway: np.ndarray, residual: np.ndarray, jibe: np.ndarray, streams: np.ndarray,
    unit: np.ndarray, disc: bool,
) -> None:  # fmt: skip
    """Draw what the particles from begin to end are: residuals, first jibe, and where they lie around their start.

    `coefficients` (class, 9) are slopes in %, offsets and deviations in cm/s; `which` (particle) is the row of its
    class, `side` 0 for right and 1 for left. Filled: `leeway` (5, particle) are downwind slope and offset, crosswind
    slope without and with its residual, crosswind offset, in m/s per m/s and m/s; `residual` (2, particle) in cm/s;
    `jibe` the step of the first jibe; `unit` (2, particle) east and north, standard normal or uniform within the unit
    disc.
    """
    for i in range(begin, end):
        stream = stream_of(seed, i)
        row = coefficients[which[i]]
        crosswind = row[3:6] if side[i] == 0 else row[6:9]
        down = 0.0
        across = 0.0
        if errors:
            down, stream = positive_slope(row[0], row[2], stream)
            across, stream = normal(stream)
            across *= crosswind[2]
        residual[0, i] = down
        residual[1, i] = across
        leeway[0, i] = (row[0] + down / 20.0) / 100.0
        leeway[1, i] = (row[1] + down / 2.0) / 100.0
        leeway[2, i] = crosswind[0] / 100.0
        leeway[3, i] = across / 20.0 / 100.0
        leeway[4, i] = (crosswind[1] + across / 2.0) / 100.0
        steps, stream = waiting_steps(stream, jibe_rate)
        jibe[i] = steps - 1  # a jibe comes at the end of its step
        if disc:
            angle = 2.0 * np.pi * uniform(stream + GOLDEN)
            reach = np.sqrt(uniform(stream + GOLDEN + GOLDEN))
            stream = stream + GOLDEN + GOLDEN
            unit[0, i] = reach * np.sin(angle)
            unit[1, i] = reach * np.cos(angle)
        else:
            unit[0, i], stream = normal(stream)
            unit[1, i], stream = normal(stream)
        streams[i] = stream


@compiled
def renew_residuals(
    begin: int, end: int, memory: float, coefficients: np.ndarray, which: np.ndarray, side: np.ndarray,
    leeway: np.ndarray, residual: np.ndarray, streams: np.ndarray,
) -> None:  # fmt: skip
    """Let the residuals of the particles from begin to end wander, and keep their distribution.

    e' = memory e + sqrt(1 - memory^2) N(0, sd) is reversible for the normal; staying where a move would make the
    downwind slope negative makes it Metropolis's rule (1953) for the truncated normal that residuals start from,
    which it keeps exactly.
    """
    fresh = np.sqrt(1.0 - memory * memory)
    for i in range(begin, end):
        stream = streams[i]
        row = coefficients[which[i]]
        deviation = row[5] if side[i] == 0 else row[8]
        move, stream = normal(stream)
        down = memory * residual[0, i] + fresh * row[2] * move
        if row[0] + down / 20.0 < 0.0:
            down = residual[0, i]
        move, stream = normal(stream)
        across = memory * residual[1, i] + fresh * deviation * move
        leeway[0, i] = (row[0] + down / 20.0) / 100.0
        leeway[1, i] = (row[1] + down / 2.0) / 100.0
        leeway[3, i] = across / 20.0 / 100.0
        leeway[4, i] += (across - residual[1, i]) / 2.0 / 100.0
        residual[0, i] = down
        residual[1, i] = across
        streams[i] = stream


@compiled
def on_land(bits: np.ndarray, frame: np.ndarray, lon: float, lat: float) -> Any:
    """Whether a place lies on a land pixel; outside the bitmap there is none."""
    column = int(np.floor((lon - frame[0]) * frame[2]))
    row = int(np.floor((lat - frame[1]) * frame[2]))
    if column < 0 or row < 0 or row >= bits.shape[0] or column >= bits.shape[1] * 8:
        return False
    return (bits[row, column >> 3] >> (7 - (column & 7))) & 1 == 1


@compiled
def near_land(near: np.ndarray, frame: np.ndarray, lon: float, lat: float) -> Any:
    """Whether land lies in the square of 16 pixels around a place or in one beside it.

    A negative index turns into a huge unsigned one, so that one comparison does for both ends.
    """
    column = np.uint64(np.int64((lon - frame[0]) * (frame[2] * 0.0625)))
    row = np.uint64(np.int64((lat - frame[1]) * (frame[2] * 0.0625)))
    if row >= np.uint64(near.shape[0]) or column >= np.uint64(near.shape[1]):
        return False
    return near[row, column] != 0


@compiled
def first_land(bits: np.ndarray, frame: np.ndarray, lon: float, lat: float, to_lon: float, to_lat: float) -> Any:
    """Whether the straight way to a place meets land, sampled every half pixel, and the first land sample."""
    far = max(abs(to_lon - lon), abs(to_lat - lat)) * frame[2]
    samples = max(1, int(np.ceil(2.0 * far)))
    for k in range(1, samples + 1):
        at_lon = lon + (to_lon - lon) * k / samples
        at_lat = lat + (to_lat - lat) * k / samples
        if on_land(bits, frame, at_lon, at_lat):
            return True, at_lon, at_lat
    return False, to_lon, to_lat


@compiled
def sampled(field: np.ndarray, k: int, x: float, y: float) -> Any:
    """Current and wind (east, north each) of one step at a place in grid units, bilinear.

    Unsigned indices spare numba's look at negative ones.
    """
    column, row = np.uint64(np.int64(x)), np.uint64(np.int64(y))
    column, row = min(column, np.uint64(field.shape[2] - 2)), min(row, np.uint64(field.shape[1] - 2))
    on, up = column + ONE, row + ONE
    fx, fy = np.float32(x - np.float64(column)), np.float32(y - np.float64(row))
    both = fx * fy
    right, above, here = fx - both, fy - both, np.float32(1.0) - fx - fy + both
    a, b, c, d = field[k, row, column], field[k, row, on], field[k, up, column], field[k, up, on]
    return (
        here * a[0] + right * b[0] + above * c[0] + both * d[0],
        here * a[1] + right * b[1] + above * c[1] + both * d[1],
        here * a[2] + right * b[2] + above * c[2] + both * d[2],
        here * a[3] + right * b[3] + above * c[3] + both * d[3],
    )


@compiled
def drifting(
    east: float, north: float, wind_east: float, wind_north: float,
    down_slope: float, down_offset: float, across_slope: float, across_offset: float,
) -> Any:  # fmt: skip
    """A velocity (east, north): the current, downwind leeway along the wind, crosswind leeway to its right.

    Numbers only, no arrays: numba would count references to them, atomically, for every particle and step.
    """
    wind = np.sqrt(wind_east * wind_east + wind_north * wind_north)
    if wind > 0.0:  # without wind there is no downwind, and no leeway
        per_wind = np.float32(1.0) / wind
        down = down_slope + down_offset * per_wind
        across = across_slope + across_offset * per_wind
        east += down * wind_east + across * wind_north
        north += down * wind_north - across * wind_east
    return east, north


@compiled
def moved(metric: np.ndarray, lat: float, lon: float, east: float, north: float) -> Any:
    """The (lat, lon) after so many metres east and north, by the local metric at the middle latitude."""
    at = (lat + 90.0) * 20.0
    cell = np.uint64(np.int64(at))
    share = at - np.float64(cell)
    to_lat = lat + north * (metric[0, cell] + share * (metric[0, cell + ONE] - metric[0, cell]))
    at = (0.5 * (lat + to_lat) + 90.0) * 20.0
    cell = np.uint64(np.int64(at))
    share = at - np.float64(cell)
    return to_lat, lon + east * (metric[1, cell] + share * (metric[1, cell + ONE] - metric[1, cell]))


@compiled
def advance(
    begin: int, end: int, lon: np.ndarray, lat: np.ndarray, state: np.ndarray, ended: np.ndarray, leeway: np.ndarray,
    jibe: np.ndarray, streams: np.ndarray, release: np.ndarray, field: np.ndarray, origin: np.ndarray,
    metric: np.ndarray, first_step: int, seconds: float, right: float, jibe_rate: float, bits: np.ndarray,
    near: np.ndarray, frame: np.ndarray, long_steps: bool,
) -> None:  # fmt: skip
    """Move the particles from begin to end through the steps of `field`, in place.

    `field` (step, row, column, 4) is current and wind in m/s on the grid `origin` (west, south, columns and rows per
    degree); `metric` (2, n) is degrees of latitude and longitude per metre, every 0.05 degrees from the south pole;
    `right` is +1 where positive crosswind leeway goes right of the wind, -1 where it goes left; `bits`, `near` and
    `frame` are the coast (empty: none), and `long_steps` says that a step may be longer than 16 pixels. Blocks of 512
    keep a block's state in the first cache while the field of each step is read.
    """
    west, south, per_lon, per_lat = origin[0], origin[1], origin[2], origin[3]
    rows, columns = np.float64(field.shape[1] - 1), np.float64(field.shape[2] - 1)
    for block in range(begin, end, 512):
        for k in range(field.shape[0]):
            step = first_step + k
            for particle in range(block, min(block + 512, end)):
                i = np.uint64(particle)
                if state[i] != AFLOAT:
                    if state[i] != WAITING or release[i] > step:
                        continue
                    state[i] = AFLOAT
                x = (lon[i] - west) * per_lon
                y = (lat[i] - south) * per_lat
                if not (x >= 0.0 and y >= 0.0 and x <= columns and y <= rows):
                    state[i], ended[i] = LOST, step
                    continue
                east, north, wind_east, wind_north = sampled(field, k, x, y)
                if np.isnan(east + north + wind_east + wind_north):
                    state[i], ended[i] = LOST, step
                    continue
                east, north = drifting(
                    east, north, wind_east, wind_north,
                    leeway[0, i], leeway[1, i], right * (leeway[2, i] + leeway[3, i]), right * leeway[4, i],
                )  # fmt: skip
                to_lat, to_lon = moved(metric, lat[i], lon[i], east * seconds, north * seconds)
                if bits.size > 0 and (long_steps or near_land(near, frame, lon[i], lat[i])):
                    hit, to_lon, to_lat = first_land(bits, frame, lon[i], lat[i], to_lon, to_lat)
                    if hit:
                        state[i], ended[i] = STRANDED, step
                lon[i] = to_lon
                lat[i] = to_lat
                if step - release[i] >= jibe[i]:
                    leeway[2, i] = -leeway[2, i]
                    steps, streams[i] = waiting_steps(streams[i], jibe_rate)
                    jibe[i] += steps
