"""The summary names what does not hold: a table of stories, each a sound demo with one thing spoilt."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tansiq.cli.exercise.summary import failures
from tansiq.drill.night import NAME

BEACON = 972_999_001
CASE = "01a203df-59ed-70b0-8991-c7f371827a3b"


def _envelopes(out: list[list[str]], inward: list[list[str]], order: list[str]) -> dict[str, Any]:
    return {
        "sent": len(out), "delivered": len(out), "receipts_verified": len(out), "received": len(inward),
        "waiting": 0, "troubled": [], "without_exercise": 0, "out": out, "inward": inward, "order": {"case": order},
    }  # fmt: skip


def _sound() -> tuple[dict[str, Any], dict[str, Any]]:
    """A summary and the books behind it, with nothing wrong."""
    task = {"agency": "ma.marine", "answers": ["accepted", "searching", "done"]}
    case = {
        "id": CASE, "phase": "closed", "pos": 0.7, "exercise": NAME, "drifts": [1], "searches": [1], "sitreps": [1],
        "outcomes": [1], "outcome": {"kind": "found-alive"}, "tasks": [task, {**task, "agency": "es.salvamento"}],
    }  # fmt: skip
    own, heard = {"mmsi": BEACON, "sender": ""}, {"mmsi": BEACON, "sender": "ma.marine"}
    books = {
        "ma": {
            "envelopes": _envelopes(
                [["es", "a"], ["de", "c"]], [["es", "b"], ["es", "d"]],
                ["out ma.marine a", "in es.salvamento b", "in es.salvamento d"],
            ),
            "alerts": [own], "cases": [case],
        },
        "es": {
            "envelopes": _envelopes(
                [["ma", "b"], ["ma", "d"]], [["ma", "a"]],
                ["in ma.marine a", "out es.salvamento b", "out es.salvamento d"],
            ),
            "alerts": [heard], "cases": [case],
        },
        "de": {"envelopes": _envelopes([], [["ma", "c"]], []), "alerts": [], "cases": []},
    }  # fmt: skip
    ledger = {"verified": True, "flaws": [], "alarms": [], "consistent_with": {"es": True}}
    claims = [
        {"body": body, "indicator": indicator, "value": 1}
        for body in ("ma.marine", "es.salvamento")
        for indicator in ("persons-rescued", "rescue-cases")
    ]
    found = {
        "envelopes": {code: each["envelopes"] for code, each in books.items()},
        "ledgers": {code: deepcopy(ledger) for code in books},
        "alerts": [own], "alerts_at_es": [heard], "case": case, "figures": {"equal": True},
        "claims": {"de": claims}, "agreements": {"de": ["statistics"]},
    }  # fmt: skip
    return deepcopy(found), deepcopy(books)


Spoil = Callable[[dict[str, Any], dict[str, Any]], object]
STORIES: dict[str, tuple[Spoil, str]] = {
    "a receipt is missing": (lambda found, _: found["envelopes"]["ma"].update(receipts_verified=1), "has 1 receipts"),
    "a letter never came": (lambda _, books: books["es"]["envelopes"]["inward"].clear(), "ma sent 1 letters to es"),
    "a letter came twice": (
        lambda _, books: books["ma"]["envelopes"]["inward"].append(["es", "b"]),
        "es sent 2 letters to ma, where 3",
    ),
    "letters of a case came in another order": (
        lambda _, books: books["ma"]["envelopes"]["order"]["case"].reverse(),
        "in another order",
    ),
    "a case's letter is there twice": (
        lambda _, books: books["ma"]["envelopes"]["order"]["case"].append("in es.salvamento d"),
        "came twice to ma",
    ),
    "a letter has not reached its room": (
        lambda _, books: books["es"]["envelopes"].update(waiting=1),
        "1 letters that wait",
    ),
    "a room refused a letter": (
        lambda _, books: books["es"]["envelopes"].update(troubled=["task no"]),
        "in trouble: ['task no']",
    ),
    "an envelope is not marked": (
        lambda _, books: books["de"]["envelopes"].update(without_exercise=1),
        "not marked as an exercise",
    ),
    "a ledger has a flaw": (
        lambda found, _: found["ledgers"]["de"].update(verified=False, flaws=["row 3"]),
        "does not verify",
    ),
    "a partner's ledger gave alarm": (lambda found, _: found["ledgers"]["ma"].update(alarms=["fork"]), "has alarms"),
    "a ledger was rewritten": (
        lambda found, _: found["ledgers"]["es"]["consistent_with"].update(es=False),
        "does not continue",
    ),
    "nobody holds a head": (lambda found, _: found["ledgers"]["es"]["consistent_with"].clear(), "does not continue"),
    "there is no case": (lambda found, _: found.update(case=None), "there is no case"),
    "the beacon raised two alerts": (lambda found, _: found["alerts"].append({"mmsi": BEACON}), "exactly one alert"),
    "the alert did not reach es": (lambda found, _: found["alerts_at_es"].clear(), "exactly once"),
    "the search has no chance": (lambda found, _: found["case"].update(pos=0), "the case has no pos"),
    "the drift ran twice": (lambda found, _: found["case"]["drifts"].append(2), "has 2 drifts, not 1"),
    "an answer was doubled": (
        lambda found, _: found["case"]["tasks"][0]["answers"].append("done"),
        "ma.marine answered",
    ),
    "the other side has another outcome": (
        lambda _, books: books["ma"]["cases"][0].update(outcome=None),
        "ma does not hold the case as es does",
    ),
    "the figures differ": (lambda found, _: found["figures"].update(equal=False), "do not count the same"),
    "the claims differ": (lambda found, _: found["claims"]["de"][0].update(value=2), "have not claimed the same"),
    "nothing was claimed": (lambda found, _: found["claims"]["de"].clear(), "have not claimed the same"),
    "de sees another agreement": (lambda found, _: found["agreements"]["de"].append("rescue"), "not statistics alone"),
    "de holds an alert": (lambda _, books: books["de"]["alerts"].append({}), "de holds an alert"),
}


def test_a_sound_demo_has_no_failures():
    assert list(failures(*_sound(), BEACON)) == []


@pytest.mark.parametrize("story", STORIES)
def test_what_does_not_hold_is_named(story):
    spoil, sentence = STORIES[story]
    found, books = _sound()
    spoil(found, books)
    assert any(sentence in said for said in failures(found, books, BEACON)), list(failures(found, books, BEACON))
