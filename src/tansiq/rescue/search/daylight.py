"""Whether it is light enough to search by eye: the sun above six degrees under the horizon (civil twilight).

Low-precision solar coordinates of the Astronomical Almanac (page C5), good to 0.01 degree between 1950 and 2050.
"""

import math
from datetime import UTC, datetime

CIVIL_TWILIGHT = -6.0
_EPOCH = datetime(2000, 1, 1, 12, tzinfo=UTC)


def sun_altitude(lat: float, lon: float, at: datetime) -> float:
    """Degrees of the sun's centre above the horizon at a place (degrees) and time, without refraction."""
    days = (at - _EPOCH).total_seconds() / 86_400
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = math.radians(357.528 + 0.9856003 * days)
    longitude = math.radians(mean_longitude + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    obliquity = math.radians(23.439 - 0.0000004 * days)
    right_ascension = math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    sidereal = math.radians((280.46062 + 360.98564737 * days + lon) % 360)
    hour_angle = sidereal - right_ascension
    phi = math.radians(lat)
    sine = math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def light(lat: float, lon: float, at: datetime) -> bool:
    """Whether one can search by eye at this place and time."""
    return sun_altitude(lat, lon, at) > CIVIL_TWILIGHT
