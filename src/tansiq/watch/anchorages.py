"""Where vessels lie or shift slowly by custom, so that a slow one there is no vessel adrift.

Circles drawn by us around the roadsteads of the Strait, the Alboran Sea and the Canaries, generous and approximate; a
node that has surveyed limits puts its own in their place.
"""

from msgspec import Struct

from tansiq.watch.fusion.motion import distance


class Circle(Struct, frozen=True):
    """A round area: degrees and metres."""

    name: str
    lat: float
    lon: float
    radius: float

    def holds(self, lat: float, lon: float) -> bool:
        """Whether a position lies in it."""
        return distance(self.lat, self.lon, lat, lon) <= self.radius


ANCHORAGES = (
    Circle("Algeciras and Gibraltar bay", 36.140, -5.405, 6_000),
    Circle("Gibraltar, eastern side", 36.145, -5.320, 3_000),
    Circle("Ceuta", 35.905, -5.300, 3_000),
    Circle("Tanger Med", 35.895, -5.500, 4_000),
    Circle("Tanger bay", 35.795, -5.790, 3_500),
    Circle("Melilla and Beni Enzar", 35.290, -2.915, 3_000),
    Circle("Almeria", 36.825, -2.470, 3_000),
    Circle("Malaga", 36.695, -4.410, 3_500),
    Circle("Las Palmas", 28.130, -15.390, 4_500),
)
