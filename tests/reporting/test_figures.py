"""Figures: what counts, what does not, equal on both nodes, every one with its records; and claims of them."""

import csv
import io
import json
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from uuid import UUID

import msgspec
import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.reporting import ClaimLetter
from tansiq.exchange.label import Urgency
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import HELD, Duty, Permission
from tansiq.reporting import acts, counting, reads
from tansiq.reporting.values import Figure, Indicator, Origin, Reason, Record
from tansiq.rescue import acts as rescue
from tansiq.rescue.values import Outcome, OutcomeKind
from tansiq.watch import acts as watch
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour, opened
from tests.rescue import cases
from tests.rescue.cases import NOW, OURS
from tests.sides import Sides

DAY = timedelta(days=1)
START, END = NOW - DAY, NOW + DAY
WRITER = world.stranger(Duty.REPORT_WRITER)
THEIR_WRITER = world.stranger(Duty.REPORT_WRITER, world.THEIRS)
PERSONS = {"alive.male.adult": 20, "alive.female.minor": 2, "dead.male.adult": 1}


def figure(indicator: Indicator, reader: object = WRITER, start: datetime = START, end: datetime = END) -> Figure:
    """One figure of the period round NOW."""
    (found,) = [each for each in reads.figures(start=start, end=end, reader=reader) if each.indicator == indicator]
    return found


def ended(kind: OutcomeKind = OutcomeKind.FOUND_ALIVE, persons: dict[str, int] = PERSONS, **said: object) -> Outcome:
    """A case of ours that ended so."""
    case = said.pop("case", None) or cases.case().id
    answer = rescue.record_outcome(case=case, outcome=kind, persons=persons, by=OURS, now=NOW, **said)
    assert isinstance(answer, Outcome)
    return answer


@pytest.mark.django_db
def test_persons_rescued_are_those_alive(agreed: Neighbour) -> None:
    ended()

    found = figure(Indicator.PERSONS_RESCUED)

    assert (found.value, found.record_count) == (22, 1)
    assert found.breakdown == {"female.minor": 2, "male.adult": 20}
    assert found.body == world.OURS


