"""Smoothing of one track: a constant-velocity Kalman filter with its own time, and reports that may come late.

Model: white-noise acceleration of density `Q` on each axis (Bar-Shalom, Li and Kirubarajan, Estimation with
Applications to Tracking and Navigation, 2001, section 6.2). The position error of AIS is round, so the two axes share
one 2x2 covariance and the filter is a handful of multiplications. The plane is local: metres north and east of the
state itself, on the WGS 84 ellipsoid (the numbers of `sea.geodesy`, one at a time: arrays of one cost tenfold).

A report that is tau seconds away from the track's time is measured with H = [1, tau] and R grows by Q |tau|^3 / 3: one
rule for reports on time and for those up to a minute late, within 1% of replaying them in order.
"""

from math import atan2, cos, degrees, hypot, radians, sin, sqrt

from tansiq.sea.geodesy import ECCENTRICITY_2, SEMI_MAJOR

Q = 0.02
"""Density of the acceleration noise, m^2/s^3: a steady vessel; one that turns leaves the gate and is taken up anew."""
BIRTH_SPEED = 7.0
"""One sigma of the velocity of a vessel of which only a position is known, m/s."""
REPORTED_SPEED = 0.5
"""One sigma of a velocity taken from reported speed and course, m/s."""
GATE = 16.0
"""Squared distance in sigmas (4^2) beyond which a report does not fit the filter."""
MAX_SPREAD = 1.0e8
"""Beyond 10 km of one sigma the old state says nothing more, m^2."""


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Length of one degree of latitude and of longitude at a latitude (radii of curvature of WGS 84), metres."""
    sine = sin(radians(lat))
    w = 1.0 - ECCENTRICITY_2 * sine * sine
    prime = SEMI_MAJOR / sqrt(w)
    return radians(prime * (1.0 - ECCENTRICITY_2) / w), radians(prime * cos(radians(lat)))


def offset(lat: float, lon: float, to_lat: float, to_lon: float) -> tuple[float, float]:
    """Metres (north, east) from one position to another; plane, so for distances up to some tens of kilometres."""
    north, east = metres_per_degree((lat + to_lat) / 2)
    return (to_lat - lat) * north, ((to_lon - lon + 180.0) % 360.0 - 180.0) * east


def distance(lat: float, lon: float, to_lat: float, to_lon: float) -> float:
    """Metres between two positions. Beyond a degree the great circle, before that the local plane."""
    if abs(to_lat - lat) < 1.0 and abs((to_lon - lon + 180.0) % 360.0 - 180.0) < 1.0:
        return hypot(*offset(lat, lon, to_lat, to_lon))
    a, b, c = radians(lat), radians(to_lat), radians(to_lon - lon)
    chord = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(c / 2) ** 2
    return 2.0 * 6_371_008.8 * atan2(sqrt(chord), sqrt(max(0.0, 1.0 - chord)))


def moved(
    lat: float, lon: float, north: float, east: float, scale: tuple[float, float] | None = None
) -> tuple[float, float]:
    """The position some metres north and east of another; `scale` is metres per degree, where it is known already."""
    per_lat, per_lon = scale or metres_per_degree(lat)
    return (
        min(90.0, max(-90.0, lat + north / per_lat)),
        (lon + (east / per_lon if per_lon > 1.0 else 0.0) + 180.0) % 360.0 - 180.0,
    )


def velocity(speed: float | None, course: float | None) -> tuple[float, float, float]:
    """Velocity (north, east) in m/s and its variance, from what a vessel reports of itself."""
    if speed is None or (course is None and speed > REPORTED_SPEED):
        return 0.0, 0.0, BIRTH_SPEED**2
    way = radians(course or 0.0)
    return speed * cos(way), speed * sin(way), REPORTED_SPEED**2


def way(north: float, east: float) -> tuple[float, float]:
    """Speed in m/s and course in degrees of a velocity."""
    return hypot(north, east), degrees(atan2(east, north)) % 360.0


def predicted(spread: tuple[float, float, float], seconds: float) -> tuple[float, float, float]:
    """The covariance (position, cross, velocity) of one axis after some seconds."""
    pp, pv, vv = spread
    return (
        pp + seconds * (2.0 * pv + seconds * vv) + Q * seconds**3 / 3.0,
        pv + seconds * vv + Q * seconds**2 / 2.0,
        vv + Q * seconds,
    )


def radius(spread: tuple[float, float, float], seconds: float) -> float:
    """One sigma of the position after some seconds, metres."""
    return sqrt(predicted(spread, max(0.0, seconds))[0])
