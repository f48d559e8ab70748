"""The picture of those who speak: states by identity, brought forward a batch at a time.

The same code serves a live node, which loads the states of a batch from its tables, and a recording, which keeps them
all in memory.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID, uuid5

from tansiq.watch.fusion.state import TrackState
from tansiq.watch.fusion.tracks import Jump, advance, begin, is_confirmed, is_news
from tansiq.watch.values import Observation

NAMES = UUID("6f1f4c5e-6f0d-5c0e-9d0a-2f1f5f6b9a11")
"""The namespace of our ids."""


def track_id(owner: str, mmsi: int) -> UUID:
    """The id of a node's track of one identity: the same in every run, so that a drill can be compared with itself."""
    return uuid5(NAMES, f"track/{owner}/{mmsi}")


def alert_id(owner: str, situation: str, mmsi: int, at: float) -> UUID:
    """The id of an alert: from who saw what, of whom, and when it was so; the same evidence never raises a second."""
    return uuid5(NAMES, f"alert/{owner}/{situation}/{mmsi}/{round(at * 1000)}")


class Picture:
    """States by MMSI. `take` yields what is news, with the state that it led to, and a jump when it confirmed one."""

    def __init__(self, states: Iterable[TrackState] = ()) -> None:
        self.states = {state.mmsi: state for state in states}

    def take(self, observations: Iterable[Observation]) -> Iterator[tuple[Observation, TrackState, Jump | None]]:
        """Bring the picture forward. The state is the live one: look at it before asking for the next."""
        states = self.states
        for observation in observations:
            state = states.get(observation.mmsi)
            if state is None:
                state = states[observation.mmsi] = begin(observation)
            if is_news(state, observation):
                yield observation, state, advance(state, observation)

    def confirmed(self) -> list[TrackState]:
        """The tracks that two reports have confirmed."""
        return [state for state in self.states.values() if is_confirmed(state)]
