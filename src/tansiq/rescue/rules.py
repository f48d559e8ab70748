"""What the rescue room allows. Pure: each rule looks at values and answers Allowed or Refused.

Sources: IAMSAR Manual volume II (phases 3.3, coordination 1.2, tasking 5.13, conclusion 8); SAR Convention 1979,
chapter 4.
"""

import math
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta

from tansiq.exchange.kinds.rescue import OutcomeLetter, SitrepLetter, TaskLetter
from tansiq.ground.verdict import Allowed, Refused, Step, Verdict
from tansiq.parties.duties import Permission
from tansiq.rescue.values import (
    Basis,
    Case,
    OutcomeKind,
    PersonState,
    Phase,
    Reason,
    SearchUnit,
    Task,
    TaskState,
    person_keys,
)

NEXT: dict[TaskState, tuple[TaskState, ...]] = {
    TaskState.SENT: (TaskState.ACCEPTED, TaskState.REFUSED),
    TaskState.ACCEPTED: (TaskState.SEARCHING, TaskState.REFUSED, TaskState.DONE),
    TaskState.SEARCHING: (TaskState.DONE,),
    TaskState.REFUSED: (TaskState.ACCEPTED,),
    TaskState.DONE: (),
}
"""The answers that may follow each state of a task; the usual one first."""

CLASSES = range(1, 86)
"""The leeway object classes (`rescue.classes`)."""
MOST_PERSONS = 10_000
MOST_TIMES = 100_000
"""Of SITREPs in a case, and of revisions of an outcome."""
LARGEST_NUMBER = 1e6
"""Of any measure of a search, in metres, m/s or as a ratio."""
MOST_HOURS = 240
MOST_PARTICLES = 1_000_000
LEAST_PARTICLES = 100
LARGEST_RADIUS = 200_000
"""Metres of one sigma; beyond it there is no datum to speak of."""
SKEW = timedelta(minutes=5)
"""How far another's clock may run ahead."""
OLDEST = timedelta(days=30)
"""A report older than that is a mistake in the date; an exercise may replay a night of years ago."""


def may_open(case: Case, now: datetime) -> Verdict:
    """A case has a place, a time that is past and not stale, an object that the leeway tables know, and a phase."""
    if not on_earth(case.lat, case.lon) or not 0 < case.radius_m <= LARGEST_RADIUS:
        return Refused(Reason.NO_POSITION, Basis.PHASES, Step(Permission.CASE_OPEN))
    if case.at > now + SKEW or (case.at < now - OLDEST and not case.exercise):
        return Refused(Reason.BAD_TIME, Basis.PHASES, Step(Permission.CASE_OPEN))
    if not known_mixture(case.mixture):
        return Refused(Reason.BAD_MIXTURE, Basis.DRIFT, Step(Permission.CASE_OPEN))
    if case.persons is not None and not 0 <= case.persons <= MOST_PERSONS:
        return Refused(Reason.BAD_COUNT, Basis.PHASES, Step(Permission.CASE_OPEN))
    if case.phase == Phase.CLOSED:
        return Refused(Reason.CLOSED, Basis.PHASES, Step(Permission.CASE_OPEN, Phase.DISTRESS))
    return Allowed()


def may_close(case: Case, party: str, text: str) -> Verdict:
    """Its coordinator closes an open case without an outcome, for a stated reason (opened twice, handed over)."""
    if isinstance(verdict := _coordinates(case, party), Refused):
        return verdict
    if not text.strip():
        return Refused(Reason.NO_TEXT, Basis.PHASES, Step(Permission.CASE_CLOSE))
    return Allowed()


def may_drift(case: Case, hours: float, particles: int) -> Verdict:
    """Whoever sees an open case may run a drift of it, within what a node can bear."""
    if not case.open:
        return Refused(Reason.CLOSED, Basis.PHASES)
    if not (1 <= hours <= MOST_HOURS and LEAST_PARTICLES <= particles <= MOST_PARTICLES):
        return Refused(Reason.TOO_LARGE, Basis.DRIFT, Step(Permission.DRIFT_RUN))
    return Allowed()


