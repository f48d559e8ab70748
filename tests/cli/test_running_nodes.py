"""Two real nodes as processes, from the command line alone.

A beacon at sea reaches the partner, every changed byte is named, a rewritten ledger is noticed by the other side, no
secret stands in what they write, and nothing is left behind or reached beyond loopback.
"""

import base64
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tansiq.cli.exercise.processes import Served, free_ports, supervised
from tansiq.exchange import ledger
from tansiq.node import home as homes
from tansiq.node.home import Feed
from tests.watch.sea import MOB, message

pytestmark = pytest.mark.xdist_group("nodes")

AGENCIES = {"ma": "ma.marine", "es": "es.salvamento"}
PASSWORD, TOTP = "four-unlikely-plain-words", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of this test alone


def tansiq(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TANSIQ_", "DJANGO_"))}
    command = [sys.executable, "-m", "tansiq.cli", *map(str, arguments)]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, env=environment, timeout=120, check=False
    )


def answer(*arguments: str | Path, stdin: str = "") -> Any:
    """What a command says in JSON; nothing else may stand on its standard output."""
    done = tansiq(*arguments, "--json", stdin=stdin)
    assert done.returncode == 0, (arguments, done.stderr)
    return json.loads(done.stdout)


def verify(home: Path) -> tuple[int, Any]:
    """The exit status of `ledger verify`, and what it says."""
    done = tansiq("ledger", "verify", "--home", home, "--json")
    return done.returncode, json.loads(done.stdout)


def asked(home: Path, query: str) -> list[Any]:
    """Rows of a node's database."""
    with closing(sqlite3.connect(f"file:{home}/tansiq.sqlite3?mode=ro", uri=True, timeout=20)) as database:
        return database.execute(query).fetchall()


def until(holds: Callable[[], bool], within: float = 60.0) -> None:
    """Wait until it holds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.2)


def make(folder: Path) -> dict[str, Served]:
    """Two nodes that trust each other under a rescue agreement; ours listens to a recording with one beacon."""
    ports = dict(zip(AGENCIES, free_ports(2), strict=True))
    nodes = {code: Served(code, folder / code, f"http://127.0.0.1:{ports[code]}/") for code in AGENCIES}
    for code, node in nodes.items():
        answer(
            "node", "init", "--home", node.home, "--code", code, "--agency", AGENCIES[code], "--url", node.url[:-1]
        )  # fmt: skip
        answer(
            "people", "add", "--home", node.home, "--username", "admin", "--agency", AGENCIES[code], "--duty",
            "node-administrator", "--totp-stdin", "--password-stdin", stdin=f"{PASSWORD}\n{TOTP}\n",
        )  # fmt: skip
    for here, there in (("ma", "es"), ("es", "ma")):
        shown = answer("partner", "card", "--home", nodes[there].home)
        answer("partner", "add", "-", "--home", nodes[here].home, stdin=shown["card"])
        answer(
            "partner", "confirm", there, "--words", shown["words"], "--by", "admin", "--home", nodes[here].home
        )  # fmt: skip
    paper = folder / "rescue.json"
    answer("agreement", "new", "--template", "rescue", "--parties", *AGENCIES.values(), "--out", paper)
    for code, node in nodes.items():
        answer(
            "agreement", "sign", paper, "--home", node.home, "--party", AGENCIES[code], "--by", "admin", "--out", paper
        )  # fmt: skip
    answer("agreement", "import", paper, "--home", nodes["ma"].home)
    recording = folder / "beacon.nmea"
    beacon = {"mmsi": MOB, "lat": 35.95, "lon": -5.75, "status": 14, "speed": 0.0}
    recording.write_bytes(message(type=1, **beacon) * 3 + message(type=14, mmsi=MOB, text="MOB ACTIVE"))
    home = homes.load(nodes["ma"].home)
    homes.save(replace(home, feeds=(Feed(name="coast", kind="ais", source=f"file:{recording}"),)))
    return nodes


def arrived(nodes: dict[str, Served]) -> bool:
    """Whether the beacon's letter is with the partner, handed over, and its receipt is here."""
    sent = asked(nodes["ma"].home, "select state from exchange_envelope where direction = 'out' and kind = 'alert'")
    came = asked(nodes["es"].home, "select handed from exchange_envelope where direction = 'in' and kind = 'alert'")
    return bool(sent and came) and sent[0][0] != "queued" and came[0][0] is not None


