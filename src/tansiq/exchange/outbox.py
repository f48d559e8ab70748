"""The door by which parcels go out: its own thread and event loop over the deliveries, one conversation per partner.

At least once on the wire, once in effect: a parcel is done when the partner's signed receipt was checked and stored,
and until then the same bytes go again. The urgent go first, one case's letters in order. A partner that does not answer
is asked again after a pause that doubles up to a quarter of a minute, with jitter, for as long as letters live: outages
of days are expected. Once it answers, all that waited for it goes at once, however long its own next attempt was off.
It connects to the address on the partner's confirmed card and nowhere else, and follows no redirect.

Signed heads are compared when something was delivered and at a steady rate besides: a partner whose ledger does not
begin with the one we knew raises the alarm; a partner that knows more of our own ledger than we do closes the gate.
"""

import asyncio
import logging
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import TypeVar

import aiohttp
import msgspec
from django.db import close_old_connections, connections

from tansiq.exchange import acts, canon, jws, reads, receipts, recovery, transport
from tansiq.exchange.acts.delivering import Reply
from tansiq.exchange.reads import Correspondent, Due
from tansiq.exchange.receipts import Comparison, SignedHead
from tansiq.exchange.values import Detail
from tansiq.ground import clock
from tansiq.ground.errors import Fault, Unready

log = logging.getLogger(__name__)

T = TypeVar("T")

REST = 0.2
HEADS_IDLE, HEADS_BUSY = 30.0, 2.0
BATCH, BATCH_BYTES = 200, 8 << 20
MOST_ANSWER = 8 << 20
EXPIRE_EVERY = 10.0
MOST_SEEN = 64
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
"""How long a partner whose door is shut is left alone, in seconds, times one half to one and a half."""

SHUT = frozenset({0, 403, 409, 429, 503})
"""No answer, or one that speaks of the door and not of a parcel: a stranger, a wrong clock, too much, a full disk."""

PATHS = {
    "card": "/tsq1/card",
    "envelope": "/tsq1/envelopes",
    "label": "/tsq1/envelopes",
    "receipt": "/tsq1/receipts",
    "agreement": "/tsq1/agreements",
}