def may_plan(case: Case, unit: SearchUnit, *, drifted: bool) -> Verdict:
    """A search is planned on a drift run, for a unit that moves, looks and lasts."""
    if not case.open:
        return Refused(Reason.CLOSED, Basis.PHASES)
    if not drifted:
        return Refused(Reason.NO_DRIFT, Basis.SEARCH, Step(Permission.DRIFT_RUN))
    numbers = (unit.transit_speed, unit.search_speed, unit.endurance_hours, unit.height_m, unit.visibility_m)
    fit = all(math.isfinite(number) and number > 0 for number in numbers) and unit.name.strip()
    fast = unit.transit_speed <= 350 and unit.search_speed <= 350
    if not fit or not fast or unit.endurance_hours > 48 or not on_earth(unit.lat, unit.lon):
        return Refused(Reason.BAD_UNIT, Basis.SEARCH, Step(Permission.SEARCH_PLAN))
    return Allowed()


def may_task(case: Case, party: str, to: Set[str]) -> Verdict:
    """The coordinator asks named agencies to search; nobody named is nobody asked."""
    if isinstance(verdict := _coordinates(case, party), Refused):
        return verdict
    if not to or "" in to:
        return Refused(Reason.NOBODY, Basis.TASKING, Step(Permission.TASK_SEND))
    return Allowed()


def may_answer(task: Task, party: str, answer: TaskState) -> Verdict:
    """Only the agency asked answers, one step at a time; a refusal may be taken back."""
    if task.agency != party:
        return Refused(Reason.NOT_TASKED, Basis.TASKING)
    if answer not in NEXT[task.state]:
        usual = NEXT[task.state][:1]
        return Refused(Reason.NOT_NEXT, Basis.TASKING, Step(Permission.TASK_ANSWER, usual[0]) if usual else None)
    return Allowed()


def may_report(case: Case, party: str, situation: str) -> Verdict:
    """The coordinator sends SITREPs, and each says what the situation is; the last one may follow the closing."""
    if case.coordinator != party:
        return Refused(Reason.NOT_COORDINATOR, Basis.COORDINATION)
    if not situation.strip():
        return Refused(Reason.NO_TEXT, Basis.COORDINATION, Step(Permission.SITREP_SEND))
    return Allowed()


def may_conclude(case: Case, party: str, kind: OutcomeKind, persons: Mapping[str, int]) -> Verdict:
    """The coordinator says how a case ended, and again when that must be corrected; numbers fit the outcome."""
    if case.coordinator != party:
        return Refused(Reason.NOT_COORDINATOR, Basis.COORDINATION)
    return counts_agree(kind, persons)


def counts_agree(kind: OutcomeKind, persons: Mapping[str, int]) -> Verdict:
    """Counts are under known keys and not negative, and of the state that the outcome names there is someone."""
    known = {*persons} <= {*person_keys()}
    if not known or any(not 0 <= count <= MOST_PERSONS for count in persons.values()):
        return Refused(Reason.BAD_COUNT, Basis.OUTCOME, Step(Permission.OUTCOME_RECORD))
    total = {state: sum(n for key, n in persons.items() if key.startswith(f"{state}.")) for state in PersonState}
    alive, dead, missing = (total[state] for state in PersonState)
    agrees = {
        OutcomeKind.FOUND_ALIVE: alive > 0,
        OutcomeKind.FOUND_DEAD: dead > 0 and not alive,
        OutcomeKind.MISSING: missing > 0 and not alive and not dead,
        OutcomeKind.SELF_RESCUED: alive > 0 and not dead and not missing,
        OutcomeKind.FALSE_ALERT: not (alive or dead or missing),
    }[kind]
    if not agrees:
        return Refused(Reason.COUNTS_DISAGREE, Basis.OUTCOME, Step(Permission.OUTCOME_RECORD))
    return Allowed()


