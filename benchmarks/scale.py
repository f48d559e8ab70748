"""How a node fares that has stored a million envelopes, beside itself when it was empty.

    python -m benchmarks.scale [--count 1000000] [--database sqlite|postgresql|both] [--folder DIR]

A node that plays an exercise is made and served by the commands that a user would type. It receives letters through
its real door while it is empty, `tansiq drill envelopes` fills it with real ones, dated over a year, and it receives
as many again. Then the pages that people look at are asked for, each as its reader sees it, and a page of 100 objects
from its TAXII server; proofs are made of letters drawn at random; and the node is started anew. JSON goes to standard
output: medians in milliseconds. A million letters take about 10 GB in the folder (the system's temporary one where none
is named) or in PostgreSQL, and a quarter of an hour for each database; all of it is deleted at the end.
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.exchange import Partner, drop, found, measure, postgres, tansiq, wait
from tansiq.ground import clock

EXERCISE = "SCALE"
READERS = {"officer": "service-officer", "watch": "watch-officer", "auditor": "auditor", "reports": "report-writer"}
"""Who looks at the pages, and in which duty; all of ma.marine."""

TAXII = "application/taxii+json;version=2.1"
ROUNDS, FEW = 30, 5
Rows = dict[str, dict[str, Any]]


def received(home: Path, partner: Partner, port: int, options: argparse.Namespace) -> dict[str, float]:
    """Letters a second through the door, one by one and in bundles of 100."""
    with served(home, port, "benchmarks.exchange", "--door", home) as server:
        measure(port, server.pid, partner.requests(partner.singles(400), port), 32)
        singles = partner.requests(partner.singles(options.singles), port)
        bundles = partner.requests(partner.bundles(options.bundles, 100), port)
        one, many = measure(port, server.pid, singles, 32), measure(port, server.pid, bundles, 4)
    subprocess.run([sys.executable, "-m", "benchmarks.scale", "--aside", str(home)], check=True)
    return {
        "singles/s": one["per_second"], "bundled letters/s": many["per_second"],
        "node's processor time for a single, us": one["node_cpu_us"],
        "node's processor time for a bundled letter, us": many["node_cpu_us"],
    }  # fmt: skip


def aside(path: Path) -> None:
    """In a process of its own: let no letter wait for its room, since the door alone was served."""
    from tansiq.cli import django as node

    node.setup(path)
    from tansiq.exchange.models import Envelope

    Envelope.objects.filter(handed__isnull=True).update(handed=clock.now())


@contextlib.contextmanager
def served(home: Path, port: int, *what: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that serves the home, until the end."""
    with (home / "bench.log").open("a") as log:
        server = subprocess.Popen([sys.executable, "-m", *what], stderr=log)
    try:
        wait(port, server)
        yield server
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def started(home: Path, port: int) -> float:
    """Seconds from the command to the first page of the whole node."""
    began = time.perf_counter()
    with served(home, port, "tansiq.cli", "serve", "--home", home):
        while True:
            with contextlib.suppress(OSError):
                answer = _ask(port, "/sign-in")
                if answer == 200:
                    return time.perf_counter() - began
            time.sleep(0.01)


