"""The door by which attachments come in and go out: chunks of files, apart from letters, so that none waits for them.

    GET /tsq1/blobs/DIGEST            how much of it is here: {"here": bytes, "state": ...}, and Tansiq-Offset
    PUT /tsq1/blobs/DIGEST?offset=N   the next chunk, at most 4 MiB                    -> the same

Requests are signed as all others (`transport`). Only what an accepted letter of the partner names is taken, never more
than it names, and only where it joins on; a file is looked through when it is whole, and what is not what its letter
says is refused for good. A chunk is on the disk before it is answered, so either side may be killed at any moment: the
sender asks how much is there and goes on. Of a full disk, or a partner's full room, the sender is told to come again.

Sending has a thread of its own, one file at a time for each partner, after its letter's receipt came back.
"""

import asyncio
import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qs

import aiohttp
import msgspec
from django.db import DatabaseError, close_old_connections, connections
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tansiq.exchange import acts, outbox, reads
from tansiq.exchange.intake import Intake, Quota
from tansiq.exchange.reads import Correspondent, DueBlob
from tansiq.exchange.values import BlobState
from tansiq.ground import clock
from tansiq.ground.errors import Fault, Missing

log = logging.getLogger(__name__)

T = TypeVar("T")

CHUNK = 4 << 20
RATE, BURST = 256.0 * (1 << 20), 1024.0 * (1 << 20)
"""How many bytes a second one partner may bring, and how many at once."""

ROOM = 64 << 30
"""How many bytes of attachments are kept for one partner."""

LOCKS = 64
"""One file is added to by one request at a time; so many may be added to at once."""

REST = 0.5
PATH = "/tsq1/blobs/"


