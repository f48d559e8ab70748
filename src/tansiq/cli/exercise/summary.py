"""The summary of a demo: what each node's books say, and whether all of it holds together."""

import json
import time
from collections.abc import Iterator
from typing import Any

from tansiq.cli.exercise.books import books, continues
from tansiq.cli.exercise.commands import beside, command
from tansiq.cli.exercise.processes import Served
from tansiq.cli.exercise.seaside import Seaside
from tansiq.cli.exercise.story import Story
from tansiq.drill.night import NAME, Night

SETTLES_WITHIN = 90.0
STILL = 5.0
"""Seconds for which the tracks must stay as they are before they are taken for the last: some batches of the watch."""

SHARED = ("persons-rescued", "rescue-cases")
"""The figures that both sides of a rescue must count alike; alerts and envelopes are each node's own."""

Books = dict[str, dict[str, Any]]


def settle(night: Night, nodes: dict[str, Served], story: Story, sea: Seaside, *, once: bool) -> dict[str, Any]:
    """The summary, as soon as all that was sent has its receipt and its room (and, played once, the night is over)."""
    until = time.monotonic() + SETTLES_WITHIN
    before: Any = None
    since, was_settled = time.monotonic(), False
    while True:
        found = {code: read(node, night) for code, node in nodes.items()}
        letters = [each["envelopes"] for each in found.values()]
        settled = all(each["sent"] == each["receipts_verified"] and not each["waiting"] for each in letters)
        if found["ma"]["tracks"] != before or not sea.finished:
            before, since = found["ma"]["tracks"], time.monotonic()
        still = time.monotonic() - since >= STILL
        # books are read one after the other: what was settled before a reading began is in all of them
        if (settled and was_settled and (still or not once)) or time.monotonic() > until:
            return summarise(night, nodes, story, found)
        was_settled = settled
        time.sleep(0.5)


def read(node: Served, night: Night) -> dict[str, Any]:
    """One node's books, read beside it. Raises `Unready` when they cannot be read."""
    found: dict[str, Any] = beside(books, node.home, night.end)
    return found


def summarise(night: Night, nodes: dict[str, Served], story: Story, books: Books) -> dict[str, Any]:
    """Everything that is told of a demo, with what does not hold."""
    case = _case(books["es"], story.case)
    found: dict[str, Any] = {
        "exercise": NAME,
        "seed": night.seed,
        "start": night.start.isoformat(),
        "night": {"messages": len(night.transmissions), "digest": night.digest},
        "envelopes": {code: _counts(each) for code, each in books.items()},
        "ledgers": {code: _ledger(node, books) for code, node in nodes.items()},
        "tracks": books["ma"]["tracks"],
        "alerts": [_alert(each) for each in books["ma"]["alerts"]],
        "alerts_at_es": [_alert(each) for each in books["es"]["alerts"]],
        "case": case,
        "pos": case["pos"] if case else None,
        "outcome": case["outcome"] if case else None,
        "drift_digest": case["drift_digest"] if case else None,
        "reported": _case(books["es"], story.reported),
        "figures": _figures(books),
        "claims": {code: each["claims"] for code, each in books.items()},
        "agreements": {code: sorted(each["mechanism"] for each in one["agreements"]) for code, one in books.items()},
    }
    found["failed"] = list(failures(found, books, story.beacon.mmsi))
    found["holds"] = not found["failed"]
    return found


def failures(found: dict[str, Any], books: Books, beacon: int) -> Iterator[str]:
    """What does not hold, each in a sentence. `beacon` is the MMSI of the person overboard."""
    yield from _letters(found, books)
    yield from _ledgers(found)
    yield from _thread(found, books, beacon)
    yield from _order(books)
    if not found["figures"]["equal"]:
        yield "ma and es do not count the same"
    claimed = {(each["body"], each["indicator"]): each["value"] for each in found["claims"]["de"]}
    for indicator in SHARED:
        said = {claimed.get((body, indicator), 0) for body in ("ma.marine", "es.salvamento")}
        if len(said) != 1 or said == {0}:
            yield f"ma and es have not claimed the same {indicator} to de: {sorted(said)}"
    if found["agreements"]["de"] != ["statistics"]:
        yield f"de sees the agreements {found['agreements']['de']}, not statistics alone"
    if books["de"]["alerts"] or books["de"]["cases"]:
        yield "de holds an alert or a case, which no agreement brings there"


