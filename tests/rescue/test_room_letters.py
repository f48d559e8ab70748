"""Both sides of a case: what one node writes, the other holds; twice is once, and only who may speak is heard."""

from datetime import UTC, timedelta
from uuid import UUID

import msgspec
import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from tansiq.exchange import canon
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.rescue import OutcomeLetter, SitrepLetter, TaskAnswerLetter, TaskLetter
from tansiq.exchange.models import Envelope, Receipt
from tansiq.exchange.receipts import ReceiptState
from tansiq.ground.errors import Malformed
from tansiq.ground.verdict import Allowed, Refused
from tansiq.parties.duties import Permission
from tansiq.rescue import acts, models, reads, rules
from tansiq.rescue.values import Case, Outcome, OutcomeKind, Phase, Reason, Sitrep, Task, TaskState, person_keys
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour, opened
from tests.rescue import cases
from tests.rescue.cases import NOW, OURS, THEIRS
from tests.sides import Sides

Letter = SitrepLetter | TaskLetter | TaskAnswerLetter | OutcomeLetter


def told(letter: Letter, sides: Sides) -> str:
    """A letter comes from the other side, in an envelope of its own; why its room refused it, or nothing."""
    return tell(sides.partner, sides.agreement(Mechanism.RESCUE), letter)


def tell(neighbour: Neighbour, agreement: str, letter: Letter) -> str:
    """A letter of any neighbour comes to the agency that we play; why its room refused it, or nothing."""
    to = (world.OURS if neighbour.me == "ma" else world.THEIRS,)
    return neighbours.tell(neighbour, agreement, letter, NOW, to=to, topic="search-and-rescue")


def last(neighbour: Neighbour, kind: Kind) -> msgspec.Struct:
    """The letter of this kind that was sent to a neighbour last."""
    return [sent.letter for sent in opened(neighbour) if sent.label.kind == kind][-1]


def sitrep_of(case: Case, neighbour: Neighbour, **changes: object) -> SitrepLetter:
    """The letter of a SITREP of ours."""
    answer = acts.send_sitrep(case=case.id, **{"situation": "Searching", "by": OURS, "now": NOW} | changes)
    assert isinstance(answer, Sitrep)
    letter = last(neighbour, Kind.SITREP)
    assert isinstance(letter, SitrepLetter)
    return letter


def third(ours: str) -> tuple[Neighbour, str]:
    """A third party that has agreed on rescue with an agency of the node that is played, and the agreement's digest."""
    neighbour = Neighbour("de", world.THIRD, me=ours.partition(".")[0])
    neighbours.meet(neighbour, world.MET)
    return neighbour, neighbours.agree(Mechanism.RESCUE, neighbour, now=world.MET, ours=ours)


def test_a_sitrep_makes_the_same_case_on_the_other_side(sides: Sides) -> None:
    ours = cases.case(alert=UUID(int=3))
    letter = sitrep_of(ours, sides.partner)
    sides.carry()

    file = reads.case(case=ours.id, reader=THEIRS)
    assert told(letter, sides) == ""
    assert reads.case(case=ours.id, reader=THEIRS) == file
    assert len(file.sitreps) == 1
    same = ("lat", "lon", "at", "radius_m", "mixture", "persons", "phase", "coordinator", "alert", "reference")
    assert [getattr(file.case, name) for name in same] == [getattr(ours, name) for name in same]
    assert set(file.case.parties) == {world.OURS, world.THEIRS}


def test_a_later_sitrep_brings_the_case_up_to_date_and_an_older_one_does_not(sides: Sides) -> None:
    case = cases.case(phase=Phase.ALERT)
    sitrep_of(case, sides.partner)
    sitrep_of(case, sides.partner, phase=Phase.DISTRESS, persons=30, lat=36.2, lon=-4.1)
    sides.carry(backwards=True)

    there = reads.case(case=case.id, reader=THEIRS)
    assert [each.serial for each in there.sitreps] == [2, 1]
    assert (there.case.phase, there.case.persons, there.case.lat) == (Phase.DISTRESS, 30, 36.2)


UNHEARD = {
    "a phase that does not exist": {"phase": "panic"},
    "a place that does not exist": {"lat": 400.0},
    "no serial": {"serial": 0},
    "a class that does not exist": {"mixture": ((0, 1.0),)},
    "fewer than no persons": {"persons": -3},
}


