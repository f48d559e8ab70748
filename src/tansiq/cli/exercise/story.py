"""The thread of the demo as people drive it, each at their own node, through the pages' real forms.

    ma       the beacon's alert is seen and acknowledged
    es       it arrives under the rescue agreement, is acknowledged, and becomes a case
    es       drift, search plan with its probability of success, SITREP, search task to both sides
    ma, es   the task is accepted, searched and done
    es       outcome; both sides count the same, and both claim their figures to de

Every step looks at the page before it acts, and acts again only where a node was started anew meanwhile: a form carries
a token, so that what was sent twice is done once, and work that a killed node had not finished is asked for again.
"""

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct

from tansiq.cli.exercise.browser import Browser, Page
from tansiq.cli.exercise.processes import Served
from tansiq.cli.exercise.world import Account
from tansiq.drill import waters
from tansiq.drill.night import Happening, Moment, Night
from tansiq.ground import clock
from tansiq.ground.errors import Unready
from tansiq.parties.duties import Permission

PATIENCE = 150.0
"""Seconds that something which must happen may take: a killed node has to come back within it."""
BROKEN = 10
"""Times that a page may answer with an error of its own before it is given up."""
AGAIN = 20.0
"""Seconds after which something that left no trace is asked for again."""
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Found = TypeVar("Found")


class Distress(Struct, frozen=True):
    """A case to open by form: where, and when it was so."""

    lat: float
    lon: float
    at: datetime


class Person:
    """Someone on duty, at their node's pages."""

    def __init__(self, account: Account, node: Served) -> None:
        self.account = account
        self.node = node
        self.browser = Browser(node.url)
        self._signed_in = False

    def open(self, path: str) -> Page:
        """Open a page, signing in first where that is needed."""
        if not self._signed_in:
            self.browser.sign_in(self.account.username, self.account.password, self.account.totp)
            self._signed_in = True
        return self.browser.get(path)

    def does(self, page: Page, permission: Permission, about: str = "", **filled: Any) -> Page:
        """Fill in the form of a permission on a page, and send it."""
        return self.browser.submit(page, permission.value, about, **filled)

    def brings_about(
        self, what: str, path: str, done: Callable[[Page], Found | None], act: Callable[[Page], object] | None = None
    ) -> Found:
        """Look at a page until `done` finds something on it, acting (`act` answers truth) where it does not yet.

        Raises `Unready` when it does not come about in time.
        """
        until = time.monotonic() + PATIENCE
        acted, starts, broken, warning = float("-inf"), -1, 0, ""
        while time.monotonic() < until and broken < BROKEN:
            page = self.open(path)
            broken = broken + 1 if page.status >= 500 else 0
            warning = page.warning or warning
            found = done(page)
            if found:
                return found
            due = starts != self.node.starts or time.monotonic() - acted > AGAIN
            if act is not None and due and act(page):
                acted, starts = time.monotonic(), self.node.starts
            else:
                time.sleep(0.25)
        where, said = f"{self.node.url}{path.lstrip('/')}", warning or page.words
        raise Unready(f"{what} did not come about within {PATIENCE:.0f} s at {where}.", f"It says: {said}")


def ids(page: Page, part: str) -> list[UUID]:
    """The ids in the page's addresses that hold a part ("/alerts/"), each once, in their order."""
    return list(dict.fromkeys(UUID(found[0]) for link in page.links(part) if (found := _ID.findall(link))))


