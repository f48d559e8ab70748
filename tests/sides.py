"""Both sides of a channel, on one database: two whole nodes, played in turn, and the post between them.

Each side has a home and keys of its own, and its own rows, which are put by while the other is played. What waits for
the other side is carried over in its sealed bytes, received and handed to its rooms there; the receipts go back.
"""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import LazySettings
from django.db.models import Model

from tansiq.exchange import acts, reads
from tansiq.exchange.acts.delivering import Reply
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.reads.queue import Due
from tansiq.node.handover import HandOver
from tansiq.parties.values import node_of
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import FAR, Neighbour, keys_of

ROOMS = ("exchange", "watch", "rescue", "correspondence", "reporting")
AGREED = (Mechanism.RESCUE, Mechanism.STATISTICS, Mechanism.LIAISON)
BUREAU = Mechanism.EMBASSY_BUREAU

Rows = dict[type[Model], list[Model]]


class Sides:
    """Our side is played first; `partner` is the other side as the one that is played knows it."""

    def __init__(self, settings: LazySettings, ours: Path, theirs: Path, desk: str = "") -> None:
        self._settings, self._desk = settings, desk
        self._homes = {world.OURS: ours, world.THEIRS: theirs}
        self._rows: dict[str, Rows] = {}
        self._bag: tuple[Due, ...] = ()
        self._replies: list[Reply] = []
        self._partners = {
            world.OURS: Neighbour("es", world.THEIRS, me="ma"),
            world.THEIRS: Neighbour("ma", world.OURS, me="es"),
        }
        self._partners[world.THEIRS].keys = keys_of("own-ma")
        for partner in self._partners.values():
            partner.agencies = self._of(partner.agency)
        self._play(world.OURS)

    @property
    def partner(self) -> Neighbour:
        """The other side, for letters that its node would not write of itself."""
        return self._partners[self.agency]

    def agreement(self, mechanism: Mechanism) -> str:
        """The digest of what both sides agreed on."""
        return self._agreed[mechanism]

    def carry(self, *, backwards: bool = False) -> None:
        """Go to the other side with all that waits for it, and hand that over there; the last first, if need be."""
        self.cross()
        self.unpack(backwards=backwards)

    def cross(self) -> None:
        """Go to the other side. What waits for it comes along, and is lost if it is not unpacked."""
        self._bag = reads.due(node=self.partner.node, now=FAR, limit=1_000)
        self._rows[self.agency] = {table: list(table.objects.all()) for table in _tables()}
        for table in reversed(_tables()):
            table.objects.all().delete()
        self._play(self.partner.agency)
        acts.settle(node=self.partner.node, replies=self._replies, now=world.NOW, jitter=0.0)
        self._replies = []

    def unpack(self, *, backwards: bool = False) -> None:
        """Receive what came along, each parcel alone, hand letters to their rooms, and keep the answers for later."""
        node = self.partner.node
        for each in sorted(self._bag, key=lambda parcel: parcel.delivery, reverse=backwards):
            match each.thing:
                case "envelope":
                    answers = acts.receive(parcels=[acts.Parcel(each.body, node)], now=world.NOW)
                    HandOver().round()
                case "receipt":
                    answers = acts.receive_receipts(tokens=[each.body.decode()], node=node, now=world.NOW)
                case _:
                    answers = ("done",)  # both sides hold the agreement already
            self._replies.extend(Reply(each.delivery, answer) for answer in answers)
        self._bag = ()

    def _of(self, agency: str) -> tuple[str, ...]:
        """The agencies of a node: the desk belongs to one of the two."""
        return (agency, self._desk) if node_of(self._desk) == node_of(agency) else (agency,)

    def _play(self, agency: str) -> None:
        """Be the node that speaks for an agency, with the rows that it had; the first time, meet and agree."""
        self.agency = agency
        self._settings.TANSIQ_HOME = self._homes[agency]
        self._settings.TANSIQ_NODE, self._settings.TANSIQ_AGENCY = self.partner.me, agency
        if agency not in self._rows:
            neighbours.meet(self.partner, world.MET, agencies=self._of(agency))
            self._agreed = {each: neighbours.agree(each, self.partner, now=world.MET, ours=agency) for each in AGREED}
            if self._desk:
                self._agreed[BUREAU] = past_a_desk(self._desk, self.partner, ours=agency)
        for table, rows in self._rows.get(agency, {}).items():
            table.objects.bulk_create(rows)


def past_a_desk(desk: str, *partners: Neighbour, ours: str = world.OURS) -> str:
    """An agreement by which letters pass a desk."""
    return neighbours.agree(BUREAU, *partners, now=world.MET, ours=ours, more=(desk,), desk=desk)


def _tables() -> list[Any]:
    """The rooms' tables, each after those that it points to."""
    tables = [table for table in apps.get_models() if table._meta.app_label in ROOMS]
    return sorted(tables, key=_depth)


def _depth(table: type[Model]) -> int:
    pointed = [field.related_model for field in table._meta.concrete_fields if field.related_model is not None]
    return 1 + max((_depth(other) for other in pointed if isinstance(other, type)), default=0)


def make_home(folder: Path) -> Path:
    """The home of the other side's node: its keys are those with which the neighbour opens letters elsewhere."""
    return neighbours.make_home(folder, "es", keys_of("es"))