@pytest.mark.parametrize("changes", UNHEARD.values(), ids=UNHEARD.keys())
def test_a_sitrep_that_makes_no_sense_is_refused(changes: dict[str, object], sides: Sides) -> None:
    letter = sitrep_of(cases.case(), sides.partner)
    sides.cross()

    assert told(msgspec.structs.replace(letter, **changes), sides) == Reason.BAD_LETTER
    assert not models.Case.objects.exists()


def test_a_time_without_a_zone_is_no_letter(agreed: Neighbour) -> None:
    sound = canon.write_letter(sitrep_of(cases.case(), agreed))

    with pytest.raises(Malformed):
        canon.read_letter(sound.replace(b'02:30:00Z"', b'02:30:00"'), SitrepLetter)


def test_only_the_coordinator_reports_tasks_and_concludes(sides: Sides) -> None:
    case = cases.case()
    letter = sitrep_of(case, sides.partner)
    task = cases.task(case)
    acts.record_outcome(
        case=case.id, outcome=OutcomeKind.FOUND_ALIVE, persons={"alive.male.adult": 1}, by=OURS, now=NOW
    )
    asked, ended = (last(sides.partner, kind) for kind in (Kind.TASK, Kind.OUTCOME))
    sides.cross()
    assert told(letter, sides) == ""
    stranger, agreement = third(sides.agency)

    for each in (msgspec.structs.replace(letter, serial=2), asked, ended):
        assert tell(stranger, agreement, each) == Reason.NOT_COORDINATOR
    assert not models.Task.objects.filter(id=task.id).exists()
    refused = acts.send_sitrep(case=case.id, situation="ours now", by=THEIRS, now=NOW)
    assert isinstance(refused, Refused)
    assert refused.reason == Reason.NOT_COORDINATOR


def test_a_task_is_received_answered_and_its_answer_comes_back(sides: Sides) -> None:
    case = cases.case()
    task = cases.task(case)
    asked = last(sides.partner, Kind.TASK)
    sides.carry()

    (there,) = reads.tasks(reader=THEIRS)
    assert told(asked, sides) == ""
    assert reads.tasks(reader=THEIRS) == (there,)
    for minute, answer in enumerate((TaskState.ACCEPTED, TaskState.SEARCHING)):
        now = NOW + timedelta(minutes=minute)
        assert isinstance(acts.answer_task(task=task.id, answer=answer, text="Under way", by=THEIRS, now=now), Task)
    answers = [sent.letter for sent in opened(sides.partner) if sent.label.kind == Kind.ANSWER]

    assert (there.id, there.origin, there.agency, there.envelope) == (task.id, world.OURS, world.THEIRS, task.envelope)
    assert there.corners == task.corners
    attested = Receipt.objects.filter(envelope__ref=task.envelope, direction="out").order_by("n")
    assert [receipt.state for receipt in attested] == [ReceiptState.ACCEPTED, ReceiptState.ACTED]
    assert [each.id for each in reads.tasks(reader=THEIRS)] == [task.id]
    sides.carry()
    assert [told(letter, sides) for letter in answers] == ["", ""]
    ours = reads.case(case=case.id, reader=OURS).tasks[0]
    assert ours.state == TaskState.SEARCHING
    assert [each.answer for each in ours.answers] == [TaskState.ACCEPTED, TaskState.SEARCHING]
    assert Envelope.objects.get(ref=task.envelope).state == ReceiptState.ACTED


def test_answers_of_others_and_to_nothing_are_refused(agreed: Neighbour, rescue: str) -> None:
    task = cases.task(cases.case())
    answer = answer_to(task, "accepted")
    stranger, agreement = third(world.OURS)

    assert tell(stranger, agreement, answer) == Reason.NOT_TASKED
    assert tell(agreed, rescue, msgspec.structs.replace(answer, task=cases.UNKNOWN)) == Reason.NOT_TASKED
    assert tell(agreed, rescue, msgspec.structs.replace(answer, answer="perhaps")) == Reason.BAD_LETTER


def answer_to(task: Task, answer: str) -> TaskAnswerLetter:
    """An answer as a partner writes it."""
    return TaskAnswerLetter(task=task.id, case=task.case, answer=answer, at=NOW)


