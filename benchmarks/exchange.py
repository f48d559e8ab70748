"""How many letters a second a node receives, durably, through its real door: singles and bundles.

    python -m benchmarks.exchange [--database sqlite|postgresql] [--singles 4000] [--connections 32] [--bundle 100]

A node is made and served by the same commands a user would type; a partner seals alert letters of about 1 kB beforehand
and posts them over loopback with keep-alive. A letter counts when its signed receipt of acceptance came back: verified,
opened, decided, stored, logged in the ledger and committed. PostgreSQL is used where it answers on 127.0.0.1:5432.
JSON goes to standard output. The client shares the machine's cores with the node; `node_cpu_us` and `client_cpu_us` are
the processor time that each of them spent on a letter, which other work on the machine changes little.
"""

import argparse
import asyncio
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
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from tansiq.exchange import canon, cards, receipts, seal, transport
from tansiq.exchange import label as labels
from tansiq.exchange.agreements import standing
from tansiq.exchange.keys import KeySet
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.watch import AlertLetter
from tansiq.exchange.label import Label, Route, Urgency
from tansiq.exchange.papers import Papers, read_papers
from tansiq.ground import clock
from tansiq.ground.ids import uuid7

POSTGRES = "postgresql://postgres@127.0.0.1:5432/"


class Partner:
    """Who posts: a node's keys without a node."""

    def __init__(self, exercise: str = "") -> None:
        self.exercise = exercise
        self.keys = KeySet.generate()
        self.node, self.agency = "es", "es.salvamento"
        self.reader: Any = None
        self.agreement = ""

    def card(self) -> str:
        """Its card."""
        now = clock.now()
        return cards.make_card(
            node=self.node, agencies=(self.agency,), number=1, url="http://127.0.0.1:9", keys=self.keys,
            issued=now, expires=now + timedelta(days=30),
        )  # fmt: skip

    def draft(self, shared: seal.Shared | None = None) -> seal.Draft:
        """One alert of about 1 kB, sealed and not yet signed."""
        now = clock.now()
        alert = AlertLetter(
            alert=uuid4(),
            situation="vessel-adrift",
            priority=2,
            lat=35.9,
            lon=-5.6,
            radius_m=500.0,
            seen_at=now,
            raised_at=now,
            source="ais",
            text="x" * 640,
        )
        letter = canon.write_letter(alert)
        label = Label(
            kind=Kind.ALERT, sender=self.agency, duty="node", recipients=("ma.marine",), urgency=Urgency.URGENT,
            sent=canon.millis(now), expires=canon.millis(now + timedelta(days=1)), letter=labels.part_of(letter),
            exercise=self.exercise,
        )  # fmt: skip
        route = Route(
            agr=self.agreement, id=uuid7(now), snd=self.agency, rcp=("ma.marine",), urg=label.urgency,
            exp=label.expires,
        )  # fmt: skip
        readers = [(seal.Role.ALL, self.reader)]
        kid = self.keys.signer.kid
        return seal.prepare(route=route, label=label, letter=letter, readers=readers, signer=kid, shared=shared)

    def singles(self, count: int) -> list[bytes]:
        """Bodies of one envelope each, signed one by one."""
        return [canon.lp(seal.finish(self.draft(), self.keys.signer).envelope.raw) for _ in range(count)]

    def bundles(self, count: int, size: int) -> list[bytes]:
        """Bodies of `size` envelopes each, signed once."""
        bodies = []
        for _ in range(count):
            shared = seal.Shared(self.keys.signer.kid)
            sealed = seal.finish_bundle([self.draft(shared) for _ in range(size)], self.keys.signer)
            bodies.append(seal.write_bundle([each.envelope for each in sealed]))
        return bodies

    def requests(self, bodies: list[bytes], port: int) -> list[bytes]:
        """Whole HTTP requests, signed."""
        return [self.request(body, port) for body in bodies]

    def request(self, body: bytes, port: int) -> bytes:
        """A whole HTTP request, signed."""
        path = "/tsq1/envelopes"
        headers = transport.sign(
            self.keys.signer, method="POST", path=path, node=self.node, to="ma", now=clock.now(), body=body
        )
        lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


