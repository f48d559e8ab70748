"""An old backup under a real node: it notices, two persons recover it, the partner follows, and letters flow again."""

import shutil
from pathlib import Path

import pytest

from tansiq.cli.exercise.processes import supervised
from tests.cli.test_running_nodes import answer, arrived, asked, make, tansiq, until, verify

pytestmark = pytest.mark.xdist_group("nodes")

DATABASE = "tansiq.sqlite3"
ALARMS = "select detail from exchange_event where name = 'exchange.ledger.alarm' order by id"


def copy(source: Path, target: Path) -> None:
    """A node's database as it lies on the disk, while the node stands still."""
    for suffix in ("", "-wal", "-shm"):
        (target / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        if (file := source / f"{DATABASE}{suffix}").exists():
            shutil.copy2(file, target)


def test_a_node_goes_on_from_an_old_backup(tmp_path: Path) -> None:
    nodes = make(tmp_path)
    ma, es = nodes["ma"], nodes["es"]
    answer(
        "people", "add", "--home", ma.home, "--username", "second", "--agency", "ma.marine", "--duty", "auditor",
        "--password-stdin", stdin="four-unlikely-plain-words\n",
    )  # fmt: skip
    backup = tmp_path / "backup"
    backup.mkdir()
    recover = ("ledger", "recover", "--home", ma.home, "--by", "admin", "--with")
    with supervised([ma, es]):
        for node in (ma, es):
            node.start()
        for node in (ma, es):
            node.wait()
        until(lambda: arrived(nodes))
        assert "no-change" in tansiq(*recover, "second").stderr
        ma.stop()
        copy(ma.home, backup)
        ma.start()
        ma.wait()
        ((digest,),) = asked(ma.home, "select digest from exchange_agreement")
        answer("agreement", "suspend", digest, "--home", ma.home, "--party", "ma.marine", "--by", "admin")
        (size,) = asked(ma.home, "select size from exchange_log")[0]
        until(lambda: bool(asked(es.home, f"select 1 from exchange_head where log = 'ma' and size >= {size}")))
        until(lambda: bool(asked(es.home, "select 1 from exchange_statement")))

        ma.stop()
        copy(backup, ma.home)
        assert asked(ma.home, "select 1 from exchange_statement") == []
        ma.start()
        ma.wait()
        until(lambda: bool(asked(ma.home, "select 1 from exchange_log where gate <> ''")))
        assert "same-person" in tansiq(*recover, "ADMIN").stderr
        es.stop()
        left_out = tansiq(*recover, "second")
        assert (left_out.returncode, left_out.stderr.count("\n")) == (2, 1), left_out.stderr
        assert "--without es" in left_out.stderr
        es.start()
        es.wait()
        said = answer(*recover, "second")
        assert (said["epoch"], said["was"], said["asked"], said["without"]) == (2, 1, ["es"], [])
        assert said["lost"][1] >= size > said["restored"]

        assert answer("agreement", "show", digest, "--home", ma.home)["suspended_by"] == ["ma.marine"]
        until(lambda: bool(asked(es.home, "select 1 from exchange_head where log = 'ma' and epoch = 2")))
        answer("agreement", "lift", digest, "--home", ma.home, "--party", "ma.marine", "--by", "admin")
        until(lambda: len(asked(es.home, "select 1 from exchange_statement")) == 2)
        (newest,) = asked(ma.home, "select size from exchange_log")[0]
        until(lambda: bool(asked(es.home, f"select 1 from exchange_head where epoch = 2 and size >= {newest}")))
        for node in (ma, es):
            node.stop()

    status, said = verify(ma.home)
    assert (status, said["epoch"], said["flaws"], said["alarms"]) == (0, 2, [], [])
    status, said = verify(es.home)
    assert (status, said["flaws"]) == (0, [])
    told = [alarm["what"].split()[0] for alarm in said["alarms"]]
    assert told.count("recovered") == 1
    assert set(told) <= {"rollback", "recovered"}
    assert told[-1] == "recovered"
    assert '"officers"' in asked(es.home, ALARMS)[-1][0]