class Outbox:
    """The sending side of a node."""

    def __init__(self, *, rest: float = REST, heads_idle: float = HEADS_IDLE, heads_busy: float = HEADS_BUSY) -> None:
        self.rest, self.heads_idle, self.heads_busy = rest, heads_idle, heads_busy
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = threading.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._heads_at: dict[str, float] = {}
        self._moved: set[str] = set()
        self._alarmed: set[tuple[str, str]] = set()
        self._shown: dict[tuple[str, str], str] = {}
        self._known: set[str] = set()
        self.shut: dict[str, int] = {}  # how often in a row a partner's door was shut
        self._ask_at: dict[str, float] = {}
        self._database = ThreadPoolExecutor(1, "outbox-database")

    def start(self) -> None:
        """Start to send."""
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the batches under way end, and stop."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(30)
        self._database.submit(connections.close_all)
        self._database.shutdown()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        timeout = aiohttp.ClientTimeout(total=60, sock_connect=5)
        connector = aiohttp.TCPConnector(limit_per_host=2, ttl_dns_cache=300)
        expired_at, hurried = 0.0, False
        async with aiohttp.ClientSession(
            timeout=timeout, connector=connector, auto_decompress=False, trust_env=False
        ) as session:
            while not self._stopping.is_set():
                try:
                    if not hurried:  # what waited for a partner before a restart need wait no longer
                        await self._db(lambda: acts.hurry(now=clock.now()))
                        hurried = True
                    await self._round(session)
                    if monotonic() - expired_at > EXPIRE_EVERY:
                        expired_at = monotonic()
                        await self._db(lambda: acts.expire(now=clock.now()))
                except Exception:
                    log.exception("the outbox failed; it goes on")
                    await asyncio.sleep(1)
                await asyncio.sleep(self.rest)
            if self._busy:
                await asyncio.wait(self._busy.values(), timeout=10)

    async def _db(self, call: Callable[[], T]) -> T:
        def work() -> T:
            close_old_connections()
            return call()

        return await asyncio.get_running_loop().run_in_executor(self._database, work)

    async def _round(self, session: aiohttp.ClientSession) -> None:
        """Begin a conversation with every partner to which something is due, or whose head was not seen for long."""
        nodes = await self._db(lambda: reads.due_nodes(now=clock.now()))
        partners = await self._db(reads.correspondents)
        self._known = {partner.node for partner in partners}
        for partner in partners:
            if partner.node in self._busy or monotonic() < self._ask_at.get(partner.node, 0.0):
                continue
            if partner.node in nodes or self._head_due(partner.node):
                task = asyncio.create_task(self._talk(session, partner))
                self._busy[partner.node] = task
                task.add_done_callback(partial(self._ended, partner.node))

    def _ended(self, node: str, task: "asyncio.Task[None]") -> None:
        self._busy.pop(node, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("the conversation with %s failed", node, exc_info=task.exception())

    def _head_due(self, node: str) -> bool:
        pause = self.heads_busy if node in self._moved else self.heads_idle
        return monotonic() - self._heads_at.get(node, -1e9) >= pause

    async def _talk(self, session: aiohttp.ClientSession, partner: Correspondent) -> None:
        """Send what is due until nothing is, then compare heads when it is time."""
        while not self._stopping.is_set():
            batch = await self._db(lambda: reads.due(node=partner.node, now=clock.now(), limit=BATCH))
            if not batch or not await self._send(session, partner, batch):
                break
            self._moved.add(partner.node)
        if self._head_due(partner.node):
            self._heads_at[partner.node] = monotonic()
            self._moved.discard(partner.node)
            await self._heads(session, partner)

    async def _send(self, session: aiohttp.ClientSession, partner: Correspondent, batch: Sequence[Due]) -> bool:
        """Send one batch, each thing to its own address, rescue apart; True when everything was answered."""
        answered = True
        ways = dict.fromkeys((due.rescue, due.thing) for due in batch)
        for rescue, thing in sorted(ways, key=lambda way: way[1] != "card"):  # by a new card the rest is understood
            for some in _portions([due for due in batch if (due.rescue, due.thing) == (rescue, thing)]):
                answered = await self._post(session, partner, thing, some) and answered
                if not answered and partner.node in self.shut:
                    return False
        return answered

    async def _post(
        self, session: aiohttp.ClientSession, partner: Correspondent, thing: str, some: Sequence[Due]
    ) -> bool:
        body = canon.lp(*[due.body for due in some])
        status, raw = await self._request(session, "POST", partner, PATHS[thing], body)
        answers = _answers(thing, raw) if status == 200 else None
        ids, jitter, now = [due.delivery for due in some], random.random(), clock.now()
        if answers is None or len(answers) != len(some):
            trouble = _TROUBLE.get(status, f"The partner answered {status}.") if status else raw.decode()
            await self._db(
                lambda: acts.postpone(node=partner.node, deliveries=ids, trouble=trouble, now=now, jitter=jitter)
            )
            return False
        replies = [Reply(key, token) for key, token in zip(ids, answers, strict=True)]
        done = await self._db(lambda: acts.settle(node=partner.node, replies=replies, now=now, jitter=jitter))
        return done > 0

    async def _request(
        self, session: aiohttp.ClientSession, method: str, partner: Correspondent, path: str, body: bytes
    ) -> tuple[int, bytes]:
        """The answer's status and body; status 0 and one line where there was none. A shut door is left a while."""
        status, raw = await request(session, method=method, partner=partner, path=path, body=body)
        if status in SHUT:
            times = self.shut[partner.node] = self.shut.get(partner.node, 0) + 1
            pause = min(FIRST_PAUSE * 2 ** min(times, 16), LONGEST_PAUSE)
            self._ask_at[partner.node] = monotonic() + pause * (0.5 + random.random())
        elif self.shut.pop(partner.node, 0):
            await self._db(lambda: acts.hurry(node=partner.node, now=clock.now()))
        return status, raw

    async def _head_of(
        self, session: aiohttp.ClientSession, partner: Correspondent, held: SignedHead | None
    ) -> tuple[transport.HeadAnswer, SignedHead] | None:
        """The partner's head with its proof against the one we hold; None where there is none to be read."""
        query = f"?epoch={held.epoch}&size={held.size}" if held else ""
        status, raw = await self._request(session, "GET", partner, f"/tsq1/head{query}", b"")
        if status != 200:
            return None
        try:
            answer = msgspec.json.decode(raw, type=transport.HeadAnswer)
            new = receipts.read_head(answer.head, partner.log)
        except (Fault, msgspec.MsgspecError) as fault:
            log.warning("the head of %s cannot be read: %s", partner.node, fault)
            return None
        return (answer, new) if new.log == partner.node else None

    async def _heads(self, session: aiohttp.ClientSession, partner: Correspondent) -> None:
        """Compare the partner's head with the one we hold, and ours with the one it holds."""
        held, _ = await self._db(lambda: reads.held_head(log=partner.node))
        found = await self._head_of(session, partner, held)
        if found is None:
            return
        answer, new = found
        comparison, told = receipts.compare(held, new, answer.proof) if held else Comparison.OK, None
        if held and comparison is Comparison.RECOVERED:
            followed = await self._recovered(session, partner, held, found)
            if followed is None:
                return
            answer, new, told = followed
            comparison = Comparison.RECOVERED if told else Comparison.FORK
        if comparison is Comparison.OK or (partner.node, new.root) not in self._alarmed:
            if comparison is not Comparison.OK:
                self._alarmed.add((partner.node, new.root))
                log.error("the ledger of %s does not continue the one we knew: %s", partner.node, comparison)
            await self._db(
                lambda: acts.witness_head(
                    token=answer.head, head=new, comparison=comparison, by=partner.node, now=clock.now(), told=told
                )
            )
        if answer.held:
            await self._db(lambda: _compare_own(partner.node, answer.held))
        await self._split_view(session, partner)
        for token in answer.seen[:MOST_SEEN]:
            self._hear_of(partner.node, token)

    def _hear_of(self, by: str, token: str) -> None:
        """Keep a head of a third node that a partner shows, until that node is asked to prove that it goes on from it.

        Whose it is and whether it is signed is looked at then; the newest that each partner shows is kept.
        """
        try:
            head = jws.unverified(token, SignedHead)
        except Fault:
            return
        if head.log in self._known:
            self._shown[head.log, by] = token

    async def _split_view(self, session: aiohttp.ClientSession, partner: Correspondent) -> None:
        """Ask a partner to prove that its ledger goes on from the heads of its that others were shown."""
        for log_, by in [key for key in self._shown if key[0] == partner.node]:
            token = self._shown.pop((log_, by))
            try:
                shown = receipts.read_head(token, partner.log)
            except Fault:
                log.warning("%s shows a head of %s that it never signed", by, partner.node)
                continue
            found = await self._head_of(session, partner, shown)
            if found is None or shown.epoch != found[1].epoch or shown.size == 0:
                continue
            answer, new = found
            comparison = receipts.compare(shown, new, answer.proof)
            if comparison is not Comparison.OK and (partner.node, shown.root) not in self._alarmed:
                self._alarmed.add((partner.node, shown.root))
                log.error("the ledger of %s is not the one that it showed %s: a split view", partner.node, by)
                told: Detail = {"shown": by}
                await self._db(
                    partial(
                        acts.witness_head,
                        token=token,
                        head=shown,
                        comparison=Comparison.FORK,
                        by=partner.node,
                        now=clock.now(),
                        told=told,
                    )
                )

    async def _recovered(
        self,
        session: aiohttp.ClientSession,
        partner: Correspondent,
        held: SignedHead,
        found: tuple[transport.HeadAnswer, SignedHead],
    ) -> tuple[transport.HeadAnswer, SignedHead, Detail | None] | None:
        """A partner's new epoch, with what it declares lost, or without where it does not fit what we hold.

        Where our newest head was lost, the newest before the loss is compared too. None: it could not be asked.
        """
        answer, new = found
        try:
            told = _told(partner, held, found)
            if held.size > told.shared:
                earlier = await self._db(
                    lambda: reads.earlier_head(log=partner.node, epoch=held.epoch, size=told.shared)
                )
                again = await self._head_of(session, partner, earlier) if earlier else found
                if again is None:
                    return None
                answer, new = again
                told = _told(partner, earlier, again) if earlier else told
        except Fault as fault:
            log.error("the recovery of %s does not hold: %s", partner.node, fault.what)
            return answer, new, None
        return answer, new, told.said()


async def request(
    session: aiohttp.ClientSession, *, method: str, partner: Correspondent, path: str, body: bytes
) -> tuple[int, bytes]:
    """A signed request to a partner: the answer's status and body; status 0 and one line where there was none."""
    node, signer = reads.signs()
    headers = transport.sign(signer, method=method, path=path, node=node, to=partner.node, now=clock.now(), body=body)
    headers["Content-Type"] = transport.MEDIA_TYPE
    try:
        async with session.request(
            method, partner.address.rstrip("/") + path, data=body, headers=headers, allow_redirects=False
        ) as answer:
            raw = bytearray()
            async for part in answer.content.iter_chunked(1 << 16):
                raw += part
                if len(raw) > MOST_ANSWER:
                    break
            return answer.status, bytes(raw)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return 0, f"No answer: {type(error).__name__}.".encode()


def ask_all() -> tuple[dict[str, transport.CatchUp], dict[str, str]]:
    """What every confirmed partner holds that this node may have lost; and why others could not be asked, by node."""
    partners = reads.correspondents()

    async def ask() -> list[tuple[int, bytes]]:
        timeout = aiohttp.ClientTimeout(total=60, sock_connect=5)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False, trust_env=False) as session:
            questions = [
                request(session, method="GET", partner=partner, path="/tsq1/catch-up", body=b"") for partner in partners
            ]
            return await asyncio.gather(*questions)

    told, silent = dict[str, transport.CatchUp](), dict[str, str]()
    for partner, (status, raw) in zip(partners, asyncio.run(ask()), strict=True):
        try:
            if status != 200:
                raise Unready(_TROUBLE.get(status, f"The partner answered {status}.") if status else raw.decode())
            told[partner.node] = msgspec.json.decode(raw, type=transport.CatchUp)
        except (Fault, msgspec.MsgspecError) as fault:
            silent[partner.node] = str(fault)
    return told, silent