def _letters(found: dict[str, Any], books: Books) -> Iterator[str]:
    """Everything that was sent has come, once, with its receipt, and has reached its room."""
    for code, counts in found["envelopes"].items():
        sent, delivered, receipts = (counts[each] for each in ("sent", "delivered", "receipts_verified"))
        if not sent == delivered == receipts:
            yield f"{code} sent {sent}, delivered {delivered}, has {receipts} receipts"
        kept = books[code]["envelopes"]
        if kept["without_exercise"]:
            yield f"{code} has envelopes that are not marked as an exercise"
        if kept["waiting"] or kept["troubled"]:
            yield f"{code} has {kept['waiting']} letters that wait for their rooms, and in trouble: {kept['troubled']}"
        for there, theirs in books.items():
            sent_here = sorted(letter for node, letter in theirs["envelopes"]["out"] if node == code)
            came_here = sorted(letter for node, letter in kept["inward"] if node == there)
            if sent_here != came_here:
                yield f"{there} sent {len(sent_here)} letters to {code}, where {len(came_here)} have come"


def _ledgers(found: dict[str, Any]) -> Iterator[str]:
    """Every ledger verifies, and continues what its partners hold of it."""
    for code, ledger in found["ledgers"].items():
        if not ledger["verified"]:
            yield f"the ledger of {code} does not verify: {ledger['flaws']}"
        if ledger["alarms"]:
            yield f"{code} has alarms: {ledger['alarms']}"
        if not ledger["consistent_with"] or not all(ledger["consistent_with"].values()):
            yield f"the ledger of {code} does not continue what its partners hold of it: {ledger['consistent_with']}"


def _thread(found: dict[str, Any], books: Books, beacon: int) -> Iterator[str]:
    """The case from alert to outcome, once each, alike on both sides."""
    case = found["case"]
    if case is None:
        yield "there is no case"
        return
    if [each["mmsi"] for each in found["alerts"]].count(beacon) != 1:
        yield "ma did not raise exactly one alert for the beacon"
    if [each["mmsi"] for each in found["alerts_at_es"] if each["sender"]].count(beacon) != 1:
        yield "es does not hold the beacon's alert exactly once"
    wanted = {"pos": case["pos"] and case["pos"] > 0, "outcome": case["outcome"], "exercise": case["exercise"] == NAME}
    yield from (f"the case has no {what}" for what, there in wanted.items() if not there)
    once = {"drifts": 1, "searches": 1, "sitreps": 1, "outcomes": 1, "tasks": 2}
    for what, count in once.items():
        if len(case[what]) != count:
            yield f"the case has {len(case[what])} {what}, not {count}"
    for task in case["tasks"]:
        if task["answers"] != ["accepted", "searching", "done"]:
            yield f"{task['agency']} answered {task['answers']}"
    there = _case(books["ma"], case["id"])
    if there is None or (there["phase"], there["outcome"]) != (case["phase"], case["outcome"]):
        yield "ma does not hold the case as es does"


def _order(books: Books) -> Iterator[str]:
    """Within a case, the letters of a sender have come once each, in the order in which they were sent."""
    for here, held in books.items():
        for there, kept in books.items():
            for case, letters in held["envelopes"]["order"].items():
                sent = [each for each in kept["envelopes"]["order"].get(case, []) if each.startswith("out ")]
                went = [each.removeprefix("out ") for each in sent]
                came = [each.removeprefix("in ") for each in letters if each.startswith(f"in {there}.")]
                if len(came) != len(set(came)):
                    yield f"a letter came twice to {here} from {there}"
                elif came != [each for each in went if each in set(came)]:
                    yield f"letters of a case came to {here} from {there} in another order"


def _ledger(node: Served, books: Books) -> dict[str, Any]:
    """What `tansiq ledger verify` says of a node, and whether it continues the heads that partners hold of it."""
    held = {code: each["heads"][node.code] for code, each in books.items() if node.code in each["heads"]}
    said = json.loads(command("ledger", "verify", "--home", str(node.home), "--json", fails=True))
    return {
        "verified": said["sound"],
        "size": said["size"],
        "flaws": said["flaws"],
        "alarms": said["alarms"],
        "consistent_with": beside(continues, node.home, held),
    }


def _figures(books: Books) -> dict[str, Any]:
    figures = {code: books[code]["figures"] for code in ("ma", "es")}
    equal = all(figures["ma"][each] == figures["es"][each] for each in SHARED)
    rescued = figures["ma"]["persons-rescued"]["value"] > 0
    return {**figures, "equal": equal and rescued}


def _case(books: dict[str, Any], case: object) -> dict[str, Any] | None:
    found: dict[str, Any] | None = next((each for each in books["cases"] if each["id"] == str(case)), None)
    return found


def _counts(books: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in books["envelopes"].items() if key not in ("order", "without_exercise", "waiting")
    }


def _alert(alert: dict[str, Any]) -> dict[str, Any]:
    return {key: alert[key] for key in ("id", "situation", "priority", "mmsi", "sender")}
