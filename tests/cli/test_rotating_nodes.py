"""Keys change under real nodes that run: what waits still arrives, what is new is understood, and all verifies."""

from pathlib import Path

import pytest

from tansiq.cli.exercise.processes import supervised
from tests.cli.test_running_nodes import answer, arrived, asked, make, until, verify

WITHIN = 240.0
"""Seconds for each step on a machine that does much else: heads are compared every half minute."""

pytestmark = pytest.mark.xdist_group("nodes")


def test_keys_change_while_letters_wait_and_while_nodes_run(tmp_path: Path) -> None:
    nodes = make(tmp_path)
    ma, es = nodes["ma"], nodes["es"]
    for node, agency in ((ma, "ma.marine"), (es, "es.salvamento")):
        answer(
            "people", "add", "--home", node.home, "--username", "second", "--agency", agency, "--duty",
            "node-administrator", "--password-stdin", stdin="four-unlikely-plain-words\n",
        )  # fmt: skip
    with supervised([ma, es]):
        ma.start()
        ma.wait()
        until(lambda: bool(asked(ma.home, "select 1 from exchange_envelope where direction = 'out'")), within=WITHIN)
        rotated = answer("keys", "rotate", "--home", ma.home, "--by", "admin", "--with", "second")
        assert (rotated["number"], rotated["told"]) == (2, ["es"])
        es.start()
        es.wait()
        until(lambda: arrived(nodes), within=WITHIN)
        rotated = answer("keys", "rotate", "--home", es.home, "--by", "admin", "--with", "second")
        until(lambda: asked(ma.home, "select 1 from exchange_delivery where state = 'waiting'") == [], within=WITHIN)
        until(lambda: asked(es.home, "select 1 from exchange_delivery where state = 'waiting'") == [], within=WITHIN)
        (size,) = asked(es.home, "select size from exchange_log")[0]
        until(
            lambda: bool(asked(ma.home, f"select 1 from exchange_head where log = 'es' and size >= {size}")),
            within=WITHIN,
        )
    for node in (ma, es):
        assert verify(node.home)[0] == 0, verify(node.home)
        assert asked(node.home, "select detail from exchange_event where name = 'exchange.ledger.alarm'") == []
