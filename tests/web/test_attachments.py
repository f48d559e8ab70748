"""Attachments through the browser: handed in part by part, shown with the letter, stored for a reason."""

from http import HTTPStatus
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client

from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.content import CHUNK
from tansiq.exchange.models import Blob, Event, Upload
from tansiq.ground import clock
from tansiq.parties.duties import Duty, Permission
from tests import neighbour as neighbours
from tests import world
from tests.exchange import attached
from tests.exchange.attached import PNG
from tests.neighbour import Neighbour

pytestmark = pytest.mark.django_db
ID = UUID(int=5)
TOKEN = str(UUID(int=9))


def part(browser: Client, data: bytes, offset: int, **said: object) -> tuple[int, dict[str, object]]:
    """Hand one part in; answers the status and what was said."""
    query = {"name": "photo.png", "size": len(PNG), "offset": offset, **said}
    answer = browser.post(
        f"/exchange/uploads/{ID}?" + "&".join(f"{key}={value}" for key, value in query.items()),
        data, content_type="application/octet-stream",
    )  # fmt: skip
    return answer.status_code, answer.json()


def test_a_file_is_handed_in_part_by_part_and_taken_back(home: Path) -> None:
    browser = world.sign_in(Duty.LIAISON_OFFICER)

    assert part(browser, PNG[:CHUNK], 0)[1]["came"] == CHUNK
    assert part(browser, PNG[: 2 * CHUNK], 0)[1]["came"] == CHUNK, "it says how far it came"
    assert browser.get(f"/exchange/uploads/{ID}").json() == {"came": CHUNK}
    assert part(browser, PNG[CHUNK:], CHUNK)[1]["came"] == len(PNG)
    assert world.sign_in(Duty.CASE_OFFICER).get(f"/exchange/uploads/{ID}").status_code == HTTPStatus.NOT_FOUND
    assert browser.post(f"/exchange/uploads/{ID}/drop").status_code == HTTPStatus.NO_CONTENT
    assert not Upload.objects.exists()


def test_what_is_no_kind_of_file_is_refused_in_words(home: Path) -> None:
    browser = world.sign_in(Duty.LIAISON_OFFICER, language="fr")

    status, said = part(browser, b"MZ\x90\x00", 0, size=4)

    assert status == HTTPStatus.CONFLICT
    assert said == {"refused": "Ce type de fichier n'est pas accepté, quel que soit son nom."}
    assert part(browser, b"x", 0, size="x")[0] == HTTPStatus.BAD_REQUEST


@pytest.fixture
def letter(es: Neighbour) -> str:
    """A letter of ours with a picture attached; the address of its page."""
    now = clock.now()
    direct = neighbours.agree(Mechanism.DIRECT, es, now=now)
    by = world.officer(Duty.LIAISON_OFFICER)
    sent = attached.send(es, direct, now, attached.hand_in(PNG, now, by=by), by=by)
    return f"/exchange/envelopes/{sent.envelope}"


@pytest.mark.parametrize(("language", "said"), [("en", "Attachments, sealed"), ("ar", "مرفقات مختومة")])
def test_the_page_shows_what_is_attached_and_not_its_name(letter: str, language: str, said: str) -> None:
    page = world.sign_in(Duty.LIAISON_OFFICER, language=language).get(letter).content.decode()

    assert said in page
    assert "image/png" in page
    assert "photo.png" not in page


def test_an_attachment_is_stored_for_a_reason_and_never_shown(letter: str) -> None:
    browser = world.sign_in(Duty.LIAISON_OFFICER)

    unasked = browser.post(f"{letter}/attachments/0", {"reason": "", "token": TOKEN})
    answer = browser.post(f"{letter}/attachments/0", {"reason": "case 7", "token": TOKEN})

    assert unasked.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert b"".join(answer.streaming_content) == PNG
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''photo.png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert Event.objects.order_by("-id")[0].name == Permission.ATTACHMENT_OPEN


def test_another_agency_of_this_node_finds_nothing(letter: str) -> None:
    answer = world.sign_in(Duty.LIAISON_OFFICER, party="ma.gendarmerie").post(
        f"{letter}/attachments/0", {"reason": "case 7", "token": TOKEN}
    )

    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_a_refused_attempt_is_logged(letter: str) -> None:
    Blob.objects.update(state="erased")
    browser = world.sign_in(Duty.LIAISON_OFFICER)

    answer = browser.post(f"{letter}/attachments/0", {"reason": "case 7", "token": TOKEN})

    assert answer.status_code == HTTPStatus.CONFLICT
    last = Event.objects.order_by("-id")[0]
    assert last.name == Permission.ATTACHMENT_OPEN
    assert '"refused":"exchange.reason.attachment-awaited"' in last.detail
