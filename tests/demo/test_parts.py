"""The parts of the demo: a sea on a socket, a browser that fills in real forms, processes that leave nothing behind."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tansiq.cli.exercise.browser import Browser, Refusal, code
from tansiq.cli.exercise.commands import beside, command
from tansiq.cli.exercise.processes import Served, free_ports, supervised
from tansiq.cli.exercise.seaside import Seaside, reached
from tansiq.drill.night import play
from tansiq.ground.errors import Unready

SIGN_IN = """<form method="post" action="/sign-in"><input type="hidden" name="csrfmiddlewaretoken" value="t">
<input name="login"><input type="password" name="password"></form>"""
SECOND = '<form method="post" action="/sign-in/second-step"><input name="code"></form>'
DUTY = """<form method="post" action="/language"><button name="language" value="ar">x</button></form>
<form id="plan" method="post" action="/cases/1/plan_search"><input type="hidden" name="token" value="once">
<select name="platform"><option value="vessel">v</option><option value="helicopter" selected>h</option></select>
<select name="to" multiple><option value="ma.marine">m</option><option value="es.salvamento">e</option></select>
<input type="checkbox" name="night" checked><textarea name="text">
as it was</textarea><input name="speed" value="12"></form><input form="plan" name="outside" value="still mine">"""


class _Pages(BaseHTTPRequestHandler):
    """A page that asks for a name, then for a code, and a form with every kind of control."""

    sent: list[dict[str, list[str]]]

    def do_GET(self) -> None:
        self._answer(200, DUTY if self.path == "/duty" else SECOND if "second" in self.path else SIGN_IN)

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode(), keep_blank_values=True)
        self.sent.append(body)
        if self.path.endswith("plan_search") and body["speed"] == ["0"]:
            return self._answer(409, "<html><head><title>no</title></head><p>Too slow.</p></html>")
        step = {"/sign-in": "/sign-in/second-step"}.get(self.path, "/duty")
        self.send_response(302)
        self.send_header("location", step)
        self.end_headers()
        return None

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    sent: list[dict[str, list[str]]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Pages", (_Pages,), {"sent": sent}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", sent
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_person_signs_in_with_a_code(site):
    url, sent = site
    Browser(url).sign_in("watch", "a long password", "JBSWY3DPEHPK3PXP")
    assert sent[0]["csrfmiddlewaretoken"] == ["t"]
    assert sent[0]["login"] == ["watch"]
    assert len(sent[1]["code"][0]) == 6


def test_a_form_is_sent_as_it_was_drawn_with_what_was_filled_in(site):
    url, sent = site
    browser = Browser(url)
    browser.submit(browser.get("/duty"), "/plan_search", to=["ma.marine", "es.salvamento"], speed=15)
    assert sent[-1] == {
        "token": ["once"], "platform": ["helicopter"], "to": ["ma.marine", "es.salvamento"], "night": ["on"],
        "text": ["as it was"], "speed": ["15"], "outside": ["still mine"],
    }  # fmt: skip


def test_a_refusal_is_raised_with_its_words(site):
    browser = Browser(site[0])
    with pytest.raises(Refusal, match="409: Too slow"):
        browser.submit(browser.get("/duty"), "/plan_search", speed=0)


def test_a_form_or_field_that_is_not_offered_is_named(site):
    browser = Browser(site[0])
    with pytest.raises(Unready, match="no form for"):
        browser.submit(browser.get("/duty"), "/open_case")
    with pytest.raises(Unready, match="no field 'colour'"):
        browser.submit(browser.get("/duty"), "/plan_search", colour="red")


def test_a_node_that_is_down_is_waited_for_but_not_for_ever():
    with pytest.raises(Unready, match="does not answer"):
        Browser(f"http://127.0.0.1:{free_ports(1)[0]}", patience=0.3).get("/")


def test_codes_are_those_of_rfc_6238(monkeypatch):
    monkeypatch.setattr("tansiq.ground.clock.now", lambda: datetime.fromtimestamp(1111111109, UTC))
    assert code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") == "081804"


def test_the_sea_is_told_in_order_and_again_after_a_cut():
    night = play(seed=3, start=datetime(2026, 3, 20, 20, tzinfo=UTC), hours=0.4, ships_per_hour=1)
    sea = Seaside(night, schedule=((600.0, 600.0), (float("inf"), 2000.0)), again=300.0)
    sea.start()
    assert sea.listening.wait(5)
    try:
        with socket.create_connection(("127.0.0.1", sea.port)) as listener:
            first = _read(listener, len(night.nmea))
        assert first == night.nmea
        _until(lambda: sea.finished)
        with socket.create_connection(("127.0.0.1", sea.port)) as listener:
            again = _read(listener, 2000)
        assert again in night.nmea[-len(night.nmea) * 3 // 4 :]
    finally:
        sea.close()
    assert not sea.is_alive()


def test_a_sea_that_nobody_has_heard_yet_can_be_closed():
    Seaside(play(seed=3, start=datetime(2026, 3, 20, 20, tzinfo=UTC), hours=0.1), schedule=((1.0, 1.0),)).close()


def test_the_night_runs_fast_and_then_at_the_pace_of_the_clock():
    schedule = ((600.0, 100.0), (float("inf"), 1.0))
    assert [reached(schedule, elapsed) for elapsed in (0, 3, 6, 16)] == [0, 300, 600, 610]


def test_a_node_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path):
    node = Served("xx", tmp_path, f"http://127.0.0.1:{free_ports(1)[0]}/")
    with supervised([node]):
        node.start()
        with pytest.raises(Unready, match="no node in"):
            node.wait()
    assert not node.running


def test_a_command_that_fails_says_why(tmp_path: Path):
    with pytest.raises(Unready, match="no node in"):
        command("people", "list", "--home", str(tmp_path))


def test_a_command_that_breaks_tells_where():
    with pytest.raises(Unready, match="ZeroDivisionError"):
        beside(divmod, 1, 0)


def _until(holds: Callable[[], bool], within: float = 5.0) -> None:
    until = time.monotonic() + within
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def _read(listener: socket.socket, count: int) -> bytes:
    listener.settimeout(10)
    found = b""
    while len(found) < count:
        part = listener.recv(1 << 16)
        if not part:
            break
        found += part
    return found[:count]
