"""The door by which partners come in: raw Starlette, a bounded queue, and one worker that receives in groups.

    POST /tsq1/envelopes    frames of envelopes, or one bundle  -> a signed receipt or hold for each
    POST /tsq1/receipts     frames of later receipts            -> a word for each
    POST /tsq1/agreements   one agreement's papers              -> a word
    POST /tsq1/card         a newer card of the partner         -> a word
    GET  /tsq1/head         our signed head, proven to continue an older one, and the head we hold of who asks
    GET  /tsq1/catch-up     what we hold that who asks may have lost with its database

The event loop only reads, counts and waits. The worker verifies, opens, decides and commits a whole group in one
transaction, and an answer goes out after that commit. What does not fit is answered 503 with Retry-After, before it is
read; a part of the room is kept for rescue. Nothing is decompressed. A stranger gets one answer, whatever was wrong.
"""

import asyncio
import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

import msgspec
from django.db import DatabaseError, IntegrityError, close_old_connections, connections
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tansiq.exchange import acts, canon, cards, keystore, reads, seal, transport
from tansiq.exchange.acts.judging import Parcel, judge
from tansiq.exchange.keys import Verifier
from tansiq.exchange.papers import read_papers
from tansiq.exchange.receipts import SignedHead
from tansiq.ground import clock
from tansiq.ground.errors import Fault, Malformed, Untrusted

log = logging.getLogger(__name__)

MOST_BODY = 16 << 20
MOST_WAITING = 64 << 20
RESCUE_SHARE = 0.2
"""The part of the room that only rescue may fill."""

MOST_READING = 2 * MOST_BODY
"""What may be read at a time in the name of one partner: its signature shows only at the end of a body."""

READ_SECONDS = 60.0
"""How long a body may take to come."""

CARD = "/tsq1/card"
"""Where a partner brings its newer card."""

GROUP = 512
RATE, BURST = 3_000.0, 12_000.0
"""How many parcels a second one partner may send, and how many at once."""

CATCH_UP_RATE, CATCH_UP_BURST = 0.1, 5.0
"""How often one partner may ask for all that it lost: the answer is long, and the worker does nothing else then."""

PAPERS_RATE, PAPERS_BURST = 200.0, 2_000.0
"""How many papers and cards a second one partner may send, and how many at once."""

HEAD_RATE, HEAD_BURST = 50.0, 500.0
"""How often a second one partner may ask for our head, and how often at once: a proof takes some tens of reads."""

ANCHOR_EVERY = 0.25
REFRESH_EVERY = 1.0


class Job(Struct):
    """A piece of work for the worker, and where its answer goes."""

    parcels: list[Parcel]
    call: Callable[[], Any] | None
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    size: int


