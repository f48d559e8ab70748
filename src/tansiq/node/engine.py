"""What a node keeps running beside requests, started and stopped together."""

import asyncio
import logging
from datetime import timedelta
from functools import partial

from starlette.routing import BaseRoute

from tansiq.exchange import acts as exchange
from tansiq.exchange.authority import Authority, stamp
from tansiq.exchange.ferry import Ferry
from tansiq.exchange.intake import Intake, compare_anchor
from tansiq.exchange.outbox import Outbox
from tansiq.gateways.door import Door
from tansiq.gateways.taxii.server import Taxii
from tansiq.ground import clock
from tansiq.node import erasing
from tansiq.node.erasing import Eraser
from tansiq.node.handover import HandOver
from tansiq.node.home import Home, Stamping
from tansiq.node.threads import Repeater, settle
from tansiq.parties import acts as parties
from tansiq.watch import acts as watch
from tansiq.watch import readers

log = logging.getLogger(__name__)

FORGET_FORMS = timedelta(days=2)
"""How long a form's token is kept: longer than any session in which it could still be sent."""

FORGET_TRACKS = timedelta(days=30)
"""How long the history of the picture is kept."""


class Engine:
    """The running parts of one node: the doors in and out, the hand-over to rooms, feeds, and housekeeping."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.intake, self.outbox = Intake(), Outbox()
        self.ferry = Ferry(self.intake)
        self.door = Door()
        self.taxii = Taxii(self.door, home.url)
        self.threads = [
            Repeater("hand-over", HandOver().round, rest=0.2),
            Repeater("erasing", Eraser().round, rest=erasing.EVERY),
            Repeater("housekeeping", self._keep_house, rest=3600),
            *(Repeater("timestamps", partial(_stamp, home, each), rest=60 * each.minutes) for each in home.timestamps),
        ]
        self.feeds: readers.Readers | None = None

    def routes(self) -> list[BaseRoute]:
        """The addresses at which machines speak to this node: partners' nodes, and programs of our own agencies."""
        return [*self.intake.routes(), *self.ferry.routes(), *self.taxii.routes()]

    async def start(self) -> None:
        """Compare the ledger with its anchor, then start every part; the door opens first, for rescue never waits."""
        await asyncio.to_thread(exchange.settle_keys, now=clock.now())
        if why := await asyncio.to_thread(compare_anchor):
            log.error("only rescue passes until people recover the ledger: %s", why)
        await asyncio.to_thread(self.intake.start)
        await asyncio.to_thread(self.outbox.start)
        self.door.start(idle=self.taxii.fill_all)
        await asyncio.to_thread(self.ferry.start)
        for thread in self.threads:
            thread.start()
        self.feeds = readers.start(self.home.feeds, logs=self.home.path / "logs", exercise=bool(self.home.exercise))
        settle()

    async def stop(self) -> None:
        """Stop every part, the last started first, each after the round it is in."""
        if self.feeds is not None:
            await asyncio.to_thread(self.feeds.stop)
        for thread in reversed(self.threads):
            await asyncio.to_thread(thread.stop)
        await asyncio.to_thread(self.door.stop)
        await asyncio.to_thread(self.ferry.stop)
        await asyncio.to_thread(self.outbox.stop)
        await asyncio.to_thread(self.intake.stop)

    def _keep_house(self) -> bool:
        now = clock.now()
        parties.forget_submissions(before=now - FORGET_FORMS)
        exchange.forget_keys(now=now)
        watch.forget_history(before=now - FORGET_TRACKS)
        exchange.tidy_attachments(now=now)
        return False


def _stamp(home: Home, authority: Stamping) -> bool:
    """Have the newest head stamped; whatever comes of it, the next one is for later."""
    exchange.sign_head(now=clock.now())
    stamp(Authority(authority.url, home.path / authority.roots))
    return False
