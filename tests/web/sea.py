"""A node with something on every page, made by the acts themselves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tansiq.exchange import acts as exchange
from tansiq.ground import clock
from tansiq.parties import acts as parties
from tansiq.parties.duties import Duty
from tansiq.rescue import acts as rescue
from tansiq.rescue.values import Case, OutcomeKind
from tansiq.watch import acts as watch
from tansiq.watch.values import Alert, Observation, Said
from tests import world

ANOTHER = datetime(2020, 1, 2, tzinfo=UTC)


def observations(vessels: int, now: datetime) -> list[Observation]:
    """Some vessels in the Strait, each heard a few times."""
    heard = []
    for number in range(vessels):
        for minute in range(6):
            heard.append(
                Observation(
                    said=Said.POSITION,
                    source="ais",
                    sensor="test",
                    at=now.timestamp() - 300 + 50 * minute,
                    mmsi=224_000_000 + number,
                    message=1,
                    lat=35.9 + number / 500,
                    lon=-5.5 + minute / 400,
                    radius=10.0,
                    speed=7.0,
                    course=80.0,
                    heading=80,
                    status=0,
                )
            )
    return sorted(heard, key=lambda one: one.at)


def alert(number: int = 0) -> Alert:
    """Something that a person reported."""
    officer, now = world.officer(Duty.RESCUE_COORDINATOR), clock.now()
    made = watch.raise_alert(
        lat=35.7 + number / 100, lon=-4.9, radius_m=1000.0, seen_at=now - timedelta(minutes=5),
        text=f"Inflatable {number}, engine failed", persons=30, by=officer, now=now,
    )  # fmt: skip
    assert isinstance(made, Alert)
    return made


def case(of: Alert) -> Case:
    """A case from an alert."""
    officer, now = world.officer(Duty.RESCUE_COORDINATOR), clock.now()
    made = rescue.open_case(
        alert=of.id, lat=of.lat or 0.0, lon=of.lon or 0.0, at=of.seen_at, radius_m=1000.0, mixture=((27, 1.0),),
        persons=30, text="adrift", by=officer, now=now,
    )  # fmt: skip
    assert isinstance(made, Case)
    watch.link_case(thing=made.id, detail={"alert": str(of.id)}, now=now)
    return made


class Made:
    """The ids of what a test's pages show."""

    alert: UUID
    case: UUID


def fill(rows: int) -> type[Made]:
    """So many of everything that needs no partner."""
    officer, now = world.officer(Duty.RESCUE_COORDINATOR), clock.now()
    exchange.issue_card(agencies=(world.OURS,), url="http://127.0.0.1:9", by=officer, now=now)
    watch.observe(observations=observations(rows, now), now=now)
    for number in range(rows):
        seen = alert(number)
        opened = case(seen)
        Made.alert, Made.case = seen.id, opened.id
    for number in range(rows):
        rescue.send_sitrep(case=Made.case, situation=f"Report {number}", by=officer, now=now)
    ended = case(alert(999))
    rescue.record_outcome(
        case=ended.id, outcome=OutcomeKind.FOUND_ALIVE, persons={"alive.female.adult": 2}, by=officer, now=now
    )
    for number in range(rows):
        added = parties.add_person(
            username=f"person{number}", name="Some One", agency=world.OURS, password=world.PASSWORD, node="ma"
        )
        parties.appoint(person=added.id, desk="Duty room", duty=Duty.WATCH_OFFICER, since=ANOTHER)
    return Made


def pages() -> Iterator[tuple[Duty, str]]:
    """Every page that is read, and a duty that may read it."""
    coordinator = Duty.RESCUE_COORDINATOR
    yield from (
        (coordinator, "/duty"),
        (coordinator, "/alerts/report"),
        (coordinator, f"/alerts/{Made.alert}"),
        (coordinator, "/cases"),
        (coordinator, "/cases/new"),
        (coordinator, f"/cases/{Made.case}"),
        (coordinator, "/exchange"),
        (coordinator, f"/exchange/new/information/{UUID(int=7)}"),
        (coordinator, f"/exchange/new/request/{UUID(int=8)}"),
        (coordinator, f"/exchange/new/notice/{UUID(int=9)}"),
        (coordinator, "/exchange/requests"),
        (coordinator, "/exchange/agreements"),
        (coordinator, "/exchange/partners"),
        (coordinator, "/exchange/channels"),
        (Duty.AUDITOR, "/ledger"),
        (Duty.REPORT_WRITER, "/figures"),
        (Duty.REPORT_WRITER, "/figures/persons-rescued"),
        (Duty.NODE_ADMINISTRATOR, "/people"),
        (Duty.NODE_ADMINISTRATOR, "/directory"),
        (Duty.NODE_ADMINISTRATOR, "/directory/ma.marine"),
        (coordinator, "/account"),
        (coordinator, "/account/passkeys"),
        (coordinator, "/account/password"),
    )
