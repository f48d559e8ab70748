"""The pages of liaison posts: open one, assign a case, write about it, hand the post over; in every language."""

from datetime import timedelta
from http import HTTPStatus
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tansiq.exchange import reads
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.mandates import PostState
from tansiq.exchange.models import Envelope, LiaisonPost
from tansiq.ground import clock
from tansiq.parties import acts as parties
from tansiq.parties.duties import Duty
from tansiq.parties.values import Person
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour

pytestmark = pytest.mark.django_db

TITLES = {"en": "Liaison post", "ar": "منصب اتصال", "fr": "Poste de liaison", "es": "Puesto de enlace"}
ROOT = "/exchange/liaison"


@pytest.fixture
def agreed(es: Neighbour) -> str:
    return neighbours.agree(Mechanism.LIAISON, es, now=world.MET)


def second() -> tuple[Person, Client]:
    """Another liaison officer of ours."""
    from tansiq.parties.models import Person as Row

    person = parties.add_person(
        username="second", name="Second", agency=world.OURS, password=world.PASSWORD, node="ma"
    )  # fmt: skip
    assert isinstance(person, Person)
    parties.appoint(
        person=person.id, desk="Liaison", duty=Duty.LIAISON_OFFICER, since=world.LONG_AGO, until=world.FAR
    )  # fmt: skip
    client = Client(headers={"accept-language": "en"})
    client.force_login(Row.objects.get(id=person.id), "allauth.account.auth_backends.AuthenticationBackend")
    return person, client


def post(client: Client, path: str, **fields: object) -> tuple[int, str]:
    answer = client.post(path, {"token": uuid4(), **fields}, follow=True)
    return answer.status_code, answer.content.decode()


def in_days(count: int) -> str:
    return (clock.now() + timedelta(days=count)).date().isoformat()


def opened() -> UUID:
    """A post of our liaison officer at the neighbour, opened through the page."""
    first = world.person(Duty.LIAISON_OFFICER)
    given = {
        "sending": world.OURS, "host": world.THEIRS, "officer": str(first.id), "topics": ["drugs"],
        "regions": ["strait", "rif"], "until": in_days(90),
    }  # fmt: skip
    status, page = post(world.sign_in(Duty.NODE_ADMINISTRATOR), f"{ROOT}/open", **given)
    assert (status, "Strait of Gibraltar" in page) == (HTTPStatus.OK, True)
    return LiaisonPost.objects.get().id


def assigned(at: UUID, **fields: object) -> tuple[int, str]:
    given = {"reference": "Harbour 7", "topic": "drugs", "region": "strait", "until": in_days(30), **fields}
    return post(world.sign_in(Duty.CASE_OFFICER), f"{ROOT}/{at}/assign", **given)


def test_a_post_is_opened_a_case_assigned_taken_back_and_the_post_ended(es: Neighbour, agreed: str) -> None:
    at = opened()
    status, page = assigned(at)
    assert (status, "Harbour 7" in page) == (HTTPStatus.OK, True)
    status, page = assigned(at, region="rif", until=in_days(100), reference="Later")
    assert (status, "no longer than the mandate lasts" in page) == (HTTPStatus.CONFLICT, True)

    case = LiaisonPost.objects.get().cases.get().case
    status, _ = post(world.sign_in(Duty.CASE_OFFICER), f"{ROOT}/{at}/cases/{case}/withdraw")
    assert status == HTTPStatus.OK
    status, page = post(world.sign_in(Duty.NODE_ADMINISTRATOR), f"{ROOT}/{at}/end")
    assert (status, "Assign a case" in page) == (HTTPStatus.OK, False)
    told = [each.letter for each in neighbours.opened(es)]
    assert [(each.n, each.ended is None, len(each.cases)) for each in told] == [
        (1, True, 0), (2, True, 1), (3, True, 1), (4, False, 1),
    ]  # fmt: skip
    assert reads.liaison_post(post=at, reader=world.officer(Duty.CASE_OFFICER)).state(clock.now()) is PostState.ENDED


def test_the_holder_writes_about_a_case_from_its_post_and_another_officer_does_not(es: Neighbour, agreed: str) -> None:
    at = opened()
    assigned(at)
    case = LiaisonPost.objects.get().cases.get().case
    first = world.sign_in(Duty.LIAISON_OFFICER)
    assert f"/exchange/new?case={case}" in first.get(f"{ROOT}/{at}").content.decode()

    begun = first.get(f"/exchange/new?case={case}", follow=True)
    assert str(case) in begun.content.decode()
    letter = {
        "to": world.THEIRS, "topic": "drugs", "purpose": "investigation", "urgency": "routine", "sensitivity": "1",
        "handling": "H0", "case": str(case), "subject": "Container", "rows": "1", "mentions": "0", "text_1": "Seen.",
        "nature_1": "fact", "source_1": "A", "grade_1": "1", "agreement": agreed,
    }  # fmt: skip
    path = begun.redirect_chain[-1][0].partition("?")[0]
    _, page = post(second()[1], f"/exchange/new/information/{uuid4()}/send", **letter)
    assert "You do not hold the post that this letter passes by." in page
    status, _ = post(first, f"{path}/send", **letter)

    assert status == HTTPStatus.OK
    sent = Envelope.objects.get(kind="information")
    assert sent.said.mandate == LiaisonPost.objects.get().digest
    assert f"/exchange/envelopes/{sent.ref}" in first.get(f"{ROOT}/{at}").content.decode()


def test_a_post_is_handed_over_by_the_one_and_taken_over_by_the_other(es: Neighbour, agreed: str) -> None:
    at = opened()
    first, (person, other) = world.sign_in(Duty.LIAISON_OFFICER), second()

    status, page = post(first, f"{ROOT}/{at}/hand-over", to=str(person.id))
    assert (status, "Offered to" in page) == (HTTPStatus.OK, True)
    status, page = post(first, f"{ROOT}/{at}/take-over")
    assert (status, "has not handed this post over to you" in page) == (HTTPStatus.CONFLICT, True)
    status, _ = post(other, f"{ROOT}/{at}/take-over")

    assert status == HTTPStatus.OK
    assert LiaisonPost.objects.get().holder == "second"
    assert neighbours.opened(es)[-1].letter.holder == "second"


@pytest.mark.parametrize("language", TITLES)
def test_a_post_is_read_in_every_language(agreed: str, language: str) -> None:
    at = opened()
    assigned(at)
    client = world.sign_in(Duty.CASE_OFFICER, language=language)

    assert TITLES[language] in client.get(f"{ROOT}/{at}").content.decode()
    assert str(at) in client.get(ROOT).content.decode()


def test_to_another_agency_s_officers_a_post_is_not_there(agreed: str) -> None:
    at = opened()
    stranger = world.sign_in(Duty.CASE_OFFICER, "ma.gendarmerie")

    assert str(at) not in stranger.get(ROOT).content.decode()
    assert stranger.get(f"{ROOT}/{at}").status_code == HTTPStatus.NOT_FOUND
    assert stranger.post(f"{ROOT}/{at}/assign", {"token": uuid4()}).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("rows", [1, 4])
def test_the_lists_cost_the_same_however_many_cases(agreed: str, rows: int) -> None:
    at = opened()
    for number in range(rows):
        assigned(at, reference=f"Case {number}")
    client, asked = world.sign_in(Duty.CASE_OFFICER), []
    for address in (ROOT, f"{ROOT}/{at}"):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        asked.append(len(queries))

    assert asked == [8, 11]
