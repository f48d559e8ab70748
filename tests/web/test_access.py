"""Inherited by every route: it names a permission, and opens to the duties that hold it and to no other."""

from http import HTTPStatus
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from tansiq.parties.duties import HELD, Duty, Permission
from tansiq.web.urls import ROOMS, SIGN_IN
from tests import world

NOBODY = {"uuid": UUID(int=0), "slug": "none", "str": "none", "int": 0}
OPEN_TO_ALL = {route.name for route in SIGN_IN} | {"set_language"}


AT_THE_MACHINE = {
    Permission.LEDGER_RECOVER,
    Permission.KEY_ROTATE,
    Permission.TOKEN_ISSUE,
    Permission.TOKEN_REVOKE,
    Permission.ALERT_EXPORT,
}
"""What is done at the machine itself: by two persons while its pages are stopped, or where a secret is shown once."""

AT_THE_GATEWAYS = HELD[Duty.EXTERNAL_CLIENT]
"""What programs do; `tests/gateways/test_taxii.py` tries every duty against every route of a gateway."""


def address(route: URLPattern) -> str:
    """The route's address, for a thing that does not exist."""
    ids = {
        name: NOBODY[type(kind).__name__.removesuffix("Converter").lower().replace("string", "str")]
        for name, kind in route.pattern.converters.items()
    }
    return reverse(route.name, kwargs=ids)


def ask(client: Client, route: URLPattern) -> int:
    """The status of the answer to GET, or to POST where the route only takes that."""
    answer = client.get(address(route))
    if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer = client.post(address(route))
    return answer.status_code


def test_every_route_is_a_room_s_or_named_here() -> None:
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}

    assert names == OPEN_TO_ALL | {route.name for route in ROOMS}


def test_every_permission_that_someone_holds_opens_a_route() -> None:
    held = frozenset[Permission]().union(*HELD.values())

    assert {route.callback.permission for route in ROOMS} == held - AT_THE_MACHINE - AT_THE_GATEWAYS


@pytest.mark.django_db
@pytest.mark.parametrize("duty", Duty)
def test_every_route_opens_to_the_duties_that_hold_its_permission_and_to_no_other(duty: Duty, home: Path) -> None:
    client = world.sign_in(duty)

    forbidden = {route.name: ask(client, route) == HTTPStatus.FORBIDDEN for route in ROOMS}

    assert forbidden == {route.name: route.callback.permission not in HELD[duty] for route in ROOMS}


@pytest.mark.django_db
@pytest.mark.parametrize("route", ROOMS, ids=lambda route: route.name)
def test_a_stranger_is_sent_to_sign_in(route: URLPattern) -> None:
    assert ask(Client(), route) == HTTPStatus.FOUND


@pytest.mark.django_db
def test_who_holds_no_post_may_do_nothing(home: Path) -> None:
    from tansiq.parties.models import Person

    world.agencies()
    client = Client()
    person = Person.objects.create_user("nobody", agency_id=world.OURS)
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")

    assert {ask(client, route) for route in ROOMS} == {HTTPStatus.FORBIDDEN}
    assert client.get("/").status_code == HTTPStatus.FORBIDDEN


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["/sign-up", "/signup/", "/accounts/signup/", "/account/email", "/password/reset/", "/admin/"]
)
def test_what_a_node_does_not_offer_is_not_there(address: str) -> None:
    assert Client().get(address).status_code == HTTPStatus.NOT_FOUND
