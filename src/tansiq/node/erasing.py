"""Erases what is due, again and again, and has the database let go of it."""

from time import monotonic

from tansiq.exchange import acts, reads
from tansiq.exchange.acts.erasing import scrub
from tansiq.ground import clock

EVERY = 30.0
"""How often the node looks for what is to be erased, in seconds."""


LOOK_EVERY = 3600.0
"""How often it looks for letters whose agreement keeps them no longer, in seconds."""


class Eraser:
    """One round after another; what was erased before the node started is let go of once more."""

    def __init__(self) -> None:
        self._scrubbed = 0
        self._looked = -LOOK_EVERY

    def round(self) -> bool:
        """Erase what is due; then, where anything was erased by whomever, clear what the database still holds of it."""
        more = acts.erase_recalls(now=clock.now()) > 0
        if monotonic() - self._looked > LOOK_EVERY:
            more = acts.erase_expired(now=clock.now()) > 0
            self._looked = self._looked if more else monotonic()
        newest = reads.newest_erasure()
        if newest > self._scrubbed:
            scrub()
            self._scrubbed = newest
        return more
