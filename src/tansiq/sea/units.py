"""Units of the sea in SI. Inside Tansiq everything is metres, seconds, degrees and m/s; these serve the edges.

The international nautical mile is 1,852 m exactly and the knot one nautical mile an hour (SI Brochure, 8th ed., table
8).
"""

NAUTICAL_MILE = 1852.0
KNOT = NAUTICAL_MILE / 3600.0

SPEEDS: dict[str, float] = {
    "m s-1": 1.0, "m/s": 1.0, "ms-1": 1.0, "m s^-1": 1.0, "m s**-1": 1.0, "meter second-1": 1.0,
    "meter/sec": 1.0, "meters/second": 1.0, "meter s-1": 1.0, "metre s-1": 1.0, "m.s-1": 1.0, "m sec-1": 1.0,
    "cm s-1": 0.01, "cm/s": 0.01, "km h-1": 1 / 3.6, "km/h": 1 / 3.6,
    "knot": KNOT, "knots": KNOT, "kt": KNOT, "kts": KNOT,
}  # fmt: skip
"""Spellings of speed units met in CF files, and the factor that makes m/s of them."""


def knots(metres_per_second: float) -> float:
    """A speed in m/s as knots."""
    return metres_per_second / KNOT
