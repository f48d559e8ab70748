"""Play a bad night by its seed: `python -m tests.faults.play [--letters N] [--seed S]`; `make soak` plays a long one.

While officers write on all three nodes, nodes are killed (SIGKILL), links are cut one way or both, delayed, torn,
doubled and robbed of answers, clocks run ten minutes wrong, and a disk is full. Then everything is healed, and when
nothing is under way any more, the books of all three are compared.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from tansiq.cli.exercise.commands import answer, command
from tansiq.cli.exercise.processes import Served, free_ports
from tansiq.cli.exercise.world import AGENCIES
from tests.faults.links import Link, Links

AGREEMENTS = (
    ("rescue", tuple(AGENCIES.values())),
    ("direct", ("ma.marine", "es.salvamento")),
    ("direct", ("ma.marine", "de.bpol")),
    ("direct", ("es.salvamento", "de.bpol")),
)
FAULTS = ("kill", "cut", "cut-both", "delay", "torn", "doubled", "lost", "ahead", "behind", "full")
SKEW = 600.0
MOST_MEMORY = 700 << 20
"""What one node may hold in memory at any moment, in bytes."""


class Node(Served):
    """A node whose clock may be wrong and whose disk may be full."""

    most_memory = 0

    def start(self, skew: float = 0.0) -> None:
        """Start it with a clock that is wrong by some seconds."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.node", str(skew), "serve", "--home", str(self.home)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def fill(self, full: bool) -> None:
        """Leave no room for its files to grow, or give it back."""
        if self.process is not None and self.running:
            _, most = psutil.Process(self.process.pid).rlimit(resource.RLIMIT_FSIZE)
            psutil.Process(self.process.pid).rlimit(resource.RLIMIT_FSIZE, (4096 if full else most, most))

    def watch(self) -> None:
        """Remember the most memory that it held."""
        if self.process is not None and self.running:
            try:
                self.most_memory = max(self.most_memory, psutil.Process(self.process.pid).memory_info().rss)
            except psutil.NoSuchProcess:
                return


def found(folder: Path, seed: int) -> tuple[dict[str, Node], Links]:
    """Three nodes that trust each other and have agreed; each is reached through its proxy alone."""
    doors = dict(zip(AGENCIES, free_ports(len(AGENCIES)), strict=True))
    links = Links(doors, seed)
    nodes = {code: Node(code, folder / code, f"http://127.0.0.1:{doors[code]}/") for code in AGENCIES}
    cards = {}
    for code, node in nodes.items():
        command(
            "node", "init", "--home", str(node.home), "--code", code, "--agency", AGENCIES[code],
            "--url", f"http://127.0.0.1:{links.ports[code]}", "--listen", f"127.0.0.1:{doors[code]}",
        )  # fmt: skip
        command(
            "people", "add", "--home", str(node.home), "--username", f"{code}-admin", "--agency", AGENCIES[code],
            "--duty", "node-administrator", "--password-stdin", stdin="a long enough password\n",
        )  # fmt: skip
        cards[code] = command("partner", "card", "--home", str(node.home))
    for code, node in nodes.items():
        for other in set(cards) - {code}:
            words = answer("partner", "add", "-", "--home", str(node.home), "--json", stdin=cards[other])["words"]
            command(
                "partner", "confirm", other, "--home", str(node.home), "--words", words, "--by", f"{code}-admin"
            )  # fmt: skip
    for number, (mechanism, parties) in enumerate(AGREEMENTS):
        paper = str(folder / f"{number}.json")
        command("agreement", "new", "--template", mechanism, "--parties", *parties, "--out", paper)
        homes = {party: str(nodes[party.partition(".")[0]].home) for party in parties}
        for party, home in homes.items():
            by = f"{party.partition('.')[0]}-admin"
            command("agreement", "sign", paper, "--home", home, "--party", party, "--by", by, "--out", paper)
        for home in homes.values():
            command("agreement", "import", paper, "--home", home)
    return nodes, links


