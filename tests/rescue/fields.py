"""Fields of particles that the search tests share: even draws of a circular normal, at rest or drifting."""

import math
from datetime import UTC, datetime

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from tansiq.rescue.search.field import STEP, Field, Tracks
from tansiq.rescue.search.plane import Plane
from tansiq.rescue.search.rectangle import Able

MORNING = datetime(2026, 6, 1, 8, tzinfo=UTC)
SIGMA = 10_000.0


def normal_draws(particles: int, *, seed: int = 1) -> np.ndarray:
    """Standard normal pairs [2, particle], evenly spread (a scrambled Sobol sequence)."""
    power = math.ceil(math.log2(particles))
    return ndtri(np.clip(qmc.Sobol(2, seed=seed).random_base2(power)[:particles].T, 1e-7, 1 - 1e-7))


def circular_normal(
    *, particles: int = 50_000, nodes: int = 25, drift: tuple[float, float] = (0.0, 0.0), shift: float = 0.0,
    turn: float = 0.0, stretch: float = 1.0,
) -> Field:  # fmt: skip
    """A normal cloud round a point, moving as a whole; `stretch` makes it an ellipse, `turn` turns all of it."""
    u, v = normal_draws(particles) * SIGMA
    time = STEP * np.arange(nodes)[:, None]
    x, y = u * stretch + drift[0] * time, v + drift[1] * time
    cosine, sine = math.cos(turn), math.sin(turn)
    return Field(
        plane=Plane(36.0, -5.0),
        start=MORNING,
        x=(x * cosine - y * sine + shift).astype(np.float32),
        y=(x * sine + y * cosine + shift).astype(np.float32),
        weight=np.full(particles, 1 / particles),
        kind=np.zeros(particles, np.int16),
        classes=(76,),
        light=np.ones(nodes),
    )


def able(*, width: float, at: tuple[float, float] = (0.0, 0.0), speed: float = 10.0, horizon: float = 4 * 3600) -> Able:
    """A unit without limits that matter: it is there at once, and any spacing will do."""
    return Able(
        x=at[0], y=at[1], ready=0.0, transit_speed=1e9, search_speed=speed, endurance=10 * horizon,
        least_spacing=1.0, largest_spacing=1e6, night=True, width=np.array([width]),
    )  # fmt: skip


def tracks(*, particles: int = 4_000, hours: int = 12, object_class: int = 76) -> Tracks:
    """A drift run near Alboran: a normal cloud that goes east at 0.5 m/s."""
    u, v = normal_draws(particles) * 5_000.0
    east = u + 0.5 * 3600 * np.arange(hours + 1)[:, None]
    lat, lon = Plane(36.0, -4.0).round(east, np.broadcast_to(v, east.shape))
    weight = np.full(particles, 1 / particles)
    classes, afloat = np.full(particles, object_class, np.int16), np.full(particles, np.inf, np.float32)
    return Tracks(MORNING, lon.astype(np.float32), lat.astype(np.float32), weight, classes, afloat)
