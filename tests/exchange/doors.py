"""Our door under real HTTP, for the tests of what comes in and goes out."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette

from tansiq.exchange.ferry import Ferry
from tansiq.exchange.intake import Intake


@contextmanager
def open_door(**options: Any) -> Iterator[str]:
    """Our door, served on loopback by a thread of its own; answers its address."""
    intake = Intake(**options)
    intake.start()
    ferry = Ferry(intake)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=[*intake.routes(), *ferry.routes()]),
            host="127.0.0.1",
            port=port,
            log_config=None,
            lifespan="off",
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        ferry.stop()
        intake.stop()