class Quota:
    """How much one partner may still send: a bucket that fills at a steady rate."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.left, self.at = rate, burst, burst, monotonic()

    def take(self, count: int) -> bool:
        """Take `count` from the bucket, or answer False."""
        now = monotonic()
        self.left = min(self.burst, self.left + (now - self.at) * self.rate)
        self.at = now
        if count > self.left:
            return False
        self.left -= count
        return True


class Intake:
    """The door: its routes, its queue and its worker. `receive` is the act that receives a group."""

    def __init__(self, *, most_waiting: int = MOST_WAITING, rate: float = RATE, burst: float = BURST) -> None:
        self.most_waiting, self.rate, self.burst = most_waiting, rate, burst
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._quotas: dict[tuple[str, bool], Quota] = {}
        self._asks: dict[tuple[str, str], Quota] = {}
        self._reading: Counter[str] = Counter()
        self._neighbours = reads.Neighbours(node="", keys={}, cards={}, rescue=())
        self._thread: threading.Thread | None = None
        self._anchored = self._refreshed = 0.0

    def routes(self) -> list[BaseRoute]:
        """The addresses at which partners speak to this node."""
        return [
            Route("/tsq1/envelopes", self.envelopes, methods=["POST"]),
            Route("/tsq1/receipts", self.receipts, methods=["POST"]),
            Route("/tsq1/agreements", self.agreements, methods=["POST"]),
            Route(CARD, self.card, methods=["POST"]),
            Route("/tsq1/head", self.head, methods=["GET"]),
            Route("/tsq1/catch-up", self.catch_up, methods=["GET"]),
        ]

    def start(self) -> None:
        """Start the worker; it knows the partners when this returns."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(ready,), name="intake", daemon=True)
        self._thread.start()
        ready.wait(30)

    def stop(self) -> None:
        """Finish what waits, and end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(30)

    # The event loop's side

    async def envelopes(self, request: Request) -> Response:
        """Receive envelopes."""
        node, body, refusal = await self.read(request, whenever=self._is_all_rescue)
        if refusal is not None:
            return refusal
        try:
            parcels = [Parcel(raw, node) for raw in _parcels(body)]
        except Malformed as fault:
            return _said(400, fault.what)
        rescue = all(self._is_rescue(parcel.raw) for parcel in parcels)
        if not self._quota(node, rescue).take(len(parcels)):
            return _later(429, 1)
        if not rescue and self._waiting + len(body) > self.most_waiting * (1 - RESCUE_SHARE):
            return _later(503, 2)
        return await self._ask(parcels, None, len(body), lambda tokens: transport.Answer(receipts=tuple(tokens)))

    async def receipts(self, request: Request) -> Response:
        """Receive later receipts."""
        return await self._hear(
            request,
            lambda frames, node: acts.receive_receipts(
                tokens=[frame.decode("ascii", "replace") for frame in frames], node=node, now=clock.now()
            ),
            (self.rate, self.burst),
        )

    async def agreements(self, request: Request) -> Response:
        """Receive an agreement's papers."""
        return await self._hear(
            request,
            lambda frames, node: tuple(_papers(frame, node) for frame in frames),
            (PAPERS_RATE, PAPERS_BURST),
        )

    async def card(self, request: Request) -> Response:
        """Receive a partner's newer card."""
        return await self._hear(request, self._cards, (PAPERS_RATE, PAPERS_BURST))

    def _cards(self, frames: tuple[bytes, ...], node: str) -> tuple[str, ...]:
        """Take newer cards, and know their keys before the next request."""
        words = tuple(_card(frame, node) for frame in frames)
        self._refresh()
        return words

    async def head(self, request: Request) -> Response:
        """Show our signed head, proven against an older one where the query names its epoch and size."""
        node, _, refusal = await self.read(request)
        if refusal is not None:
            return refusal
        if not self._may_ask(node, "head", HEAD_RATE, HEAD_BURST):
            return _later(429, 1)
        try:
            asked = parse_qs(request.url.query, max_num_fields=10)
            epoch, size = (_count(asked.get(name, ["0"])[0]) for name in ("epoch", "size"))
        except ValueError:
            return _said(400, "Epoch and size are numbers.")
        return await self._ask([], lambda: _head(node, epoch, size), 0, lambda answer: answer)

    async def catch_up(self, request: Request) -> Response:
        """Show a partner what it may have lost."""
        node, _, refusal = await self.read(request)
        if refusal is not None:
            return refusal
        if not self._may_ask(node, "catch-up", CATCH_UP_RATE, CATCH_UP_BURST):
            return _later(429, 10)
        return await self._ask([], lambda: reads.catch_up(node=node), 0, lambda answer: answer)

    async def _hear(
        self, request: Request, call: Callable[[tuple[bytes, ...], str], Any], allowed: tuple[float, float]
    ) -> Response:
        """Have the worker take some frames, as many as the partner is allowed: by the second, and at once."""
        node, body, refusal = await self.read(request)
        if refusal is not None:
            return refusal
        try:
            frames = canon.frames(body, least=1, most=transport.MAX_PARCELS, limit=1 << 20)
        except Malformed as fault:
            return _said(400, fault.what)
        if not self._may_ask(node, request.url.path, *allowed, count=len(frames)):
            return _later(429, 1)
        return await self._ask([], lambda: call(frames, node), len(body), lambda words: transport.Words(answers=words))

    async def read(
        self, request: Request, *, whenever: Callable[[bytes], bool] = lambda _: False
    ) -> tuple[str, bytes, Response | None]:
        """Who asks and what it carries, once its signature holds; else the answer to give.

        `whenever` says of which bodies the clocks do not matter.
        """
        try:
            claim = transport.asked(request.headers)
            verifier = self._neighbours.keys.get(claim.node)
            if verifier is None:
                raise Untrusted("No such partner.")
            length = int(request.headers.get("content-length", "0"))
            if length > MOST_BODY:
                return "", b"", _said(413, "too large")
            if request.headers.get("content-encoding", "identity") != "identity":
                return "", b"", _said(415, "nothing is decompressed")
            if self._waiting + length > self.most_waiting:
                return "", b"", _later(503, 2)
            body = await self._body(request, claim.node)
            if isinstance(body, Response):
                return "", b"", body
            path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            if request.url.path == CARD:
                verifier = self._continued(claim.node, body, verifier)
            transport.check(
                verifier, claim, request.headers, method=request.method, path=path, me=self._neighbours.node, body=body
            )
        except (Fault, ValueError, ClientDisconnect):
            return "", b"", Response(transport.STRANGER, 403, media_type="application/json")
        if not transport.in_time(claim, clock.now()) and not whenever(body):
            return "", b"", _said(409, "clock")
        return claim.node, body, None

    async def _body(self, request: Request, node: str) -> bytes | Response:
        """The body as it streams in, whatever its length claimed; or the answer, as soon as it is too much or too slow.

        Each claimed name has its own room, so that a stranger who takes a partner's name fills no memory, and stops
        no other partner.
        """
        parts, size = list[bytes](), 0
        try:
            async with asyncio.timeout(READ_SECONDS):
                async for part in request.stream():
                    size += len(part)
                    self._reading[node] += len(part)
                    if size > MOST_BODY:
                        return _said(413, "too large")
                    if self._reading[node] > MOST_READING:
                        return _later(503, 2)
                    parts.append(part)
        except TimeoutError:
            return _said(408, "too slow")
        finally:
            self._reading[node] -= size
        return b"".join(parts)

    async def _ask(
        self, parcels: list[Parcel], call: Callable[[], Any] | None, size: int, shape: Callable[[Any], Any]
    ) -> Response:
        """Have the worker do it, and answer when it is done and committed."""
        loop = asyncio.get_running_loop()
        job = Job(parcels, call, loop.create_future(), loop, size)
        with self._lock:
            self._waiting += size
        self._queue.put(job)
        try:
            answer = await job.future
        except (DatabaseError, OSError) as error:
            log.error("nothing could be kept: %s", error)
            return _later(503, 5)
        return Response(msgspec.json.encode(shape(answer)), media_type="application/json")

    def _may_ask(self, node: str, what: str, rate: float, burst: float, count: int = 1) -> bool:
        """Whether a partner may do this so many times more now."""
        return self._asks.setdefault((node, what), Quota(rate, burst)).take(count)

    def _quota(self, node: str, rescue: bool) -> Quota:
        key = (node, rescue)
        if key not in self._quotas:
            self._quotas[key] = Quota(self.rate, self.burst)
        return self._quotas[key]

    def _is_rescue(self, raw: bytes) -> bool:
        """Whether a parcel says that it goes under a rescue agreement: a hint for its place in the queue, no more."""
        return any(digest in raw[:256] for digest in self._neighbours.rescue)

    def _is_all_rescue(self, body: bytes) -> bool:
        """Whether all that a body carries goes under rescue: a wrong clock must not silence a distress.

        A request that is played again does no harm here, since each envelope has one effect.
        """
        try:
            return all(map(self._is_rescue, _parcels(body)))
        except Malformed:
            return False

    def _continued(self, node: str, body: bytes, verifier: Verifier) -> Verifier:
        """The key that asks with a newer card: the one on that card counts too, where ours endorsed it.

        A partner that changed its keys signs with the new one, which nobody knows before this card came. What is no
        card, or none that continues ours, changes nothing: it is answered as who signed the request may hear.
        """
        try:
            (frame,) = canon.frames(body, least=1, most=1, limit=1 << 20)
            card = cards.read_card(frame.decode("ascii", "replace"))
            if cards.succeed(self._neighbours.cards[node], card) is not cards.Succession.CONFIRM:
                return card.verifier.followed((verifier, *verifier.older))
        except Fault:
            return verifier
        return verifier

    # The worker's side

    def _work(self, ready: threading.Event) -> None:
        self._refresh()
        self._compare_anchor()
        ready.set()
        while True:
            try:
                first = self._queue.get(timeout=REFRESH_EVERY)
            except queue.Empty:
                self._refresh()
                self._anchor(REFRESH_EVERY)
                continue
            if first is None:
                break
            jobs, count, last = [first], len(first.parcels), False
            while count < GROUP and not last:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                last = job is None
                if job is not None:
                    jobs.append(job)
                    count += len(job.parcels)
            self._group(jobs)
            if last:
                break
        self._anchor(0.0)
        connections.close_all()

    def _group(self, jobs: list[Job]) -> None:
        """Answer a group of jobs: the envelopes together, whatever else there is one by one."""
        close_old_connections()
        letters = [job for job in jobs if job.call is None]
        results: list[tuple[Job, Any]] = []
        if letters:
            results += _receive(letters)
        for job in jobs:
            if job.call is not None:
                results.append((job, _guarded(job.call)))
        with self._lock:
            self._waiting -= sum(job.size for job in jobs)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Job, Any]]] = {}
        for job, result in results:
            by_loop.setdefault(job.loop, []).append((job, result))
        for loop, some in by_loop.items():
            loop.call_soon_threadsafe(_resolve, some)
        self._anchor(ANCHOR_EVERY)
        if monotonic() - self._refreshed > REFRESH_EVERY:
            self._refresh()

    def _anchor(self, at_least: float) -> None:
        """Write the ledger's head beside the database, now and then."""
        if monotonic() - self._anchored < at_least:
            return
        self._anchored = monotonic()
        try:
            write_anchor()
        except (DatabaseError, OSError, MemoryError, Fault) as error:
            log.error("the anchor could not be written: %s", error)

    def _compare_anchor(self) -> None:
        """Close the gate when the head beside the database is of more than the database holds: an old backup."""
        try:
            gate = compare_anchor()
        except (DatabaseError, OSError, MemoryError, Fault) as error:
            log.error("the anchor could not be compared: %s", error)
            return
        if gate:
            log.error("only rescue passes, unlogged: %s", gate)

    def _refresh(self) -> None:
        self._refreshed = monotonic()
        try:
            close_old_connections()
            self._neighbours = reads.neighbours(now=clock.now())
        except (DatabaseError, OSError, MemoryError, Fault) as error:
            log.error("the partners could not be read: %s", error)


