"""The door of the watch: reads feeds from files, standard input, TCP and UDP, and hands batches of observations on.

    source -> bytes -> AisFeed -> bounded buffer -> every second one batch -> sink (acts.observe)

All sources share one thread with an event loop; a second thread writes. TCP reconnects with a pause that doubles up to
a minute. When the buffer is full, files and TCP wait (the sender's own queue fills) and UDP drops and counts. A sink
that fails keeps its batch and tries again, so a full disk or a locked database costs time and no observations.
"""

import asyncio
import contextlib
import logging
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from django.db import close_old_connections, connections
from msgspec import structs

from tansiq.ground import clock
from tansiq.ground.errors import Malformed
from tansiq.watch import acts
from tansiq.watch.feeds.ais import AHEAD_SECONDS, AisFeed
from tansiq.watch.feeds.nmea import Flaw
from tansiq.watch.values import FeedHealth, FeedState, Observation

log = logging.getLogger(__name__)

BATCH_SECONDS = 1.0
BATCH_MOST = 5_000
BUFFER_MOST = 50_000
BLOCK = 65_536
HEALTH_SECONDS = 5.0
SILENT_SECONDS = 120.0
DEAD_MOST = 4_000_000
"""Bytes of dead letters in one file before it is turned over; a feed keeps at most twice that."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0

Sink = Callable[[Sequence[Observation], datetime], object]
Report = Callable[[Sequence[FeedHealth], datetime], object]


class Source(Protocol):
    """A feed as the node's home names it."""

    @property
    def name(self) -> str:
        """What the feed is called."""

    @property
    def kind(self) -> str:
        """What it speaks: "ais"."""

    @property
    def source(self) -> str:
        """tcp://host:port, udp://host:port, file:PATH or stdin:."""


class Buffer:
    """Observations on their way from the sources to the sink; at most `most`."""

    def __init__(self, most: int = BUFFER_MOST) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._held: list[Observation] = []

    def offer(self, observations: Sequence[Observation]) -> bool:
        """Take them, or answer False when there is no room (an empty buffer takes any batch)."""
        with self._lock:
            if self._held and len(self._held) + len(observations) > self.most:
                return False
            self._held.extend(observations)
            return True

    def take(self, most: int = BATCH_MOST) -> list[Observation]:
        """The oldest ones, removed."""
        with self._lock:
            taken, self._held = self._held[:most], self._held[most:]
            return taken

    def __len__(self) -> int:
        return len(self._held)


class DeadLetters:
    """Appends damaged sentences with what is wrong with them, in two files of bounded size.

    A disk that is full costs these letters, never the feed.
    """

    def __init__(self, path: Path, most: int = DEAD_MOST) -> None:
        self.path, self.most = path, most
        self.lost = 0
        self._file: BinaryIO | None = None
        self._size = 0

    def write(self, flaw: Flaw, raw: bytes) -> None:
        """Keep one damaged sentence, or what could be cut of it."""
        line = flaw.value.encode() + b" " + raw.replace(b"\n", b" ")[:2000] + b"\n"
        try:
            if self._file is None or self._size + len(line) > self.most:
                self._turn()
            if self._file is not None:
                self._size += self._file.write(line)
        except OSError:
            self.lost += 1

    def _turn(self) -> None:
        """Open the file; one that is full becomes the older of the two."""
        self.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and self.path.stat().st_size + 2100 > self.most:
            self.path.replace(self.path.with_suffix(self.path.suffix + ".old"))
        self._file = self.path.open("ab")
        self._size = self.path.stat().st_size

    def flush(self) -> None:
        """Bring what was written to the file."""
        if self._file is not None:
            try:
                self._file.flush()
            except OSError:
                self.lost += 1

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


