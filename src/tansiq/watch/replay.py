"""A recording played through the watch in memory: the same rules as on a live node, without its tables.

`tansiq ingest ais` and the tests use it; every rule can so be tried on recorded data before it watches a sea.
"""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from tansiq.watch.fusion.picture import Picture, alert_id
from tansiq.watch.rules import Join, Known, Silence, assess
from tansiq.watch.signs import Sign, signs
from tansiq.watch.values import Observation, Priority, Situation


class Raised(Struct, kw_only=True):
    """An alert of a replay: its first sign, and what it grew into."""

    id: UUID
    situation: Situation
    priority: Priority
    first: Sign
    senders: set[int]
    lat: float | None
    lon: float | None
    at: float
    signs: int = 1

    def known(self) -> Known:
        """The alert as the rules look at it."""
        return Known(
            id=self.id,
            situation=self.situation,
            priority=self.priority,
            senders=frozenset(self.senders),
            lat=self.lat,
            lon=self.lon,
            at=self.at,
            closed=False,
        )


class Replay:
    """The picture and the alerts of a recording; nobody acknowledges or closes here."""

    def __init__(self, owner: str = "replay") -> None:
        self.owner = owner
        self.picture = Picture()
        self.alerts: dict[UUID, Raised] = {}
        self.observations = 0

    def take(self, observations: Sequence[Observation]) -> None:
        """Play a batch."""
        self.observations += len(observations)
        for observation, state, jump in self.picture.take(observations):
            sign = signs(observation, state, jump)
            if sign is not None:
                self._sign(sign)

    def _sign(self, sign: Sign) -> None:
        step = assess(sign, [alert.known() for alert in reversed(self.alerts.values())])
        if isinstance(step, Silence):
            return
        if isinstance(step, Join):
            alert = self.alerts[step.alert]
            alert.signs += 1
            alert.senders.add(sign.mmsi)
            alert.at = max(alert.at, sign.at)
            if sign.lat is not None and (step.metres is None or alert.lat is None):
                alert.lat, alert.lon = sign.lat, sign.lon
            if step.escalates:
                alert.priority, alert.situation = sign.priority, sign.situation
            return
        made = alert_id(self.owner, sign.situation, sign.mmsi, sign.at)
        self.alerts[made] = Raised(
            id=made,
            situation=sign.situation,
            priority=sign.priority,
            first=sign,
            senders={sign.mmsi},
            lat=sign.lat,
            lon=sign.lon,
            at=sign.at,
        )
