"""`tansiq demo`: a night in the Strait on three nodes, from bytes at sea to a figure in a report.

Three nodes (`ma`, `es`, `de`) are made in a folder by the commands that a user would type, run as processes on embedded
databases, and fed a simulated night over TCP; people drive the thread through the pages. What happens is told on
standard error. With `--once` it ends with a JSON summary on standard output, and exit status 0 only if all of it holds;
without, the nodes stay until Ctrl-C, and a table says where to look and who may sign in.
"""

import argparse
import contextlib
import json
import random
import shutil
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tansiq.cli.exercise import summary, world
from tansiq.cli.exercise.processes import Served, free_ports, orderly, supervised
from tansiq.cli.exercise.seaside import Schedule, Seaside
from tansiq.cli.exercise.story import Distress, Story
from tansiq.cli.exercise.world import Account
from tansiq.drill import night as drill
from tansiq.drill.night import OVERBOARD_AT
from tansiq.drill.waters import AREA
from tansiq.ground import clock
from tansiq.ground.errors import Malformed, NotCovered, Unready

ONCE_STARTS = datetime(2025, 3, 14, 20, tzinfo=UTC)
"""When the night of `--once` begins, so that the same seed gives the same tracks, alerts and drift on any day."""
ONCE_PACE = 600.0
HOURS = 2.5
FORM_DRIFTS = timedelta(hours=24)
"""How long the drift of a case opened by form runs."""
LIVE = timedelta(minutes=100)
"""How long ago the night of a demo that is watched began; it catches up with the clock and goes on beside it."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun."""
    noun = commands.add_parser("demo", help="play a night in the Strait on three nodes")
    noun.add_argument("--once", action="store_true", help="play it once, print a JSON summary, and end")
    noun.add_argument("--json", action="store_true", help="print the summary as JSON; --once does so anyway")
    noun.add_argument("--seed", type=int, default=1, help="the seed of the night (default 1)")
    noun.add_argument("--start", type=_time, metavar="TIME", help="when the night begins (ISO 8601)")
    noun.add_argument("--traffic", type=float, default=3.0, metavar="N", help="ships an hour in each lane (default 3)")
    noun.add_argument(
        "--ais", type=_file, action="append", default=[], metavar="FILE", help="recorded AIS to play as well"
    )
    noun.add_argument("--distress", type=_distress, metavar="LAT,LON,TIME", help="open a case there and then, by form")
    noun.add_argument("--current", type=_file, action="append", default=[], metavar="FILE", help="CF NetCDF of current")
    noun.add_argument("--wind", type=_file, action="append", default=[], metavar="FILE", help="CF NetCDF of wind")
    noun.add_argument("--keep", type=Path, metavar="DIR", help="make the homes here, and leave them")
    noun.add_argument("--port", type=int, metavar="BASE", help="the first of four ports (default: free ones)")
    noun.add_argument("--kills", type=int, default=0, metavar="N", help="kill -9 a node at N seeded moments on the way")
    noun.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play the night, and answer whether all of it holds."""
    if bool(options.current) != bool(options.wind):
        raise Malformed("Current and wind come together.", "Give both --current and --wind, or neither.")
    began = time.monotonic()
    start = options.start or (ONCE_STARTS if options.once else clock.now().replace(second=0, microsecond=0) - LIVE)
    _check_forcing(options, start)
    night = drill.play(seed=options.seed, start=start, hours=HOURS, ships_per_hour=options.traffic)
    with orderly(), contextlib.ExitStack() as stack:
        folder = _folder(stack, options.keep)
        ports = _ports(options.port)
        sea = Seaside(night, schedule=_schedule(once=options.once), port=ports["sea"])
        stack.callback(sea.close)
        _say(f"{drill.NAME}: seed {night.seed}, {night.start:%Y-%m-%d %H:%MZ}, {len(night.transmissions)} AIS messages")
        people = world.accounts()
        nodes = world.found(folder, ports, night, people, recorded=options.ais, forcing=(options.current, options.wind))
        sea.start()
        stack.enter_context(supervised(list(nodes.values())))
        for node in nodes.values():
            node.start()
        for node in nodes.values():
            node.wait()
        founded = time.monotonic()
        _table(nodes, people)
        story = Story(night, nodes, people, _say, options.distress)
        kills = _attend(story, nodes, options.kills, options.seed)
        found = summary.settle(night, nodes, story, sea, once=options.once)
        found["kills"] = kills
        found["seconds"] = {
            "founding": round(founded - began, 1),
            "thread": round(time.monotonic() - founded, 1),
            "all": round(time.monotonic() - began, 1),
        }
        return _end(found, nodes, people, once=options.once, as_json=options.json)


def _check_forcing(options: argparse.Namespace, start: datetime) -> None:
    """Say at once, before nodes are made, that the reported distress could not be drifted with what is at hand."""
    bounds, begin, end = None, None, None
    if options.distress is not None:
        lat, lon, begin = options.distress.lat, options.distress.lon, options.distress.at
        bounds, end = (lon - 0.05, lat - 0.05, lon + 0.05, lat + 0.05), begin + FORM_DRIFTS
        south, west, north, east = AREA
        simulated = south <= lat <= north and west <= lon <= east and start <= begin <= start + FORM_DRIFTS
        if not options.current and not simulated:
            raise NotCovered(
                "The simulated sea has no current and no wind there and then.", "Name files with --current and --wind."
            )
    if not options.current:
        return
    from tansiq.rescue.forcing import Vector, open_layers  # loads xarray, which no other demo needs

    for vector, files in ((Vector.CURRENT, options.current), (Vector.WIND, options.wind)):
        open_layers(files, vector, bounds=bounds, start=begin, end=end)


def _attend(story: Story, nodes: dict[str, Served], kills: int, seed: int) -> list[str]:
    """Let the people play, and kill and restart nodes meanwhile: as many as asked for, spread over the steps.

    A step begins once the kills of those before it have fallen; nobody waits for the node that is being started anew.
    Nodes are started from this thread alone, because the kernel ends them with the thread that started them.
    Answers which node was killed in which step.
    """
    failed: list[BaseException] = []
    dice = random.Random(f"{seed}/{kills}")
    done: list[str] = []
    due = threading.Condition()

    def play() -> None:
        try:
            story.play()
        except BaseException as error:
            failed.append(error)

    def fallen() -> None:
        with due:
            due.wait_for(lambda: len(done) * story.steps >= kills * story.step)

    story.before_step = fallen
    players = threading.Thread(target=play, name="players", daemon=True)
    players.start()
    while players.is_alive():
        if len(done) * story.steps < kills * story.step:
            time.sleep(dice.uniform(0, 0.8))
            killed = _kill(nodes[dice.choice(sorted(nodes))])
            with due:
                done.append(f"{killed} in step {story.step}")
                due.notify_all()
            _say(f"      kill -9 {killed} ({len(done)} of {kills})")
        _alive(nodes)
        players.join(0.05)
    if failed:
        raise failed[0]
    return done


def _kill(node: Served) -> str:
    """Kill a node that answers, and start it again; answers its code."""
    node.wait()
    node.kill()
    node.start()
    return node.code


def _alive(nodes: dict[str, Served]) -> None:
    """Raise `Unready` with the last words of a node that ended by itself."""
    for node in nodes.values():
        if not node.running:
            raise Unready(f"Node {node.code} has ended.", f"Its log ends: {node.last_words()}")


def _end(
    found: dict[str, Any], nodes: dict[str, Served], people: dict[str, Account], *, once: bool, as_json: bool
) -> int:
    """Tell how it went; played once that is the end, otherwise the nodes stay until Ctrl-C."""
    for fault in found["failed"]:
        _say(f"does not hold: {fault}")
    _say("all of it holds" if found["holds"] else "not all of it holds")
    if once or as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False), flush=True)
    if not once:
        _table(nodes, people)
        _say("The sea goes on. Ctrl-C ends it all.")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                _alive(nodes)
                time.sleep(1)
    return 0 if found["holds"] else 1


def _table(nodes: dict[str, Served], people: dict[str, Account]) -> None:
    """Where to look, and who may sign in."""
    _say("")
    for node in nodes.values():
        _say(f"  {node.code}   {node.url}   home {node.home}")
        for account in people.values():
            if account.node == node.code:
                second = f"   TOTP {account.totp}" if account.totp else ""
                _say(f"       {account.username:<12} {account.password}   {account.duty} of {account.agency}{second}")
    _say("")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _folder(stack: contextlib.ExitStack, keep: Path | None) -> Path:
    """Where the homes stand; without --keep they go when the demo ends."""
    if keep is None:
        made = Path(tempfile.mkdtemp(prefix="tansiq-demo-"))
        stack.callback(shutil.rmtree, made, ignore_errors=True)
        return made
    if keep.exists() and any(keep.iterdir()):
        raise Malformed(f"{keep} is not empty.", "Name a folder that is empty or new.")
    keep.mkdir(parents=True, exist_ok=True)
    return keep.resolve()


def _ports(base: int | None) -> dict[str, int]:
    """A port for each node and one for the sea."""
    names = [*world.AGENCIES, "sea"]
    if base is not None and not 1024 <= base <= 65_535 - len(names):
        raise Malformed(f"{base} is no port to begin at.", "Name one from 1024 to 65531.")
    numbers = free_ports(len(names)) if base is None else range(base, base + len(names))
    return dict(zip(names, numbers, strict=True))


def _schedule(*, once: bool) -> Schedule:
    """Played once: fast to the end. To be watched: fast until the distress, at a watchable pace until it is now."""
    ever = float("inf")
    if once:
        return ((ever, ONCE_PACE),)
    return ((OVERBOARD_AT, ONCE_PACE), (LIVE.total_seconds(), 60.0), (ever, 1.0))


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time, like 2008-08-06T09:51Z") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _distress(text: str) -> Distress:
    parts = text.split(",")
    if len(parts) != 3:
        raise argparse.ArgumentTypeError(f"{text!r} is not LAT,LON,TIME, like 38.1,6.35,2008-08-06T09:51Z")
    try:
        lat, lon = float(parts[0]), float(parts[1])
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with two numbers of degrees") from error
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise argparse.ArgumentTypeError(f"{lat}, {lon} is no place on earth")
    return Distress(lat, lon, _time(parts[2]))


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return path.resolve()
