"""A form whose answer was lost is sent again: it changes nothing and leads to its page, even if it no longer fits."""

from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pytest

from tansiq.parties.duties import Duty
from tests import world
from tests.web import sea


@pytest.mark.django_db
def test_a_form_sent_again_leads_to_its_page_even_if_it_no_longer_fits(home: Path) -> None:
    made, browser = sea.fill(1), world.sign_in(Duty.RESCUE_COORDINATOR)
    browser.post(f"/alerts/{made.alert}/acknowledge", {"token": uuid4()})
    form, address = {"token": uuid4(), "reason": "A drill."}, f"/alerts/{made.alert}/close"

    first = browser.post(address, form)
    again = browser.post(address, form)
    shorter = browser.post(address, {"token": form["token"]})

    assert [each.status_code for each in (first, again, shorter)] == [HTTPStatus.FOUND] * 3
    assert {each.headers["Location"] for each in (first, again, shorter)} == {f"/alerts/{made.alert}"}
    assert browser.post(address, {"token": uuid4()}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert browser.post(address, {"token": "no token"}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
