"""Threads that a node keeps: each repeats one piece of work until it is told to stop, and survives a failing round."""

import gc
import logging
import threading
from collections.abc import Callable

from django.db import close_old_connections, connections

log = logging.getLogger(__name__)


def settle() -> None:
    """Once all is started: never again look for garbage in what stays as long as the process.

    Else each search walks every module, model and template, and a letter of a bundle pays a tenth of its time for it.
    """
    gc.collect()
    gc.freeze()


class Repeater(threading.Thread):
    """Calls `work` again and again: at once while it answers that there was something to do, else after `rest` seconds.

    A round that raises is logged and tried again after a pause that doubles up to a minute.
    """

    def __init__(self, name: str, work: Callable[[], bool], rest: float) -> None:
        super().__init__(name=name, daemon=True)
        self.work, self.rest = work, rest
        self._stopped = threading.Event()

    def run(self) -> None:
        """Work until stopped."""
        pause = self.rest
        while not self._stopped.is_set():
            close_old_connections()
            try:
                pause = 0.0 if self.work() else self.rest
            except Exception:
                log.exception("%s failed; it will be tried again", self.name)
                pause = min(max(2 * pause, 1.0), 60.0)
            if pause:
                self._stopped.wait(pause)
        connections.close_all()

    def stop(self, patience: float = 10.0) -> None:
        """Finish the round and end."""
        self._stopped.set()
        self.join(patience)
