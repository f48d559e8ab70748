"""`tansiq ingest ais FILE`: play recorded AIS through the watch, in memory; no node, no home, no database.

What the same bytes would do on a live node: how many sentences and messages, what was wrong with the rest, which tracks
and alerts they lead to, and how long it took.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from tansiq.ground.errors import Malformed
from tansiq.watch.feeds.ais import AisFeed
from tansiq.watch.feeds.nmea import Flaw
from tansiq.watch.replay import Raised, Replay

BLOCK = 1 << 20


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register the command."""
    ingest = commands.add_parser("ingest", help="read recorded observations")
    kinds = ingest.add_subparsers(dest="kind", required=True, metavar="KIND")
    ais = kinds.add_parser("ais", help="AIS sentences (NMEA 0183), with or without times and tag blocks")
    ais.add_argument("file", metavar="FILE", help="a recording, or - for standard input")
    ais.add_argument("--json", action="store_true", help="answer in JSON")
    ais.add_argument("--messages", action="store_true", help="also count messages by type, and list every MMSI by type")
    ais.add_argument("--dead-letters", type=Path, metavar="FILE", help="write the damaged sentences to a file")
    ais.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play the recording and print what came of it."""
    began = time.perf_counter()
    dead: list[tuple[Flaw, bytes]] = []
    keep = (lambda flaw, raw: dead.append((flaw, raw))) if options.dead_letters is not None else None
    feed, replay = AisFeed(options.file, dead=keep, sightings=options.messages), Replay()
    for block in _blocks(options.file):
        replay.take(feed.feed(block))
    replay.take(feed.end())
    summary = _summary(feed, replay, time.perf_counter() - began)
    if options.messages:
        summary["types"] = {str(kind): count for kind, count in sorted(feed.types.items())}
        summary["mmsi"] = _heard(feed)
    if options.dead_letters is not None:
        _write_dead(options.dead_letters, dead)
    print(msgspec.json.encode(summary).decode() if options.json else _lines(summary))
    if not feed.framer.sentences:
        print(f"tansiq ingest: {options.file} holds no AIS sentence", file=sys.stderr)
    return 0


def _blocks(name: str) -> Iterator[bytes]:
    """The bytes of a file, or of standard input. Raises Malformed where they cannot be read."""
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else open(name, "rb") as file:
            while block := file.read(BLOCK):
                yield block
    except OSError as error:
        raise Malformed(
            f"{name} cannot be read: {error.strerror or error}.",
            "Name a file of NMEA sentences, or - for standard input.",
        ) from error


def _summary(feed: AisFeed, replay: Replay, seconds: float) -> dict[str, Any]:
    framer, tracks = feed.framer, replay.picture.confirmed()
    return {
        "sentences": framer.sentences,
        "messages": feed.messages,
        "other_lines": framer.other,
        "errors": {flaw.value: count for flaw, count in sorted(framer.flaws.items())},
        "observations": replay.observations,
        "tracks": len(tracks),
        "unconfirmed": len(replay.picture.states) - len(tracks),
        "alerts": len(replay.alerts),
        "raised": [_raised(alert) for alert in replay.alerts.values()],
        "seconds": round(seconds, 3),
        "sentences_per_s": round(framer.sentences / seconds) if seconds > 0 else 0,
    }


def _raised(alert: Raised) -> dict[str, Any]:
    return {
        "alert": str(alert.id),
        "situation": alert.situation,
        "priority": int(alert.priority),
        "mmsi": sorted(alert.senders),
        "at": datetime.fromtimestamp(alert.first.at, UTC).isoformat() if alert.first.at else None,
        "lat": alert.lat,
        "lon": alert.lon,
        "signs": alert.signs,
        "because": [{"code": reason.code, "values": reason.values} for reason in alert.first.because],
    }


def _heard(feed: AisFeed) -> dict[str, list[int]]:
    by_type: dict[int, list[int]] = {}
    for kind, mmsi in sorted(feed.heard or ()):
        by_type.setdefault(kind, []).append(mmsi)
    return {str(kind): heard for kind, heard in by_type.items()}


def _write_dead(path: Path, dead: list[tuple[Flaw, bytes]]) -> None:
    try:
        path.write_bytes(b"".join(flaw.value.encode() + b" " + raw.replace(b"\n", b" ") + b"\n" for flaw, raw in dead))
    except OSError as error:
        raise Malformed(f"{path} cannot be written: {error.strerror}.", "Name another file.") from error


def _lines(summary: dict[str, Any]) -> str:
    errors = ", ".join(f"{kind} {count}" for kind, count in summary["errors"].items()) or "none"
    lines = [
        f"{summary['sentences']} sentences, {summary['messages']} messages, {summary['observations']} observations "
        f"in {summary['seconds']} s",
        f"errors: {errors}",
        f"{summary['tracks']} tracks ({summary['unconfirmed']} heard once), {summary['alerts']} alerts",
    ]
    situations = Counter(alert["situation"] for alert in summary["raised"])
    lines += [f"  {situation}: {count}" for situation, count in situations.items()]
    return "\n".join(lines)
