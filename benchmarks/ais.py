"""AIS ingest beside pyais alone, on the same bytes in one run; and a live node's write path under a full sea.

    python -m benchmarks.ais [--file FILE] [--rounds 7] [--tracks 5000]

pyais alone cuts the lines, joins parts, checks checksums and decodes every message. Ours does that too, and goes on: to
observations, and to tracks and alerts. Seconds of processor time, rounds that take turns, medians: a busy machine is
unfair to all alike.
The last row is `observe` on SQLite (WAL, synchronous FULL) with every one of so many vessels reporting in every second.
JSON goes to standard output. The recording is the Vernon day where it is at hand, else a drill's night.
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pyais.stream import IterMessages
from tests.shared import SHARED

from tansiq.watch.feeds.ais import AisFeed
from tansiq.watch.replay import Replay
from tansiq.watch.values import Observation, Said

RECORDING = SHARED / "data" / "ais" / "ais_vernon_20160410.log"
BLOCK = 1 << 16


def night() -> bytes:
    """A drill's night, for machines without the recording."""
    from tansiq.drill.night import play

    return play(seed=1, start=datetime(2025, 1, 29, 2, tzinfo=UTC)).nmea


def by_pyais(raw: bytes) -> int:
    """Messages that pyais reads from these bytes."""
    read = 0
    for message in IterMessages(line[line.find(b"!") :] for line in raw.split(b"\n") if b"!" in line):
        if message.is_valid:
            try:
                message.decode()
            except Exception:  # what pyais cannot read is not what is measured
                continue
            read += 1
    return read


def to_observations(raw: bytes) -> int:
    """Messages that we read, as observations."""
    feed = AisFeed("benchmark")
    for at in range(0, len(raw), BLOCK):
        feed.feed(raw[at : at + BLOCK])
    feed.end()
    return feed.messages


def to_alerts(raw: bytes) -> int:
    """The same, on to tracks and alerts."""
    feed, replay = AisFeed("benchmark"), Replay()
    for at in range(0, len(raw), BLOCK):
        replay.take(feed.feed(raw[at : at + BLOCK]))
    replay.take(feed.end())
    return feed.messages


PATHS: dict[str, Callable[[bytes], int]] = {
    "pyais alone: messages": by_pyais,
    "ours: observations": to_observations,
    "ours: tracks and alerts": to_alerts,
}


def decoding(raw: bytes, rounds: int) -> list[dict[str, Any]]:
    """One row per path; the ratio is to pyais in the same round."""
    times: dict[str, list[float]] = {name: [] for name in PATHS}
    read = {name: path(raw) for name, path in PATHS.items()}
    for _ in range(rounds):
        for name, path in PATHS.items():
            began = time.process_time()
            path(raw)
            times[name].append(time.process_time() - began)
    alone = times["pyais alone: messages"]
    sentences = raw.count(b"!")
    return [
        {
            "path": name,
            "messages": read[name],
            "seconds": statistics.median(taken),
            "sentences/s": sentences / statistics.median(taken),
            "times pyais alone": statistics.median(a / t for a, t in zip(alone, taken, strict=True)),
        }
        for name, taken in times.items()
    ]


def fleet(size: int, second: int, start: datetime) -> list[Observation]:
    """A sea in which every vessel reports in the same second, on its own straight way."""
    at = start.timestamp() + second
    found = []
    for k in range(size):
        course, speed = (k * 37) % 360, 2.0 + k % 9
        north, east = speed * second * math.cos(math.radians(course)), speed * second * math.sin(math.radians(course))
        found.append(
            Observation(
                said=Said.POSITION,
                source="benchmark",
                at=at,
                mmsi=200_000_000 + k,
                message=1,
                radius=10.0,
                lat=35.0 + (k % 70) * 0.03 + north / 111_000,
                lon=-7.0 + (k // 70) * 0.03 + east / 90_000,
                speed=speed,
                course=float(course),
                heading=float(course),
                status=0,
            )
        )
    return found


def observing(size: int, rounds: int) -> dict[str, Any]:
    """Seconds that one second of a full sea takes to be tracked and committed."""
    with tempfile.TemporaryDirectory() as folder:
        from tansiq.cli import django
        from tansiq.node.home import Home, create

        home = create(Home(code="ma", agency="ma.marine", url="http://127.0.0.1:9", path=Path(folder) / "ma"))
        django.setup(home.path)
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        from tansiq.watch import acts

        start, taken = datetime(2025, 1, 29, 2, tzinfo=UTC), []
        for second in range(rounds + 2):
            batch, now = fleet(size, second, start), start + timedelta(seconds=second)
            began = time.perf_counter()
            acts.observe(observations=batch, now=now)
            taken.append(time.perf_counter() - began)
        connections.close_all()
    median = statistics.median(taken[2:])
    return {
        "path": f"observe on SQLite, {size:,} tracks at 1 Hz",
        "messages": size,
        "seconds": median,
        "sentences/s": size / median,
        "times pyais alone": "",
    }


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--file", type=Path, default=RECORDING)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--tracks", type=int, default=5000)
    given = options.parse_args()
    raw = given.file.read_bytes() if given.file.exists() else night()
    source = given.file.name if given.file.exists() else "a drill's night (no recording at hand)"
    rows = [*decoding(raw, given.rounds), observing(given.tracks, given.rounds)]
    notes = [
        f"{raw.count(b'!'):,} sentences of {source}; processor seconds, medians of {given.rounds} rounds in turns.",
        "`observe` in seconds of wall clock, on a database file.",
    ]
    print(json.dumps({"title": "AIS ingest beside pyais alone", "rows": rows, "notes": notes}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