class Story:
    """The whole thread. `play` goes through it; `step` counts, so that a watcher sees it go on."""

    def __init__(
        self,
        night: Night,
        nodes: dict[str, Served],
        accounts: dict[str, Account],
        say: Callable[[str], None],
        distress: Distress | None = None,
    ) -> None:
        self.night = night
        self.say = say
        self.distress = distress
        self.on = {name: Person(account, nodes[account.node]) for name, account in accounts.items()}
        self.nodes = nodes
        self.step = 0
        self.before_step: Callable[[], None] = lambda: None
        self.alerts: dict[str, UUID] = {}
        """The beacon's alert as each node names it."""
        self.case: UUID | None = None
        self.reported: UUID | None = None
        """The case that was opened by form, where one was."""
        self.beacon = night.moment(Happening.PERSON_OVERBOARD)

    def play(self) -> None:
        """Drive the thread from its first step to its last."""
        for step in self._steps():
            self.before_step()
            self.step += 1
            step()
        self.before_step()

    def _steps(self) -> list[Callable[[], None]]:
        steps = [self.notice, self.hear, self.open, self.drift, self.plan, self.report, self.task]
        by_form = [self.by_form] if self.distress else []
        return [*steps, self.accept, self.search, self.conclude, *by_form, self.claim]

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self._steps())

    def notice(self) -> None:
        """The duty officer of `ma` sees the beacon's alert, and acknowledges it."""
        self.alerts["ma"] = self._acknowledge("ma-duty", self.beacon.mmsi)
        self.say("ma  a beacon says that a person is overboard; the duty officer has acknowledged the alert")

    def hear(self) -> None:
        """The coordinator of `es` has it from `ma`, and acknowledges it; `ma` is told by a signed receipt."""
        self.alerts["es"] = self._acknowledge("es-rescue", self.beacon.mmsi)
        self.say("es  the alert has come under the rescue agreement; the coordinator has acknowledged it")

    def open(self) -> None:
        """The coordinator opens a case: a person in the water, where the beacon was first heard."""
        place = Distress(round(self.beacon.lat, 5), round(self.beacon.lon, 5), self.beacon.at)
        self.case = self._open_case(
            place, alert=self.alerts["es"], persons=1, text="MOB beacon, one person in the water"
        )
        self.say(f"es  a case is open: {self._page(self.case)}")

    def drift(self) -> None:
        """Where the person drifts in twelve hours."""
        assert self.case is not None
        self._drift(self.case, hours=12)
        self.say("es  the drift of 12 hours is computed")

    def plan(self) -> None:
        """The lifeboat's search, and its probability of success."""
        assert self.case is not None
        self._plan(self.case, "Lifeboat Tarifa", waters.TARIFA_LIFEBOAT, self.beacon.at + timedelta(minutes=30))
        self.say("es  a search is planned")

    def report(self) -> None:
        """The first SITREP to `ma`."""
        assert self.case is not None
        self._sitrep(self.case, "MOB beacon active in the eastbound lane. Search begins.", "Lifeboat Tarifa tasked.")
        self.say("es  SITREP 1 is sent")

    def task(self) -> None:
        """The search is asked of both sides."""
        coordinator, lifeboat, path = self.on["es-rescue"], self.on["es-lifeboat"], f"/cases/{self.case}"

        def sent(_: Page) -> bool:
            return lifeboat.open(path).offers(Permission.TASK_ANSWER.value) is not None

        coordinator.brings_about(
            "the search task",
            path,
            sent,
            lambda page: coordinator.does(page, Permission.TASK_SEND, to=["es.salvamento", "ma.marine"]),
        )
        self.say("es  the search is asked of es.salvamento and of ma.marine")

    def accept(self) -> None:
        """Both sides accept, and say that they search."""
        for name in ("es-lifeboat", "ma-patrol"):
            for answer in ("accepted", "searching"):
                self._answer(name, answer)
        self.say("ma  the patrol has accepted the task and searches")

    def search(self) -> None:
        """Both sides have searched."""
        for name in ("ma-patrol", "es-lifeboat"):
            self._answer(name, "done")
        self.say("es  the searches are done")

    def conclude(self) -> None:
        """The person is found alive; the case closes on both sides."""
        coordinator, path = self.on["es-rescue"], f"/cases/{self.case}"
        found = self._recovered()
        persons: dict[str, Any] = {"alive.unknown-sex.adult": 1}
        coordinator.brings_about(
            "the outcome",
            path,
            lambda page: page.offers(Permission.DRIFT_RUN.value) is None,
            lambda page: coordinator.does(
                page,
                Permission.OUTCOME_RECORD,
                outcome="found-alive",
                rescued_by="Lifeboat Tarifa",
                at=f"{found.at:%Y-%m-%dT%H:%M}",
                lat=f"{found.lat:.5f}",
                lon=f"{found.lon:.5f}",
                **persons,
            ),
        )
        watcher = self.on["ma-duty"]
        watcher.brings_about("the outcome on ma", path, lambda page: "found alive" in page.text.lower())
        self.say("es  the person is found alive; the case is closed on both sides")

    def by_form(self) -> None:
        """A case opened by form alone, with its drift and plan."""
        assert self.distress is not None
        self.reported = self._open_case(self.distress, persons=None, text="Reported by telephone")
        self._drift(self.reported, hours=24)
        self._plan(
            self.reported,
            "Rescue ship",
            (self.distress.lat + 0.1, self.distress.lon),
            self.distress.at + timedelta(hours=1),
        )
        self._sitrep(self.reported, "Reported by telephone. Search is being planned.", "")
        self.say(f"es  the reported distress has a case, a drift and a plan: {self._page(self.reported)}")

    def claim(self) -> None:
        """Both sides claim their figures to the parties of the statistics agreement, for one and the same period."""
        since, until = self.night.start - timedelta(days=1), clock.now()
        period = f"start={since:%Y-%m-%dT%H:%M:%S}&end={until:%Y-%m-%dT%H:%M:%S}"
        for name in ("ma-reports", "es-reports"):
            writer = self.on[name]
            writer.does(writer.open(f"/figures?{period}"), Permission.CLAIM_SEND)
        self.say("ma, es  figures are claimed under the statistics agreement")

    def _page(self, case: UUID) -> str:
        return f"{self.nodes['es'].url}cases/{case}"

    def _acknowledge(self, name: str, mmsi: int) -> UUID:
        """Find the alert of a station in the duty room, and acknowledge it where that is still asked for."""
        person = self.on[name]

        def found(page: Page) -> UUID | None:
            for alert in ids(page, "/alerts/"):
                if str(mmsi) in person.open(f"/alerts/{alert}").text:
                    return alert
            return None

        alert = person.brings_about(f"the alert of {mmsi}", "/duty", found)
        person.brings_about(
            "the acknowledgement",
            f"/alerts/{alert}",
            lambda page: page.offers(Permission.ALERT_ACKNOWLEDGE.value) is None,
            lambda page: person.does(page, Permission.ALERT_ACKNOWLEDGE),
        )
        return alert

    def _open_case(self, place: Distress, *, alert: UUID | None = None, persons: int | None, text: str) -> UUID:
        """Open a case by its form, unless it is open already."""
        coordinator = self.on["es-rescue"]
        before = set(ids(coordinator.open("/cases"), "/cases/"))
        kind = 1 if alert else 27  # a person in the water; a raft without ballast, nearest to an inflatable

        def send(_: Page) -> Page:
            page = coordinator.open(f"/cases/new?alert={alert}" if alert else "/cases/new")
            return coordinator.does(
                page,
                Permission.CASE_OPEN,
                lat=f"{place.lat:.5f}",
                lon=f"{place.lon:.5f}",
                at=f"{place.at:%Y-%m-%dT%H:%M:%S}",
                radius_m=500 if alert else 2000,
                persons="" if persons is None else persons,
                text=text,
                mixture_0=kind,
                mixture_1=1,
            )

        def opened(page: Page) -> UUID | None:
            return next((case for case in ids(page, "/cases/") if case not in before), None)

        return coordinator.brings_about("the case", "/cases", opened, send)

    def _drift(self, case: UUID, hours: int) -> None:
        coordinator, path = self.on["es-rescue"], f"/cases/{case}"

        def run(page: Page) -> Page | None:
            if page.offers(Permission.DRIFT_RUN.value) is None:
                return None
            return coordinator.does(page, Permission.DRIFT_RUN, hours=hours, particles=20_000)

        def done(_: Page) -> bool:
            return coordinator.open(f"{path}/drift.json").status == 200

        coordinator.brings_about("the drift", path, done, run)

    def _plan(self, case: UUID, unit: str, base: waters.Point, ready: datetime) -> None:
        coordinator, path = self.on["es-rescue"], f"/cases/{case}"

        def plan(page: Page) -> Page | None:
            if page.offers(Permission.SEARCH_PLAN.value) is None:
                return None
            return coordinator.does(
                page,
                Permission.SEARCH_PLAN,
                unit=unit,
                agency="es.salvamento",
                platform="vessel",
                lat=f"{base[0]:.5f}",
                lon=f"{base[1]:.5f}",
                available_at=f"{ready:%Y-%m-%dT%H:%M}",
                endurance_hours=6,
                height_m=6,
                weather="good",
                night="on",
            )

        def planned(page: Page) -> bool:
            form = page.offers(Permission.TASK_SEND.value)
            return form is not None and any(form.choices.get("search", ()))

        coordinator.brings_about("the search plan", path, planned, plan)

    def _sitrep(self, case: UUID, situation: str, actions: str) -> None:
        coordinator = self.on["es-rescue"]
        coordinator.brings_about(
            "the SITREP",
            f"/cases/{case}",
            lambda page: page.links("/sitreps/"),
            lambda page: coordinator.does(page, Permission.SITREP_SEND, situation=situation, actions=actions),
        )

    def _answer(self, name: str, answer: str) -> None:
        """Answer the task that is asked of a person's agency, where that answer is still open."""
        person, path = self.on[name], f"/cases/{self.case}"
        seen = False

        def offered(page: Page) -> bool:
            form = page.offers(Permission.TASK_ANSWER.value)
            return form is not None and answer in form.choices.get("answer", ())

        def done(page: Page) -> bool:
            nonlocal seen
            seen = seen or offered(page)
            return seen and not offered(page)

        def say(page: Page) -> Page | None:
            return person.does(page, Permission.TASK_ANSWER, answer=answer) if offered(page) else None

        person.brings_about(f"the answer {answer!r} of {name}", path, done, say)

    def _recovered(self) -> Moment:
        return self.night.moment(Happening.PERSON_RECOVERED)