class Night:
    """One bad night: what befalls whom is drawn from the seed alone."""

    def __init__(self, nodes: dict[str, Node], links: Links, seed: int) -> None:
        self.nodes, self.links = nodes, links
        self.chance = random.Random(seed)
        self.befell: list[str] = []

    def fault(self, kind: str) -> None:
        """One fault, for a second or some, and its end."""
        one, other = self.chance.sample(sorted(self.nodes), 2)
        rest = self.chance.uniform(0.5, 2.5)
        self.befell.append(f"{kind} {one} {other} {rest:.1f}")
        node, place = self.nodes[one], (one, other)
        match kind:
            case "kill":
                node.kill()
                self._rest(rest / 4)
                self._start(node)
            case "cut" | "cut-both":
                ways = [place] if kind == "cut" else [place, place[::-1]]
                for way in ways:
                    self.links.between[way] = Link(cut=True)
                self._rest(2 * rest)
                for way in ways:
                    self.links.between[way] = Link()
            case "delay" | "torn" | "doubled" | "lost":
                self.links.between[place] = Link(**{kind: 0.5})
                self._rest(2 * rest)
                self.links.between[place] = Link()
            case "ahead" | "behind":
                node.kill()
                self._start(node, SKEW if kind == "ahead" else -SKEW)
                self._rest(2 * rest)
                node.kill()
                self._start(node)
            case "full":
                node.fill(True)
                self._rest(2 * rest)
                node.fill(False)

    def _start(self, node: Node, skew: float = 0.0) -> None:
        node.start(skew)
        node.wait(120)

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.watch()
            time.sleep(0.1)

    def watch(self) -> None:
        """Look how much memory the nodes hold."""
        for node in self.nodes.values():
            node.watch()


