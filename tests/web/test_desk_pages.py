"""The desk's pages: the tray, a letter on its way, each step through the page, and nothing of a letter on any."""

from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.urls.converters import UUIDConverter

from tansiq.exchange import acts
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.desks import PassageState
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Passage
from tansiq.exchange.values import Sent
from tansiq.ground import clock
from tansiq.parties import acts as parties
from tansiq.parties import reads as people
from tansiq.parties.duties import Duty
from tansiq.parties.models import Person
from tansiq.web.urls import ROOMS
from tests import neighbour as neighbours
from tests import world
from tests.exchange.past_a_desk import OUR_DESK, SECRET, Third, clerk, third_desk, to_the_desk
from tests.neighbour import Neighbour
from tests.sides import Sides

pytestmark = pytest.mark.django_db

HOLDS = {"en": "Who holds it now", "ar": "من بيده الآن", "fr": "Qui la détient", "es": "Quién la tiene ahora"}


@pytest.fixture
def third(es: Neighbour) -> Third:
    return third_desk(es)


@pytest.fixture
def letter(third: Third) -> UUID:
    """A letter at our desk."""
    return to_the_desk(third, now=clock.now())[1].route.id


def desk(language: str = "en") -> Client:
    """A browser of an official at our desk."""
    return world.sign_in(Duty.BUREAU_CLERK, OUR_DESK, language)


def post(client: Client, path: str, **fields: object) -> tuple[int, str]:
    answer = client.post(path, {"token": uuid4(), **fields}, follow=True)
    return answer.status_code, answer.content.decode()


def state(letter: UUID) -> PassageState:
    return PassageState(Passage.objects.get(envelope__ref=letter).state)


@pytest.mark.parametrize(("language", "holds"), HOLDS.items())
def test_the_tray_shows_who_holds_what_and_until_when(letter: UUID, language: str, holds: str) -> None:
    page = desk(language).get("/exchange/desk").content.decode()

    assert holds in page
    assert f"/exchange/desk/{letter}" in page
    assert SECRET not in page


def test_a_letter_is_taken_asked_about_and_steered_through_the_page(third: Third, letter: UUID) -> None:
    browser, at = desk(), f"/exchange/desk/{letter}"

    assert "bureau clerk" in post(browser, f"{at}/take")[1]
    status, page = post(browser, f"{at}/ask", words="Which port?")
    assert (status, state(letter), "Which port?" in page) == (HTTPStatus.OK, PassageState.WITH_SENDER, True)
    status, page = post(browser, f"{at}/ask", words="And when?")
    assert (status, "has not answered yet" in page) == (HTTPStatus.CONFLICT, True)
    assert post(browser, f"{at}/steer", to="es.salvamento")[0] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert post(browser, f"{at}/steer", to="de.bpol")[0] == HTTPStatus.OK
    assert state(letter) is PassageState.WITH_SERVICE
    status, page = post(browser, f"{at}/return", reason="other-service")
    assert (status, "no longer the desk" in page) == (HTTPStatus.CONFLICT, True)
    assert [told.letter.step for told in neighbours.opened(third[0])] == ["take", "ask", "steer"]


def test_a_letter_is_returned_with_a_reason_through_the_page(letter: UUID) -> None:
    status, page = post(desk(), f"/exchange/desk/{letter}/return", reason="label-unclear", words="Which topic?")

    assert (status, state(letter)) == (HTTPStatus.OK, PassageState.RETURNED)
    assert "The label does not say what it is about." in page
    assert str(letter) not in desk().get("/exchange/desk").content.decode()
    assert str(letter) in desk().get("/exchange/desk?which=ended").content.decode()


def test_what_is_overdue_stands_in_its_list(third: Third) -> None:
    now = clock.now()
    late = to_the_desk(third, now=now - timedelta(hours=80))[1].route.id
    soon = to_the_desk(third, now=now)[1].route.id
    page = desk().get("/exchange/desk?which=overdue&urgency=priority").content.decode()

    assert (str(late) in page, str(soon) in page) == (True, False)


