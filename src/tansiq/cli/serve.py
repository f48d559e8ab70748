"""`tansiq serve --home DIR`: run a node until it is told to stop."""

import argparse
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from tansiq.cli import django as node
from tansiq.ground.errors import Unready
from tansiq.node.home import Home

if TYPE_CHECKING:  # both take time to import, and the other commands need neither
    import uvicorn
    from starlette.types import ASGIApp


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun."""
    noun = commands.add_parser("serve", help="run a node")
    noun.add_argument("--home", type=Path, required=True)
    noun.set_defaults(run=serve)


def serve(options: argparse.Namespace) -> int:
    """Bring the database up to date, then answer people and partners."""
    home = node.setup(options.home)
    import uvicorn

    from tansiq.exchange import reads
    from tansiq.node.asgi import application

    reads.signs()  # keys that do not open are said before anything starts
    host, port = home.address
    _free(host, port)
    node.upgrade()
    uvicorn.Server(config(home, application(home))).run()
    return 0


def config(home: Home, application: "ASGIApp") -> "uvicorn.Config":
    """How a node is served. A client's address and scheme are taken from the named proxies, and from nobody else."""
    import uvicorn

    host, port = home.address
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(home.proxies),
        forwarded_allow_ips=list(home.proxies),
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,
    )


def _free(host: str, port: int) -> None:
    """Raise `Unready` where the address cannot be bound."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Unready(
            f"Nothing can listen at {host}:{port} ({error.strerror}).", "Stop what does, or name another in node.toml."
        ) from error