def _count(text: str) -> int:
    """A whole number as a question names it, small enough for a column; else ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError
    return int(text)


def write_anchor() -> None:
    """Write the ledger's head beside the database, unless the ledger is behind it."""
    path, head = reads.anchor_path(), reads.anchor()
    held = keystore.read_anchor(path)
    if held is None or (held.epoch, held.size) < (head.epoch, head.size):
        keystore.write_anchor(path, head)


def compare_anchor() -> str:
    """Compare the ledger with the head that stands beside the database. Answers why only rescue passes, or nothing."""
    path = reads.anchor_path()
    held = keystore.read_anchor(path)
    if held is None:
        return ""
    head = SignedHead(log=reads.signs()[0], epoch=held.epoch, size=held.size, root=held.root, at=0)
    return acts.close_gate(held={path.name: head}, now=clock.now())


def receive(parcels: Sequence[Parcel]) -> tuple[str, ...]:
    """Receive a group: check it without holding the database, keep it in one transaction; a bad item fails alone."""
    now = clock.now()
    try:
        return acts.receive(judged=judge(parcels=parcels, now=now), now=now)
    except IntegrityError:
        return tuple(token for parcel in parcels for token in acts.receive(parcels=[parcel], now=now))


def _receive(jobs: list[Job]) -> list[tuple[Job, Any]]:
    result = _guarded(lambda: receive([parcel for job in jobs for parcel in job.parcels]))
    if isinstance(result, BaseException):
        if len(jobs) > 1 and not isinstance(result, DatabaseError):  # what one job breaks, the others do not pay for
            return [answer for job in jobs for answer in _receive([job])]
        return [(job, result) for job in jobs]
    answers, place = [], 0
    for job in jobs:
        answers.append((job, result[place : place + len(job.parcels)]))
        place += len(job.parcels)
    return answers


