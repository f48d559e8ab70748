"""The wires between nodes: a proxy before each node's door that cuts, delays, tears, repeats and loses, per direction.

It understands just enough HTTP to know who asks (`Tansiq-Node`) and where a request ends.
"""

import asyncio
import random
import re
import threading
from contextlib import suppress

from msgspec import Struct

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NODE = re.compile(rb"\r\ntansiq-node: *([a-z]+)", re.IGNORECASE)


class Link(Struct):
    """One direction between two nodes. Chances are for one request; `delay` is the longest, in seconds."""

    cut: bool = False
    delay: float = 0.0
    torn: float = 0.0
    doubled: float = 0.0
    lost: float = 0.0


class Links:
    """Proxies before the doors of some nodes, in a thread of their own."""

    def __init__(self, doors: dict[str, int], seed: int) -> None:
        self.doors = doors
        self.between = {(one, other): Link() for one in doors for other in doors if one != other}
        self.ports: dict[str, int] = {}
        self.passed = self.spoilt = 0
        self._servers: list[asyncio.Server] = []
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._thread.start()
        for node in doors:
            self.ports[node] = asyncio.run_coroutine_threadsafe(self._listen(node), self._loop).result(10)

    def heal(self) -> None:
        """Let everything pass as it should."""
        for place in self.between:
            self.between[place] = Link()

    def close(self) -> None:
        """Stop."""
        asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _cancel(self) -> None:
        for server in self._servers:
            server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, node: str) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while await self._pass(node, reader, writer):
                    pass
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _pass(self, node: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False when the connection is to be broken."""
        head = await reader.readuntil(b"\r\n\r\n")
        length, asker = _LENGTH.search(head), _NODE.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
        link = self.between[asker[1].decode(), node] if asker else Link()
        if link.cut:
            return self._spoil()
        await asyncio.sleep(self._chance.uniform(0, link.delay))
        if self._chance.random() < link.torn:
            await self._ask(node, head + body[: len(body) // 2], answered=False)
            return self._spoil()
        if self._chance.random() < link.doubled:
            await self._ask(node, head + body)
            self._spoil()
        answer = await self._ask(node, head + body)
        if link.cut or self._chance.random() < link.lost:
            return self._spoil()
        self.passed += 1
        writer.write(answer)
        await writer.drain()
        return True

    def _spoil(self) -> bool:
        self.spoilt += 1
        return False

    async def _ask(self, node: str, request: bytes, *, answered: bool = True) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.doors[node], limit=1 << 20)
        try:
            writer.write(request)
            await writer.drain()
            if not answered:
                return b""
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            return head + (await reader.readexactly(int(length[1])) if length else b"")
        finally:
            writer.close()
