"""Tracks by identity: each report moves the track of its MMSI, unless it says what cannot be.

A report outside the filter's gate but within reach of a vessel restarts the filter there (a turn, a gap). One out of
reach does not move the track: it starts a rival, and when the rival goes on plausibly the track is taken over by it and
an impossible jump is noted: two vessels with one identity, a wrong position, or a false one.
"""

from bisect import insort
from math import hypot

from msgspec import Struct

from tansiq.watch.fusion import drifting, motion
from tansiq.watch.fusion.state import Rival, TrackState
from tansiq.watch.mmsi import BEACONS, Station, station_of
from tansiq.watch.values import Observation, Said

REACH = 30.0
"""No vessel is faster over ground, m/s (58 knots)."""
REACH_IN_THE_AIR = 300.0
SLACK = 150.0
"""Metres that a report may be off without being odd."""
LATE = 120.0
"""Seconds after which a late report no longer corrects the track."""
REMEMBERED = 16
"""So many times of reports are remembered, to know those that are told again."""
RIVAL_REPORTS = 3
RIVAL_SECONDS = 600.0


class Jump(Struct, frozen=True):
    """A track that was taken over from where it cannot have gone: `metres` in `seconds`."""

    metres: float
    seconds: float
    lat: float
    lon: float


def begin(observation: Observation) -> TrackState:
    """The state of an identity that is heard for the first time."""
    return TrackState(
        mmsi=observation.mmsi, station=station_of(observation.mmsi), born=observation.at, heard=observation.at
    )


def is_news(state: TrackState, observation: Observation) -> bool:
    """Whether this was not heard before; it is remembered as heard.

    A receiver that was cut off tells its last hour again. What is older than the remembered times was heard, or comes
    too late to change anything; an identity that was never heard is always news.
    """
    if observation.said is Said.PARTICULARS or not observation.timed:
        return True
    times = state.said_at if observation.said is Said.POSITION else state.spoke_at
    full = len(times) >= REMEMBERED
    if times and observation.at <= times[-1]:
        if observation.at in times or observation.at < max(times[-1] - LATE, times[0] if full else 0.0):
            return False
        insort(times, observation.at)
    else:
        times.append(observation.at)
    if full:
        del times[0]
    return True


def advance(state: TrackState, observation: Observation) -> Jump | None:
    """Bring a state up to date with one observation of its identity; a jump, when this one has confirmed it."""
    if observation.at >= state.heard:
        state.heard, state.source, state.sensor = observation.at, observation.source, observation.sensor
    if observation.said is Said.PARTICULARS:
        _particulars(state, observation)
        return None
    if observation.said is Said.TEXT:
        if not state.spoke_at or observation.at >= state.spoke_at[-1]:
            state.text = observation.text
        return None
    late = observation.at - state.at < 0
    if not late:
        _status(state, observation)
    if observation.lat is None or observation.lon is None:
        return None
    jump = _place(state, observation, observation.lat, observation.lon)
    if not late and state.at == observation.at:
        state.speed, state.course, state.heading = observation.speed, observation.course, observation.heading
        drifting.follow(state, observation)
    return jump


def is_confirmed(state: TrackState) -> bool:
    """Two reports that fit each other make a track; a distress beacon needs one. A damaged MMSI comes once."""
    return state.lat is not None and (state.reports >= 2 or state.station in BEACONS)


def _particulars(state: TrackState, observation: Observation) -> None:
    state.name = observation.name or state.name
    state.call_sign = observation.call_sign or state.call_sign
    state.imo = observation.imo or state.imo
    state.ship_type = observation.ship_type or state.ship_type


def _status(state: TrackState, observation: Observation) -> None:
    if observation.status == state.status and state.stated:
        state.stated += 1
    else:
        state.before = state.status if state.stated else None
        state.status, state.since, state.stated = observation.status, observation.at, 1