class Came(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of an attachment is here, and where it stands."""

    here: int
    state: BlobState


class Ferry:
    """Both directions of a node's attachments. `intake` is the door whose partners and signatures count here too."""

    def __init__(self, intake: Intake, *, rest: float = REST, chunk: int = CHUNK, room: int = ROOM) -> None:
        self.intake, self.rest, self.chunk, self.room = intake, rest, chunk, room
        self._quotas: dict[str, Quota] = {}
        self._locks = [asyncio.Lock() for _ in range(LOCKS)]
        self._work = ThreadPoolExecutor(2, "ferry-in")
        self._database = ThreadPoolExecutor(1, "ferry-out")
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}

    def routes(self) -> list[BaseRoute]:
        """The address at which partners bring attachments."""
        return [Route(PATH + "{digest}", self.blob, methods=["GET", "PUT"])]

    def start(self) -> None:
        """Start to send."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="ferry", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the chunks under way end, and stop."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(30)
        for pool in (self._work, self._database):
            pool.submit(connections.close_all)
            pool.shutdown()

    # Coming in

    async def blob(self, request: Request) -> Response:
        """Say how much of an attachment is here, after taking the next chunk of it where there is one."""
        node, body, refusal = await self.intake.read(request)
        if refusal is not None:
            return refusal
        digest, offset = request.path_params["digest"], parse_qs(request.url.query).get("offset", [""])[0]
        if request.method == "GET":
            return await self._answered(partial(_came, digest, node))
        if len(body) > self.chunk or not (offset.isascii() and offset.isdigit() and len(offset) < 16):
            return _said(400, "Name an offset, and send at most 4 MiB.")
        if not self._quotas.setdefault(node, Quota(RATE, BURST)).take(len(body)):
            return _later(429, 1)
        async with self._locks[hash(digest) % LOCKS]:
            return await self._answered(partial(_take, digest, node, int(offset), body, self.room))

    async def _answered(self, call: Callable[[], Came]) -> Response:
        """Do it beside the loop, and answer; what is not awaited is not found, whatever the reason."""
        try:
            came = await asyncio.get_running_loop().run_in_executor(self._work, _fresh, call)
        except Missing:
            return _said(404, "no such attachment")
        except Fault as fault:
            return _said(422, fault.what)
        except (DatabaseError, OSError) as error:
            log.error("an attachment could not be kept: %s", error)
            return _later(503, 30)
        return Response(
            msgspec.json.encode(came), media_type="application/json", headers={"Tansiq-Offset": str(came.here)}
        )

    # Going out

    async def _main(self) -> None:
        timeout = aiohttp.ClientTimeout(total=120, sock_connect=5)
        connector = aiohttp.TCPConnector(limit_per_host=1, ttl_dns_cache=300)
        async with aiohttp.ClientSession(
            timeout=timeout, connector=connector, auto_decompress=False, trust_env=False
        ) as session:
            while not self._stopping.is_set():
                try:
                    await self._round(session)
                except Exception:
                    log.exception("the ferry failed; it goes on")
                await asyncio.sleep(self.rest)
            if self._busy:
                await asyncio.wait(self._busy.values(), timeout=10)

    async def _db(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._database, _fresh, call)

    async def _round(self, session: aiohttp.ClientSession) -> None:
        """Begin to bring the next attachment to every partner to which one is due."""
        due = await self._db(lambda: reads.due_blobs(now=clock.now()))
        if not due:
            return
        partners = {partner.node: partner for partner in await self._db(reads.correspondents)}
        for blob in due:
            if blob.node in partners and blob.node not in self._busy:
                task = asyncio.create_task(self._bring(session, partners[blob.node], blob))
                self._busy[blob.node] = task
                task.add_done_callback(partial(self._ended, blob.node))

    def _ended(self, node: str, task: "asyncio.Task[None]") -> None:
        self._busy.pop(node, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("an attachment for %s failed", node, exc_info=task.exception())

    async def _bring(self, session: aiohttp.ClientSession, partner: Correspondent, blob: DueBlob) -> None:
        """Ask how much is there, and bring the rest chunk by chunk."""
        held = await self._db(reads.store)
        status, raw = await outbox.request(session, method="GET", partner=partner, path=PATH + blob.digest, body=b"")
        came = _read(status, raw)
        while came is not None and came.state is BlobState.WAITING and not self._stopping.is_set():
            piece = await self._db(partial(held.piece, blob.digest, came.here, self.chunk))
            path = f"{PATH}{blob.digest}?offset={came.here}"
            status, raw = await outbox.request(session, method="PUT", partner=partner, path=path, body=piece)
            after = _read(status, raw)
            if after is not None and after.state is BlobState.WAITING and after.here == came.here:
                came, raw = None, b"The partner takes no more of it."
                break
            came = after
        if came is not None and came.state is not BlobState.WAITING:
            state = came.state
            await self._db(lambda: acts.settle_blob(blob=blob.blob, state=state))
        elif came is None and status == 422:
            trouble = raw.decode("utf-8", "replace")[:200]
            await self._db(lambda: acts.settle_blob(blob=blob.blob, state=BlobState.REFUSED, trouble=trouble))
        elif came is None:
            trouble = raw.decode("utf-8", "replace")[:200] if status == 0 else f"The partner answered {status}."
            jitter = random.random()
            await self._db(lambda: acts.postpone_blob(blob=blob.blob, trouble=trouble, now=clock.now(), jitter=jitter))


def _fresh(call: Callable[[], T]) -> T:
    close_old_connections()
    return call()


def _came(digest: str, node: str) -> Came:
    """How much of an attachment is here, for the partner that brings it. Raises Missing for what nobody awaits."""
    held, awaited = reads.store(), reads.awaited(digest=digest, node=node)
    if awaited is None:
        raise Missing("Nobody waits for this attachment.")
    if awaited.state is not BlobState.WAITING:
        return Came(awaited.size, awaited.state)
    if held.size(digest) is not None:  # it was whole when this node was stopped, and nobody has looked through it
        return Came(awaited.size, _look_through(digest, node))
    return Came(held.came(digest), awaited.state)


def _take(digest: str, node: str, offset: int, data: bytes, room: int) -> Came:
    """Keep the next chunk; when the file is whole, look through it."""
    before = _came(digest, node)
    awaited = reads.awaited(digest=digest, node=node)
    if before.state is not BlobState.WAITING or awaited is None:
        return before
    if reads.kept_for(node=node) + awaited.size > room:
        raise OSError(f"the room for attachments of {node} is full")
    here = reads.store().add(digest, offset, data, awaited.size)
    return Came(here, _look_through(digest, node) if here == awaited.size else BlobState.WAITING)


def _look_through(digest: str, node: str) -> BlobState:
    """Open a whole file once and compare it with its letter; what it is not is taken away, with an alarm."""
    try:
        reads.examine(digest=digest, node=node)
    except Missing:
        raise
    except Fault as fault:
        log.error("an attachment of %s is refused: %s", node, fault.what)
        acts.note_blob(digest=digest, node=node, state=BlobState.REFUSED, trouble=fault.what, now=clock.now())
        reads.store().forget(digest)
        return BlobState.REFUSED
    acts.note_blob(digest=digest, node=node, state=BlobState.HERE, now=clock.now())
    return BlobState.HERE


def _read(status: int, raw: bytes) -> Came | None:
    if status != 200:
        return None
    try:
        return msgspec.json.decode(raw, type=Came)
    except msgspec.MsgspecError:
        return None


def _said(status: int, what: str) -> Response:
    return Response(msgspec.json.encode({"error": what}), status, media_type="application/json")


def _later(status: int, seconds: int) -> Response:
    body = msgspec.json.encode({"error": "later"})
    return Response(body, status, {"Retry-After": str(seconds)}, media_type="application/json")
