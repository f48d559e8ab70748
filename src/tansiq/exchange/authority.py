"""The door to a timestamp authority (RFC 3161, section 3.4): asked now and then, waited for by nothing.

The newest head of our ledger is stamped when none was for a while, and what comes back is kept only if it holds under
the authority's certificates. A failing authority costs a line in the log, and proofs lack a timestamp: no letter, no
receipt and no head waits for it.
"""

import asyncio
import logging
from pathlib import Path

import aiohttp
from msgspec import Struct

from tansiq.exchange import acts, reads, stamping
from tansiq.ground import clock
from tansiq.ground.errors import Fault, Unready

log = logging.getLogger(__name__)

ANSWER_WITHIN = 20.0


class Authority(Struct, frozen=True):
    """Where an authority listens, and the file with its root certificates (PEM)."""

    url: str
    roots: Path


def stamp(authority: Authority) -> bool:
    """Have the newest head stamped, unless it was before; answers whether there is a new timestamp."""
    token = reads.unstamped_head()
    if token is None:
        return False
    try:
        roots = authority.roots.read_bytes()
        response = asyncio.run(_ask(authority.url, stamping.ask(token)))
        at = stamping.check(response, token, roots)
    except (Fault, OSError) as error:
        log.warning("no timestamp from %s: %s", authority.url, error)
        return False
    acts.keep_timestamp(head=token, authority=authority.url, response=response, stamped=at, now=clock.now())
    return True


async def _ask(url: str, request: bytes) -> bytes:
    """What the authority answers. Raises `Unready` where it does not."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
    headers = {"Content-Type": stamping.REQUEST_TYPE, "Accept": stamping.RESPONSE_TYPE}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.post(url, data=request, headers=headers, allow_redirects=False) as answer,
        ):
            raw = b""
            async for part in answer.content.iter_chunked(stamping.MOST_RESPONSE):
                raw += part
                if len(raw) > stamping.MOST_RESPONSE:
                    break
            if answer.status != 200:
                raise Unready(f"it answered {answer.status}")
            return raw
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unready(f"it does not answer: {type(error).__name__}") from error