def _ask(port: int, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def addresses(middle: int, one: object, agreement: str) -> dict[str, tuple[str, str]]:
    """What is asked for: a name, who asks, and the address."""
    period = f"start={clock.now() - timedelta(days=30):%Y-%m-%d}&end={clock.now():%Y-%m-%d}"
    return {
        "letters, the newest page": ("officer", "/exchange"),
        "letters, a page in the middle": ("officer", f"/exchange?before={middle}"),
        "letters of a kind and direction": ("officer", "/exchange?kind=information&direction=in"),
        "letters of a kind that never came": ("officer", "/exchange?kind=picture&direction=out"),
        "letters under an agreement": ("officer", f"/exchange?agreement={agreement}&direction=in"),
        "one letter": ("officer", f"/exchange/envelopes/{one}"),
        "the newest page, for an auditor": ("auditor", "/exchange"),
        "the log beside the picture": ("watch", "/duty/log"),
        "the ledger": ("auditor", "/ledger"),
        "the channels, 30 days": ("reports", f"/exchange/channels?{period}"),
        "figures of this month": ("reports", "/figures"),
    }


def pages(path: Path, port: int) -> Rows:
    """In a process of its own: what each page costs, in milliseconds of its own work, once it was asked for before."""
    from tansiq.cli import django as node

    home = node.setup(path)
    from django.test import Client

    from tansiq.exchange import acts, reads
    from tansiq.exchange.models import Envelope
    from tansiq.parties.duties import Duty
    from tansiq.parties.models import Person
    from tansiq.parties.values import Officer

    letters = Envelope.objects.filter(sender__startswith="x").order_by("position")
    count = letters.count()
    middle, agreement, one = letters.values_list("position", "agreement", "ref")[count // 2]
    took: Rows = {}
    for name, (reader, address) in addresses(middle, one, agreement).items():
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(Person.objects.get(username=reader), "allauth.account.auth_backends.AuthenticationBackend")
        took[name] = _median(partial(_page, client, address), rounds=FEW if reader == "reports" else ROUNDS)
        print(f"{name}: {took[name]}", file=sys.stderr)
    officer = Officer("officer", home.agency, Duty.SERVICE_OFFICER)
    took["a page of 100, as a read"] = _median(lambda: reads.envelopes(reader=officer, before=middle, limit=100))
    acts.sign_head(now=clock.now())
    places = random.sample(range(1, count), k=min(202, count - 1))
    refs = iter([letters.values_list("ref", flat=True)[place] for place in places])
    took["a proof of inclusion"] = _median(lambda: reads.proof_of(envelope=next(refs)), rounds=len(places) - 2)
    return took | taxii(home.agency, agreement, port)


def _page(client: Any, address: str) -> None:
    _found(client.get(address).status_code, address)


def taxii(agency: str, agreement: str, port: int) -> Rows:
    """A page of 100 objects out of a collection that holds all letters, over HTTP from the node that serves."""
    from tansiq.exchange import acts
    from tansiq.gateways.stix import write
    from tansiq.gateways.taxii.query import collection_id
    from tansiq.parties import acts as parties
    from tansiq.parties.duties import Duty
    from tansiq.parties.values import Officer, Person

    now = clock.now()
    made = parties.add_client(username="program", agency=agency, node="ma", now=now, until=now + timedelta(days=1))
    if not isinstance(made, Person):
        raise SystemExit(f"the client was refused: {made}")
    parties.issue_token(person=made.id, secret="s" * 48, now=now, until=now + timedelta(days=1))
    reader = Officer("program", agency, Duty.EXTERNAL_CLIENT, person=made.id)
    began = time.perf_counter()
    while acts.fill_collection(agreement=agreement, reader=reader, front=tuple, cut=write.cut, now=now):
        pass
    filled = time.perf_counter() - began
    objects = f"/taxii2/letters/collections/{collection_id(agreement)}/objects/?limit=100"
    headers = {"Accept": TAXII, "Authorization": f"Bearer {'s' * 48}"}
    page = _median(lambda: _found(_ask(port, objects, **headers), objects))
    return {"a TAXII page of 100": {"full": page["full"]}, "numbering the letters for TAXII, s": {"full": filled}}


def _found(status: int, address: str) -> None:
    if status != 200:
        raise SystemExit(f"{address} answered {status}")


def _median(ask: Callable[[], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Medians in milliseconds: of the clock, and of this process's processor time, which other work changes little."""
    took, spent = [], []
    for _ in range(rounds + 2):
        began, own = time.perf_counter(), time.process_time()
        ask()
        took.append(time.perf_counter() - began)
        spent.append(time.process_time() - own)
    return {"full": statistics.median(took[2:]) * 1000, "processor": statistics.median(spent[2:]) * 1000}


def run(database: str, options: argparse.Namespace) -> tuple[Rows, list[str]]:
    """Measure one database: for each figure its value empty, full, and the ratio where it has one."""
    partner = Partner(EXERCISE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        home = found(folder, partner, port, database)
        for username, duty in READERS.items():
            tansiq("people", "add", "--home", home, "--username", username, "--agency", "ma.marine", "--duty", duty,
                   "--password-stdin", "--json", stdin="a long enough password\n")  # fmt: skip
        empty, first = received(home, partner, port, options), started(home, port)
        filled = tansiq("drill", "envelopes", "--home", home, "--count", str(options.count), "--json")
        _analyse(database)
        full, again = received(home, partner, port, options), started(home, port)
        rows: Rows = {
            name: {"empty": empty[name], "full": full[name], "full / empty": full[name] / empty[name]} for name in empty
        }
        rows["start-up, s"] = {"empty": first, "full": again}
        print(json.dumps(rows), file=sys.stderr)
        with served(home, port, "tansiq.cli", "serve", "--home", home):
            command = [sys.executable, "-m", "benchmarks.scale", "--pages", str(home), str(port)]
            took = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        rows |= took
        size = _size(home, database)
    finally:
        shutil.rmtree(folder)
    rate = filled["per_second"]
    return rows, [
        f"{filled['envelopes']:,} letters of a drill came in {filled['seconds']:.0f} s ({rate}/s); {size:.1f} GB."
    ]


def _analyse(database: str) -> None:
    """What PostgreSQL does by itself within minutes."""
    if database:
        import psycopg

        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def _size(home: Path, database: str) -> float:
    """GB on disk."""
    if database:
        import psycopg

        with psycopg.connect(database) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return float(row[0] if row else 0) / 1e9
    return sum(file.stat().st_size for file in home.glob("*.sqlite3*")) / 1e9


def main() -> int:
    """Measure, and print one JSON object."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--count", type=int, default=1_000_000)
    options.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    options.add_argument("--singles", type=int, default=4_000)
    options.add_argument("--bundles", type=int, default=120)
    options.add_argument("--folder", help="where to put the node; the system's temporary folder where not said")
    options.add_argument("--pages", nargs=2, metavar=("HOME", "PORT"), help=argparse.SUPPRESS)
    options.add_argument("--aside", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.aside:
        aside(chosen.aside)
        return 0
    if chosen.pages:
        print(json.dumps(pages(Path(chosen.pages[0]), int(chosen.pages[1]))))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the node is stopped and its data deleted
    notes = [f"load {os.getloadavg()[0]:.1f} when it began; the client shares the node's cores"]
    tables: dict[str, Rows] = {}
    if chosen.database in ("sqlite", "both"):
        tables["SQLite"], more = run("", chosen)
        notes += [f"SQLite: {line}" for line in more]
    if chosen.database in ("postgresql", "both") and (url := postgres()):
        try:
            tables["PostgreSQL"], more = run(url, chosen)
            notes += [f"PostgreSQL: {line}" for line in more]
        finally:
            drop(url)
    rows = [
        {"measure": name, **{f"{database}, {column}": value for database, table in tables.items()
                             for column, value in table.get(name, {}).items()}}
        for name in dict.fromkeys(name for table in tables.values() for name in table)
    ]  # fmt: skip
    title = f"Scale: a node with {chosen.count:,} stored envelopes; medians in ms where no unit is named"
    print(json.dumps({"title": title, "rows": rows, "notes": notes}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
