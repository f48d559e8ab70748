"""The door for programs: who asks, by token; how much and how often; and one worker, that works in groups.

A client signs in with its token, as a Bearer token (RFC 6750) or as the password beside its name (Basic, RFC 7617).
The event loop only reads and counts. A thread asks the database: whose tokens these are in one query for a group, what
each wants, and what is written goes in one transaction for the group. After MOST_FAILURES tokens that did not hold, an
address or a name is locked out for a while, and the log says so. What does not fit is answered 503 with Retry-After.
"""

import asyncio
import base64
import binascii
import logging
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Any

from django.db import DatabaseError, close_old_connections, connections
from msgspec import Struct
from starlette.requests import Request

from tansiq.exchange import acts
from tansiq.exchange.intake import Quota
from tansiq.ground import clock
from tansiq.ground.errors import Fault
from tansiq.parties import reads as parties
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer, token_digest

log = logging.getLogger(__name__)

MOST_WAITING = 512
GROUP = 128
GATHER = 0.001
"""How long the first of a group waits for the others, in seconds, where several came together last time: one commit for
all of them costs as much as for one."""

RATE, BURST = 2_000.0, 20_000.0
"""How many objects a second one client may read or offer, and how many at once; a request counts as one."""

MOST_FAILURES, FORGIVEN_AFTER = 10, 300.0
REMEMBERED = 10_000
"""Of how many addresses and names the failures are remembered."""

REST = 1.0
LATELY = 60.0


class Denied(Exception):
    """The door says no: an HTTP status, in words, and when to come again where that helps."""

    def __init__(self, status: int, what: str, retry: int = 0) -> None:
        super().__init__(what)
        self.status, self.what, self.retry = status, what, retry


class Claim(Struct, frozen=True):
    """Who says to ask: the token's digest, the name beside it (Basic only), and from which address."""

    digest: str
    name: str
    address: str


class Job(Struct):
    """A piece of work, and where its answer goes.

    `call` does it for the officer behind the claim; with `batch`, what `call` answers is handed to it together with the
    others of the group, to be written in one transaction.
    """

    claim: Claim
    cost: int
    call: Callable[[Officer], Any]
    batch: Callable[[Sequence[Any]], Sequence[Any]] | None
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop


