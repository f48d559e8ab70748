"""Live pages: server-sent events (HTML Living Standard, section 9.2) that say what changed, by name and id alone.

A browser opens `/stream?after=ID` with the id of the last event its page shows, and after a break with Last-Event-ID;
what it missed is replayed from the log. It hears only of what its person's duty may see, and fetches the rest through
the pages. The session is asked again at every heartbeat: whoever is signed out or relieved hears no more.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Barrier
from typing import ParamSpec, TypeVar
from uuid import UUID

import msgspec
from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections, connections
from django.http import HttpRequest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from tansiq.exchange import reads
from tansiq.exchange.values import Event
from tansiq.parties.values import Officer
from tansiq.web import events
from tansiq.web.access import take_up
from tansiq.web.security import plain, policy

LOOK_EVERY = 1.0
HEARTBEAT = 15.0
LIFETIME = 600.0
REPLAY = 200
CLIENTS, OF_ONE = 256, 12
"""How many pages may listen at a time: of all people together, and of one person."""
READERS = 4
"""Threads, and so connections to the database, that read for all streams together."""

P = ParamSpec("P")
T = TypeVar("T")

_listening: Counter[UUID] = Counter()
_readers: ThreadPoolExecutor | None = None


def routes() -> list[BaseRoute]:
    """The one route of this file, for the application that stands before Django."""
    return [Route("/stream", stream, methods=["GET"])]


async def stream(request: Request) -> Response:
    """Open the stream of one page."""
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": policy(), "X-Accel-Buffering": "no"}
    key = request.cookies.get(settings.SESSION_COOKIE_NAME, "")
    if not plain((key,)):
        return PlainTextResponse("Sign in first.", 401, headers)
    officer = await _read(listener, key)
    if officer is None:
        return PlainTextResponse("Sign in first.", 401, headers)
    if _listening.total() >= CLIENTS or _listening[officer.person] >= OF_ONE:
        return PlainTextResponse("Too many pages are listening.", 503, {**headers, "Retry-After": "30"})
    after = position(request.headers.get("last-event-id") or request.query_params.get("after", ""))
    return StreamingResponse(_tell(key, officer, after), media_type="text/event-stream", headers=headers)


def position(text: str) -> int | None:
    """The event id that a browser says it has seen, if it is one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def listener(key: str) -> Officer | None:
    """Whose session this is, in the post that they took up; None when it has ended."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    request.user = get_user(request)
    return take_up(request)


def missed(officer: Officer, after: int) -> tuple[tuple[Event, ...], int] | None:
    """What the officer may see since, and how far in the log that is; None where it is too much to tell one by one."""
    found, upto = events.since(after=after, reader=officer, limit=REPLAY + 1)
    return (found, upto) if len(found) <= REPLAY else None


def latest(officer: Officer) -> int:
    """Where the log ends for the officer's duty: nothing before it has to be told any more."""
    newest = reads.log(reader=officer, limit=1)
    return newest[0].id if newest else 0


def told(happened: Iterable[Event]) -> str:
    """Events as lines of the stream; several of one name on one thing are said once, under the last id."""
    last = {(event.name, event.thing): event for event in happened}
    lines = []
    for event in sorted(last.values(), key=lambda event: event.id):
        data = msgspec.json.encode({"name": event.name, "thing": event.thing}).decode()
        lines.append(f"id: {event.id}\nevent: change\ndata: {data}\n\n")
    return "".join(lines)


async def _tell(key: str, officer: Officer, after: int | None) -> AsyncIterator[str]:
    """Say what changes until the browser goes, the session ends or the time is up; the browser then comes again."""
    _listening[officer.person] += 1
    try:
        seen = after if after is not None else await _read(latest, officer)
        yield f"retry: 3000\nid: {seen}\n\n"
        begun = beat = time.monotonic()
        while time.monotonic() - begun < LIFETIME:
            news = await _read(missed, officer, seen)
            if news is None:
                seen = await _read(latest, officer)
                yield f"id: {seen}\nevent: reload\ndata: {{}}\n\n"
            else:
                found, seen = news
                if found:
                    yield told(found)
            if time.monotonic() - beat >= HEARTBEAT:
                if await _read(listener, key) != officer:
                    yield "event: ended\ndata: {}\n\n"
                    return
                beat = time.monotonic()
                yield ": still here\n\n"
            await asyncio.sleep(LOOK_EVERY)
    finally:
        _listening[officer.person] -= 1
        if not _listening[officer.person]:
            del _listening[officer.person]


async def _read(read: Callable[P, T], *args: P.args, **keywords: P.kwargs) -> T:
    """What a read of the database answers, from one of the threads that read for streams."""
    global _readers
    if _readers is None:
        _readers = ThreadPoolExecutor(READERS, "stream")

    def work() -> T:
        close_old_connections()
        try:
            return read(*args, **keywords)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_readers, work)


def stop() -> None:
    """End the threads that read for streams, each after it has closed its connection; the next stream begins anew."""
    global _readers
    if _readers is None:
        return
    together = Barrier(READERS)

    def leave() -> None:
        together.wait()  # so that each thread takes one of these
        connections.close_all()

    for _ in range(READERS):
        _readers.submit(leave)
    _readers.shutdown()
    _readers = None
