"""Three whole nodes on one database, played in turn, and the post between them.

As `tests/sides.py`, for stories in which something is passed on. Each node has a home, keys and rows of its own; what
it sends is carried in its sealed bytes, judged and handed to its rooms by the other, and the receipts go back. A link
that is cut keeps what waits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import LazySettings

from tansiq.exchange import acts, reads
from tansiq.exchange.acts.delivering import Reply
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.values import Sent
from tansiq.ground import clock
from tansiq.ground.verdict import Refused
from tansiq.node.handover import HandOver
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import FAR, Neighbour
from tests.sides import Rows, _tables

KEYS = {"ma": "own-ma", "es": "es", "de": "own-de"}
AGENCIES = {"ma": world.OURS, "es": world.THEIRS, "de": world.THIRD}
PAIRS = (("ma", "es"), ("es", "de"), ("ma", "de"))


def officer(node: str, duty: Duty = Duty.DUTY_OFFICER, number: int = 1) -> Officer:
    """Someone on duty at a node's agency."""
    return Officer(f"{node}-{number}", AGENCIES[node], duty, UUID(int=1_000 * number + len(node)))


class Trio:
    """The node `ma` is played first. `now` is the time at all of them."""

    def __init__(self, settings: LazySettings, homes: dict[str, Path]) -> None:
        self._settings, self._homes = settings, homes
        self._rows: dict[str, Rows] = {}
        self.now: datetime = clock.now()  # what the nodes do of themselves happens now
        self.cut: set[frozenset[str]] = set()
        self.agreed: dict[frozenset[str], str] = {}
        self.node = ""
        for code in AGENCIES:
            self.play(code)
        self.play("ma")

    def agreement(self, one: str, other: str) -> str:
        """The digest of the direct agreement between two nodes."""
        return self.agreed[frozenset((one, other))]

    def play(self, node: str) -> None:
        """Be this node."""
        if node == self.node:
            return
        if self.node:
            self.put_by()
        self.node = node
        self._settings.TANSIQ_HOME = self._homes[node]
        self._settings.TANSIQ_NODE, self._settings.TANSIQ_AGENCY = node, AGENCIES[node]
        if node not in self._rows:
            self._meet(node)
        for table, rows in self._rows.get(node, {}).items():
            table.objects.bulk_create(rows)

    def put_by(self) -> None:
        """Take this node's rows from the table."""
        self._rows[self.node] = self.backup()
        for table in reversed(_tables()):
            table.objects.all().delete()

    def backup(self) -> Rows:
        """All that this node keeps now."""
        return {table: list(table.objects.all()) for table in _tables()}

    def restore(self, rows: Rows) -> None:
        """This node's database, as it was."""
        for table in reversed(_tables()):
            table.objects.all().delete()
        for table, kept in rows.items():
            table.objects.bulk_create(kept)

    def _meet(self, node: str) -> None:
        others = {}
        for code, agency in AGENCIES.items():
            if code != node:
                others[code] = Neighbour(code, agency, me=node)
                others[code].keys = neighbours.keys_of(KEYS[code])
                neighbours.meet(others[code], world.MET, agencies=(AGENCIES[node],))
        for pair in PAIRS:
            if node in pair:
                (there,) = set(pair) - {node}
                made = neighbours.agree(Mechanism.DIRECT, others[there], now=world.MET, ours=AGENCIES[node])
                self.agreed[frozenset(pair)] = made

    @contextmanager
    def at(self, node: str) -> Iterator[None]:
        """Be another node for a while."""
        before = self.node
        self.play(node)
        yield
        self.play(before)

    def write(self, text: str = "A boat leaves tonight.", *, to: str = "es", **said: object) -> Sent:
        """A letter of information from the node that is played to another."""
        label = {"topic": "smuggling", "purpose": "prevention", "sensitivity": 2, **said}
        sent = acts.send(
            kind=Kind.INFORMATION, letter=neighbours.information(text), mechanism="direct", to=(AGENCIES[to],),
            by=officer(self.node), now=self.now, **label,  # type: ignore[arg-type]  # a label's fields, as they come
        )  # fmt: skip
        assert isinstance(sent, Sent), sent
        return sent

    def post(self) -> None:
        """Carry all that waits anywhere, and what it causes, until nothing moves; links that are cut keep theirs."""
        before = self.node
        while any(self._carry(here, there) for here in AGENCIES for there in AGENCIES if here != there):
            pass
        self.play(before)

    def _carry(self, here: str, there: str) -> bool:
        if frozenset((here, there)) in self.cut:
            return False
        self.play(here)
        bag = sorted(reads.due(node=there, now=FAR, limit=1_000), key=lambda parcel: parcel.delivery)
        if not bag:
            return False
        self.play(there)
        replies = []
        for each in bag:
            if each.thing == "envelope":
                answers = acts.receive(parcels=[acts.Parcel(each.body, here)], now=self.now)
                HandOver().round()
            elif each.thing == "receipt":
                answers = acts.receive_receipts(tokens=[each.body.decode()], node=here, now=self.now)
            else:
                answers = ("done",)  # every party holds the agreement already
            replies += [Reply(each.delivery, answer) for answer in answers]
        self.play(here)
        return acts.settle(node=there, replies=replies, now=self.now, jitter=0.0) > 0


def done(answer: object) -> object:
    """An act's answer, which must be no refusal."""
    assert not isinstance(answer, Refused), answer
    return answer