def test_an_outcome_is_the_same_on_both_sides(sides: Sides) -> None:
    case = cases.case()
    sitrep_of(case, sides.partner)
    persons = {"alive.male.adult": 20, "alive.female.minor": 2, "dead.male.adult": 1}
    ours = acts.record_outcome(case=case.id, outcome=OutcomeKind.FOUND_ALIVE, persons=persons, by=OURS, now=NOW)
    ended = last(sides.partner, Kind.OUTCOME)
    sides.cross()

    assert told(ended, sides) == Reason.UNKNOWN_CASE
    sides.unpack()
    theirs = reads.case(case=case.id, reader=THEIRS).outcome
    assert told(ended, sides) == ""

    assert isinstance(ours, Outcome)
    assert isinstance(theirs, Outcome)
    assert reads.case(case=case.id, reader=THEIRS).outcomes == (theirs,)
    assert (theirs.persons, theirs.rescued, theirs.at) == (ours.persons, 22, ours.at)
    assert reads.case(case=case.id, reader=THEIRS).case.phase == Phase.CLOSED
    assert cases.happened().count(Permission.OUTCOME_RECEIVE) == 1


def test_a_task_tells_of_a_case_that_no_sitrep_told_of(sides: Sides) -> None:
    case = cases.case()
    task = cases.task(case)
    sides.carry()

    assert [each.id for each in reads.tasks(reader=THEIRS)] == [task.id]

    there = reads.case(case=case.id, reader=THEIRS).case
    assert (there.coordinator, there.reference, there.opened_at) == (world.OURS, case.reference, case.opened_at)
    assert task.corners[0][0] != there.lat


counts = st.dictionaries(st.sampled_from(person_keys()) | st.text(max_size=8), st.integers(-2, 20_000), max_size=6)


@given(st.sampled_from(OutcomeKind), counts)
def test_counts_that_are_allowed_are_known_positive_and_fit(kind: OutcomeKind, persons: dict[str, int]) -> None:
    if rules.counts_agree(kind, persons) == Allowed():
        assert {*persons} <= {*person_keys()}
        assert all(count >= 0 for count in persons.values())
        assert (sum(persons.values()) == 0) == (kind == OutcomeKind.FALSE_ALERT)


@given(st.floats(), st.floats())
def test_only_places_on_earth_are_places(lat: float, lon: float) -> None:
    assert rules.on_earth(lat, lon) == (-89 <= lat <= 89 and -180 <= lon <= 180)


@given(st.lists(st.tuples(st.integers(-5, 100), st.floats()), max_size=12))
def test_a_known_mixture_has_a_sum(mixture: list[tuple[int, float]]) -> None:
    if rules.known_mixture(mixture):
        assert 0 < sum(weight for _, weight in mixture) < float("inf") or any(w > 1e300 for _, w in mixture)


task_letters = st.builds(
    TaskLetter,
    task=st.uuids(),
    case=st.uuids(),
    agency=st.text(max_size=20),
    unit=st.text(max_size=20),
    corners=st.lists(st.tuples(st.floats(), st.floats()), max_size=5).map(tuple),
    track_spacing_m=st.floats(),
    speed=st.floats(),
    sweep_width_m=st.floats(),
    start=st.datetimes(timezones=st.just(UTC)),
    end=st.datetimes(timezones=st.just(UTC)),
    coverage=st.floats(),
    pod=st.floats(),
    pos=st.floats(),
)


@given(task_letters)
def test_any_task_is_judged_and_what_passes_is_a_rectangle_in_time(letter: TaskLetter) -> None:
    if rules.may_receive_task(None, world.OURS, letter) == Allowed():
        assert len(letter.corners) == 4
        assert letter.start <= letter.end
        assert all(-89 <= lat <= 89 for lat, _ in letter.corners)


def test_a_real_case_stays_real_at_a_node_in_an_exercise_and_so_do_its_answers(
    sides: Sides, settings: LazySettings
) -> None:
    case = cases.case()
    task = cases.task(case)
    sitrep_of(case, sides.partner)
    settings.TANSIQ_EXERCISE = "Night in the Strait"
    sides.carry()

    there = reads.case(case=case.id, reader=THEIRS).case
    answer = acts.answer_task(task=task.id, answer=TaskState.ACCEPTED, text="", by=THEIRS, now=NOW)
    own = cases.case(by=THEIRS)
    (said,) = [sent.label for sent in opened(sides.partner) if sent.label.kind == Kind.ANSWER]

    assert there.exercise == ""
    assert own.exercise == "Night in the Strait"
    assert isinstance(answer, Task)
    assert said.exercise == ""
