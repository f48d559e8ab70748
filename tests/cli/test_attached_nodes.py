"""A large file between two real nodes: it comes whole though both are killed on the way, in bounded memory."""

import json
import os
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tansiq.cli.exercise.processes import Served, supervised
from tests.cli.test_running_nodes import AGENCIES, answer, asked, make, until, verify

pytestmark = pytest.mark.xdist_group("nodes")

MEGABYTES = int(os.environ.get("TANSIQ_TEST_ATTACHMENT_MB", "96"))
MOST_MEMORY = 400_000
"""KiB that a process may take at most, of which Python with Django and the rest takes 150,000 with no file at all."""


def attached(*words: str | Path) -> dict[str, Any]:
    """Send or open an attachment in a process of its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TANSIQ_", "DJANGO_"))}
    command = [sys.executable, "-m", "tests.exchange.send_attached", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=kept, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def agree(nodes: dict[str, Served], folder: Path) -> str:
    """A direct agreement that both nodes signed; its digest."""
    paper = folder / "direct.json"
    answer("agreement", "new", "--template", "direct", "--parties", *AGENCIES.values(), "--out", paper)
    for code, node in nodes.items():
        answer(
            "agreement", "sign", paper, "--home", node.home, "--party", AGENCIES[code], "--by", "admin", "--out", paper
        )  # fmt: skip
    answer("agreement", "import", paper, "--home", nodes["ma"].home)
    return str(asked(nodes["ma"].home, "select digest from exchange_agreement where mechanism = 'direct'")[0][0])


def peak(node: Served) -> int:
    """The most memory that a node took so far, in KiB; 0 where the system does not say."""
    if node.process is None or not Path("/proc/self/status").exists():
        return 0
    lines = Path(f"/proc/{node.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def coming(node: Served) -> int:
    """How much of an attachment is here that is not whole."""
    return sum(path.stat().st_size for path in (node.home / "blobs/coming").glob("*"))


def arrived(node: Served) -> bool:
    """Whether an attachment is here, looked through."""
    return asked(node.home, "select state from exchange_blob where direction = 'in'") == [("here",)]


def test_a_large_attachment_arrives_though_both_nodes_are_killed(tmp_path: Path) -> None:
    nodes = make(tmp_path)
    ma, es = nodes["ma"], nodes["es"]
    agreement = agree(nodes, tmp_path)
    film = tmp_path / "film.mp4"
    with closing(film.open("wb")) as file:
        file.write(b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00")
        block = random.Random(7).randbytes(1 << 20)
        for number in range(MEGABYTES):
            file.write(number.to_bytes(4, "big") + block[4:])
    sent = attached("send", ma.home, film, agreement, "es.salvamento")
    memory, cut = [], []
    with supervised([ma, es]):
        for node in (ma, es):
            node.start()
        for node in (ma, es):
            node.wait()
        until(lambda: coming(es) > 0 or arrived(es))
        for node in (es, ma):
            memory.append(peak(node))
            node.kill()
            cut.append(coming(es) >> 20)
            node.start()
            node.wait()
            until(lambda: coming(es) > 0 or arrived(es))
        until(lambda: arrived(es), within=300)
        until(lambda: asked(ma.home, "select state from exchange_blob where direction = 'out'") == [("here",)])
        memory += [peak(node) for node in (ma, es)]
        for node in (ma, es):
            node.stop()

    there = attached("open", es.home)

    assert there["digest"] == sent["digest"]
    assert max(*memory, sent["memory"], there["memory"]) < MOST_MEMORY
    assert [*(es.home / "blobs/coming").glob("*")] == []
    for node in (ma, es):
        status, said = verify(node.home)
        assert (status, said["flaws"]) == (0, [])
    took = f"nodes {memory}, sender {sent['memory']}, reader {there['memory']}"
    print(f"{MEGABYTES} MB, cut at {cut}; memory in KiB: {took}")
