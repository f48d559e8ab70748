"""The thread of a request through the pages of both nodes: written, its channel chosen, sent, read, answered."""

import re
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID, uuid4

import pytest
from django.conf import LazySettings
from django.test import Client

from tansiq.correspondence.models import Request
from tansiq.ground import clock
from tansiq.parties.duties import Duty
from tests import neighbour as neighbours
from tests import world
from tests.correspondence import threads
from tests.neighbour import Neighbour
from tests.sides import Sides

pytestmark = pytest.mark.django_db

LABEL = {"topic": "drugs", "purpose": "investigation", "urgency": "urgent", "sensitivity": "1", "handling": "H1"}
QUESTION = {
    **LABEL, "subject": "A grey boat", "question": "Who registered it?", "rows": "1", "mentions": "0", "text_1": "",
    "nature_1": "fact", "source_1": "X", "grade_1": "4",
}  # fmt: skip
ANSWER = {**QUESTION, "text_1": "It is registered in Cartagena", "source_1": "A", "grade_1": "1", "extent": "whole"}


def token() -> dict[str, str]:
    """A form of its own."""
    return {"token": str(uuid4())}


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages' clock stands at the hour at which the post between both sides is carried."""
    monkeypatch.setattr(clock, "now", lambda: world.NOW)


@pytest.fixture
def both(sides: Sides, settings: LazySettings, now: None) -> tuple[Client, Client]:
    """An officer's browser on each side."""
    return world.sign_in(Duty.CASE_OFFICER), world.sign_in(Duty.CASE_OFFICER, world.THEIRS)


def test_a_question_goes_from_the_page_to_its_answer(sides: Sides, both: tuple[Client, Client]) -> None:
    ours, theirs = both
    direct = threads.direct(sides)
    address = ours.get("/exchange/requests/new").headers["location"]
    assert "/exchange/new/request/" in address
    kept = ours.post(f"{address}/keep", {**QUESTION, "to": world.THEIRS, "step": "choose"}, follow=True)
    assert f'value="{direct}" checked' in kept.content.decode(), "one channel fits"
    sent = ours.post(f"{address}/send", {**QUESTION, **token(), "to": world.THEIRS, "agreement": direct})
    thread = sent.headers["location"]
    assert re.fullmatch(r"/exchange/requests/[0-9a-f-]{36}", thread)
    assert "Withdraw the request" in ours.get(thread).content.decode()

    sides.carry()
    page = theirs.get("/exchange/requests").content.decode()
    assert thread in page
    assert "Who registered it?" not in theirs.get(thread).content.decode()
    asked = re.search(r"/exchange/envelopes/[0-9a-f-]{36}", theirs.get(thread).content.decode())
    assert asked
    opened = theirs.post(f"{asked[0]}/open", {**token(), "reason": "to answer"}).content.decode()
    assert "Who registered it?" in opened
    assert f'href="{thread}"' in opened, "the letter leads to its thread"
    assert theirs.post(f"{thread}/take", token()).status_code == HTTPStatus.FOUND
    draft = theirs.get(f"{thread}/answer").headers["location"]
    form = theirs.get(draft).content.decode()
    assert f'value="{direct}" checked' in form, "it goes back by the channel that it came by"
    request = thread.rpartition("/")[2]
    fields = {**ANSWER, **token(), "request": request, "to": world.OURS, "agreement": direct}
    assert theirs.post(f"{draft}/send", fields).headers["location"] == thread
    assert "Write the answer" not in theirs.get(thread).content.decode(), "nothing is owed any more"

    sides.carry()
    page = ours.get(thread).content.decode()
    assert "answered" in page
    assert "Cartagena" not in page
    assert [step.step for step in Request.objects.get().steps.all()] == ["ask", "take", "whole"]


def test_what_is_late_is_reminded_from_its_page(es: Neighbour, now: None) -> None:
    agreed = neighbours.agree(neighbours.Mechanism.DIRECT, es, now=world.NOW)
    request = threads.ask(agreed, now=world.NOW - timedelta(hours=9))
    browser = world.sign_in(Duty.CASE_OFFICER)
    thread = f"/exchange/requests/{request.id}"

    assert "overdue" in browser.get("/exchange/requests").content.decode()
    assert "Remind" in browser.get(thread).content.decode()
    assert browser.post(f"{thread}/remind", token()).status_code == HTTPStatus.FOUND
    escalated = browser.post(f"{thread}/escalate", {**token(), "to": "es.interior"})
    assert escalated.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, "there is nobody above on this channel"
    assert browser.post(f"{thread}/withdraw", token()).status_code == HTTPStatus.FOUND
    again = browser.post(f"{thread}/withdraw", token())
    assert again.status_code == HTTPStatus.CONFLICT
    assert "Nothing is owed any more" in again.content.decode()


def test_another_agency_finds_no_such_request(es: Neighbour, now: None) -> None:
    agreed = neighbours.agree(neighbours.Mechanism.DIRECT, es, now=world.NOW)
    request = threads.ask(agreed)
    browser = world.sign_in(Duty.CASE_OFFICER, "ma.gendarmerie")
    thread = f"/exchange/requests/{request.id}"

    assert browser.get(thread).status_code == HTTPStatus.NOT_FOUND
    assert browser.get(f"{thread}/answer").status_code == HTTPStatus.NOT_FOUND
    assert browser.post(f"{thread}/withdraw", token()).status_code == HTTPStatus.NOT_FOUND
    assert str(request.id) not in browser.get("/exchange/requests").content.decode()


@pytest.mark.parametrize("after", ["", "x", "1~", "99999999999999999~x", f"1~{UUID(int=7)}", "-1~~"])
def test_an_address_that_makes_no_sense_begins_at_the_beginning(after: str, es: Neighbour) -> None:
    assert world.sign_in(Duty.CASE_OFFICER).get(f"/exchange/requests?after={after}").status_code == HTTPStatus.OK
