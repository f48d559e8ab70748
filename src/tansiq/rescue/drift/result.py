"""What a drift run answers: where every particle was at every hour, and what that rests on."""

from datetime import datetime, timedelta
from hashlib import sha256

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tansiq.rescue.drift.seeds import Seed
from tansiq.rescue.forcing import ForcingUsed

Singles = NDArray[np.float32]


class DriftResult(Struct, frozen=True, eq=False, kw_only=True):
    """Trajectories of all particles.

    `lon`, `lat` (hour, particle) are degrees, NaN before a particle's release; a stranded or lost particle stays
    where it was. `stranded` and `lost` (particle) are the step in which it met land, or left the forcing, else -1.
    `weight` (particle) sums to one; `object_class` (particle) is its class. `digest` is the SHA-256 of trajectories,
    strandings and weights: the same seed, forcing and random seed give the same digest, whatever the number of
    threads. `seconds` is wall time by phase.
    """

    seed: Seed
    times: tuple[datetime, ...]
    lon: Singles
    lat: Singles
    stranded: NDArray[np.int32]
    lost: NDArray[np.int32]
    weight: Singles
    object_class: NDArray[np.int16]
    forcing_used: tuple[ForcingUsed, ...]
    coast: str
    rng: int
    step_minutes: float
    steps: int
    backward: bool
    opendrift_compat: bool
    digest: str
    seconds: dict[str, float]

    @property
    def particle_steps(self) -> int:
        """Steps taken by all particles together, those of stopped particles included."""
        return self.steps * int(self.lon.shape[1])

    def afloat(self, hour: int) -> NDArray[np.bool_]:
        """The particles that are released and neither stranded nor lost at an hour."""
        step = round(abs((self.times[hour] - self.times[0]) / timedelta(minutes=self.step_minutes)))
        ended = np.where(self.stranded >= 0, self.stranded, self.lost)
        return np.asarray(~np.isnan(self.lon[hour]) & ((ended < 0) | (ended >= step)))


def digest(lon: Singles, lat: Singles, stranded: NDArray[np.int32], weight: Singles) -> str:
    """SHA-256 over the arrays' shapes and little-endian bytes."""
    total = sha256(repr(lon.shape).encode())
    for array in (lon, lat, stranded, weight):
        total.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)
    return total.hexdigest()
