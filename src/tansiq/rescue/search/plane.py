"""A flat map round one point: distances and directions from that point are true, in metres east and north.

Azimuthal equidistant coordinates on WGS 84 by Gauss's mid-latitude formulas, within 1 m of the geodesic at 100 km.
Source: Rapp, Geometric Geodesy part I (1991), section 6.3.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tansiq.sea.geodesy import ECCENTRICITY_2, SEMI_MAJOR

Array = NDArray[np.float64]


class Plane(NamedTuple):
    """The map round a point, in degrees."""

    lat: float
    lon: float

    def flat(self, lat: ArrayLike, lon: ArrayLike) -> tuple[Array, Array]:
        """Metres east and north of positions in degrees; longitudes may cross 180."""
        phi = np.asarray(lat, dtype=np.float64)
        across = np.radians((np.asarray(lon, dtype=np.float64) - self.lon + 180.0) % 360.0 - 180.0)
        middle = np.radians((phi + self.lat) / 2)
        sine = np.sin(middle)
        w2 = 1.0 - ECCENTRICITY_2 * sine * sine
        prime = SEMI_MAJOR / np.sqrt(w2)
        east = prime * np.cos(middle) * across
        north = prime * (1.0 - ECCENTRICITY_2) / w2 * np.radians(phi - self.lat) * np.cos(across / 2)
        turn = across * sine / 2  # from the azimuth half way to the azimuth at the point
        return east * np.cos(turn) - north * np.sin(turn), east * np.sin(turn) + north * np.cos(turn)

    def round(self, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        """Latitude and longitude in degrees of positions in metres east and north: `flat` undone by iteration."""
        east, north = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        per_degree = np.pi / 180 * SEMI_MAJOR
        shrink = np.cos(np.radians(self.lat))
        lat, lon = self.lat + north / per_degree, self.lon + east / (per_degree * shrink)
        for _ in range(8):
            there = self.flat(lat, lon)
            lat, lon = lat + (north - there[1]) / per_degree, lon + (east - there[0]) / (per_degree * shrink)
        return lat, (lon + 180.0) % 360.0 - 180.0
