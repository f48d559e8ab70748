"""Signs: what an observation and its track say about danger. Each rule is pure and explains itself.

Beacons: AIS-SART (970), MOB (972) and EPIRB-AIS (974) send position reports with navigational status 14 and safety text
"ACTIVE"; in test they send status 15 and "TEST" (IEC 61097-14; ITU-R M.585-9; ITU-R M.1371-5, annex 9). Status 14 is
distress whatever the text says: a real activation has been recorded whose text said TEST.

Priorities keep to MSC.302(87): emergency only where life is in danger. A ship's own identity with status 14 is most
often a wrong setting that was there before we listened: then it is an alarm for the officer, not yet a distress. A ship
that changes to 14 while we watch says so on purpose.
"""

import re
from math import hypot

from msgspec import Struct

from tansiq.exchange.kinds.watch import Because
from tansiq.sea.units import KNOT
from tansiq.watch.anchorages import ANCHORAGES, Circle
from tansiq.watch.fusion.motion import distance
from tansiq.watch.fusion.state import TrackState
from tansiq.watch.fusion.tracks import Jump
from tansiq.watch.mmsi import BEACONS, VESSELS
from tansiq.watch.values import BEACON_SITUATIONS, Code, Observation, Priority, Said, Situation

DISTRESS_STATUS, TEST_STATUS = 14, 15
NOT_UNDER_COMMAND_STATUS, AGROUND_STATUS = 2, 6
_FIXED_STATIONS = frozenset({4, 11, 21})  # messages that no beacon sends: a damaged identity
AT_REST = frozenset({1, 5, 6})

STEADY_REPORTS, STEADY_SECONDS = 2, 30.0
"""A status counts when it was sent so often, over so long: one damaged report is no news."""
BEAM_ON_SECONDS, LOST_WAY_SECONDS = 900.0, 1200.0
"""How long a vessel must drift before it is called adrift: beam on, or (without a heading) after it lost its way."""
DRIFT_REPORTS = 5
DRIFT_METRES = 250.0
BEAM_ON_SHARE = 0.7
STEADINESS = 0.7
"""Length of the mean course vector, and the share of the way made good: something adrift does not wander about."""
LOST_WAY_WITHIN = 7200.0

Numbers = dict[str, str | int | float]

_TEST = re.compile(r"\bTEST(ING)?\b", re.IGNORECASE)
_DISTRESS_TEXT = re.compile(
    r"\bMAYDAY\b|\bSOS\b|MAN OVERBOARD|\b(MOB|SART|EPIRB)\s+ACTIVE\b|\bSINKING\b|ABANDON(ING)? SHIP", re.IGNORECASE
)


class Sign(Struct, frozen=True, kw_only=True):
    """One observation that says that something is going on. `beacon`: its sender exists for nothing else."""

    situation: Situation
    priority: Priority
    mmsi: int
    at: float
    lat: float | None
    lon: float | None
    radius: float
    because: tuple[Because, ...]
    source: str
    name: str = ""
    text: str = ""
    evidence: bytes = b""
    beacon: bool = False


def signs(
    observation: Observation, state: TrackState, jump: Jump | None, anchorages: tuple[Circle, ...] = ANCHORAGES
) -> Sign | None:
    """The gravest sign in an observation, given the track that it led to; None nearly always."""
    said = observation.said
    if said is Said.POSITION:
        if state.station in BEACONS:
            return _beacon(observation, state)
        if jump is not None:
            return _jump(observation, state, jump)
        status = observation.status
        if status == DISTRESS_STATUS:
            return _status_distress(observation, state)
        if status in (NOT_UNDER_COMMAND_STATUS, AGROUND_STATUS):
            return _status(observation, state)
        if state.slow is not None:
            because = adrift(state, anchorages)
            if because is not None:
                return _sign(Situation.ADRIFT, Priority.WARNING, observation, state, because)
    elif said is Said.TEXT:
        return _text(observation, state)
    return None


def _sign(
    situation: Situation, priority: Priority, observation: Observation, state: TrackState, *because: Because
) -> Sign:
    lat, lon, radius = observation.lat, observation.lon, observation.radius
    if lat is None and state.lat is not None:
        lat, lon, radius = state.lat, state.lon, hypot(50.0, state.pp**0.5)
    return Sign(
        situation=situation,
        priority=priority,
        mmsi=observation.mmsi,
        at=observation.at,
        lat=lat,
        lon=lon,
        radius=radius,
        because=because,
        source=observation.source,
        name=state.name,
        text=observation.text or state.text,
        evidence=observation.raw,
        beacon=state.station in BEACONS,
    )


def _beacon(observation: Observation, state: TrackState) -> Sign | None:
    if observation.status == TEST_STATUS or observation.message in _FIXED_STATIONS:
        return None
    because = [Because(Code.BEACON, {"mmsi": observation.mmsi, "station": str(state.station)})]
    if observation.status == DISTRESS_STATUS:
        because.append(Because(Code.STATUS_DISTRESS, {"status": DISTRESS_STATUS}))
    if _TEST.search(state.text):
        because.append(Because(Code.TEXT_SAYS_TEST, {"text": state.text}))
    return _sign(BEACON_SITUATIONS[state.station], Priority.EMERGENCY, observation, state, *because)


