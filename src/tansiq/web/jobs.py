"""Work that takes longer than a person waits: it runs beside the requests, and its page tells when it is done.

One job per key (the drift of one case) at a time. What it answered is told once, to the page that asks; a job that a
stop of the node ends has written nothing, because an act writes in one transaction at its end.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import datetime
from threading import Lock
from typing import Any

from django.db import connections
from msgspec import Struct

from tansiq.ground.errors import Fault

log = logging.getLogger(__name__)

PATIENCE = 0.8
"""Seconds that a request waits for its job before it leaves it to the page."""

_workers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="job")
_running: dict[str, "Job"] = {}
_lock = Lock()


class Job(Struct):
    """A piece of work: what it is called, since when it runs, and its future."""

    key: str
    since: datetime
    future: Future[Any]


def start(key: str, work: Callable[[], Any], *, now: datetime) -> None:
    """Begin, unless the same work is under way; wait for it a moment."""
    with _lock:
        there = _running.get(key)
        if there is None or there.future.done():
            _running[key] = there = Job(key, now, _workers.submit(_done, work))
    try:
        there.future.exception(timeout=PATIENCE)
    except NotYet:
        return


def running(key: str) -> Job | None:
    """The job of that key while it runs."""
    job = _running.get(key)
    return job if job is not None and not job.future.done() else None


def outcome(key: str) -> Any:
    """What the job answered, once: a value, a Refused, or the Fault that stopped it; None where there is none."""
    job = _running.get(key)
    if job is None or not job.future.done():
        return None
    with _lock:
        _running.pop(key, None)
    error = job.future.exception()
    if error is None:
        return job.future.result()
    if isinstance(error, Fault):
        return error
    log.error("the job %s failed", key, exc_info=error)
    return Fault("The computation failed; the node's log says why.", "Tell the node administrator.")


def last(key: str) -> Any:
    """What the job answered last, as often as it is asked; None where there is none yet."""
    job = _running.get(key)
    return job.future.result() if job and job.future.done() and job.future.exception() is None else None


def _done(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connections.close_all()