def may_receive_sitrep(known: Case | None, sender: str, letter: SitrepLetter) -> Verdict:
    """A SITREP comes from the case's coordinator; the first one of an unknown case makes its sender that."""
    if known is not None and known.coordinator != sender:
        return Refused(Reason.NOT_COORDINATOR, Basis.COORDINATION)
    sound = (
        letter.phase in set(Phase)
        and on_earth(letter.lat, letter.lon)
        and 1 <= letter.serial <= MOST_TIMES
        and 0 <= letter.radius_m <= LARGEST_RADIUS
        and (letter.persons is None or 0 <= letter.persons <= MOST_PERSONS)
        and (not letter.mixture or known_mixture(letter.mixture))
    )
    return Allowed() if sound else Refused(Reason.BAD_LETTER, Basis.LETTERS)


def may_receive_task(known: Case | None, sender: str, letter: TaskLetter) -> Verdict:
    """A task comes from the case's coordinator, with four corners, a time, and numbers that can be."""
    if known is not None and known.coordinator != sender:
        return Refused(Reason.NOT_COORDINATOR, Basis.COORDINATION)
    numbers = (letter.track_spacing_m, letter.speed, letter.sweep_width_m, letter.coverage, letter.pod, letter.pos)
    sound = (
        len(letter.corners) == 4
        and all(on_earth(lat, lon) for lat, lon in letter.corners)
        and all(0 <= number <= LARGEST_NUMBER for number in numbers)
        and max(letter.pod, letter.pos) <= 1
        and letter.start <= letter.end
    )
    return Allowed() if sound else Refused(Reason.BAD_LETTER, Basis.LETTERS)


def may_receive_answer(task: Task, sender: str, answer: str) -> Verdict:
    """An answer comes from the agency that was asked; several may have been said at once, so any may follow."""
    if task.agency != sender:
        return Refused(Reason.NOT_TASKED, Basis.TASKING)
    if answer not in set(TaskState) or answer == TaskState.SENT:
        return Refused(Reason.BAD_LETTER, Basis.LETTERS)
    return Allowed()


def may_receive_outcome(known: Case | None, sender: str, letter: OutcomeLetter) -> Verdict:
    """An outcome comes from the coordinator of a case that is known here, and its numbers hold together."""
    if known is None:
        return Refused(Reason.UNKNOWN_CASE, Basis.LETTERS)
    if known.coordinator != sender:
        return Refused(Reason.NOT_COORDINATOR, Basis.COORDINATION)
    placed = letter.lat is None or letter.lon is None or on_earth(letter.lat, letter.lon)
    if letter.outcome not in set(OutcomeKind) or not 1 <= letter.revision <= MOST_TIMES or not placed:
        return Refused(Reason.BAD_LETTER, Basis.LETTERS)
    return counts_agree(OutcomeKind(letter.outcome), letter.persons)


def on_earth(lat: float, lon: float) -> bool:
    """Whether these are degrees of a place; not the poles, where nothing drifts that we plan for."""
    return math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 89 and abs(lon) <= 180


def known_mixture(mixture: Sequence[tuple[int, float]]) -> bool:
    """Whether every class is known, none stands twice, and every weight counts."""
    classes = [object_class for object_class, _ in mixture]
    weights = [weight for _, weight in mixture]
    return (
        0 < len(mixture) <= 10
        and len(set(classes)) == len(classes)
        and all(each in CLASSES for each in classes)
        and all(math.isfinite(weight) and weight > 0 for weight in weights)
    )


def _coordinates(case: Case, party: str) -> Verdict:
    """The case is open and the party its coordinator."""
    if not case.open:
        return Refused(Reason.CLOSED, Basis.PHASES)
    if case.coordinator != party:
        return Refused(Reason.NOT_COORDINATOR, Basis.COORDINATION)
    return Allowed()
