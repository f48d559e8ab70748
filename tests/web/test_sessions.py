"""How long a session lasts: a shift at most, and no longer than the browser."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tansiq.parties.duties import Duty
from tests import world

pytestmark = pytest.mark.django_db


def sign_in(client: Client, username: str, password: str) -> bool:
    """Whether the name and the password open the pages."""
    client.post(reverse("account_login"), {"login": username, "password": password})
    return "_auth_user_id" in client.session


@pytest.fixture
def username(home: Path) -> str:
    return world.person(Duty.DUTY_OFFICER).username


def test_a_session_ends_with_the_shift_and_with_the_browser(username: str) -> None:
    client = Client()
    assert sign_in(client, username, world.PASSWORD)

    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["max-age"], "the browser forgets it when it is closed"
    assert timedelta(seconds=client.session.get_expiry_age()) <= timedelta(hours=12)


def test_a_session_of_another_shift_opens_nothing(username: str) -> None:
    from django.contrib.sessions.models import Session

    client = Client()
    assert sign_in(client, username, world.PASSWORD)
    Session.objects.update(expire_date=world.LONG_AGO)

    answer = client.get("/")

    assert answer.status_code == 302
    assert reverse("account_login") in answer["location"]