class Lockout:
    """Counts what did not hold, by address and by name; bounded in memory."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def locked(self, *keys: str) -> bool:
        """Whether one of these is locked out."""
        return any(len(self._recent(key)) >= MOST_FAILURES for key in keys)

    def fail(self, *keys: str) -> list[str]:
        """Count a failure; answers those that are locked out from now on."""
        out = []
        for key in keys:
            recent = [*self._recent(key), monotonic()]
            self._failures[key] = recent
            self._failures.move_to_end(key)
            if len(recent) == MOST_FAILURES:
                out.append(key)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)
        return out

    def forgive(self, key: str) -> None:
        """Forget the failures under a name that has signed in."""
        self._failures.pop(key, None)

    def _recent(self, key: str) -> list[float]:
        began = monotonic() - FORGIVEN_AFTER
        return [at for at in self._failures.get(key, ()) if at > began]


class Door:
    """Takes what programs ask to one worker."""

    def __init__(self) -> None:
        self.lockout = Lockout()
        self._quotas: OrderedDict[str, Quota] = OrderedDict()
        self._held: dict[str, float] = {}
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, idle: Callable[[], None]) -> None:
        """Start the worker; it calls `idle` about once a second where nobody asks."""
        self._thread = threading.Thread(target=self._work, args=(idle,), name="gateways", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what waits, and end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(30)

    # The event loop's side

    def claim(self, request: Request) -> Claim:
        """Who asks. Raises `Denied` where there is no token, or its address or name is locked out."""
        address = request.client.host if request.client else ""
        name, secret = credentials(request.headers.get("authorization", ""))
        if self.lockout.locked(address, f"name:{name}"):
            raise Denied(429, "Too many tokens did not hold. Wait a few minutes.", int(FORGIVEN_AFTER))
        if not secret:
            raise Denied(401, "Sign in with a token: Authorization: Bearer TOKEN, or Basic with the client's name.")
        return Claim(token_digest(secret), name, address)

    async def knock(self, claim: Claim) -> None:
        """Refuse a stranger before a body is read. Who signed in lately is judged with the body, by the worker."""
        if monotonic() - self._held.get(claim.digest, -REMEMBERED) > LATELY:
            await self.ask(claim, lambda officer: None)

    async def ask(
        self,
        claim: Claim,
        call: Callable[[Officer], Any],
        *,
        cost: int = 1,
        batch: Callable[[Sequence[Any]], Sequence[Any]] | None = None,
    ) -> Any:
        """Have the worker do it for the client behind the claim; raises what it raised."""
        with self._lock:
            if self._waiting >= MOST_WAITING:
                raise Denied(503, "Too much waits already.", 2)
            self._waiting += 1
        loop = asyncio.get_running_loop()
        job = Job(claim, cost, call, batch, loop.create_future(), loop)
        self._queue.put(job)
        return await job.future

    # The worker's side

    def _work(self, idle: Callable[[], None]) -> None:
        crowded = False
        while True:
            try:
                job = self._queue.get(timeout=REST)
            except queue.Empty:
                self._guarded(idle)
                continue
            if job is None:
                break
            if crowded and job.batch is not None:
                sleep(GATHER)
            jobs, last = [job], False
            while len(jobs) < GROUP and not last:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                last = job is None
                if job is not None:
                    jobs.append(job)
            crowded = len(jobs) > 1
            self._group(jobs)
            if last:
                break
        connections.close_all()

    def _group(self, jobs: list[Job]) -> None:
        close_old_connections()
        with self._lock:
            self._waiting -= len(jobs)
        officers = self._guarded(lambda: parties.clients(digests={job.claim.digest for job in jobs}, now=clock.now()))
        if isinstance(officers, Exception):
            for job in jobs:
                _answer(job, officers)
            return
        batches: dict[Any, list[tuple[Job, Any]]] = {}
        for job in jobs:
            answer = self._guarded(lambda job=job: self._one(job, officers))  # type: ignore[misc]
            if job.batch is None or isinstance(answer, Exception):
                _answer(job, answer)
            else:
                batches.setdefault(job.batch, []).append((job, answer))
        for batch, some in batches.items():
            self._batch(batch, some)

    def _batch(self, batch: Callable[[Sequence[Any]], Sequence[Any]], some: list[tuple[Job, Any]]) -> None:
        """Write a group together; where that fails, each alone, so that what one job breaks the others do not pay."""
        answers = self._guarded(lambda: batch([given for _, given in some]))
        if isinstance(answers, Exception):
            if len(some) > 1:
                for each in some:
                    self._batch(batch, [each])
                return
            answers = [answers]
        for (job, _), answer in zip(some, answers, strict=True):
            _answer(job, answer)

    def _one(self, job: Job, officers: dict[str, Officer]) -> Any:
        claim, officer = job.claim, officers.get(job.claim.digest)
        if officer is None or (claim.name and claim.name.casefold() != officer.name.casefold()):
            self._held.pop(claim.digest, None)
            self._failed(claim)
            raise Denied(401, "This token does not hold.")
        if claim.name:
            self.lockout.forgive(f"name:{claim.name}")
        if len(self._held) >= REMEMBERED:
            self._held.clear()
        self._held[claim.digest] = monotonic()
        if not self._quota(officer).take(job.cost):
            raise Denied(429, "More than this client's quota.", 1 + int(job.cost / RATE))
        return job.call(officer)

    def _failed(self, claim: Claim) -> None:
        keys = [claim.address, *([f"name:{claim.name}"] if claim.name else [])]
        for key in self.lockout.fail(*keys):
            log.warning("%s is locked out of the gateways for %d s", key, FORGIVEN_AFTER)
            acts.record(
                event=Permission.TOKEN_REFUSE,
                thing=NODE,
                by="gateway",
                now=clock.now(),
                detail={"refused": "locked-out", "who": key[:120]},
            )

    def _quota(self, officer: Officer) -> Quota:
        key = officer.signature
        if key not in self._quotas:
            self._quotas[key] = Quota(RATE, BURST)
            while len(self._quotas) > REMEMBERED:
                self._quotas.popitem(last=False)
        return self._quotas[key]

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (Denied, Fault) as no:
            return no
        except (DatabaseError, OSError) as error:
            log.error("a gateway could not use the database: %s", error)
            return Denied(503, "The node cannot answer now.", 5)
        except Exception:
            log.exception("a gateway's worker failed")
            return Denied(500, "The node failed to answer; its log says why.")


def credentials(header: str) -> tuple[str, str]:
    """The name (Basic only) and the token of an Authorization header; empty where there are none."""
    scheme, _, value = header.partition(" ")
    value = value.strip()
    if len(value) > 1_024:
        return "", ""
    if scheme.lower() == "bearer":
        return "", value if value.isascii() else ""
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return name, secret if name else ""


def _answer(job: Job, answer: Any) -> None:
    job.loop.call_soon_threadsafe(_resolve, job.future, answer)


def _resolve(future: "asyncio.Future[Any]", answer: Any) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
