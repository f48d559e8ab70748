"""The coast station of a drill: an asyncio TCP server that hands on the night's sentences at an accelerated pace.

Drill time runs from the moment the first listener comes, as the schedule says: so many seconds of the night in one
second of ours, up to a moment of the night, then another pace. A listener that comes back after it was cut off is first
told again what it may have missed, as a concentrator with a buffer does; observations that come twice are the reader's
to know.
"""

import asyncio
import socket
import threading
from bisect import bisect_right

from tansiq.drill.night import Night

AGAIN = 7_200.0
"""Seconds of the night that are told again to a listener that comes back: twelve seconds of ours at the fastest pace,
more than a node on a busy machine ever lags behind what it was told."""
UNREAD = 1 << 15
"""Bytes that may wait unread in our side of the connection, so that a cut loses less than is told again."""
TICK = 0.05


Schedule = tuple[tuple[float, float], ...]
"""(seconds of the night, pace up to there), the last to infinity."""


def reached(schedule: Schedule, elapsed: float) -> float:
    """Seconds of the night that have passed after `elapsed` seconds of ours."""
    night = 0.0
    for upto, pace in schedule:
        if night + elapsed * pace <= upto:
            return night + elapsed * pace
        elapsed -= (upto - night) / pace
        night = upto
    return night


class Seaside(threading.Thread):
    """The server in a thread of its own; `port` is known once `listening` is set."""

    def __init__(self, night: Night, *, schedule: Schedule, port: int = 0, again: float = AGAIN) -> None:
        super().__init__(name="seaside", daemon=True)
        self.night = night
        self.schedule = schedule
        self.port = port
        self.again = again
        self.listening = threading.Event()
        self.told = 0
        """How many transmissions have been handed on at least once."""
        self._times = [(heard.at - night.start).total_seconds() for heard in night.transmissions]
        self._began: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    @property
    def finished(self) -> bool:
        """Whether the whole night has been handed on."""
        return self.told >= len(self._times)

    def run(self) -> None:
        """Serve until closed."""
        asyncio.run(self._serve())

    def close(self) -> None:
        """Stop serving and wait for the thread."""
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        if self.is_alive():
            self.join(5)

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._tell, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self.listening.set()
        await self._stopped.wait()
        server.close()

    async def _tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tell one listener what has been heard so far and what is heard from now on, until it goes."""
        assert self._loop is not None
        if self._began is None:
            self._began = self._loop.time()
        at = self._missed()
        writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD)
        try:
            while at < len(self._times) and not writer.is_closing():
                upto = bisect_right(self._times, reached(self.schedule, self._loop.time() - self._began))
                writer.write(b"".join(line for heard in self.night.transmissions[at:upto] for line in heard.lines))
                await writer.drain()
                at = max(at, upto)
                self.told = max(self.told, at)
                await asyncio.sleep(TICK)
            while not writer.is_closing():
                await asyncio.sleep(1)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _missed(self) -> int:
        """From where a listener is told: `again` before the last that anyone was told."""
        if not self.told:
            return 0
        return bisect_right(self._times, self._times[self.told - 1] - self.again)