@pytest.mark.parametrize("rows", [1, 6])
def test_the_tray_costs_the_same_however_many_letters_pass(third: Third, rows: int) -> None:
    for _ in range(rows):
        to_the_desk(third, now=clock.now())
    client = desk()
    client.get("/exchange/desk")

    with CaptureQueriesContext(connection) as queries:
        client.get("/exchange/desk")

    assert len(queries) == 8


@pytest.mark.parametrize("duty", Duty)
def test_no_page_shows_a_letter_that_passes_our_desk_to_any_duty(third: Third, letter: UUID, duty: Duty) -> None:
    shown = []
    for party in (OUR_DESK, world.OURS):
        client = world.sign_in(duty, party)
        for route in ROOMS:
            ids = route.pattern.converters
            if {type(kind) for kind in ids.values()} - {UUIDConverter}:
                continue
            address = reverse(route.name, kwargs=dict.fromkeys(ids, letter))
            for answer in (
                client.get(address),
                client.post(address, {"token": uuid4(), "reason": "to see", "words": "?", "to": "de.bpol"}),
            ):
                said = b"" if answer.streaming else answer.content
                if SECRET.encode() in said:
                    shown.append((party, address))
    assert shown == []


def test_the_sender_sees_who_holds_the_letter_and_answers_the_desk_on_its_page(
    home: Path, their_keys: Path, settings: LazySettings, db: None
) -> None:
    settings.TANSIQ_TIMEZONE = "UTC"
    theirs = home / "es"
    theirs.mkdir()
    (theirs / "keys").symlink_to(their_keys)
    bureau = "es.bureau-rabat"
    sides = Sides(settings, home, theirs, bureau)
    writer = world.officer(Duty.SERVICE_OFFICER)
    sent = acts.send(
        kind=Kind.INFORMATION, letter=neighbours.information(SECRET), mechanism=Mechanism.EMBASSY_BUREAU.value,
        to=(world.THEIRS,), topic="drugs", purpose="prevention", by=writer, now=world.NOW,
    )  # fmt: skip
    assert isinstance(sent, Sent), sent
    address = f"/exchange/envelopes/{sent.envelope}"
    sides.carry()
    acts.ask(envelope=sent.envelope, words="Which port?", by=clerk(bureau), now=world.NOW)
    sides.carry()

    browser = world.sign_in(Duty.SERVICE_OFFICER)
    page = browser.get(address).content.decode()
    assert "with its sender, who was asked" in page
    assert "Which port?" in page
    status, page = post(browser, f"{address}/tell", words="Nador")
    assert (status, "at the desk" in page, "Nador" in page) == (HTTPStatus.OK, True, True)
    assert world.sign_in(Duty.SERVICE_OFFICER, "ma.gendarmerie").get(address).status_code == HTTPStatus.NOT_FOUND


def test_officials_of_several_services_sit_at_a_mission_s_desk_and_at_no_other(settings: LazySettings) -> None:
    settings.TANSIQ_NODE = "es"
    world.agencies()
    admin = world.sign_in(Duty.NODE_ADMINISTRATOR, "es.interior")
    guard = parties.add_person(
        username="guard", name="A Guard", agency="es.guardia-civil", password=world.PASSWORD, node="es"
    )
    given = {"person": str(guard.id), "duty": "bureau-clerk", "desk": "Bureau"}

    refused = post(admin, "/people/appoint", **given, agency="es.policia")
    status, _ = post(admin, "/people/appoint", **given, agency="es.bureau-rabat")

    assert (refused[0], status) == (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.OK)
    (held,) = people.posts_of(person=guard.id, now=clock.now())
    assert (held.desk.agency, held.service) == ("es.bureau-rabat", "es.guardia-civil")
    official = people.officer(person=guard.id, post=None, now=clock.now())
    assert (official.party, official.service) == ("es.bureau-rabat", "es.guardia-civil")
    assert Person.objects.get(id=guard.id).agency_id == "es.guardia-civil"
