"""TAXII 2.1 beside medallion (in memory) and OpenTAXII (PostgreSQL), one after the other in one run.

    python -m benchmarks.taxii [--singles 2000] [--batches 100] [--gets 200] [--stored 100 1000 10000]
                               [--peers-python PATH] [--only NAME ...]

The same client posts STIX indicators of 0.7 kB, one at a time and 100 at a time, and gets pages of 100, over four
connections. The peers come from --peers-python, TANSIQ_TAXII_PEERS_PYTHON or .venv-bench-taxii, which is made on first
use. OpenTAXII runs under gunicorn with two workers and is left out where no PostgreSQL answers. The peers neither sign,
encrypt, receipt nor log what is read. Ours does: what is posted is sealed, logged and answered with a signed receipt
after its commit; what is read are letters that a partner sealed, each opened, judged and logged again for every page.
Our collections are filled by a partner over `/tsq1/`, because nothing that is posted through TAXII becomes a letter
by itself. A page that takes longer than PATIENCE ends its row. JSON goes to standard output.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

from benchmarks import exchange
from benchmarks.exchange import Partner, postgres, tansiq
from tansiq.exchange import canon, cards, seal
from tansiq.exchange import label as labels
from tansiq.exchange.agreements import standing
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import InformationLetter, Nature, Statement
from tansiq.exchange.label import Label, Route
from tansiq.exchange.papers import Papers, read_papers
from tansiq.gateways.taxii.query import collection_id
from tansiq.ground import clock
from tansiq.ground.ids import uuid7

ROOT = Path(__file__).parents[1]
PEERS = ("medallion==3.0.0", "opentaxii==0.10.0b1", "gunicorn", "psycopg2-binary")
CONNECTIONS = 4
PATIENCE = 60.0
TAXII = "application/taxii+json;version=2.1"
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
SINCE = "added_after=2021-01-01T00:00:00.000000Z"

_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


class Subject(NamedTuple):
    """A server under test: where its collection is, how to sign in, and how to fill it with objects to read."""

    name: str
    port: int
    objects: str
    authorization: str
    fill: Callable[[int], None]
    process: int


def indicator() -> dict[str, Any]:
    """An object of about 0.7 kB."""
    name = uuid4()
    text = "Rigid-hull craft seen leaving the coast, two engines, about 30 people on board; relay to the duty officer. "
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{name}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": f"vessel of interest {name.hex[:8]}",
        "description": text * 2,
        "indicator_types": ["anomalous-activity"],
        "pattern": "[ipv4-addr:value = '198.51.100.7']",
        "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z",
        "object_marking_refs": ["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"],
    }


# The client


def request(subject: Subject, method: str, path: str, body: bytes = b"") -> bytes:
    """A whole HTTP request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{subject.port}", f"Accept: {TAXII}"]
    lines += [f"Authorization: {subject.authorization}"] if subject.authorization else []
    lines += [f"Content-Type: {TAXII}", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def posts(subject: Subject, count: int, size: int) -> list[bytes]:
    """Requests that post `size` objects each."""
    bodies = [json.dumps({"objects": [indicator() for _ in range(size)]}).encode() for _ in range(count)]
    return [request(subject, "POST", subject.objects, body) for body in bodies]


async def _client(port: int, requests: list[bytes], took: list[float], answers: list[tuple[bytes, bytes]]) -> None:
    """One connection: ask, await the whole answer; where the server closes it, open another, as part of the time."""
    reader: Any = None
    writer: Any = None
    while requests:
        asked = requests.pop()
        began = time.perf_counter()
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else await reader.read()
        took.append(time.perf_counter() - began)
        answers.append((head[:80], body))
        if length is None or head.startswith(b"HTTP/1.0") or b"connection: close" in head.lower():
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def _all(
    port: int, requests: list[bytes], took: list[float], answers: list[tuple[bytes, bytes]], patience: float
) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await asyncio.gather(*(_client(port, requests, took, answers) for _ in range(CONNECTIONS)))


def measure(subject: Subject, requests: list[bytes], per: int, *, page: bool = False) -> dict[str, Any]:
    """How fast a server answers requests of `per` objects each."""
    count, took, answers = len(requests), list[float](), list[tuple[bytes, bytes]]()
    began = time.perf_counter()
    asyncio.run(_all(subject.port, requests, took, answers, PATIENCE if page else 10 * PATIENCE))
    seconds = time.perf_counter() - began
    for head, body in answers:
        if head.split()[1] not in (b"200", b"201", b"202", b"206"):
            raise SystemExit(f"{subject.name} answered {head!r} {body[:300]!r}")
        if page and len(json.loads(body).get("objects", [])) != per:
            raise SystemExit(f"{subject.name} gave {len(json.loads(body).get('objects', []))} objects for {per}")
    if not took:
        return {"objects/s": f"none within {PATIENCE:.0f} s", "p50 ms": "", "p99 ms": ""}
    cuts = statistics.quantiles(took, n=100) if len(took) > 1 else took * 99
    found = {
        "objects/s": round(len(took) * per / seconds, 1),
        "p50 ms": round(cuts[49] * 1000, 1),
        "p99 ms": round(cuts[98] * 1000, 1),
    }
    return found if len(took) == count else {**found, "note": f"{len(took)} of {count} within {PATIENCE:.0f} s"}


# The servers


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def running(command: list[str | Path], port: int, log: Path, **environment: str) -> Iterator[int]:
    """A server, until it is no longer needed."""
    with log.open("w") as file:
        process = subprocess.Popen(
            list(map(str, command)), stdout=file, stderr=file, env=os.environ | environment, start_new_session=True
        )
    try:
        exchange._wait(port, process)
        yield process.pid
    except SystemExit as stopped:
        raise SystemExit(f"{stopped}: {log.read_text()[-600:]}") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def basic(name: str, secret: str) -> str:
    """The header of somebody who signs in by name and secret."""
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def peers_python(named: str | None) -> str:
    """The Python that has the peers; made in .venv-bench-taxii where none is named."""
    named = named or os.environ.get("TANSIQ_TAXII_PEERS_PYTHON")
    if named:
        return named
    python = ROOT / ".venv-bench-taxii" / "bin" / "python"
    if not python.exists():
        print(f"installing {', '.join(PEERS)} into .venv-bench-taxii ...", file=sys.stderr)
        venv.create(ROOT / ".venv-bench-taxii", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PEERS], check=True, stdout=sys.stderr)
    return str(python)