def addresses(process: int) -> set[str]:
    """The local and remote addresses of a process's TCP sockets, as /proc has them (little-endian hexadecimal)."""
    inodes = {
        os.readlink(link)[8:-1]
        for link in Path(f"/proc/{process}/fd").iterdir()
        if link.exists() and os.readlink(link).startswith("socket:[")
    }
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                found |= {fields[1].partition(":")[0], fields[2].partition(":")[0]}
    return found


class Night:
    """The two nodes after their letter, stopped; and what was seen while they ran."""

    def __init__(self, nodes: dict[str, Served]) -> None:
        self.nodes = nodes
        self.homes = {code: node.home for code, node in nodes.items()}
        self.sockets: set[str] = set()
        self.processes: list[int] = []


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    nodes = make(tmp_path_factory.mktemp("nodes"))
    seen = Night(nodes)
    with supervised([*nodes.values()]):
        for node in nodes.values():
            node.start()
        for node in nodes.values():
            node.wait()
        until(lambda: arrived(nodes))
        until(lambda: bool(asked(nodes["es"].home, "select 1 from exchange_head where log = 'ma' and size > 8")))
        for node in nodes.values():
            assert node.process is not None
            seen.processes.append(node.process.pid)
            if sys.platform == "linux":
                seen.sockets |= addresses(node.process.pid)
        for node in nodes.values():
            node.stop()
    return seen


def test_the_beacon_reached_the_partner_once_and_both_ledgers_are_sound(night: Night) -> None:
    ma, es = night.homes["ma"], night.homes["es"]

    assert asked(ma, "select count(*) from watch_alert") == asked(es, "select count(*) from watch_alert") == [(1,)]
    assert asked(ma, "select count(*) from exchange_envelope where direction = 'out'") == [(1,)]
    for home in (ma, es):
        status, said = verify(home)
        assert (status, said["sound"], said["flaws"], said["alarms"]) == (0, True, [], [])


CHANGES = {
    "a byte of the envelope": ("es", "exchange_envelope", "raw", "envelope"),
    "a byte of its label": ("es", "exchange_envelope", "label", "envelope"),
    "a byte of what was sent": ("ma", "exchange_envelope", "raw", "envelope"),
    "a letter of our receipt": ("es", "exchange_receipt", "token", "receipt"),
    "a letter of the partner's receipt": ("ma", "exchange_receipt", "token", "receipt"),
    "a byte of a ledger entry": ("es", "exchange_ledgerentry", "entry", "ledger entry"),
    "a byte of a ledger node": ("es", "exchange_ledgernode", "hash", "ledger node"),
    "a letter of a head": ("es", "exchange_head", "token", "head"),
    "a letter of an event": ("es", "exchange_event", "detail", "event"),
}


@pytest.mark.parametrize("story", CHANGES)
def test_a_changed_byte_is_named_on_the_command_line(night: Night, tmp_path: Path, story: str) -> None:
    code, table, column, named = CHANGES[story]
    home = tmp_path / code
    shutil.copytree(night.homes[code], home)
    with closing(sqlite3.connect(home / "tansiq.sqlite3")) as database:
        row, value = database.execute(f"select rowid, {column} from {table} order by rowid desc limit 1").fetchone()
        middle = len(value) // 2
        if isinstance(value, str):
            value = value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]
        else:
            value = value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
        database.execute(f"update {table} set {column} = ? where rowid = ?", (value, row))
        database.commit()

    status, said = verify(home)

    assert (status, said["sound"]) == (1, False)
    assert named in {flaw["table"] for flaw in said["flaws"]}


def secrets(home: Path) -> dict[str, bytes]:
    """What may stand in no log: by name."""
    found = {"password": PASSWORD.encode(), "totp": TOTP.encode()}
    for file in (home / "keys").iterdir():
        raw = file.read_bytes().strip()
        if len(raw) < 200:  # a passphrase, a session key
            found[file.name] = raw
        else:  # the sealed keys: their secret part in any piece
            found[file.name] = raw[-60:-10]
    return found


