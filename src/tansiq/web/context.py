"""What every page knows without asking: node, exercise, the rooms that the reader's duty opens, and the post."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import reads as exchange
from tansiq.ground import clock
from tansiq.parties import reads as parties
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.web.access import take_up


class Room(NamedTuple):
    """A room in the bar: `key` goes to it after `g`, and the first of its routes that the duty opens is its door."""

    key: str
    name: Promise
    doors: tuple[tuple[str, Permission], ...]

    def door(self, officer: Officer) -> str | None:
        """The route that leads this officer into the room."""
        return next((route for route, permission in self.doors if officer.holds(permission)), None)


ROOMS = (
    Room("d", _("Duty room"), (("duty_room", Permission.PICTURE_VIEW),)),
    Room("c", _("Cases"), (("cases", Permission.CASE_VIEW),)),
    Room(
        "e",
        _("Exchange"),
        (
            ("envelopes", Permission.ENVELOPE_VIEW),
            ("desk_tray", Permission.DESK_VIEW),
            ("agreements", Permission.AGREEMENT_VIEW),
            ("partners", Permission.PARTNER_VIEW),
            ("channels", Permission.CHANNELS_VIEW),
        ),
    ),
    Room("f", _("Figures"), (("figures", Permission.FIGURE_VIEW),)),
    Room("l", _("Ledger"), (("ledger", Permission.LEDGER_VIEW),)),
    Room("p", _("People"), (("people", Permission.PEOPLE_VIEW), ("directory", Permission.DIRECTORY_VIEW))),
)


def page(request: HttpRequest) -> dict[str, Any]:
    """What the base template draws round every page."""
    officer = take_up(request) if hasattr(request, "session") else None
    rooms = [(room, door) for room in ROOMS if officer and (door := room.door(officer))]
    return {
        "node": settings.TANSIQ_NODE,
        "agency": settings.TANSIQ_AGENCY,
        "exercise": settings.TANSIQ_EXERCISE,
        "officer": officer,
        "posts": getattr(request, "posts", ()),
        "post_taken": getattr(request, "post_taken", None),
        "rooms": rooms,
        "now": clock.now(),
        "channels": exchange.channel_health(reader=officer) if officer else (),
        "agency_names": SimpleLazyObject(lambda: {agency.code: agency for agency in parties.agencies()}),
    }