def _post_fill(subject: Callable[[], Subject]) -> Callable[[int], None]:
    """Fill by posting, for servers that give back what was posted."""

    def fill(count: int) -> None:
        asyncio.run(_all(subject().port, posts(subject(), count // 100, 100), [], [], 100 * PATIENCE))

    return fill


@contextlib.contextmanager
def medallion(folder: Path, python: str) -> Iterator[Subject]:
    """medallion, its data in memory, under its own server."""
    port = free_port()
    data = {
        "/discovery": {"title": "bench", "api_roots": [f"http://127.0.0.1:{port}/bench/"]},
        "bench": {
            "information": {"title": "bench", "versions": [TAXII], "max_content_length": 100 << 20},
            "status": [],
            "collections": [
                {
                    "id": COLLECTION, "title": "bench", "can_read": True, "can_write": True,
                    "media_types": ["application/stix+json;version=2.1"], "objects": [], "manifest": [],
                }
            ],
        },
    }  # fmt: skip
    store, config = folder / "data.json", folder / "config.json"
    store.write_text(json.dumps(data))
    backend = {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": str(store)}
    config.write_text(json.dumps({"users": {"bench": "bench"}, "taxii": {"max_page_size": 1_000}, "backend": backend}))
    command: list[str | Path] = [python, "-m", "medallion.scripts.run", "--port", str(port), config]
    with running(command, port, folder / "medallion.log") as process:
        where = f"/bench/collections/{COLLECTION}/objects/"

        def subject() -> Subject:
            name = "medallion 3.0.0, memory"
            return Subject(name, port, where, basic("bench", "bench"), _post_fill(subject), process)

        yield subject()


OPENTAXII = """
import json, opentaxii.http as http
api = http.app.taxii_server.servers.taxii2.persistence.api
with http.app.app_context():
    root = api.add_api_root(title="bench", description="", default=True, is_public=True)
    made = api.add_collection(api_root_id=str(root.id), title="bench", description="", alias=None, is_public=True,
                              is_public_write=True)
print(json.dumps([str(root.id), str(made.id)]))
"""


@contextlib.contextmanager
def opentaxii(folder: Path, python: str) -> Iterator[Subject | None]:
    """OpenTAXII on PostgreSQL, two gunicorn workers, its collection open to all."""
    url = postgres()
    if not url:
        yield None
        return
    port, config = free_port(), folder / "opentaxii.json"
    store = {"db_connection": url, "create_tables": True}
    config.write_text(
        json.dumps(
            {
                "domain": f"127.0.0.1:{port}",
                "auth_api": {
                    "class": "opentaxii.auth.sqldb.SQLDatabaseAPI",
                    "parameters": {**store, "secret": "of this benchmark", "token_ttl_secs": 3600},
                },
                "taxii1": None,
                "taxii2": {
                    "persistence_api": {
                        "class": "opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI",
                        "parameters": store,
                    },
                    "title": "bench",
                    "public_discovery": True,
                    "max_content_length": 100 << 20,
                },
                "logging": {"opentaxii": "error", "root": "error"},
            }
        )
    )
    try:
        done = subprocess.run(
            [python, "-c", OPENTAXII],
            capture_output=True,
            text=True,
            env=os.environ | {"OPENTAXII_CONFIG": str(config)},
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"OpenTAXII was not set up: {done.stderr[-600:]}")
        root, collection = json.loads(done.stdout.splitlines()[-1])
        command: list[str | Path] = [
            python, "-m", "gunicorn", "opentaxii.http:app", "--workers", "2", "--bind", f"127.0.0.1:{port}",
        ]  # fmt: skip
        with running(command, port, folder / "opentaxii.log", OPENTAXII_CONFIG=str(config)) as process:
            where = f"/taxii2/{root}/collections/{collection}/objects/"

            def subject() -> Subject:
                name = "OpenTAXII 0.10.0b1, PostgreSQL, 2 workers"
                return Subject(name, port, where, "", _post_fill(subject), process)

            yield subject()
    finally:
        exchange.drop(url)


class Informant(Partner):
    """A partner that sends letters of information of about the size of an indicator."""

    def letter(self) -> seal.Draft:
        """One letter with one statement: a report and a note."""
        now, said = clock.now(), indicator()
        text = f"{said['name']}: {said['description']}"
        letter = canon.write_letter(
            InformationLetter(subject=said["name"], statements=(Statement(text, Nature.FACT, "B", 2),))
        )
        label = Label(
            kind=Kind.INFORMATION, sender=self.agency, duty="service-officer", recipients=("ma.marine",),
            topic="smuggling", purpose="investigation", sent=canon.millis(now),
            expires=canon.millis(now + timedelta(days=1)), letter=labels.part_of(letter),
        )  # fmt: skip
        route = Route(
            agr=self.agreement, id=uuid7(now), snd=self.agency, rcp=("ma.marine",), urg=label.urgency,
            exp=label.expires,
        )  # fmt: skip
        readers = [(seal.Role.ALL, self.reader)]
        return seal.prepare(route=route, label=label, letter=letter, readers=readers, signer=self.keys.signer.kid)

    def bodies(self, count: int, size: int) -> list[bytes]:
        """Bundles of such letters."""
        found = []
        for _ in range(count):
            sealed = seal.finish_bundle([self.letter() for _ in range(size)], self.keys.signer)
            found.append(seal.write_bundle([each.envelope for each in sealed]))
        return found


def settled(folder: Path, partner: Informant, port: int, database: str) -> tuple[Path, str]:
    """A node with a partner, a direct agreement that lists programs, and a program; answers home and token."""
    home, url = folder / "home", f"http://127.0.0.1:{port}"
    tansiq("node", "init", "--home", home, "--code", "ma", "--agency", "ma.marine", "--url", url,
           "--database", database, "--json")  # fmt: skip
    tansiq("people", "add", "--home", home, "--username", "admin", "--agency", "ma.marine", "--duty",
           "node-administrator", "--password-stdin", "--json", stdin="a long enough password\n")  # fmt: skip
    card = cards.read_card(tansiq("partner", "card", "--home", home, "--json")["card"])
    partner.reader = card.reader
    (folder / "card").write_text(partner.card())
    words = tansiq("partner", "add", folder / "card", "--home", home, "--json")["words"]
    tansiq("partner", "confirm", "es", "--words", words, "--by", "admin", "--home", home, "--json")
    file = folder / "agreement.json"
    dates = ("--from", "2020-01-01", "--until", "2100-01-01")
    made = tansiq("agreement", "new", "--template", "direct", "--parties", "ma.marine", partner.agency, *dates,
                  "--clients", "both", "--out", file, "--json")  # fmt: skip
    partner.agreement = made["agreement"]
    tansiq("agreement", "sign", file, "--party", "ma.marine", "--home", home, "--out", file, "--json")
    papers = read_papers(file.read_bytes())
    token = standing.sign_agreement(
        partner.agreement, party=partner.agency, now=clock.now(), signer=partner.keys.signer
    )
    signed = Papers(papers.document, {**papers.signatures, partner.agency: token})
    file.write_bytes(msgspec.json.encode(signed))
    tansiq("agreement", "import", file, "--home", home, "--json")
    client = tansiq("client", "add", "--home", home, "--username", "bench", "--agency", "ma.marine", "--json")
    return home, client["token"]


@contextlib.contextmanager
def ours_on_postgresql(folder: Path) -> Iterator[Subject | None]:
    """The same on PostgreSQL, where one answers."""
    url = postgres()
    if not url:
        yield None
        return
    try:
        with ours(folder, url) as subject:
            yield subject
    finally:
        exchange.drop(url)


@contextlib.contextmanager
def ours(folder: Path, database: str = "") -> Iterator[Subject]:
    """A whole node, as a user would run it."""
    port, partner = free_port(), Informant()
    home, token = settled(folder, partner, port, database)
    command: list[str | Path] = [sys.executable, "-m", "tansiq.cli", "serve", "--home", home]
    with running(command, port, folder / "ours.log") as process:

        def fill(count: int) -> None:
            """Half as many letters: each gives two objects at the least."""
            letters = partner.requests(partner.bodies(-(-count // 200), 100), port)
            asyncio.run(exchange._post(port, letters, 1))

        name = f"ours, {'PostgreSQL' if database else 'SQLite'}"
        where = f"/taxii2/letters/collections/{collection_id(partner.agreement)}/objects/"
        yield Subject(name, port, where, f"Bearer {token}", fill, process)


# The run


def rows_of(subject: Subject, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every row of one server."""
    print(f"measuring {subject.name} ...", file=sys.stderr)
    measure(subject, posts(subject, 20, 1), 1)
    what = [
        ("POST 1", measure(subject, posts(subject, options.singles, 1), 1)),
        ("POST 100", measure(subject, posts(subject, options.batches, 100), 100)),
    ]
    return [{"server": subject.name, "what": name, **found} for name, found in what]


def pages_of(subject: Subject, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Pages of a server that holds more and more."""
    rows, held = [], 0
    for stored in sorted(options.stored):
        subject.fill(stored - held)
        held = stored
        page = request(subject, "GET", f"{subject.objects}?limit=100&{SINCE}")
        began = time.perf_counter()
        first = measure(subject, [page], 100, page=True)
        seconds = time.perf_counter() - began
        count = max(1, min(options.gets, int(PATIENCE / max(seconds, 1e-3))))
        found = measure(subject, [page] * count, 100, page=True) if first.get("p50 ms") else first
        rows.append({"server": subject.name, "what": f"GET 100 of {stored:,}", **found})
        if not first["p50 ms"] or seconds > PATIENCE / 2:
            break  # more of the same would take hours
    return rows


def servers(options: argparse.Namespace) -> Iterator[Callable[[Path], Any]]:
    """Every server, each to be started alone."""
    python = peers_python(options.peers_python) if not options.only or {*options.only} - {"ours"} else ""
    if not options.only or "ours" in options.only:
        yield ours
        yield ours_on_postgresql
    if not options.only or "medallion" in options.only:
        yield lambda folder: medallion(folder, python)
    if not options.only or "opentaxii" in options.only:
        yield lambda folder: opentaxii(folder, python)


def main() -> int:
    """Measure, and print one JSON object."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--singles", type=int, default=2_000)
    options.add_argument("--batches", type=int, default=100)
    options.add_argument("--gets", type=int, default=200)
    options.add_argument("--stored", type=int, nargs="+", default=[100, 1_000, 10_000])
    options.add_argument("--peers-python", metavar="PATH")
    options.add_argument("--only", nargs="+", choices=("ours", "medallion", "opentaxii"))
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    notes = [f"load {os.getloadavg()[0]:.1f} when it began", "the client shares the servers' cores"]
    rows: list[dict[str, Any]] = []
    for start in servers(chosen):
        with tempfile.TemporaryDirectory() as folder, start(Path(folder)) as subject:
            if subject is None:
                notes.append("one server was not measured: no PostgreSQL answered")
                continue
            rows += rows_of(subject, chosen)
        with tempfile.TemporaryDirectory() as folder, start(Path(folder)) as subject:
            if subject is not None:
                rows += pages_of(subject, chosen)
    print(json.dumps({"title": "TAXII beside medallion and OpenTAXII", "rows": rows, "notes": notes}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