def beside(module: str, *arguments: str) -> subprocess.Popen[str]:
    """A module of these tests in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True)


def play(seed: int, letters: int, folder: Path, *, seconds: float, within: float = 600.0) -> dict[str, Any]:
    """Play the night, and answer the books of all nodes, what befell them, and the most memory of each.

    `letters` are written over so many `seconds`; afterwards quiet must come `within` others.
    """
    nodes, links = found(folder, seed)
    night = Night(nodes, links, seed)
    try:
        for node in nodes.values():
            node.start()
        for node in nodes.values():
            node.wait(120)
        share = letters // len(nodes)
        writers = [
            beside("tests.faults.writer", str(node.home), str(share), str(seconds / share), str(seed))
            for node in nodes.values()
        ]
        kinds: list[str] = []
        while len(night.befell) < len(FAULTS) or any(writer.poll() is None for writer in writers):
            kinds = kinds or night.chance.sample(FAULTS, len(FAULTS))
            night.fault(kinds.pop())
        written = {code: writer.communicate()[0] for code, writer in zip(nodes, writers, strict=True)}
        links.heal()
        overtaking = _overtaking(night, seed)
        healed = time.monotonic()
        for node in nodes.values():
            if not node.running:
                night._start(node)
        _until_quiet(night, within)
        told = {code: _books(node) for code, node in nodes.items()}
        heads = {
            f"{holder} holds of {log}": (root, _books(nodes[log], "root", str(size)))
            for holder, book in told.items()
            for log, (size, root) in book["held"].items()
        }
    finally:
        for node in nodes.values():
            node.stop()
        links.close()
    return {
        "seed": seed,
        "befell": night.befell,
        "healed": healed,
        "quiet": time.monotonic(),
        "written": {code: _lines(said) + (overtaking if code == "ma" else []) for code, said in written.items()},
        "overtaking": overtaking,
        "books": told,
        "heads": heads,
        "memory": {code: node.most_memory for code, node in nodes.items()},
        "passed": links.passed,
        "spoilt": links.spoilt,
    }


def _lines(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


def _overtaking(night: Night, seed: int) -> list[dict[str, Any]]:
    """While ma cannot reach es, it writes to es, routine first and distress last; then the link is healed."""
    for node in night.nodes.values():
        if not node.running:
            night._start(node)
    night.links.between["ma", "es"] = Link(cut=True)
    night._rest(1.0)
    writer = beside("tests.faults.writer", str(night.nodes["ma"].home), "40", "0", str(seed), AGENCIES["es"])
    said, _ = writer.communicate()
    night._rest(2.0)  # a batch that was gathered before the last distress was written has failed by now
    night.links.heal()
    return _lines(said)


def _books(node: Node, *more: str) -> Any:
    said, _ = beside("tests.faults.books", str(node.home), *more).communicate()
    return json.loads(said)


def _until_quiet(night: Night, within: float) -> None:
    until = time.monotonic() + within
    while sum(_books(node, "waiting") for node in night.nodes.values()):
        if time.monotonic() > until:
            raise AssertionError(f"letters are still under way {within:.0f} s after all was healed")
        night._rest(1.0)


def judged(night: dict[str, Any]) -> list[str]:
    """What went wrong in a night: empty when nothing was lost, doubled, reordered or unproved."""
    wrong: list[str] = []
    books = night["books"]
    for code, book in books.items():
        wrong += [f"{code}: {flaw}" for flaw in book["flaws"]]
        wrong += [f"{code}: alarm {alarm}" for alarm in book["alarms"]]
        wrong += [f"{code}: undone {undone}" for undone in book["undone"]]
        wrote = {line["envelope"] for line in night["written"][code]}
        if wrote != {sent["envelope"] for sent in book["out"].values()}:
            wrong.append(f"{code}: what was written is not what was kept")
        due = [(digest, to) for digest, sent in book["out"].items() for to in sent["to"]]
        if book["receipts"] != len(due):
            wrong.append(f"{code}: {book['receipts']} receipts for {len(due)} parcels")
        for digest, to in due:
            there = [letter for letter in books[to]["in"] if letter["digest"] == digest]
            if [letter["state"] for letter in there] not in (["accepted"], ["read"], ["acted"]):
                wrong.append(f"{code}: {digest[:12]} stands {[each['state'] for each in there]} at {to}")
        sent = {digest for other in books.values() for digest in other["out"]}
        wrong += [
            f"{code}: {each['digest'][:12]} came from nowhere" for each in book["in"] if each["digest"] not in sent
        ]
        streams: dict[str, list[int]] = {}
        for letter in book["in"]:
            if letter["stream"]:
                streams.setdefault(letter["stream"], []).append(letter["seq"])
        wrong += [f"{code}: {name} came as {order}" for name, order in streams.items() if order != sorted(order)]
    wrong += _overtaken(night)
    wrong += [f"the head {name} is no beginning of it" for name, (held, own) in night["heads"].items() if held != own]
    if len(night["heads"]) != len(books) * (len(books) - 1):
        wrong.append(f"only {sorted(night['heads'])} hold heads")
    wrong += [f"{code} held {most >> 20} MB" for code, most in night["memory"].items() if most > MOST_MEMORY]
    return wrong


def _overtaken(night: dict[str, Any]) -> list[str]:
    """Where a routine letter came before a distress that was written after it while the link was cut."""
    place = {letter["digest"]: letter["position"] for letter in night["books"]["es"]["in"]}
    digests = {sent["envelope"]: digest for digest, sent in night["books"]["ma"]["out"].items()}
    came: dict[str, list[int]] = {}
    for line in night["overtaking"]:
        came.setdefault(line["urgency"], []).append(place.get(digests.get(line["envelope"], ""), 0))
    if set(came) != {"distress", "routine"}:
        return [f"{sorted(came)} were written while the link was cut"]
    return [] if max(came["distress"]) < min(came["routine"]) else ["a routine letter came before a distress"]


def main() -> int:
    """Play, judge and say."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--letters", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=900.0, help="over which they are written")
    options.add_argument("--seed", type=int, default=0, help="0 draws one")
    chosen = options.parse_args()
    seed = chosen.seed or int.from_bytes(os.urandom(3), "big")
    print(f"seed {seed}", flush=True)
    with TemporaryDirectory(prefix="tansiq-faults-") as folder:
        night = play(seed, chosen.letters, Path(folder), seconds=chosen.seconds, within=3600.0)
    wrong = judged(night)
    print(json.dumps(told(night), indent=2))
    print("\n".join(wrong) or "nothing was lost, doubled or reordered; every receipt and ledger verifies")
    return 1 if wrong else 0


def told(night: dict[str, Any]) -> dict[str, Any]:
    """A night in a few lines."""
    return {
        "seed": night["seed"],
        "letters": {code: len(lines) for code, lines in night["written"].items()},
        "faults": len(night["befell"]),
        "requests passed": night["passed"],
        "requests spoilt": night["spoilt"],
        "seconds to quiet": round(night["quiet"] - night["healed"], 1),
        "memory MB": {code: most >> 20 for code, most in night["memory"].items()},
    }


if __name__ == "__main__":
    sys.exit(main())