class Reader:
    """One feed: its source, its decoder, and how it does."""

    def __init__(self, feed: Source, buffer: Buffer, dead: DeadLetters | None, exercise: bool) -> None:
        self.feed, self.buffer, self.dead = feed, buffer, dead
        ahead = None if exercise else AHEAD_SECONDS  # an exercise keeps its own clock
        self.ais = AisFeed(feed.name, dead=dead.write if dead is not None else None, ahead=ahead)
        self.state, self.since = FeedState.WAITING, clock.now()
        self.last: datetime | None = None
        self.reconnects = self.dropped = 0
        self.problem = ""

    def become(self, state: FeedState, problem: str = "") -> None:
        """Change state. The log says so, but not again for every attempt that fails in the same way."""
        if (problem, state) == (self.problem, self.state):
            return
        if not problem or problem != self.problem:
            log.info("feed %s: %s %s", self.feed.name, state.value, problem)
        self.state, self.since, self.problem = state, clock.now(), problem

    def health(self) -> FeedHealth:
        """How the feed does."""
        now = clock.now()
        silent = self.last is not None and (now - self.last).total_seconds() > SILENT_SECONDS
        if self.state is FeedState.RECEIVING and silent:
            self.become(FeedState.SILENT)
        framer = self.ais.framer
        return FeedHealth(
            name=self.feed.name,
            kind=self.feed.kind,
            source=self.feed.source,
            state=self.state,
            since=self.since,
            last_at=self.last,
            age=None if self.last is None else (now - self.last).total_seconds(),
            lag=self.ais.lag,
            sentences=framer.sentences,
            messages=self.ais.messages,
            errors={flaw.value: count for flaw, count in framer.flaws.items()},
            reconnects=self.reconnects,
            dropped=self.dropped,
            problem=self.problem,
        )

    async def run(self) -> None:
        """Read until cancelled, or until a file ends. What is wrong with the settings is said once and not retried."""
        try:
            work = self._work()
        except Malformed as fault:
            self.become(FeedState.FAILED, str(fault))
            return
        pause = FIRST_PAUSE
        while True:
            self.become(FeedState.CONNECTING, self.problem)
            before = self.ais.framer.sentences
            try:
                if await work():
                    self.become(FeedState.ENDED)
                    return
                problem = "the other side closed the connection"
            except OSError as error:
                problem = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
            pause = FIRST_PAUSE if self.ais.framer.sentences > before else min(2 * pause, LONGEST_PAUSE)
            self.reconnects += 1
            self.become(FeedState.WAITING, problem)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # many nodes, one receiver: do not come back at once

    def _work(self) -> Callable[[], Any]:
        if self.feed.kind != "ais":
            raise Malformed(f"The feed kind {self.feed.kind!r} is not known.", 'Write kind = "ais".')
        parts = urlsplit(self.feed.source)
        if parts.scheme == "file":
            path = Path(self.feed.source.removeprefix("file:").removeprefix("//"))
            return lambda: self._file(path)
        if parts.scheme == "stdin":
            return self._stdin
        try:
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host, port = "", None
        if parts.scheme == "tcp" and host and port:
            return lambda: self._tcp(host, port)
        if parts.scheme == "udp" and port:
            return lambda: self._udp(host, port)
        raise Malformed(
            f"The source {self.feed.source!r} is not known.", "Write tcp://host:port, udp://:port, file:PATH or stdin:."
        )

    async def _take(self, data: bytes, now: datetime | None) -> None:
        """Decode and hand on, waiting while the buffer is full. `now` is None for a recording with its own clock."""
        self._heard()
        found = self.ais.feed(data, None if now is None else now.timestamp())
        if now is None:
            read = clock.now().timestamp()
            found = [each if each.timed else structs.replace(each, at=read) for each in found]
        while found and not self.buffer.offer(found):
            await asyncio.sleep(0.05)

    def _heard(self) -> None:
        self.last = clock.now()
        if self.state is not FeedState.RECEIVING:
            self.become(FeedState.RECEIVING)

    async def _file(self, path: Path) -> bool:
        with path.open("rb") as file:
            while data := await asyncio.to_thread(file.read, BLOCK):
                await self._take(data, None)
        self._rest()
        return True

    async def _stdin(self) -> bool:
        while data := await asyncio.to_thread(os.read, sys.stdin.fileno(), BLOCK):
            await self._take(data, clock.now())
        self._rest()
        return True

    async def _tcp(self, host: str, port: int) -> bool:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), timeout=10)
        try:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            while data := await reader.read(BLOCK):
                await self._take(data, clock.now())
            return False
        finally:
            self._rest()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _udp(self, host: str, port: int) -> bool:
        loop = asyncio.get_running_loop()
        lost = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self, lost), local_addr=(host or "0.0.0.0", port)
        )
        try:
            self.become(FeedState.SILENT)
            await lost
            return False
        finally:
            transport.close()

    def datagram(self, data: bytes) -> None:
        """One datagram holds whole sentences; nobody can be asked to wait, so what finds no room is dropped."""
        self._heard()
        found = self.ais.feed(data + b"\n", clock.now().timestamp())
        if found and not self.buffer.offer(found):
            self.dropped += len(found)

    def _rest(self) -> None:
        """A line that broke off is over: nothing of it may run into the next connection."""
        self.buffer.offer(self.ais.end(clock.now().timestamp()))


