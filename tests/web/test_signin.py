"""The way in: passwords, the second step, lock-out, the end of a session, and providers of identity."""

from http import HTTPStatus
from pathlib import Path

import pytest
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import caches
from django.db import connection
from django.test import Client, RequestFactory

from tansiq.parties import acts
from tansiq.parties.duties import Duty
from tansiq.web.adapters import ProviderAdapter
from tansiq.web.security import policy
from tansiq.web.signin import provider
from tests import world
from tests.web.browser.people import SECRET, code

pytestmark = pytest.mark.django_db


def sign_in(client: Client, name: str, password: str = world.PASSWORD) -> int:
    """Give name and password; the status of the answer."""
    return client.post("/sign-in", {"login": name, "password": password}).status_code


def test_a_password_opens_the_first_room_of_the_duty(home: Path) -> None:
    name, client = world.person(Duty.WATCH_OFFICER).username, Client()

    assert sign_in(client, name) == HTTPStatus.FOUND
    assert client.get("/").headers["location"] == "/duty"


def test_the_second_step_is_asked_for_and_nothing_opens_without_it(home: Path) -> None:
    person, client = world.person(Duty.WATCH_OFFICER), Client()
    acts.enrol_totp(person=person.id, secret=SECRET)

    assert sign_in(client, person.username) == HTTPStatus.FOUND
    assert client.get("/duty").status_code == HTTPStatus.FOUND
    assert client.post("/sign-in/second-step", {"code": "000000"}).status_code == HTTPStatus.OK
    assert client.post("/sign-in/second-step", {"code": code()}).status_code == HTTPStatus.FOUND
    assert client.get("/duty").status_code == HTTPStatus.OK


def test_the_secret_of_a_second_step_is_not_kept_in_the_clear(home: Path) -> None:
    from allauth.mfa.models import Authenticator

    acts.enrol_totp(person=world.person(Duty.WATCH_OFFICER).id, secret=SECRET)

    assert SECRET not in str(Authenticator.objects.get().data)


def test_what_locks_a_sign_in_is_known_to_every_process(home: Path) -> None:
    name, client = world.person(Duty.WATCH_OFFICER).username, Client()
    for _ in range(5):
        sign_in(client, name, "not the password")

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM web_memory")
        assert cursor.fetchone()[0] > 0
    caches["default"].close()
    assert sign_in(Client(), name) == HTTPStatus.OK


def test_many_wrong_passwords_lock_their_own_address_alone(home: Path, settings: LazySettings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # thirty honest ones take a minute
    name = world.person(Duty.WATCH_OFFICER).username
    for number in range(30):
        sign_in(Client(REMOTE_ADDR="203.0.113.9"), f"nobody-{number}", "not the password")

    assert sign_in(Client(REMOTE_ADDR="203.0.113.9"), name) == HTTPStatus.OK
    assert sign_in(Client(REMOTE_ADDR="198.51.100.7"), name) == HTTPStatus.FOUND


def test_wrong_passwords_lock_the_account_s_sign_in_even_for_the_right_one(home: Path) -> None:
    name, client = world.person(Duty.WATCH_OFFICER).username, Client()
    for _ in range(5):
        sign_in(client, name, "not the password")

    assert sign_in(client, name) == HTTPStatus.OK
    assert client.get("/duty").status_code == HTTPStatus.FOUND
    assert (
        "locked for a few minutes"
        in client.post("/sign-in", {"login": name, "password": world.PASSWORD}).content.decode()
    )


def test_wrong_codes_lock_the_second_step(home: Path) -> None:
    person, client = world.person(Duty.WATCH_OFFICER), Client()
    acts.enrol_totp(person=person.id, secret=SECRET)
    sign_in(client, person.username)
    for _ in range(6):
        client.post("/sign-in/second-step", {"code": "000000"})

    client.post("/sign-in/second-step", {"code": code()})
    assert client.get("/duty").status_code == HTTPStatus.FOUND


def test_whether_a_name_exists_is_not_told(home: Path) -> None:
    name = world.person(Duty.WATCH_OFFICER).username
    answers = [
        Client().post("/sign-in", {"login": one, "password": "wrong wrong wrong"}).content for one in (name, "nobody")
    ]

    assert [b"do not go together" in answer for answer in answers] == [True, True]


def test_a_blocked_person_s_session_ends(home: Path) -> None:
    person, client = world.person(Duty.WATCH_OFFICER), world.sign_in(Duty.WATCH_OFFICER)
    assert client.get("/duty").status_code == HTTPStatus.OK

    acts.block_person(person=person.id, by=world.officer(Duty.NODE_ADMINISTRATOR))

    assert client.get("/duty").status_code == HTTPStatus.FOUND


def test_signing_out_ends_the_session(home: Path) -> None:
    client = world.sign_in(Duty.WATCH_OFFICER)
    client.post("/sign-out")

    assert client.get("/duty").status_code == HTTPStatus.FOUND


def test_a_form_sent_too_late_leads_back_to_its_page_after_signing_in(home: Path) -> None:
    answer = Client().post("/alerts/raise", {}, headers={"referer": "http://testserver/alerts/report"})

    assert answer.headers["location"] == "/sign-in?next=/alerts/report"


def test_a_page_of_elsewhere_is_not_led_back_to(home: Path) -> None:
    answer = Client().post("/alerts/raise", {}, headers={"referer": "http://elsewhere.example/alerts/report"})

    assert answer.headers["location"] == "/sign-in?next=/"


def test_providers_of_identity_stand_on_the_sign_in_page_and_in_the_policy(home: Path, settings: LazySettings) -> None:
    one = provider(
        id="agency", name="Agency", server_url="https://id.example.org/realm", client_id="tansiq", secret="x"
    )
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [one]}}

    page = Client().get("/sign-in").content.decode()

    assert 'action="/sign-in/with/agency' in page
    assert "form-action 'self' https://id.example.org;" in policy()


@pytest.mark.parametrize("part", ["userinfo", "id_token"])
def test_a_name_at_the_provider_opens_an_account_to_the_first_who_bore_it(
    part: str, home: Path, settings: LazySettings
) -> None:
    one = provider(id="agency", name="Agency", server_url="https://id.example.org", client_id="tansiq", secret="x")
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [one]}}
    known = world.person(Duty.WATCH_OFFICER)

    def come(subject: str) -> SocialLogin:
        request = RequestFactory().get("/sign-in/with/agency/callback")
        request.user, request.session = AnonymousUser(), SessionStore()
        said = {part: {"sub": subject, "preferred_username": known.username}}
        login = SocialLogin(account=SocialAccount(provider="agency", uid=subject, extra_data=said))
        ProviderAdapter(request).pre_social_login(request, login)
        return login

    assert come("first").user.pk == known.id
    with pytest.raises(ImmediateHttpResponse):
        come("second, renamed")
