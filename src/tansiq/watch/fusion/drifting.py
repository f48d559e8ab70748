"""Whether a vessel moves as something adrift moves: watched report by report, in a summary of fixed size.

A vessel that has lost its engine lies beam to the wind and goes with wind and current: slowly, steadily, and not where
its bow points. So the time during which it is slow and says that it is under way (or says nothing) is followed, with
how often heading and course disagreed and how steady the course was (Allen and Plourde 1999 on leeway: drift speeds up
to about 3 knots, downwind with a steady divergence). The judgement on it is `watch.signs.adrift`.
"""

from math import cos, radians, sin

from tansiq.sea.units import KNOT
from tansiq.watch.fusion.state import Slow, TrackState
from tansiq.watch.mmsi import VESSELS
from tansiq.watch.values import Observation

SLOWEST, FASTEST = 0.3 * KNOT, 3.0 * KNOT
"""Below the first a vessel lies still (berth, anchor); above the second it is under power or sail, m/s."""
WAY = 5.0 * KNOT
"""A vessel that makes this has its engine, m/s."""
BEAM = 45.0
"""Heading and course further apart than this are not steering, degrees."""
GAP = 360.0
"""A silence longer than this begins anew, seconds (class B reports every 3 minutes when slow)."""
STRAYS = 3
"""So many reports in a row that do not fit end it; fewer are noise."""
UNDER_WAY = frozenset({None, 0, 15})
"""Status codes under which a vessel may be adrift without saying so: none (class B), under way, undefined."""


def follow(state: TrackState, observation: Observation) -> None:
    """Take one report into the summary. The state already stands at the report's time and place."""
    speed = observation.speed
    if state.station not in VESSELS or speed is None or not observation.timed:
        return
    if speed >= WAY:
        state.way_at = observation.at
    slow = state.slow
    fits = SLOWEST <= speed <= FASTEST and state.status in UNDER_WAY
    if slow is not None and (observation.at - slow.last > GAP or state.status not in UNDER_WAY):
        slow = None
    if not fits:
        if slow is not None:
            slow.outside += 1
            slow.last = observation.at
            slow = None if slow.outside >= STRAYS else slow
        state.slow = slow
        return
    if slow is None:
        slow = Slow(observation.at, state.lat or 0.0, state.lon or 0.0, observation.at)
    slow.reports, slow.outside, slow.last = slow.reports + 1, 0, observation.at
    slow.speeds += speed
    if observation.course is not None:
        slow.steered += 1
        slow.north += cos(radians(observation.course))
        slow.east += sin(radians(observation.course))
        if observation.heading is not None:
            slow.compared += 1
            slow.beam_on += apart(observation.course, observation.heading) >= BEAM
    state.slow = slow


def apart(one: float, other: float) -> float:
    """The angle between two directions, 0 to 180 degrees."""
    return abs((one - other + 180.0) % 360.0 - 180.0)