def tansiq(*arguments: str | Path, stdin: str = "") -> Any:
    """Run a command of the node and read its JSON."""
    command = [sys.executable, "-m", "tansiq.cli", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout


def found(folder: Path, partner: Partner, port: int, database: str) -> Path:
    """A node that trusts the partner and has a rescue agreement with it."""
    home = folder / "home"
    url = f"http://127.0.0.1:{port}"
    tansiq("node", "init", "--home", home, "--code", "ma", "--agency", "ma.marine", "--url", url,
           "--database", database, "--exercise", partner.exercise, "--json")  # fmt: skip
    tansiq("people", "add", "--home", home, "--username", "admin", "--agency", "ma.marine", "--duty",
           "node-administrator", "--password-stdin", "--json", stdin="a long enough password\n")  # fmt: skip
    card = cards.read_card(tansiq("partner", "card", "--home", home, "--json")["card"])
    partner.reader = card.reader
    (folder / "card").write_text(partner.card())
    words = tansiq("partner", "add", folder / "card", "--home", home, "--json")["words"]
    tansiq("partner", "confirm", "es", "--words", words, "--by", "admin", "--home", home, "--json")
    file = folder / "agreement.json"
    dates = ("--from", "2020-01-01", "--until", "2100-01-01")
    parties = ("--parties", "ma.marine", partner.agency)
    made = tansiq("agreement", "new", "--template", "rescue", *parties, *dates, "--out", file, "--json")
    partner.agreement = made["agreement"]
    tansiq("agreement", "sign", file, "--party", "ma.marine", "--home", home, "--out", file, "--json")
    papers = read_papers(file.read_bytes())
    token = standing.sign_agreement(
        partner.agreement, party=partner.agency, now=clock.now(), signer=partner.keys.signer
    )
    signed = Papers(papers.document, {**papers.signatures, partner.agency: token})
    file.write_bytes(msgspec.json.encode(signed))
    state = tansiq("agreement", "import", file, "--home", home, "--json")["state"]
    if state != "in-force":
        raise SystemExit(f"the agreement is {state}")
    return home


_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


async def _client(port: int, requests: list[bytes], took: list[float], answers: list[bytes]) -> None:
    """One connection: post, await the answer, keep it for later. All else the client does stands outside the time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    while requests:
        request = requests.pop()
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        took.append(time.perf_counter() - began)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"the node answered {head!r} {body[:200]!r}")
        answers.append(body)
    writer.close()


def _accepted(answers: list[bytes]) -> int:
    """How many of the signed receipts in the answers say that a letter was accepted."""
    tokens = [token for body in answers for token in msgspec.json.decode(body, type=transport.Answer).receipts]
    return sum(receipts.unverified(token).state is receipts.ReceiptState.ACCEPTED for token in tokens)


async def _post(port: int, requests: list[bytes], connections: int) -> tuple[float, list[float], list[bytes]]:
    took, answers = list[float](), list[bytes]()
    began = time.perf_counter()
    await asyncio.gather(*(_client(port, requests, took, answers) for _ in range(connections)))
    return time.perf_counter() - began, took, answers


def measure(port: int, server: int, requests: list[bytes], connections: int) -> dict[str, Any]:
    """Post everything over some connections, and say how fast it went and what processor time it took."""
    spent, own = _spent(server), time.process_time()
    seconds, took, answers = asyncio.run(_post(port, requests, connections))
    spent, own = _spent(server) - spent, time.process_time() - own
    accepted, cuts = _accepted(answers), statistics.quantiles(took, n=100)
    return {
        "accepted": accepted,
        "seconds": round(seconds, 3),
        "per_second": round(accepted / seconds, 1),
        "connections": connections,
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "node_cpu_us": round(spent / accepted * 1e6),
        "client_cpu_us": round(own / accepted * 1e6),
    }


def _spent(process: int) -> float:
    """The processor time of another process so far, in seconds; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(database: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure one database."""
    partner = Partner()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        home = found(Path(folder), partner, port, database)
        with Path(folder, "log").open("w") as log:
            what = ("tansiq.cli", "serve", "--home", home) if options.whole else ("benchmarks.exchange", "--door", home)
            server = subprocess.Popen([sys.executable, "-m", *what], stderr=log)
        try:
            wait(port, server)
            measure(port, server.pid, partner.requests(partner.singles(400), port), options.connections)
            singles, bundles = partner.singles(options.singles), partner.bundles(options.bundles, options.bundle)
            one = measure(port, server.pid, partner.requests(singles, port), options.connections)
            many = measure(port, server.pid, partner.requests(bundles, port), min(4, options.connections))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
        check = tansiq("ledger", "verify", "--home", home, "--json")
    name = "PostgreSQL" if database else "SQLite"
    sound = {"ledger sound": check["sound"], "ledger size": check["size"]}
    return [
        {"database": name, "sent": "singles", **one, **sound},
        {"database": name, "sent": f"bundles of {options.bundle}", **many, **sound},
    ]


def door(path: Path) -> int:
    """Serve the exchange's own door of a home, without pages, feeds and the hand-over to rooms."""
    import uvicorn
    from starlette.applications import Starlette

    from tansiq.cli import django as node

    home = node.setup(path)
    from tansiq.exchange.intake import Intake
    from tansiq.node import threads

    intake = Intake()
    intake.start()
    threads.settle()
    host, port = home.address

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(intake.stop)

    app = Starlette(routes=intake.routes(), lifespan=lifespan)
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
    return 0


def wait(port: int, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers; give up where it ended, or after 30 s."""
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            raise SystemExit("the node did not start")
        time.sleep(0.05)
    raise SystemExit("the node did not answer within 30 s")


def postgres() -> str:
    """The URL of a fresh database on the local PostgreSQL, or nothing where none answers."""
    try:
        import psycopg

        name = f"tansiq_bench_{os.getpid()}"
        with psycopg.connect(POSTGRES + "postgres", autocommit=True, connect_timeout=2) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
    except (ImportError, OSError, Exception) as error:
        print(f"no PostgreSQL: {error}", file=sys.stderr)
        return ""
    return POSTGRES + name


def drop(url: str) -> None:
    """Drop such a database."""
    import psycopg

    with psycopg.connect(POSTGRES + "postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')


def main() -> int:
    """Measure, and print one JSON object."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    options.add_argument("--singles", type=int, default=4_000)
    options.add_argument("--bundles", type=int, default=120)
    options.add_argument("--bundle", type=int, default=100)
    options.add_argument("--connections", type=int, default=32)
    options.add_argument("--folder", help="where to put the node; the system's temporary folder where not said")
    options.add_argument("--whole", action="store_true", help="the whole node, with the hand-over to rooms beside")
    options.add_argument("--door", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.door:
        return door(chosen.door)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the node is stopped and the database dropped
    rows: list[dict[str, Any]] = []
    notes = [f"load {os.getloadavg()[0]:.1f} when it began", "the client shares the node's cores"]
    if chosen.database in ("sqlite", "both"):
        rows += run("", chosen)
    if chosen.database in ("postgresql", "both") and (url := postgres()):
        try:
            rows += run(url, chosen)
        finally:
            drop(url)
    else:
        notes.append("PostgreSQL was not measured")
    what = "the whole node" if chosen.whole else "its door"
    title = f"Exchange: sealed 1 kB letters received durably through {what}"
    print(json.dumps({"title": title, "rows": rows, "notes": notes}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