def _guarded(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        if not isinstance(error, DatabaseError | OSError):
            log.exception("the intake's worker failed")
            return OSError(str(error))
        return error


def _resolve(some: list[tuple[Job, Any]]) -> None:
    for job, result in some:
        if job.future.done():
            continue
        if isinstance(result, BaseException):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)


def _parcels(body: bytes) -> tuple[bytes, ...]:
    if body[:4] == seal.MAGIC_BUNDLE:
        return seal.read_bundle(body)
    return canon.frames(body, least=1, most=transport.MAX_PARCELS)


def _papers(frame: bytes, node: str) -> str:
    try:
        acts.receive_agreement(papers=read_papers(frame), sender=node, now=clock.now())
    except Fault as fault:
        return f"refused: {fault}"[:200]
    return "done"


def _card(frame: bytes, node: str) -> str:
    try:
        acts.receive_card(card=frame.decode("ascii", "replace"), node=node, now=clock.now())
    except Fault as fault:
        return f"refused: {fault}"[:200]
    return "done"


def _head(node: str, epoch: int, size: int) -> transport.HeadAnswer:
    token = acts.sign_head(now=clock.now())
    return reads.head_answer(token=token, node=node, epoch=epoch, size=size)


def _said(status: int, what: str) -> Response:
    return Response(msgspec.json.encode({"error": what}), status, media_type="application/json")


def _later(status: int, seconds: int) -> Response:
    body = msgspec.json.encode({"error": "later"})
    return Response(body, status, {"Retry-After": str(seconds)}, media_type="application/json")