def _text(observation: Observation, state: TrackState) -> Sign | None:
    """A safety text: of a beacon, or of a ship that speaks of distress. A test is no alarm."""
    because = Because(Code.TEXT_DISTRESS, {"text": observation.text})
    if _TEST.search(observation.text):
        return None
    if state.station in BEACONS:
        found = Because(Code.BEACON, {"mmsi": observation.mmsi, "station": str(state.station)})
        return _sign(BEACON_SITUATIONS[state.station], Priority.EMERGENCY, observation, state, found, because)
    if _DISTRESS_TEXT.search(observation.text):
        return _sign(Situation.DISTRESS, Priority.EMERGENCY, observation, state, because)
    return None


def _status_distress(observation: Observation, state: TrackState) -> Sign | None:
    if state.station not in VESSELS:
        return None
    because = Because(Code.STATUS_DISTRESS, {"status": DISTRESS_STATUS})
    if state.before is not None and state.before != TEST_STATUS:
        changed = Because(Code.STATUS_CHANGED, {"before": state.before, "status": DISTRESS_STATUS})
        return _sign(Situation.DISTRESS, Priority.EMERGENCY, observation, state, because, changed)
    if not _steady(state, observation.at):
        return None
    return _sign(Situation.DISTRESS, Priority.ALARM, observation, state, because)


def _steady(state: TrackState, at: float) -> bool:
    return state.stated >= STEADY_REPORTS and at - state.since >= STEADY_SECONDS


def _status(observation: Observation, state: TrackState) -> Sign | None:
    """Not under command, always; aground only when it went aground under our eyes: many barges never change it back."""
    if state.station not in VESSELS or not _steady(state, observation.at):
        return None
    values: Numbers = {"status": observation.status or 0, "minutes": round((observation.at - state.since) / 60)}
    if observation.status == NOT_UNDER_COMMAND_STATUS:
        because = Because(Code.STATUS_NOT_UNDER_COMMAND, values)
        return _sign(Situation.NOT_UNDER_COMMAND, Priority.WARNING, observation, state, because)
    if state.before in (0, 2, 3, 4, 7, 8):
        because = Because(Code.STATUS_AGROUND, {**values, "before": state.before})
        return _sign(Situation.AGROUND, Priority.WARNING, observation, state, because)
    return None


def _jump(observation: Observation, state: TrackState, jump: Jump) -> Sign:
    because = Because(
        Code.UNREACHABLE,
        {"metres": round(jump.metres), "seconds": round(jump.seconds), "reports": state.reports, "jumps": state.jumps},
    )
    return _sign(Situation.JUMP, Priority.CAUTION, observation, state, because)


def adrift(state: TrackState, anchorages: tuple[Circle, ...] = ANCHORAGES) -> Because | None:
    """Why a vessel is called adrift, or None.

    It has moved at 0.3 to 3 knots, under way by its status or without one, for at least 15 minutes with its heading 45
    degrees or more off its course in 70% of the reports; or, where it reports no heading, for at least 20 minutes after
    it had made 5 knots within the two hours before. In both, it made good 250 m and 70% of the way it went (tide and
    wind carry; fishing and waiting wander), and it is not on a roadstead.
    """
    slow = state.slow
    if slow is None or state.lat is None or state.lon is None or slow.reports < DRIFT_REPORTS:
        return None
    seconds = slow.last - slow.since
    if seconds < BEAM_ON_SECONDS:
        return None
    metres = distance(slow.lat, slow.lon, state.lat, state.lon)
    speed = slow.speeds / slow.reports
    if metres < max(DRIFT_METRES, STEADINESS * speed * seconds):
        return None
    if slow.steered and hypot(slow.north, slow.east) < STEADINESS * slow.steered:
        return None
    if any(circle.holds(state.lat, state.lon) for circle in anchorages):
        return None
    values: Numbers = {
        "minutes": round(seconds / 60),
        "metres": round(metres),
        "knots": round(speed / KNOT, 1),
        "reports": slow.reports,
    }
    if slow.compared >= DRIFT_REPORTS:
        share = slow.beam_on / slow.compared
        return Because(Code.DRIFTING_BEAM_ON, {**values, "share": round(share, 2)}) if share >= BEAM_ON_SHARE else None
    made_way = state.way_at is not None and slow.since - LOST_WAY_WITHIN <= state.way_at <= slow.since
    if seconds >= LOST_WAY_SECONDS and made_way:
        return Because(Code.DRIFTING_LOST_WAY, values)
    return None


def has_ended(situation: Situation, state: TrackState) -> bool:
    """Whether the condition behind a warning is gone; a distress ends by people, never by a report."""
    if situation is Situation.NOT_UNDER_COMMAND:
        return state.status != NOT_UNDER_COMMAND_STATUS and state.stated >= STEADY_REPORTS
    if situation is Situation.AGROUND:
        return state.status != AGROUND_STATUS and state.stated >= STEADY_REPORTS
    if situation is Situation.ADRIFT:
        made_way = state.way_at is not None and state.way_at == state.at
        return made_way or (state.status in AT_REST and state.stated >= STEADY_REPORTS)
    return False
