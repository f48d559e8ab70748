"""One node as one ASGI application: machines first, people behind them.

    /tsq1/...   partners, raw Starlette (`exchange.intake`)
    /taxii2/... programs of our own agencies, raw Starlette (`gateways.taxii`)
    /stream     live pages, server-sent events (`web.stream`)
    the rest    pages, Django

Raw Starlette receives eight to ten times as many letters a second as an async Django view (docs/adr). What the node
keeps running beside requests (intake, outbox, feeds, hand-over) starts and stops with the application.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import cast

from django.core.asgi import get_asgi_application
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from tansiq.node.engine import Engine
from tansiq.node.home import Home
from tansiq.web import stream

log = logging.getLogger(__name__)


class People:
    """Django, for everything that no machine route took; it has no lifespan of its own."""

    def __init__(self, pages: ASGIApp) -> None:
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a page. Django wants the whole path, and Starlette's mount keeps it in root_path."""
        await self.pages({**scope, "root_path": ""}, receive, send)


def application(home: Home) -> Starlette:
    """The node in this home, ready to be served. Its database must be migrated and Django set up."""
    engine = Engine(home)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await engine.start()
        log.info("%s is on duty at %s", home.code, home.url)
        try:
            yield
        finally:
            await engine.stop()
            await asyncio.to_thread(stream.stop)

    routes: list[BaseRoute] = [
        *engine.routes(),
        *stream.routes(),
        Mount("/", app=People(cast(ASGIApp, get_asgi_application()))),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
