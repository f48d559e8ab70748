"""A case from the first report to its outcome, on the coordinator's side: each step done, or refused with a reason."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from django.conf import LazySettings

from tansiq.exchange.kinds import Kind
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty, Permission
from tansiq.rescue import acts, reads
from tansiq.rescue.values import Case, Outcome, OutcomeKind, Phase, Reason, Sitrep, Task, TaskState
from tests import world
from tests.neighbour import Neighbour, opened
from tests.rescue import cases
from tests.rescue.cases import NOW, OURS

pytestmark = pytest.mark.django_db

ALERT = UUID(int=99)

UNOPENED = {
    "it lies nowhere": ({"lat": 91.0}, Reason.NO_POSITION),
    "nobody knows where within 300 km": ({"radius_m": 300_000.0}, Reason.NO_POSITION),
    "it is yet to happen": ({"at": NOW + timedelta(hours=1)}, Reason.BAD_TIME),
    "it happened last year": ({"at": NOW - timedelta(days=365)}, Reason.BAD_TIME),
    "the object is of no class": ({"mixture": ((99, 1.0),)}, Reason.BAD_MIXTURE),
    "the object is nothing": ({"mixture": ()}, Reason.BAD_MIXTURE),
    "a class weighs nothing": ({"mixture": ((1, 0.0), (27, 1.0))}, Reason.BAD_MIXTURE),
    "fewer than no persons": ({"persons": -1}, Reason.BAD_COUNT),
    "it begins closed": ({"phase": Phase.CLOSED}, Reason.CLOSED),
}


@pytest.mark.parametrize("story", UNOPENED.values(), ids=UNOPENED.keys())
def test_a_case_that_makes_no_sense_is_not_opened(story: tuple[dict[str, object], Reason], agreed: Neighbour) -> None:
    changes, reason = story

    answer = acts.open_case(**cases.report(**changes))

    assert isinstance(answer, Refused)
    assert answer.reason == reason
    assert cases.happened() == []
    assert reads.cases(reader=OURS) == ()


def test_a_case_is_opened_and_listed(agreed: Neighbour) -> None:
    case = cases.case()

    (line,) = reads.cases(reader=OURS)
    assert line.case == case
    assert case.mixture == ((27, 0.75), (1, 0.25))
    assert cases.happened() == [Permission.CASE_OPEN]


def test_an_exercise_may_play_a_night_of_long_ago(agreed: Neighbour, settings: LazySettings) -> None:
    settings.TANSIQ_EXERCISE = "STRAIT 26"

    case = cases.case(at=NOW - timedelta(days=6000))

    assert case.exercise == "STRAIT 26"


def test_one_alert_opens_one_case(agreed: Neighbour) -> None:
    first = cases.case(alert=ALERT)
    again = cases.case(alert=ALERT, text="pressed twice")

    assert again == first
    assert cases.happened() == [Permission.CASE_OPEN]


def test_a_case_is_unknown_to_who_takes_no_part(agreed: Neighbour) -> None:
    case = cases.case()
    stranger = world.stranger(Duty.RESCUE_COORDINATOR, "ma.gendarmerie")

    assert reads.cases(reader=stranger) == ()
    with pytest.raises(Missing):
        reads.case(case=case.id, reader=stranger)
    with pytest.raises(Missing):
        acts.close_case(case=case.id, text="not mine", by=stranger, now=NOW)
    with pytest.raises(Missing):
        reads.case(case=case.id, reader=world.stranger(Duty.BUREAU_CLERK))


def test_a_case_opened_twice_is_closed_for_a_reason(agreed: Neighbour) -> None:
    case = cases.case()

    silent = acts.close_case(case=case.id, text="  ", by=OURS, now=NOW)
    closed = acts.close_case(case=case.id, text="Opened twice", by=OURS, now=NOW)
    again = acts.close_case(case=case.id, text="Once more", by=OURS, now=NOW)

    assert isinstance(silent, Refused)
    assert silent.reason == Reason.NO_TEXT
    assert isinstance(closed, Case)
    assert closed.phase == Phase.CLOSED
    assert isinstance(again, Refused)


def test_sitreps_are_numbered_and_go_to_every_partner(agreed: Neighbour) -> None:
    case = cases.case()

    for persons in (23, 25):
        sitrep = acts.send_sitrep(case=case.id, situation="Boat found sinking", persons=persons, by=OURS, now=NOW)
        assert isinstance(sitrep, Sitrep)

    file = reads.case(case=case.id, reader=OURS)
    assert [each.serial for each in file.sitreps] == [2, 1]
    assert file.next_serial == 3
    assert file.case.persons == 25
    assert file.case.parties == (world.THEIRS, world.OURS)
    assert [(sent.label.kind, sent.label.recipients) for sent in opened(agreed)] == [(Kind.SITREP, (world.THEIRS,))] * 2


def test_a_sitrep_without_partners_stays_here(es: Neighbour) -> None:
    sitrep = acts.send_sitrep(case=cases.case().id, situation="Searching", by=OURS, now=NOW)

    assert isinstance(sitrep, Sitrep)
    assert sitrep.envelope is None
    assert opened(es) == []


def test_a_sitrep_says_something(agreed: Neighbour) -> None:
    case = cases.case()

    answer = acts.send_sitrep(case=case.id, situation=" ", by=OURS, now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == Reason.NO_TEXT
    assert reads.case(case=case.id, reader=OURS).sitreps == ()


def test_tasks_go_to_both_sides(agreed: Neighbour) -> None:
    case = cases.case()
    search = cases.search(case)

    tasks = acts.send_task(search=search.id, to=("ma.gendarmerie", world.THEIRS), by=OURS, now=NOW)

    assert isinstance(tasks, tuple)
    own, partner = tasks
    assert (own.agency, own.envelope) == ("ma.gendarmerie", None)
    (asked,) = opened(agreed)
    assert (asked.envelope, asked.label.kind, asked.label.recipients) == (partner.envelope, Kind.TASK, (world.THEIRS,))
    gendarme = world.stranger(Duty.PATROL_COMMANDER, "ma.gendarmerie")
    assert [each.id for each in reads.tasks(reader=gendarme)] == [own.id]
    assert reads.case(case=case.id, reader=gendarme).case.id == case.id


def test_nobody_is_asked_twice_for_one_search(agreed: Neighbour) -> None:
    task = cases.task(cases.case())
    assert task.search is not None

    again = acts.send_task(search=task.search, to=(world.THEIRS,), by=OURS, now=NOW)

    assert again == (task,)
    assert len(opened(agreed)) == 1


def test_when_one_cannot_be_asked_none_is(agreed: Neighbour) -> None:
    case = cases.case()
    search = cases.search(case)

    answer = acts.send_task(search=search.id, to=("ma.gendarmerie", world.THIRD), by=OURS, now=NOW)

    assert isinstance(answer, Refused)
    assert reads.case(case=case.id, reader=OURS).tasks == ()


@pytest.mark.parametrize("to", [(), ("",)])
def test_nobody_named_is_nobody_asked(to: tuple[str, ...], agreed: Neighbour) -> None:
    answer = acts.send_task(search=cases.search(cases.case()).id, to=to, by=OURS, now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == Reason.NOBODY


def test_own_units_answer_without_a_letter_and_done_is_flown(agreed: Neighbour) -> None:
    case = cases.case()
    task = cases.task(case, to="ma.gendarmerie")
    by = world.stranger(Duty.PATROL_COMMANDER, "ma.gendarmerie")

    for minute, answer in enumerate((TaskState.ACCEPTED, TaskState.SEARCHING, TaskState.DONE)):
        now = NOW + timedelta(minutes=minute)
        assert isinstance(acts.answer_task(task=task.id, answer=answer, by=by, now=now), Task)

    file = reads.case(case=case.id, reader=OURS)
    assert file.tasks[0].state == TaskState.DONE
    assert [each.answer for each in file.tasks[0].answers] == [TaskState.ACCEPTED, TaskState.SEARCHING, TaskState.DONE]
    assert file.searches[0].flown
    assert file.cumulative_pos == pytest.approx(file.searches[0].pos)
    assert opened(agreed) == []


UNANSWERED = {
    "it was not asked": (world.OURS, TaskState.ACCEPTED, Reason.NOT_TASKED),
    "it cannot be done before it begins": ("ma.gendarmerie", TaskState.DONE, Reason.NOT_NEXT),
    "it cannot be unsent": ("ma.gendarmerie", TaskState.SENT, Reason.NOT_NEXT),
}


@pytest.mark.parametrize("story", UNANSWERED.values(), ids=UNANSWERED.keys())
def test_answers_that_are_refused(story: tuple[str, TaskState, Reason], agreed: Neighbour) -> None:
    party, answer, reason = story
    task = cases.task(cases.case(), to="ma.gendarmerie")

    refused = acts.answer_task(task=task.id, answer=answer, by=world.stranger(Duty.DUTY_OFFICER, party), now=NOW)

    assert isinstance(refused, Refused)
    assert refused.reason == reason


class Ending(NamedTuple):
    """How a case ends, and what is refused about it."""

    kind: OutcomeKind
    persons: dict[str, int]
    rescued: int = 0
    refused: Reason | None = None


ENDINGS = {
    "all alive": Ending(OutcomeKind.FOUND_ALIVE, {"alive.male.adult": 20, "alive.female.minor": 3}, rescued=23),
    "some dead": Ending(OutcomeKind.FOUND_ALIVE, {"alive.male.adult": 20, "dead.male.adult": 2}, rescued=20),
    "all dead": Ending(OutcomeKind.FOUND_DEAD, {"dead.unknown-sex.unknown-age": 4}),
    "missing": Ending(OutcomeKind.MISSING, {"missing.unknown-sex.unknown-age": 23}),
    "they reached the beach": Ending(OutcomeKind.SELF_RESCUED, {"alive.male.adult": 9}),
    "nothing was there": Ending(OutcomeKind.FALSE_ALERT, {}),
    "alive, but nobody is": Ending(OutcomeKind.FOUND_ALIVE, {}, refused=Reason.COUNTS_DISAGREE),
    "a false alert with persons": Ending(
        OutcomeKind.FALSE_ALERT, {"alive.male.adult": 1}, refused=Reason.COUNTS_DISAGREE
    ),
    "a name": Ending(OutcomeKind.FOUND_ALIVE, {"Fatima": 1}, refused=Reason.BAD_COUNT),
    "fewer than none": Ending(OutcomeKind.FOUND_ALIVE, {"alive.male.adult": -2}, refused=Reason.BAD_COUNT),
}


@pytest.mark.parametrize("story", ENDINGS.values(), ids=ENDINGS.keys())
def test_how_cases_end(story: Ending, agreed: Neighbour) -> None:
    case = cases.case()

    answer = acts.record_outcome(case=case.id, outcome=story.kind, persons=story.persons, by=OURS, now=NOW)

    file = reads.case(case=case.id, reader=OURS)
    if story.refused is None:
        assert isinstance(answer, Outcome)
        assert file.outcome == answer
        assert file.case.phase == Phase.CLOSED
        assert answer.rescued == story.rescued
    else:
        assert isinstance(answer, Refused)
        assert answer.reason == story.refused
        assert (file.outcome, file.case.phase) == (None, Phase.DISTRESS)


def test_an_outcome_is_corrected_and_both_stay(agreed: Neighbour) -> None:
    case = cases.case()
    said = {"case": case.id, "outcome": OutcomeKind.FOUND_ALIVE, "by": OURS, "now": NOW}

    acts.record_outcome(**said, persons={"alive.male.adult": 22})
    acts.record_outcome(**said, persons={"alive.male.adult": 23})
    same = acts.record_outcome(**said, persons={"alive.male.adult": 23})

    file = reads.case(case=case.id, reader=OURS)
    assert [each.revision for each in file.outcomes] == [2, 1]
    assert file.outcome == same
    assert same.rescued == 23


def test_a_closed_case_takes_no_more_work(agreed: Neighbour) -> None:
    case = cases.case()
    search = cases.search(case)
    acts.close_case(case=case.id, text="Handed over", by=OURS, now=NOW)

    answers = (
        acts.run_drift(case=case.id, forcing=cases.CALM, by=OURS, now=NOW),
        acts.plan_search(case=case.id, **cases.boat()),
        acts.send_task(search=search.id, to=(world.THEIRS,), by=OURS, now=NOW),
    )

    assert all(isinstance(answer, Refused) and answer.reason == Reason.CLOSED for answer in answers)


def test_a_case_page_takes_a_fixed_number_of_queries(agreed: Neighbour, django_assert_num_queries: object) -> None:
    case = cases.case(alert=ALERT)
    search = cases.search(case)
    acts.send_task(search=search.id, to=("ma.gendarmerie", world.THEIRS), by=OURS, now=NOW)
    acts.send_sitrep(case=case.id, situation="Searching", by=OURS, now=NOW)

    with django_assert_num_queries(9):
        reads.case(case=case.id, reader=OURS)
    with django_assert_num_queries(6):
        reads.cases(reader=OURS)


def test_a_reference_begins_with_the_day(agreed: Neighbour) -> None:
    assert cases.case().reference.startswith(f"{NOW:%Y%m%d}-")
