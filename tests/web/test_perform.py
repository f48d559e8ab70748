"""A form becomes an act once; what is refused may be sent again, and errors keep what was typed."""

import re
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client

from tansiq.exchange.models import Event
from tansiq.ground import clock
from tansiq.parties.duties import Duty
from tansiq.watch import reads as watch
from tests import world
from tests.web import sea

REPORT = {
    "text": "Boat adrift",
    "lat": "35.7",
    "lon": "-4.9",
    "radius_m": "500",
    "seen_at": "2025-01-29T02:00",
    "priority": "1",
}


def token_of(page: str, action: str) -> str:
    """The token that the form with this action was drawn with."""
    form = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    found = re.search(r'name="token" value="([0-9a-f-]+)"', form)
    assert found
    return found[1]


@pytest.fixture
def client(home: Path, db: None) -> Client:
    """A watch officer's browser."""
    return world.sign_in(Duty.WATCH_OFFICER)


def alerts() -> int:
    """How many alerts there are."""
    officer = world.officer(Duty.WATCH_OFFICER)
    return len(watch.alerts(reader=officer, now=clock.now(), open_only=False))


def test_a_form_sent_twice_is_done_once(client: Client) -> None:
    sent = {**REPORT, "token": str(uuid4())}

    first = client.post("/alerts/raise", sent)
    second = client.post("/alerts/raise", sent | {"text": "Another boat"})

    assert (first.status_code, second.status_code) == (HTTPStatus.FOUND, HTTPStatus.FOUND)
    assert first.headers["location"].startswith("/alerts/")
    assert second.headers["location"] == "/duty"
    assert alerts() == 1


def test_each_drawn_form_has_a_token_of_its_own(client: Client) -> None:
    tokens = {token_of(client.get("/alerts/report").content.decode(), "/alerts/raise") for _ in range(3)}

    assert len(tokens) == 3


@pytest.mark.parametrize(
    "wrong", [{"lat": "nowhere"}, {"token": ""}, {"token": "x"}, {"seen_at": "soon"}, {"priority": "9"}]
)
def test_a_malformed_form_is_shown_again_with_what_was_typed(client: Client, wrong: dict[str, str]) -> None:
    answer = client.post("/alerts/raise", {**REPORT, "token": str(uuid4()), **wrong})

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Boat adrift" in answer.content.decode()
    assert alerts() == 0


def test_a_refusal_says_rule_and_basis_and_takes_the_mended_form(client: Client) -> None:
    sent = {**REPORT, "token": str(uuid4()), "seen_at": "2099-01-01T00:00"}
    refused = client.post("/alerts/raise", sent)
    page = refused.content.decode()

    assert refused.status_code == HTTPStatus.CONFLICT
    assert "This time lies ahead." in page
    assert "IAMSAR Manual, volume II" in page
    tried = Event.objects.get(name="watch.alert.raise")
    assert tried.value().detail == {"refused": "watch.reason.bad-time"}
    fresh = token_of(page, "/alerts/raise")
    assert fresh != sent["token"]
    assert client.post("/alerts/raise", {**REPORT, "token": fresh}).status_code == HTTPStatus.FOUND
    assert alerts() == 1


def test_an_unknown_thing_is_not_found(client: Client) -> None:
    answer = client.post(f"/alerts/{uuid4()}/acknowledge", {"token": str(uuid4())})

    assert answer.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.django_db
def test_a_computation_is_begun_once_and_its_refusal_stands_on_the_page(home: Path) -> None:
    case = sea.fill(1).case
    client = world.sign_in(Duty.RESCUE_COORDINATOR)
    sent = {"hours": "6", "particles": "200", "token": str(uuid4())}

    answer = client.post(f"/cases/{case}/drift", sent)
    page = client.get(f"/cases/{case}").content.decode()

    assert answer.status_code == HTTPStatus.FOUND
    assert "There is no forecast of current and wind on this node." in page
    later = client.get(f"/cases/{case}").content.decode()
    assert 'class="reason">There is no forecast' not in later, "a refusal is told once"
    assert "There is no forecast" in later, "and stands in the log"


@pytest.mark.django_db
def test_a_person_takes_up_another_of_their_posts_and_no_one_else_s(home: Path) -> None:
    from tansiq.parties import acts, reads

    person = world.person(Duty.WATCH_OFFICER)
    other = world.person(Duty.AUDITOR)
    acts.appoint(person=person.id, desk="Oversight", duty=Duty.REPORT_WRITER, since=sea.ANOTHER)
    mine = reads.posts_of(person=person.id, now=clock.now())
    theirs = reads.posts_of(person=other.id, now=clock.now())
    client = world.sign_in(Duty.WATCH_OFFICER)

    assert client.get("/figures").status_code == HTTPStatus.FORBIDDEN
    client.post("/post", {"post": str(theirs[0].id)})
    assert client.get("/ledger").status_code == HTTPStatus.FORBIDDEN
    client.post("/post", {"post": str(mine[1].id)})
    assert client.get("/figures").status_code == HTTPStatus.OK
