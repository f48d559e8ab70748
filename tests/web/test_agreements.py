"""Agreements on their pages: proposed, looked through, signed, suspended, lifted, superseded, compared, ended."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from tansiq.exchange import reads
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.ground import clock
from tansiq.parties.duties import Duty
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> Client:
    """A browser of the node's administrator."""
    return world.sign_in(Duty.NODE_ADMINISTRATOR)


def send(client: Client, page: str, address: str, **fields: object) -> str:
    """Send a form of a page, with its token; answers where that led."""
    found = re.search(
        rf'action="{re.escape(address)}".*?name="token" value="([^"]+)"', client.get(page).content.decode(), re.DOTALL
    )
    assert found, (page, address)
    answer = client.post(address, {"token": found[1], **fields})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def state_of(page: str) -> str:
    """Where the agreement of a page stands."""
    found = {line.digest: line for line in reads.agreements(reader=world.officer(Duty.NODE_ADMINISTRATOR))}
    return found[page.rpartition("/")[2]].state.value


PERIOD = {"since": "2026-01-01", "until": "2027-01-01"}


def test_a_bureau_is_proposed_with_its_desk_and_a_sharing_group(administrator: Client, es: Neighbour) -> None:
    page = send(
        administrator,
        "/exchange/agreements",
        "/exchange/agreements/propose",
        mechanism="embassy-bureau",
        number="7/2026",
        parties=["ma.dgsn", "es.policia"],
        desk="es.bureau-rabat",
        group="two",
        members=["ma.dgsn", "es.policia"],
        **PERIOD,
    )
    text = administrator.get(page).content.decode()

    assert "Exchange through the Interior bureau at the embassy" in text
    assert "Interior bureau at the embassy in Rabat" in text
    assert "Every letter passes the desk that the agreement names." in text
    assert "Directive (EU) 2016/680, article 4(1)(b); article 4" in text
    assert "every topic" in text
    assert "What it would allow" in text
    assert "fault" not in text


def test_what_the_page_says_is_in_the_readers_language(es: Neighbour) -> None:
    digest = neighbours.agree(Mechanism.INTERPOL, es, now=clock.now())
    for language, said in (
        ("ar", "لا تحمل قناة الإنتربول شيئا عن الإرهاب"),
        ("fr", "Interpol ne porte rien sur le terrorisme"),
        ("es", "Interpol no lleva nada sobre terrorismo"),
    ):
        client = world.sign_in(Duty.AUDITOR, language=language)
        assert said in client.get(f"/exchange/agreements/{digest}").content.decode()


def test_the_life_of_an_agreement_on_its_pages(administrator: Client, es: Neighbour) -> None:
    now = clock.now()
    digest = neighbours.agree(
        Mechanism.DIRECT, es, now=now, since=now - timedelta(days=30), until=now + timedelta(days=30)
    )
    page = f"/exchange/agreements/{digest}"
    assert state_of(page) == "in-force"
    send(administrator, page, f"{page}/suspend", party="ma.marine", reason="a leak")
    assert state_of(page) == "suspended"
    send(administrator, page, f"{page}/lift", party="ma.marine")
    assert state_of(page) == "in-force"

    heir = send(
        administrator,
        page,
        f"{page}/supersede",
        number="2/2026",
        since=f"{now - timedelta(days=2):%Y-%m-%d}",
        until=f"{now + timedelta(days=300):%Y-%m-%d}",
        overlap_days="0",
    )
    assert (state_of(heir), state_of(page)) == ("draft", "in-force")
    text = administrator.get(heir).content.decode()
    assert f'href="/exchange/agreements/{digest}"' in text
    assert "What it changes" in text
    changes = administrator.get(f"{heir}/changes").content.decode()
    assert "2/2026" in changes
    assert changes.count("None.") == 3, "no letter, and no row, but the words change"

    neighbours.sign(heir.rpartition("/")[2], es, now=now)
    assert (state_of(heir), state_of(page)) == ("in-force", "superseded")
    assert "Superseded by" in administrator.get(page).content.decode()
    send(administrator, heir, f"{heir}/end", party="ma.marine")
    assert (state_of(heir), state_of(page)) == ("ended", "superseded")


def test_two_agreements_are_compared(administrator: Client, es: Neighbour) -> None:
    first = neighbours.agree(Mechanism.DIRECT, es, now=clock.now())
    second = neighbours.agree(Mechanism.LIAISON, es, now=clock.now())
    text = administrator.get(f"/exchange/agreements/{second}/changes?from={first}").content.decode()

    assert "Letters that pass now and did not before" in text
    assert "liaison.mandate-in-date" in text
    assert administrator.get(f"/exchange/agreements/{second}/changes?from={'0' * 64}").status_code == 404
    assert administrator.get(f"/exchange/agreements/{second}/changes").status_code == 404


def test_what_ends_before_it_begins_is_not_proposed(administrator: Client) -> None:
    answer = administrator.get("/exchange/agreements")
    token = re.search(r'propose".*?name="token" value="([^"]+)"', answer.content.decode(), re.DOTALL)
    assert token
    fields = {"mechanism": "direct", "number": "1", "parties": ["ma.marine", "es.salvamento"]}
    period = {"since": PERIOD["until"], "until": PERIOD["since"]}
    refused = administrator.post("/exchange/agreements/propose", {"token": token[1], **fields, **period})

    assert refused.status_code == 422
    assert reads.agreements(reader=world.officer(Duty.NODE_ADMINISTRATOR)) == ()
