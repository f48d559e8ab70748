"""A program let in from the command line, and a whole node that answers it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from requests import HTTPError
from taxii2client.v21 import Server

from tansiq.cli.exercise.processes import free_ports

pytestmark = [pytest.mark.xdist_group("nodes"), pytest.mark.filterwarnings("ignore::DeprecationWarning")]

NOTE = {
    "type": "note", "spec_version": "2.1", "id": "note--00000000-0000-4000-8000-000000000001",
    "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z", "content": "A boat.", "object_refs": [],
}  # fmt: skip


def tansiq(*arguments: str | Path, stdin: str = "", status: int = 0) -> str:
    """Run a command in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TANSIQ_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "tansiq.cli", *map(str, arguments)], input=stdin, capture_output=True, text=True,
        env=environment, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr


def answers(*arguments: str | Path, stdin: str = "") -> list[Any]:
    """Run a command, and read its lines of JSON."""
    return [json.loads(line) for line in tansiq(*arguments, "--json", stdin=stdin).splitlines()]


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    end = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < end, "the node did not answer"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def port() -> int:
    (found,) = free_ports(1)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, port: int) -> Path:
    """A node with an administrator and a service officer."""
    home = tmp_path_factory.mktemp("gates") / "ma"
    tansiq("node", "init", "--home", home, "--code", "ma", "--agency", "ma.marine", "--url", f"http://127.0.0.1:{port}")
    for name, duty in (("admin", "node-administrator"), ("officer", "service-officer")):
        tansiq("people", "add", "--home", home, "--username", name, "--agency", "ma.marine", "--duty", duty,
               "--password-stdin", stdin="a long enough password\n")  # fmt: skip
    return home


def test_a_program_is_let_in_its_token_shown_once_and_ended(home: Path, port: int) -> None:
    where = ("--home", home)
    (made,) = answers("client", "add", *where, "--username", "misp", "--agency", "ma.marine", "--by", "admin")
    (other,) = answers("client", "token", *where, "--username", "misp")
    listed = tansiq("client", "list", *where, "--json")

    assert len(made["token"]) > 40
    assert made["token"] != other["token"]
    assert made["token"] not in listed
    assert other["token"] not in listed
    assert {json.loads(line)["id"] for line in listed.splitlines()} == {made["id"], other["id"]}
    assert "parties.reason.not-a-client" in tansiq("client", "token", *where, "--username", "officer", status=1)
    assert "name-taken" in tansiq("client", "add", *where, "--username", "misp", "--agency", "ma.marine", status=1)

    node = subprocess.Popen([sys.executable, "-m", "tansiq.cli", "serve", "--home", home], stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        address = f"http://127.0.0.1:{port}/taxii2/"
        (root,) = Server(address, user="misp", password=made["token"]).api_roots
        assert root.collections == []
        assert len(answers("client", "revoke", *where, made["id"])) == 1
        with pytest.raises(HTTPError, match="401"):
            _ = Server(address, user="misp", password=made["token"]).title
        assert Server(address, user="misp", password=other["token"]).title == "Tansiq"
    finally:
        node.send_signal(signal.SIGTERM)
        node.wait(30)
    assert "already-revoked" in tansiq("client", "revoke", *where, made["id"], status=1)


def test_a_bundle_becomes_a_draft_of_the_officer_who_is_named(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": [NOTE] * 31}))

    (said,) = answers("stix", "import", file, "--home", home, "--by", "officer")

    assert (said["taken"], len(said["drafts"])) == (31, 2)
    assert "exchange.letter.send" in tansiq("stix", "import", file, "--home", home, "--by", "admin", status=2)


def test_an_agreement_lists_programs_where_it_is_told_to(tmp_path: Path) -> None:
    def flows(*clients: str) -> Any:
        file = tmp_path / f"{len(clients)}{''.join(clients)}.json"
        tansiq("agreement", "new", "--template", "direct", "--parties", "ma.marine", "es.salvamento", *clients,
               "--out", file)  # fmt: skip
        return json.loads(json.loads(file.read_text())["document"])["flows"]["information"]

    listed = {
        words: ["external-client" in flows(*words)[way] for way in ("send", "receive")]
        for words in ((), ("--clients", "read"), ("--clients", "offer"), ("--clients", "both"))
    }

    assert list(listed.values()) == [[False, False], [False, True], [True, False], [True, True]]
    said = tansiq("agreement", "new", "--template", "rescue", "--parties", "ma.marine", "es.salvamento", "--clients",
                  "read", status=2)  # fmt: skip
    assert "no letters of information" in said