def test_no_secret_stands_in_what_a_node_writes(night: Night) -> None:
    for home in night.homes.values():
        told = b"".join(file.read_bytes() for file in (home / "logs").rglob("*") if file.is_file())
        assert told, "the node wrote a log"
        for name, secret in secrets(home).items():
            assert secret not in told, name
            assert base64.b64encode(secret) not in told, name


def test_no_password_and_no_private_key_stands_in_the_database(night: Night) -> None:
    for home in night.homes.values():
        kept = (home / "tansiq.sqlite3").read_bytes()
        for name, secret in secrets(home).items():
            assert secret not in kept, name


def test_keys_and_settings_are_the_owners_alone(night: Night) -> None:
    for home in night.homes.values():
        for path in (home / "keys", *(home / "keys").iterdir(), home / "node.toml"):
            assert path.stat().st_mode & 0o077 == 0, path.name


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which is Linux")
def test_nothing_beyond_loopback_was_reached(night: Night) -> None:
    loopback = {
        "0100007F",
        "00000000",
        "0" * 32,
        "0000000000000000FFFF00000100007F",
        "00000000000000000000000001000000",
    }

    assert "0100007F" in night.sockets
    assert night.sockets <= loopback


def test_a_node_that_is_asked_to_end_leaves_no_process(night: Night) -> None:
    for process in night.processes:
        with pytest.raises(ProcessLookupError):
            os.killpg(process, 0)
    for code, node in night.nodes.items():
        assert node.process is not None
        assert node.process.returncode in (0, -signal.SIGTERM), (code, node.last_words())
        assert "Finished server process" in node.log.read_text(), "it ended in order, and was not killed"


def rewrite(home: Path) -> None:
    """What someone with the whole machine can do: another past, right in itself, and no trace of the old one."""
    with closing(sqlite3.connect(home / "tansiq.sqlite3")) as database:
        rows = database.execute('select "index", salt, entry from exchange_ledgerentry order by "index"').fetchall()
        (event,) = database.execute("select id from exchange_event where leaf = 2").fetchone()
        old = ledger.read_entry(rows[2][2])
        new = ledger.write_entry(replace(old, by="ma.marine/nobody"))
        database.execute("update exchange_event set by = ? where id = ?", ("ma.marine/nobody", event))
        database.execute('update exchange_ledgerentry set entry = ? where "index" = 2', (new,))
        leaves = [ledger.leaf_hash(salt, new if place == 2 else entry) for place, salt, entry in rows]
        for node in ledger.append(lambda _level, _index: b"", 0, leaves):
            database.execute(
                "update exchange_ledgernode set hash = ? where place = ?", (node.hash, node.level << 48 | node.index)
            )
        database.execute("delete from exchange_head where log = 'ma'")
        database.execute("update exchange_partner set witnessed = ''")
        database.commit()
    (home / "anchor.json").unlink()


def test_a_rewritten_ledger_is_noticed_by_the_partner_and_told_on_both_command_lines(night: Night) -> None:
    ma, es = night.nodes["ma"], night.nodes["es"]
    rewrite(ma.home)
    with supervised([ma, es]):
        for node in (ma, es):
            node.start()
        for node in (ma, es):
            node.wait()
        alarm = "select 1 from exchange_event where name = 'exchange.ledger.alarm'"
        until(lambda: bool(asked(es.home, alarm)))
        until(lambda: bool(asked(ma.home, "select 1 from exchange_log where gate <> ''")))
        for node in (ma, es):
            node.stop()

    status, said = verify(es.home)
    assert status == 0, "what the partner did is no flaw of ours"
    assert [(each["ledger"], each["what"].split()[0]) for each in said["alarms"]] == [("ma", "fork")]
    status, said = verify(ma.home)
    assert status == 1
    assert any("rewritten" in flaw["what"] for flaw in said["flaws"]), said["flaws"]
    assert "does not continue" in es.log.read_text()