def _told(
    partner: Correspondent, held: SignedHead, found: tuple[transport.HeadAnswer, SignedHead]
) -> recovery.Recovery:
    answer, new = found
    return recovery.check(held=held, new=new, steps=answer.proof, documents=answer.recoveries, log=partner.log)


def _compare_own(node: str, token: str) -> None:
    """Close the gate when a partner holds a head of ours that our ledger does not begin with."""
    try:
        head = acts.note_witness(node=node, token=token)
    except Fault:
        log.warning("%s shows a head of ours that we never signed", node)
        return
    gate = acts.close_gate(held={node: head}, now=clock.now())
    if gate:
        log.error("only rescue passes: %s", gate)


def _portions(due: Sequence[Due]) -> list[list[Due]]:
    """A batch in parts that a partner's door takes."""
    parts: list[list[Due]] = [[]]
    size = 0
    for each in due:
        if parts[-1] and size + len(each.body) > BATCH_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(each)
        size += len(each.body)
    return parts


def _answers(thing: str, raw: bytes) -> tuple[str, ...] | None:
    try:
        if thing in ("envelope", "label"):
            return msgspec.json.decode(raw, type=transport.Answer).receipts
        return msgspec.json.decode(raw, type=transport.Words).answers
    except msgspec.MsgspecError:
        return None


_TROUBLE = {
    403: "The partner does not know this node, or its signature.",
    409: "The partner's clock and ours stand too far apart.",
    413: "The partner finds the parcel too large.",
    429: "The partner asks to send less at a time.",
    503: "The partner cannot keep anything now.",
}
