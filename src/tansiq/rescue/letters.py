"""A value of this room becomes a letter; the schemas belong to the exchange."""

import re
from datetime import datetime

from tansiq.exchange.kinds.rescue import OutcomeLetter, SitrepLetter, TaskAnswerLetter, TaskLetter
from tansiq.parties.values import AGENCY_CODE
from tansiq.rescue.values import Case, Outcome, Phase, Sitrep, Task, TaskState

MECHANISM = "rescue"
TOPIC = "search-and-rescue"
PURPOSE = "rescue"
MOST_RECEIVERS = 64
"""As many agencies as a label may name."""


def urgency(phase: Phase) -> str:
    """How soon a letter about a case in this phase must be read."""
    return {Phase.DISTRESS: "distress", Phase.ALERT: "urgent", Phase.UNCERTAINTY: "priority"}.get(phase, "routine")


def receivers(letter: SitrepLetter) -> tuple[str, ...]:
    """The agencies that a SITREP says it is written to. What else stands there is text, and stays in the report."""
    said = (code.strip() for code in letter.receiver.split(","))
    return tuple(code for code in said if re.match(AGENCY_CODE, code))[:MOST_RECEIVERS]


def write_sitrep(case: Case, sitrep: Sitrep) -> SitrepLetter:
    """A SITREP, with what the receiver needs to run a drift of its own."""
    return SitrepLetter(
        case=case.id,
        serial=sitrep.serial,
        priority=sitrep.priority,
        phase=sitrep.phase.value,
        at=sitrep.at,
        sender=sitrep.sender,
        receiver=sitrep.receiver,
        lat=sitrep.lat,
        lon=sitrep.lon,
        casualty=sitrep.casualty,
        position=sitrep.position,
        situation=sitrep.situation,
        persons=sitrep.persons,
        assistance=sitrep.assistance,
        coordinator=sitrep.coordinator,
        description=sitrep.description,
        weather=sitrep.weather,
        actions=sitrep.actions,
        search_area=sitrep.search_area,
        instructions=sitrep.instructions,
        plans=sitrep.plans,
        more=sitrep.more,
        alert=case.alert,
        seen_at=case.at,
        radius_m=case.radius_m,
        mixture=case.mixture,
    )


def write_task(case: Case, task: Task) -> TaskLetter:
    """A search task for one agency."""
    return TaskLetter(
        task=task.id,
        case=task.case,
        agency=task.agency,
        unit=task.unit,
        corners=task.corners,
        track_spacing_m=task.track_spacing_m,
        speed=task.speed,
        sweep_width_m=task.sweep_width_m,
        start=task.start,
        end=task.end,
        coverage=task.coverage,
        pod=task.pod,
        pos=task.pos,
        instructions=task.instructions,
        alert=case.alert,
    )


def write_answer(task: Task, answer: TaskState, text: str, at: datetime) -> TaskAnswerLetter:
    """What the tasked side says."""
    return TaskAnswerLetter(task=task.id, case=task.case, answer=answer.value, at=at, text=text)


def write_outcome(outcome: Outcome) -> OutcomeLetter:
    """How the case ended, in numbers."""
    return OutcomeLetter(
        case=outcome.case,
        outcome=outcome.kind.value,
        at=outcome.at,
        lat=outcome.lat,
        lon=outcome.lon,
        rescued_by=outcome.rescued_by,
        persons=outcome.persons,
        text=outcome.text,
        revision=outcome.revision,
    )