UNCOUNTED = {
    "who saved themselves": (OutcomeKind.SELF_RESCUED, {"alive.male.adult": 5}),
    "the dead": (OutcomeKind.FOUND_DEAD, {"dead.male.adult": 5}),
    "the missing": (OutcomeKind.MISSING, {"missing.unknown-sex.unknown-age": 5}),
    "nobody": (OutcomeKind.FALSE_ALERT, {}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("story", UNCOUNTED.values(), ids=UNCOUNTED.keys())
def test_who_is_not_counted_as_rescued(story: tuple[OutcomeKind, dict[str, int]], agreed: Neighbour) -> None:
    ended(*story)

    assert figure(Indicator.PERSONS_RESCUED).value == 0
    assert figure(Indicator.CASES).value == 1


@pytest.mark.django_db
def test_a_correction_replaces_the_figure(agreed: Neighbour) -> None:
    first = ended()
    ended(persons={"alive.male.adult": 7}, case=first.case)

    assert figure(Indicator.PERSONS_RESCUED).value == 7


@pytest.mark.django_db
def test_a_period_includes_its_start_and_not_its_end(agreed: Neighbour) -> None:
    ended(at=NOW)

    assert figure(Indicator.PERSONS_RESCUED, start=NOW, end=NOW + DAY).value == 22
    assert figure(Indicator.PERSONS_RESCUED, start=NOW - DAY, end=NOW).value == 0
    assert reads.figures(start=END, end=START, reader=WRITER) == ()


def test_both_nodes_give_equal_figures_from_one_outcome(sides: Sides) -> None:
    case = cases.case()
    rescue.send_sitrep(case=case.id, situation="Found", by=OURS, now=NOW)
    ended(case=case.id)
    ours = figure(Indicator.PERSONS_RESCUED), figure(Indicator.CASES)
    letters = [sent.letter for sent in opened(sides.partner)]
    sides.carry()
    for letter in letters:
        again = {"to": (world.THEIRS,), "topic": "search-and-rescue"}
        assert neighbours.tell(sides.partner, sides.agreement(Mechanism.RESCUE), letter, NOW, **again) == ""

    theirs = figure(Indicator.PERSONS_RESCUED, THEIR_WRITER), figure(Indicator.CASES, THEIR_WRITER)

    for one, other in zip(ours, theirs, strict=True):
        assert (one.value, one.breakdown, one.records) == (other.value, other.breakdown, other.records)
        assert one.body != other.body
    assert ours[0].value == 22


def test_an_exercise_never_mixes_with_what_is_real(agreed: Neighbour, settings: LazySettings) -> None:
    for mark, persons, reports in (("", 5, 1), ("STRAIT 26", 9, 2)):
        settings.TANSIQ_EXERCISE = mark
        ended(persons={"alive.male.adult": persons})
        for number in range(reports):
            watch.raise_alert(
                lat=36.0, lon=-4.0, radius_m=500.0, seen_at=NOW, text=f"report {number}", by=OURS, now=NOW
            )

    drill = figure(Indicator.PERSONS_RESCUED), figure(Indicator.ALERTS)
    settings.TANSIQ_EXERCISE = ""
    real = figure(Indicator.PERSONS_RESCUED), figure(Indicator.ALERTS)

    assert [(each.value, each.exercise) for each in drill] == [(9, "STRAIT 26"), (2, "STRAIT 26")]
    assert [(each.value, each.exercise) for each in real] == [(5, ""), (1, "")]


@pytest.mark.django_db
@pytest.mark.parametrize("indicator", Indicator)
def test_every_figure_opens_its_records(indicator: Indicator, agreed: Neighbour) -> None:
    ended()
    found = figure(indicator)

    behind = reads.records(indicator=indicator, start=START, end=END, reader=WRITER)

    assert sum(record.count for record in behind) == found.value
    assert counting.digest(behind) == found.records


@pytest.mark.django_db
@pytest.mark.parametrize("duty", Duty)
def test_figures_are_seen_by_the_duties_that_may(duty: Duty, agreed: Neighbour) -> None:
    ended()
    reader = world.stranger(duty)

    assert bool(reads.figures(start=START, end=END, reader=reader)) == (Permission.FIGURE_VIEW in HELD[duty])
    if Permission.RECORDS_VIEW not in HELD[duty]:
        with pytest.raises(Missing):
            reads.records(indicator=Indicator.CASES, start=START, end=END, reader=reader)
    if Permission.FIGURE_EXPORT not in HELD[duty]:
        with pytest.raises(Missing):
            reads.csv(start=START, end=END, language="en", reader=reader)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["ar", "fr", "es", "en"])
def test_csv_carries_definitions_and_a_digest_of_itself(language: str, agreed: Neighbour) -> None:
    ended()

    text = reads.csv(start=START, end=END, language=language, reader=WRITER).decode("utf-8-sig")

    body, _, last = text.rstrip("\r\n").rpartition("\r\n")
    assert last == "# sha256 " + sha256(f"{body}\r\n".encode()).hexdigest()
    rows = list(csv.DictReader(io.StringIO(body)))
    card = next(each for each in reads.cards() if each.indicator == Indicator.PERSONS_RESCUED)
    (total,) = [row for row in rows if row["indicator"] == "persons-rescued" and not row["part"]]
    assert (total["value"], total["definition"]) == ("22", card.definition(language))
    assert total["definition_digest"] == card.digest


def test_every_card_is_whole() -> None:
    assert [each.indicator for each in reads.cards()] == list(Indicator)
    for each in reads.cards():
        assert set(each.names) == set(each.definitions) == {"ar", "fr", "es", "en"}
        assert all({*each.names.values(), *each.definitions.values()})
    assert len({each.digest for each in reads.cards()}) == len(Indicator)


parts = st.sampled_from(["male.adult", "female.minor", "=cmd()", "+1"])
records = st.lists(
    st.builds(
        Record,
        origin=st.just(Origin.CASE),
        id=st.uuids(),
        reference=st.text(max_size=5),
        at=st.just(NOW),
        count=st.integers(0, 1000),
        part=parts,
        body=st.just("ma.marine"),
    ),
    max_size=20,
    unique_by=lambda record: (record.id, record.part),
)


@given(records, st.randoms(use_true_random=False))
def test_a_figure_is_the_sum_of_its_parts_in_any_order(some: list[Record], random: Random) -> None:
    said = {"start": START, "end": END, "body": "ma.marine", "exercise": ""}
    told = [*some, *some[:3]]
    random.shuffle(told)

    one = counting.figure(Indicator.PERSONS_RESCUED, some, **said)
    other = counting.figure(Indicator.PERSONS_RESCUED, told, **said)

    assert one == other
    assert one.value == sum(one.breakdown.values()) == sum(record.count for record in some)
    exported = counting.export_csv([one], language="en").decode("utf-8-sig")
    assert not any(cell.startswith(("=", "+")) for row in csv.reader(io.StringIO(exported)) for cell in row)
    assert json.loads(counting.export_json([one]))[0]["value"] == one.value


def test_claims_go_to_the_parties_of_the_statistics_agreement_once(agreed: Neighbour, statistics: str) -> None:
    ended()

    sent = acts.send_claims(start=START, end=NOW, by=WRITER, now=NOW + timedelta(seconds=1))
    again = acts.send_claims(start=START, end=NOW, by=WRITER, now=NOW + DAY)

    assert isinstance(sent, tuple)
    assert again == sent
    posted = opened(agreed)
    assert {each.agreement for each in posted if each.label.kind == Kind.CLAIM} == {statistics}
    assert {each.label.recipients for each in posted} == {(world.THEIRS,)}
    assert len(posted) == 3
    assert {each.indicator for each in sent} == set(Indicator) - {Indicator.ENVELOPES}
    kept = reads.claims(reader=WRITER)
    assert sorted(kept, key=lambda claim: claim.id) == sorted(sent, key=lambda claim: claim.id)


UNSENT = {
    "the period is not over": (START, NOW + DAY, True, Reason.BAD_PERIOD),
    "the period ends before it begins": (NOW, START, True, Reason.BAD_PERIOD),
    "nobody is party": (START, NOW, False, Reason.NOBODY),
}


@pytest.mark.parametrize("story", UNSENT.values(), ids=UNSENT.keys())
def test_claims_that_are_not_sent(story: tuple[datetime, datetime, bool, Reason], es: Neighbour) -> None:
    start, end, signed, reason = story
    neighbours.agree(Mechanism.STATISTICS, es, now=world.MET, signed=signed)

    answer = acts.send_claims(start=start, end=end, by=WRITER, now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == reason
    assert reads.claims(reader=WRITER) == ()
    assert opened(es) == []


LETTER = ClaimLetter(
    claim=UUID(int=11),
    indicator="persons-rescued",
    unit="person",
    qualifier="exact",
    start=START,
    end=NOW,
    value=22,
    breakdown={"male.adult": 20, "female.minor": 2},
    records="0" * 64,
    body=world.THEIRS,
)

UNRECEIVED = {
    "it speaks for another": ({"body": world.OURS}, Reason.NOT_YOURS),
    "nobody knows the indicator": ({"indicator": "migrants-stopped"}, Reason.UNKNOWN_INDICATOR),
    "envelopes are nobody's claim": ({"indicator": "envelopes", "unit": "envelope"}, Reason.UNKNOWN_INDICATOR),
    "it counts something else": ({"unit": "attempt"}, Reason.OTHER_UNIT),
    "fewer than nobody": ({"value": -1, "breakdown": {}}, Reason.BAD_NUMBER),
    "its parts are not its sum": ({"value": 23}, Reason.BAD_NUMBER),
    "no time at all": ({"end": START}, Reason.BAD_PERIOD),
}


def told(letter: ClaimLetter, agreed: Neighbour, statistics: str) -> str:
    """A claim comes from the neighbour, in an envelope of its own; why it was refused here, or nothing."""
    said = {"purpose": "statistics", "topic": "", "urgency": Urgency.ROUTINE}
    return neighbours.tell(agreed, statistics, letter, NOW, **said)


def test_a_partners_claim_is_entered_once(agreed: Neighbour, statistics: str) -> None:
    for _ in range(2):
        assert told(LETTER, agreed, statistics) == ""

    (claim,) = reads.claims(reader=WRITER, start=START, end=NOW)
    assert (claim.value, claim.body, claim.ours) == (22, world.THEIRS, False)
    assert cases.happened("reporting") == [Permission.CLAIM_RECEIVE]


@pytest.mark.parametrize("story", UNRECEIVED.values(), ids=UNRECEIVED.keys())
def test_claims_that_are_not_entered(
    story: tuple[dict[str, object], Reason], agreed: Neighbour, statistics: str
) -> None:
    changes, reason = story

    assert told(msgspec.structs.replace(LETTER, **changes), agreed, statistics) == reason
    assert reads.claims(reader=WRITER) == ()