class _Datagrams(asyncio.DatagramProtocol):
    """Hands datagrams to their reader."""

    def __init__(self, reader: Reader, lost: "asyncio.Future[None]") -> None:
        self.reader, self.lost = reader, lost

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.reader.datagram(data)

    def error_received(self, exc: Exception) -> None:
        self.reader.problem = str(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None) if exc is None else self.lost.set_exception(exc)


def _observe(observations: Sequence[Observation], now: datetime) -> None:
    acts.observe(observations=observations, now=now)


def _report(health: Sequence[FeedHealth], now: datetime) -> None:
    acts.report_feeds(health=health, now=now)


class Readers:
    """All feeds of one node, running. Made by `start`."""

    def __init__(
        self,
        feeds: Sequence[Source],
        *,
        sink: Sink = _observe,
        report: Report = _report,
        logs: Path | None = None,
        exercise: bool = False,
        buffer: int = BUFFER_MOST,
    ) -> None:
        self.sink, self.report = sink, report
        self.buffer = Buffer(buffer)
        self.readers = [
            Reader(feed, self.buffer, DeadLetters(logs / f"dead-{feed.name}.nmea") if logs else None, exercise)
            for feed in feeds
        ]
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._ready = threading.Event()
        self._io = threading.Thread(target=self._read, name="watch-feeds", daemon=True)
        self._writer = threading.Thread(target=self._write, name="watch-tracks", daemon=True)

    def begin(self) -> None:
        """Start both threads."""
        self._io.start()
        self._writer.start()

    def stop(self, patience: float = 10.0) -> None:
        """Stop reading, write what was read, and end."""
        self._ready.wait(patience)
        self._stopping.set()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself: all feeds were files
                self._loop.call_soon_threadsafe(self._cancel)
        self._io.join(patience)
        self._writer.join(patience)
        for reader in self.readers:
            if reader.dead is not None:
                reader.dead.close()

    def health(self) -> tuple[FeedHealth, ...]:
        """How every feed does now."""
        return tuple(reader.health() for reader in self.readers)

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _read(self) -> None:
        asyncio.run(self._read_all())

    async def _read_all(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks = [asyncio.create_task(reader.run(), name=reader.feed.name) for reader in self.readers]
        self._ready.set()
        for answer in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(answer, Exception):
                log.error("a feed ended unexpectedly", exc_info=answer)

    def _write(self) -> None:
        """Once a second: one batch to the sink. A batch that fails is tried again, before any later one."""
        batch: list[Observation] = []
        reported, pause = 0.0, BATCH_SECONDS
        while True:
            stopping = self._stopping.is_set() and not self._io.is_alive()
            close_old_connections()
            batch = batch or self.buffer.take()
            try:
                if batch:
                    self.sink(batch, clock.now())
                    batch = []
                if stopping or time.monotonic() - reported >= HEALTH_SECONDS:
                    reported = time.monotonic()
                    self._tell_health()
                pause = BATCH_SECONDS
            except Exception:
                log.exception("observations could not be written; they are kept and tried again")
                pause = min(2 * pause, 30.0)
                if stopping:
                    break
            if stopping and not batch and not len(self.buffer):
                break
            if len(self.buffer) < BATCH_MOST and not stopping:
                self._stopping.wait(pause) if not self._stopping.is_set() else time.sleep(0.05)
        connections.close_all()

    def _tell_health(self) -> None:
        for reader in self.readers:
            if reader.dead is not None:
                reader.dead.flush()
        self.report(self.health(), clock.now())


def start(
    feeds: Sequence[Source],
    *,
    sink: Sink = _observe,
    report: Report = _report,
    logs: Path | None = None,
    exercise: bool = False,
) -> Readers:
    """Start to read all feeds of a node. `logs` is the folder for dead letters; `stop` the answer when it is time."""
    readers = Readers(feeds, sink=sink, report=report, logs=logs, exercise=exercise)
    readers.begin()
    return readers
