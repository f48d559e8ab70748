"""Through the pages: ask, answer, pass on, and see who holds it."""

from http import HTTPStatus
from uuid import UUID

import pytest
from django.test import Client

from tansiq.exchange.models import Envelope, Recall, Release
from tansiq.parties.duties import Duty
from tests import world
from tests.trio import AGENCIES, Trio

pytestmark = pytest.mark.django_db


def browser(node: str, language: str = "en") -> Client:
    return world.sign_in(Duty.DUTY_OFFICER, AGENCIES[node], language)


def onward(trio: Trio, number: int, **fields: object) -> dict[str, object]:
    """The fields of the two onward forms, for es to de."""
    to = f"{trio.agreement('es', 'de')}|{AGENCIES['de']}"
    return {"to": to, "purpose": "prevention", "token": str(UUID(int=number)), **fields}


def test_a_letter_goes_on_through_the_pages_of_three_nodes(trio: Trio) -> None:
    letter = trio.write("Thirty persons, north of Larache.").envelope
    trio.post()
    trio.play("es")
    page, es = f"/exchange/envelopes/{letter}", browser("es")

    refused = es.post(f"{page}/forward", onward(trio, 1, urgency="routine"))
    assert refused.status_code == HTTPStatus.CONFLICT
    text = refused.content.decode()
    assert "It does not go on without the originator&#x27;s signed yes." in text
    assert 'form="exchange.release.ask"' in text
    asked = es.post(f"{page}/release", onward(trio, 2, reason="de looks for the boat"), follow=True)
    assert "waiting for an answer" in asked.content.decode()
    trio.post()

    trio.play("ma")
    ma = browser("ma")
    waiting = ma.get("/exchange/releases").content.decode()
    assert "Waiting for our answer" in waiting
    number = Release.objects.get().position
    assert f"/exchange/releases/{number}" in waiting
    fields = {"answer": "granted", "days": 3, "once": "on", "reason": "", "token": str(UUID(int=3))}
    answered = ma.post(f"/exchange/releases/{number}/answer", fields, follow=True)
    assert "granted" in answered.content.decode()
    trio.post()

    trio.play("es")
    passed = es.post(f"{page}/forward", onward(trio, 4, urgency="routine"), follow=True)
    assert passed.status_code == HTTPStatus.OK
    assert "Letter passed on" in passed.content.decode()
    trio.post()

    trio.play("de")
    de, there = browser("de"), Envelope.objects.get(kind="forward").ref
    opened = de.post(f"/exchange/envelopes/{there}/open", {"reason": "to act", "token": str(UUID(int=5))})
    text = opened.content.decode()
    assert "Thirty persons, north of Larache." in text
    assert "Written by" in text

    trio.play("ma")
    text = ma.get(page).content.decode()
    holders = text[text.index('id="holders"') :]
    assert holders.index("holds it") < holders.index("Federal Police") < holders.index("passed on to it")


WORDS = {"ar": "من يحوزها", "fr": "Qui la détient", "es": "Quién la tiene"}


@pytest.mark.parametrize("language", WORDS)
def test_who_holds_it_stands_on_the_page_in_every_language(trio: Trio, language: str) -> None:
    letter = trio.write().envelope

    text = browser("ma", language).get(f"/exchange/envelopes/{letter}").content.decode()

    assert WORDS[language] in text


def test_a_form_that_names_nobody_is_asked_again(trio: Trio) -> None:
    letter = trio.write().envelope
    trio.post()
    trio.play("es")

    answer = browser("es").post(f"/exchange/envelopes/{letter}/release", {"token": str(UUID(int=1)), "reason": "x"})

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert Release.objects.count() == 0


def test_another_agency_s_requests_are_not_seen(trio: Trio) -> None:
    letter = trio.write().envelope
    trio.post()
    trio.play("es")
    browser("es").post(f"/exchange/envelopes/{letter}/release", onward(trio, 1, reason="x"))
    number = Release.objects.get().position

    other = world.sign_in(Duty.DUTY_OFFICER, "es.guardia-civil")

    assert other.get(f"/exchange/releases/{number}").status_code == HTTPStatus.NOT_FOUND
    assert str(number) not in other.get("/exchange/releases").content.decode().partition("<main")[2]


def test_a_letter_is_taken_back_through_the_pages(trio: Trio) -> None:
    letter = trio.write("Thirty persons, north of Larache.").envelope
    trio.post()
    page = f"/exchange/envelopes/{letter}"
    fields = {"cause": "risk", "remark": "", "token": str(UUID(int=1))}
    taken = browser("ma").post(f"{page}/recall", fields, follow=True)
    assert "asked to erase" in taken.content.decode()
    trio.post()

    trio.play("es")
    es = browser("es")
    shut = es.post(f"{page}/open", {"reason": "to see", "token": str(UUID(int=2))})
    assert shut.status_code == HTTPStatus.CONFLICT
    assert "Its originator has taken this letter back." in shut.content.decode()
    number = Recall.objects.get().position
    assert f"/exchange/recalls/{number}" in es.get("/exchange/recalls").content.decode()
    no_basis = {"answer": "retained", "basis": "", "days": "", "token": str(UUID(int=3))}
    assert es.post(f"/exchange/recalls/{number}/answer", no_basis).status_code == HTTPStatus.CONFLICT
    erase = {"answer": "erased", "basis": "", "days": "", "token": str(UUID(int=4))}
    said = es.post(f"/exchange/recalls/{number}/answer", erase, follow=True)
    assert "says erased" in said.content.decode()
    assert es.get(page).status_code == HTTPStatus.OK
    trio.post()

    trio.play("ma")
    number = Recall.objects.get().position
    text = browser("ma").get(f"/exchange/recalls/{number}").content.decode()
    assert "says erased" in text
    assert "A statement is no proof" in text
