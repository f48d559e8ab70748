"""Behind a proxy: whom a node takes for its client, and by which scheme, says a proxy that its settings name."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tansiq.cli.serve import config
from tansiq.node.home import Home

HERE = ("127.0.0.1", "::1")
SAYS = [(b"x-forwarded-for", b"198.51.100.7, 203.0.113.9"), (b"x-forwarded-proto", b"https")]
STORIES = {
    "the proxy of this machine": (HERE, "127.0.0.1", ("203.0.113.9", "https")),
    "a stranger who claims to be a proxy": (HERE, "192.0.2.1", ("192.0.2.1", "http")),
    "a proxy in a named network": (("10.0.0.0/28",), "10.0.0.5", ("203.0.113.9", "https")),
    "two proxies, one behind the other": (("10.0.0.0/28", "203.0.113.9"), "10.0.0.5", ("198.51.100.7", "https")),
    "one beside the network": (("10.0.0.0/28",), "10.0.0.16", ("10.0.0.16", "http")),
    "no proxy is named": ((), "127.0.0.1", ("127.0.0.1", "http")),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_client_is_who_a_named_proxy_says(story: str, tmp_path: Path) -> None:
    proxies, peer, taken = STORIES[story]
    home = Home(code="ma", agency="ma.marine", url="http://127.0.0.1:8000", proxies=proxies, path=tmp_path)
    seen: list[tuple[str, str]] = []

    async def application(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append((scope["client"][0], scope["scheme"]))

    served = config(home, application)
    served.load()
    scope = {"type": "http", "client": (peer, 4711), "scheme": "http", "headers": SAYS, "path": "/", "method": "GET"}
    asyncio.run(served.loaded_app(scope, None, None))

    assert seen == [taken]
