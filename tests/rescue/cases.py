"""Cases that the tests of the rescue room share, made by the acts themselves."""

from datetime import timedelta
from uuid import UUID

from tansiq.exchange.models import Event
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer
from tansiq.rescue import acts
from tansiq.rescue.forcing import Forcing
from tansiq.rescue.values import Case, DriftRun, Platform, Search, Task
from tests import world

NOW = world.NOW
OURS = world.stranger(Duty.RESCUE_COORDINATOR)
THEIRS = world.stranger(Duty.RESCUE_COORDINATOR, world.THEIRS)
CALM = Forcing.constant(current=(0.3, 0.1), wind=(6.0, 2.0))


def report(**changes: object) -> dict[str, object]:
    """The keywords of a case: a raft near Alboran, forty minutes ago."""
    usual = {
        "lat": 36.0, "lon": -4.0, "at": NOW - timedelta(minutes=40), "radius_m": 1500.0,
        "mixture": ((27, 3.0), (1, 1.0)), "persons": 23, "text": "Inflatable, taking water", "by": OURS, "now": NOW,
    }  # fmt: skip
    return usual | changes


def case(**changes: object) -> Case:
    """A case of ours."""
    opened = acts.open_case(**report(**changes))
    assert isinstance(opened, Case)
    return opened


def drift(of: Case, by: Officer = OURS) -> DriftRun:
    """A small drift of the case in a steady current and wind."""
    run = acts.run_drift(case=of.id, hours=12, particles=2_000, forcing=CALM, by=by, now=NOW)
    assert isinstance(run, DriftRun)
    return run


def boat(**changes: object) -> dict[str, object]:
    """The keywords of a search by a lifeboat that can search by night."""
    usual = {
        "unit": "Guadamar Polimnia", "agency": world.THEIRS, "platform": Platform.VESSEL, "lat": 36.3, "lon": -4.3,
        "available_at": NOW + timedelta(minutes=20), "transit_speed": 13.0, "search_speed": 8.0, "endurance_hours": 6.0,
        "height_m": 4.0, "night": True, "by": OURS, "now": NOW,
    }  # fmt: skip
    return usual | changes


def search(of: Case, **changes: object) -> Search:
    """A planned search of the case, on a drift of its own."""
    drift(of)
    planned = acts.plan_search(case=of.id, **boat(**changes))
    assert isinstance(planned, Search)
    return planned


def task(of: Case, *, to: str = world.THEIRS) -> Task:
    """A task for one agency."""
    tasks = acts.send_task(search=search(of).id, to=(to,), by=OURS, now=NOW)
    assert isinstance(tasks, tuple)
    return tasks[0]


def happened(room: str = "rescue") -> list[str]:
    """The names of a room's events in the log, in order."""
    return [*Event.objects.filter(name__startswith=f"{room}.").order_by("id").values_list("name", flat=True)]


UNKNOWN = UUID(int=7)
