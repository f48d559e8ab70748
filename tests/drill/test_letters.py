"""Letters of a drill: sealed like any other, and as many as are asked for in a node that plays an exercise."""

import json
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

import pytest

from tansiq.drill.letters import BUNDLE, CASE, LIFE, Correspondent, portions
from tansiq.exchange import seal
from tansiq.exchange.agreements import terms
from tansiq.exchange.keys import KeySet
from tests.cli.test_homes import one_line, run

END = datetime(2026, 3, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
LENGTHS = {"one": 1, "a few": 7, "a thousand a day": 365_000, "more than a bundle a day": 3_650_000}


@pytest.mark.parametrize("count", LENGTHS.values(), ids=LENGTHS.keys())
def test_bundles_follow_each_other_and_hold_what_lives_long_enough(count: int) -> None:
    made = list(portions(count, END - YEAR, END))

    assert [each.first for each in made] == [0, *accumulate(each.count for each in made)][:-1]
    assert sum(each.count for each in made) == count
    assert max(each.count for each in made) <= BUNDLE
    assert all(each.end - each.start <= max(YEAR / count, timedelta(days=1)) for each in made)
    assert made[-1].end - END < timedelta(seconds=1)


def test_every_letter_opens_and_those_of_a_case_name_the_one_before() -> None:
    ours = Correspondent.new(node="xa", to="ma.marine", exercise="DRILL")
    theirs = Correspondent.new(node="ma", to="xa.drill", exercise="")
    keys = KeySet.load(theirs.keys)
    agreement = ours.agreement(since=END - YEAR, until=END)
    (portion,) = portions(4 * CASE, END - timedelta(hours=1), END)

    sealed = [
        seal.parse(raw) for _, raw in ours.bundle(agreement, theirs.card(issued=END, expires=END + YEAR), portion)
    ]

    before, cases = "", []
    for place, envelope in enumerate(sealed):
        seal.verify(envelope, KeySet.load(ours.keys).signer.verifier)
        label, letter = seal.open_both(envelope, seal.unwrap(envelope, keys.opener))
        assert letter
        assert (label.exercise, envelope.route.agr) == ("DRILL", terms.digest(agreement))
        assert label.expires - label.sent == LIFE / timedelta(milliseconds=1)
        assert (label.seq, label.prev) == (
            (place % CASE + 1, before if place % CASE else "") if label.case else (0, "")
        )
        before = envelope.identity.hex()
        cases.append(label.case)
    assert [len({*cases[n : n + CASE]}) for n in range(0, len(cases), CASE)] == [1, 1, 1, 1]
    assert len({*cases}) == 3


def test_a_node_in_an_exercise_is_filled_and_stays_sound(tmp_path: Path) -> None:
    for name, more in (("drill", ("--exercise", "SCALE")), ("real", ())):
        made = run(tmp_path, "node", "init", "--home", f"HOME/{name}", "--code", "ma", "--agency", "ma.marine", *more)
        assert made.returncode == 0, made.stderr
    fill = ("drill", "envelopes", "--home", "HOME/drill", "--days", "2", "--json")

    first, second = (run(tmp_path, *fill, "--count", str(count)) for count in (130, 40))
    checked = json.loads(run(tmp_path, "ledger", "verify", "--home", "HOME/drill", "--json").stdout)

    assert [json.loads(done.stdout)["partner"] for done in (first, second)] == ["xa", "xb"], (
        first.stderr + second.stderr
    )
    assert [json.loads(done.stdout)["envelopes"] for done in (first, second)] == [130, 40]
    assert checked["sound"], checked
    assert checked["size"] > 170
    one_line(run(tmp_path, "drill", "envelopes", "--home", "HOME/real"), "plays no exercise")
    one_line(run(tmp_path, "drill", "envelopes", "--home", "HOME/drill", "--count", "0"), "make no drill")
