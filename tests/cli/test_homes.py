"""Homes that cannot be made, opened, read or served: one clear line, and no half of a home left behind."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tansiq.ground.errors import Malformed
from tansiq.node import home as homes

INIT = ("node", "init", "--home", "HOME/new", "--code", "ma", "--agency", "ma.marine")


def run(folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """A command in a process of its own; HOME stands for the folder, `typed` is its standard input."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TANSIQ_", "DJANGO_"))}
    words = [word.replace("HOME", str(folder)) for word in arguments]
    command = [sys.executable, "-m", "tansiq.cli", *words]
    return subprocess.run(
        command, input=typed, capture_output=True, text=True, env=environment, timeout=60, check=False
    )


def one_line(done: subprocess.CompletedProcess[str], said: str) -> None:
    """Exit status 2, nothing on standard output, one line that says it."""
    assert (done.returncode, done.stdout) == (2, ""), done
    assert said in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one home, `ma`."""
    folder = tmp_path_factory.mktemp("homes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = run(
        folder, "node", "init", "--home", "HOME/ma", "--code", "ma", "--agency", "ma.marine", "--url",
        f"http://127.0.0.1:{port}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


BAD = {
    "a code in capitals": (("--code", "MA"), "no code"),
    "another node's agency": (("--agency", "es.salvamento"), "not of the node"),
    "a port that is none": (("--url", "http://node.example:99999"), "no address"),
    "another scheme": (("--url", "ftp://node.example"), "no address"),
    "nothing to listen at": (("--listen", "nowhere"), "no host and port"),
    "another database": (("--database", "mysql://x:secret@y/z"), "mysql:// is no database"),
    "a password where everybody sees it": (("--database", "postgresql://x:secret@y/z"), "--database-password-stdin"),
    "a password in a question": (("--database", "postgresql://x@y/z?password=secret"), "--database-password-stdin"),
    "a time zone of another planet": (("--timezone", "Mars/One"), "no time zone"),
    "a folder that cannot be": (("--home", "/proc/none"), "cannot be made"),
    "an exercise that no label can carry": (("--exercise", "ليلة"), "exercise"),
}


@pytest.mark.parametrize("story", BAD)
def test_a_home_that_cannot_be_made_is_not_begun(story: str, tmp_path: Path) -> None:
    options, said = BAD[story]

    done = run(tmp_path, *INIT, *options)

    one_line(done, said)
    assert "secret" not in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_password_of_the_database_is_kept_apart_from_the_settings(tmp_path: Path) -> None:
    home = homes.create(homes.Home(code="ma", agency="ma.marine", url="https://x", path=tmp_path / "ma"))

    homes.keep_password(home, "between us")

    assert home.database_password.read_text() == "between us\n"
    assert home.database_password.stat().st_mode & 0o777 == 0o600
    homes.save(replace(home, database="postgresql://x:between@y/z"))
    with pytest.raises(Malformed, match=r"keys/database\.password"):
        homes.load(home.path)


PEOPLE = ("people", "add", "--home", "HOME/ma", "--username", "x", "--agency", "ma.marine", "--duty", "auditor")
SECRETS = {
    "nothing": "",
    "too short": "MFRGG",
    "no base32": "not-a-secret-of-any-kind!",
    "another script": "سر",
}


@pytest.mark.parametrize("story", SECRETS)
def test_a_second_step_needs_a_secret_that_is_one(story: str, made: Path) -> None:
    done = run(made, *PEOPLE, "--password-stdin", "--totp-stdin", typed=f"a long enough password\n{SECRETS[story]}\n")

    one_line(done, "no base32 secret")


def test_an_address_that_is_taken_is_said(made: Path) -> None:
    from tansiq.node import home as homes

    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(homes.load(made / "ma").address)
        taken.listen()

        one_line(run(made, "serve", "--home", "HOME/ma"), "Nothing can listen at")


@pytest.mark.parametrize("command", [("serve",), ("ledger", "verify")], ids=" ".join)
def test_keys_that_do_not_open_are_said(made: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    shutil.copytree(made / "ma", tmp_path / "ma")
    (tmp_path / "ma/keys/passphrase").write_text("another passphrase")

    done = run(tmp_path, *command, "--home", "HOME/ma")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done


@pytest.mark.parametrize("content", [b"", b"no database" * 500], ids=["empty", "noise"])
def test_a_database_that_cannot_be_read_is_what_is_wrong(made: Path, tmp_path: Path, content: bytes) -> None:
    shutil.copytree(made / "ma", tmp_path / "ma", ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    (tmp_path / "ma/tansiq.sqlite3").write_bytes(content)

    done = run(tmp_path, "ledger", "verify", "--home", "HOME/ma")
    assert done.returncode == 1
    assert done.stdout.startswith("database ma: it cannot be read")

    one_line(run(tmp_path, "partner", "list", "--home", "HOME/ma"), "The database cannot be used")
