"""Interpol's notices on their page: told why not, in the rule's words, and which channel fits; then sent."""

from http import HTTPStatus
from uuid import uuid4

import pytest
from django.test import Client

from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.notices import NoticeLetter
from tansiq.exchange.label import Claim, Notice
from tansiq.exchange.models import Envelope
from tansiq.exchange.reads import letter as opened
from tansiq.ground import clock
from tansiq.parties.duties import Duty
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour
from tests.world import NOW, THEIRS

pytestmark = pytest.mark.django_db

RED = {
    "to": [THEIRS], "colour": "red", "topic": "drugs", "purpose": "prosecution", "urgency": "routine",
    "sensitivity": "0", "handling": "H1", "review_on": "2028-01-29", "subject": "Wanted", "ask": "arrest",
    "offence": "Trafficking in drugs", "provision": "Penal code", "authority": "Court of appeal", "number": "12/2024",
    "issued": "2024-05-01", "penalty_months": "120", "extradition": "on", "rows": "1",
    "text_1": "Left the country in June", "nature_1": "fact", "source_1": "A", "grade_1": "1", "mentions": "1",
    "name_1": "A. Person", "category_1": "suspect", "born_1": "1980", "nationality_1": "MA", "description_1": "",
}  # fmt: skip

STOPPED = {
    "no warrant": ({"authority": ""}, "interpol.red-warrant"),
    "no word on extradition": ({"extradition": ""}, "interpol.red-extradition"),
    "too light an offence": ({"penalty_months": "23"}, "interpol.red-penalty"),
    "terrorism": ({"topic": "terrorism"}, "interpol.terrorism"),
    "what is sensitive": ({"sensitivity": "1"}, "interpol.sensitive"),
    "a political matter": ({"signed_for": ["article-3"]}, "interpol.article-3"),
    "who sought asylum": ({"signed_for": ["asylum"]}, "interpol.asylum"),
    "a review too far away": ({"review_on": "2040-01-01"}, "interpol.review"),
}


@pytest.fixture
def interpol(es: Neighbour, monkeypatch: pytest.MonkeyPatch) -> str:
    """A channel through Interpol; the pages' clock stands in that night."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    world.agencies()
    return neighbours.agree(Mechanism.INTERPOL, es, now=NOW)


@pytest.fixture
def browser(interpol: str) -> Client:
    """A case officer's browser."""
    return world.sign_in(Duty.CASE_OFFICER)


def told(browser: Client, **changes: object) -> str:
    """What the page says of the channels while the notice is written."""
    address = browser.get("/exchange/new?kind=notice").headers["location"]
    fields = {name: value for name, value in (RED | changes).items() if value != ""}
    return browser.post(f"{address}/keep", fields, headers={"hx-request": "true"}).content.decode()


@pytest.mark.parametrize("story", STOPPED)
def test_what_stops_a_notice_is_told_in_the_rule_s_words(story: str, browser: Client) -> None:
    changes, rule = STOPPED[story]

    page = told(browser, **changes)

    assert rule in page
    assert "No channel takes this letter as it stands." in page


def test_a_red_notice_with_its_warrant_goes_to_every_bureau(browser: Client, interpol: str) -> None:
    assert "checked" in told(browser)
    address = browser.get("/exchange/new?kind=notice").headers["location"]
    assert 'name="colour"' in browser.get(address).content.decode()

    answer = browser.post(f"{address}/send", {**RED, "agreement": interpol, "token": str(uuid4())})

    assert answer.status_code == HTTPStatus.FOUND
    row = Envelope.objects.get()
    said = row.said
    assert said is not None
    assert (said.kind, said.notice) == (Kind.NOTICE, Notice.RED)
    assert said.claims == {Claim.WARRANT: 1, Claim.EXTRADITION: 1, Claim.PENALTY_MONTHS: 120}
    letter = opened(envelope=row.ref).letter
    assert isinstance(letter, NoticeLetter)
    assert letter.warrant is not None
    assert [(each.name, each.category, each.born) for each in letter.persons] == [("A. Person", "suspect", "1980")]


def test_what_interpol_does_not_carry_shows_the_channel_that_does(
    browser: Client, interpol: str, es: Neighbour
) -> None:
    direct = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    address = browser.get("/exchange/new").headers["location"]
    fields = {
        **RED, "topic": "terrorism", "purpose": "prevention", "sensitivity": "2", "agreement": interpol,
        "token": str(uuid4()),
    }  # fmt: skip

    refused = browser.post(f"{address}/send", fields)
    page = refused.content.decode()

    assert refused.status_code == HTTPStatus.CONFLICT
    assert "interpol.terrorism" in page
    assert f'name="instead" value="{direct}"' in page


def test_a_diffusion_goes_to_whom_its_sender_chooses(browser: Client, interpol: str) -> None:
    address = browser.get("/exchange/new?kind=diffusion").headers["location"]
    fields = {**RED, "colour": "yellow", "signed_for": ["reported-missing"], "ask": "locate", "agreement": interpol}

    answer = browser.post(f"{address}/send", {**fields, "token": str(uuid4())})

    assert answer.status_code == HTTPStatus.FOUND, answer.content.decode()
    said = Envelope.objects.get().said
    assert said is not None
    assert (said.kind, said.notice, said.recipients) == (Kind.DIFFUSION, Notice.YELLOW, (THEIRS,))
