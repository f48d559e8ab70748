"""The nodes of a demo as processes: `tansiq serve`, until they are stopped or killed.

None is left behind: each leads a process group, the groups are killed when the supervisor closes, at exit and on
SIGTERM and SIGHUP, and the kernel ends them should the demo itself be killed (`child`).
"""

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from tansiq.ground.errors import Unready

READY_WITHIN = 60.0
STOP_WITHIN = 12.0
_CHILD = (sys.executable, "-m", "tansiq.cli.exercise.child")


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nothing listens on now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


class Served:
    """One node as a process: its home, where it answers, and the process when it runs."""

    def __init__(self, code: str, home: Path, url: str) -> None:
        self.code = code
        self.home = home
        self.url = url
        self.process: subprocess.Popen[bytes] | None = None
        self.log = home / "logs" / "serve.log"
        self.starts = 0
        """How often it was started: who acted before a start may have to look again after it."""

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it in a process group of its own; what it prints goes to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*_CHILD, str(os.getpid()), "serve", "--home", str(self.home)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def ready(self) -> bool:
        """Whether it answers people."""
        opener = build_opener(ProxyHandler({}))
        try:
            with opener.open(Request(self.url, method="HEAD"), timeout=5):
                return True
        except HTTPError:
            return True
        except (URLError, OSError):
            return False

    def wait(self, within: float = READY_WITHIN) -> None:
        """Wait until it answers. Raises `Unready` with the end of its log when it ends first or takes too long."""
        until = time.monotonic() + within
        while not self.ready():
            if not self.running or time.monotonic() > until:
                raise Unready(f"Node {self.code} does not answer at {self.url}.", f"Its log ends: {self.last_words()}")
            time.sleep(0.1)

    def last_words(self, count: int = 12) -> str:
        """The last lines of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-count:]) or "(empty)"

    def kill(self) -> None:
        """End it at once, with everything that it started (SIGKILL)."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self, within: float = STOP_WITHIN) -> None:
        """Ask it to end, and end it when it does not."""
        if self.running and self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(within)
        self.kill()


@contextlib.contextmanager
def orderly() -> Iterator[None]:
    """Make every asking to end leave the block as an exception would, so that everything is cleaned up on the way.

    Ctrl-C is among them: a shell starts what it runs in the background with SIGINT ignored, and then nothing would end
    it but a kill.
    """

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def supervised(nodes: list[Served]) -> Iterator[list[Served]]:
    """Keep the nodes for as long as the block runs; afterwards, whatever happens, none of them lives."""

    def end_all() -> None:
        for node in nodes:
            node.kill()

    atexit.register(end_all)
    try:
        yield nodes
    finally:
        for node in nodes:
            if node.running and node.process is not None:
                node.process.terminate()
        for node in nodes:
            node.stop()
        atexit.unregister(end_all)