def _place(state: TrackState, observation: Observation, lat: float, lon: float) -> Jump | None:
    if state.lat is None or state.lon is None or not observation.timed:
        _restart(state, observation, lat, lon)
        return None
    tau = observation.at - state.at
    if tau < -LATE:
        return None
    scale = motion.metres_per_degree(lat)
    north = (lat - state.lat) * scale[0]
    east = ((lon - state.lon + 180.0) % 360.0 - 180.0) * scale[1]
    if _measure(state, observation, tau, (north, east), scale):
        state.reports += 1
        _expire(state, observation.at)
        return None
    if within_reach(state.station, hypot(north, east), tau):
        if tau > 0:
            _restart(state, observation, lat, lon)
        return None
    return _rival(state, observation, lat, lon)


def within_reach(station: Station, metres: float, seconds: float) -> bool:
    """Whether a station can have moved that far in that time."""
    fastest = REACH_IN_THE_AIR if station is Station.AIRCRAFT else REACH
    return metres <= fastest * abs(seconds) + SLACK


def _measure(
    state: TrackState, observation: Observation, tau: float, off: tuple[float, float], scale: tuple[float, float]
) -> bool:
    """Predict to the report's time (never back) and correct by it; False, and nothing changed, outside the gate.

    `off` is the report's offset from the state (north, east) in metres, `scale` metres per degree there.
    """
    ahead = max(tau, 0.0)
    back = min(tau, 0.0)
    pp, pv, vv = motion.predicted(state.spread, ahead) if ahead else state.spread
    noise = observation.radius**2 + motion.Q * -(back**3) / 3.0
    s = pp + back * (2.0 * pv + back * vv) + noise
    dn, de = off[0] - tau * state.north, off[1] - tau * state.east
    if (dn * dn + de * de) > motion.GATE * s or s > motion.MAX_SPREAD:
        return False
    cp, cv = pp + back * pv, pv + back * vv
    kp, kv = cp / s, cv / s
    place = state.lat or 0.0, state.lon or 0.0
    state.lat, state.lon = motion.moved(*place, ahead * state.north + kp * dn, ahead * state.east + kp * de, scale)
    state.north += kv * dn
    state.east += kv * de
    state.pp, state.pv, state.vv = pp - kp * cp, pv - kp * cv, vv - kv * cv
    state.at = max(state.at, observation.at)
    return True


def _restart(state: TrackState, observation: Observation, lat: float, lon: float) -> None:
    state.lat, state.lon, state.at = lat, lon, observation.at
    state.north, state.east, state.vv = motion.velocity(observation.speed, observation.course)
    state.pp, state.pv = observation.radius**2, 0.0
    state.reports += 1


def _rival(state: TrackState, observation: Observation, lat: float, lon: float) -> Jump | None:
    """A report from out of reach: keep it aside, and follow it when it goes on."""
    _expire(state, observation.at)
    rival = state.rival
    if rival is None or not within_reach(
        state.station, motion.distance(rival.lat, rival.lon, lat, lon), observation.at - rival.at
    ):
        state.rival = Rival(lat, lon, observation.at)
        return None
    rival.lat, rival.lon, rival.at = lat, lon, max(rival.at, observation.at)
    rival.reports += 1
    if observation.at < state.at:
        return None
    if state.reports < 2 and rival.reports >= 2:  # the first report was the odd one: nothing has jumped
        state.rival = None
        _restart(state, observation, lat, lon)
        return None
    if rival.reports < RIVAL_REPORTS:
        return None
    jump = Jump(motion.distance(state.lat or 0.0, state.lon or 0.0, lat, lon), observation.at - state.at, lat, lon)
    state.rival, state.slow, state.way_at = None, None, None
    state.jumps += 1
    _restart(state, observation, lat, lon)
    return jump


def _expire(state: TrackState, at: float) -> None:
    if state.rival is not None and at - state.rival.at > RIVAL_SECONDS:
        state.rival = None
