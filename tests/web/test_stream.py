"""The live stream: names and ids alone, replayed from where a browser was, only what its person may see."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as node
from django.db import transaction
from starlette.applications import Starlette

from tansiq.exchange import acts as exchange
from tansiq.exchange import reads
from tansiq.ground import clock
from tansiq.parties.duties import Duty, Permission
from tansiq.web import stream
from tests import world

pytestmark = pytest.mark.django_db(transaction=True)
READERS = "stream"
ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def _at_rest() -> Iterator[None]:
    yield
    stream.stop()


async def answer(path: str, query: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, str]:
    """What the route answers to a browser that stays until the end."""
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": headers,
        "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 80),
    }  # fmt: skip
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(30)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        said.append(message)

    await Starlette(routes=stream.routes())(scope, receive, send)
    text = b"".join(message.get("body", b"") for message in said[1:]).decode()
    return said[0]["status"], text


def listen(
    duty: Duty | None, monkeypatch: pytest.MonkeyPatch, after: str = "", last: str = ""
) -> tuple[int, list[str]]:
    """What a page of this duty hears until the stream's time is up: the status, and the lines."""
    monkeypatch.setattr(stream, "LIFETIME", 0.05)
    monkeypatch.setattr(stream, "LOOK_EVERY", 0.01)
    headers = [(b"last-event-id", last.encode())] if last else []
    if duty:
        key = world.sign_in(duty).cookies[node.SESSION_COOKIE_NAME].value
        headers.append((b"cookie", f"{node.SESSION_COOKIE_NAME}={key}".encode()))
    status, text = asyncio.run(answer("/stream", f"after={after}" if after else "", headers))
    return status, text.splitlines()


def happen(name: Permission, thing: UUID) -> None:
    """Let something happen."""
    with transaction.atomic():
        exchange.record(event=name, thing=thing, by=world.officer(Duty.NODE_ADMINISTRATOR), now=clock.now())


def heard(lines: list[str]) -> list[str]:
    """The names of the changes that a page heard of."""
    return [json.loads(line[6:])["name"] for line in lines if line.startswith("data: ") and "name" in line]


def test_a_stranger_hears_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert listen(None, monkeypatch)[0] == HTTPStatus.UNAUTHORIZED


def test_a_page_hears_of_what_its_person_may_see_and_of_nothing_else(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(Permission.ALERT_RAISE, ONE)
    happen(Permission.PERSON_ADD, TWO)

    assert heard(listen(Duty.WATCH_OFFICER, monkeypatch, after="0")[1]) == ["watch.alert.raise"]
    assert heard(listen(Duty.NODE_ADMINISTRATOR, monkeypatch, after="0")[1]) == ["parties.person.add"]


def test_it_says_names_and_ids_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happen(Permission.ALERT_RAISE, ONE)
    _, lines = listen(Duty.WATCH_OFFICER, monkeypatch, after="0")

    said = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert said == [{"name": "watch.alert.raise", "thing": str(ONE)}]


def test_it_goes_on_from_where_the_browser_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happen(Permission.ALERT_RAISE, ONE)
    seen = reads.log(reader=world.officer(Duty.WATCH_OFFICER), limit=1)[0].id
    happen(Permission.ALERT_ACKNOWLEDGE, ONE)

    assert heard(listen(Duty.WATCH_OFFICER, monkeypatch, last=str(seen))[1]) == ["watch.alert.acknowledge"]
    assert heard(listen(Duty.WATCH_OFFICER, monkeypatch)[1]) == [], "a new page begins at the end"


def test_a_flood_is_one_word(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "REPLAY", 3)
    for _ in range(5):
        happen(Permission.ALERT_RAISE, ONE)
    _, lines = listen(Duty.WATCH_OFFICER, monkeypatch, after="0")

    assert "event: reload" in lines
    assert heard(lines) == []


def test_many_changes_of_one_thing_are_said_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        happen(Permission.ALERT_RAISE, ONE)
    happen(Permission.ALERT_RAISE, TWO)

    assert len(heard(listen(Duty.WATCH_OFFICER, monkeypatch, after="0")[1])) == 2


def test_too_many_pages_are_told_to_wait(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CLIENTS", 0)

    assert listen(Duty.WATCH_OFFICER, monkeypatch)[0] == HTTPStatus.SERVICE_UNAVAILABLE


def test_one_person_does_not_take_the_places_of_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "OF_ONE", 0)

    assert listen(Duty.WATCH_OFFICER, monkeypatch)[0] == HTTPStatus.SERVICE_UNAVAILABLE


def test_a_page_that_is_left_gives_its_place_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "OF_ONE", 1)

    assert [listen(Duty.WATCH_OFFICER, monkeypatch)[0] for _ in range(2)] == [HTTPStatus.OK] * 2
    assert not stream._listening


def test_whoever_is_relieved_hears_no_more(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.0)
    listener = stream.listener
    asked: list[str] = []

    def relieved_after_one(key: str) -> object:
        asked.append(key)
        return listener(key) if len(asked) == 1 else None

    monkeypatch.setattr(stream, "listener", relieved_after_one)

    assert "event: ended" in listen(Duty.WATCH_OFFICER, monkeypatch)[1]


def test_a_node_that_stops_leaves_no_thread_that_reads(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listen(Duty.WATCH_OFFICER, monkeypatch)
    assert any(thread.name.startswith(READERS) for thread in threading.enumerate())

    stream.stop()
    stream.stop()

    assert not any(thread.name.startswith(READERS) for thread in threading.enumerate())


def test_a_session_that_nothing_can_be_named_is_no_session(home: Path) -> None:
    cookie = f'{node.SESSION_COOKIE_NAME}="abcdefgh\\000"'.encode()

    assert asyncio.run(answer("/stream", "", [(b"cookie", cookie)]))[0] == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("text", ["", "-1", "x", "٣", "9" * 30, "1 2", "\x00"])
def test_what_is_no_place_in_the_log_is_not_taken_for_one(text: str) -> None:
    assert stream.position(text) is None
