"""Ask agencies to search, answer, and receive both."""

from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from tansiq.exchange import acts as exchange
from tansiq.exchange import reads as channels
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.rescue import TaskAnswerLetter, TaskLetter
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import Detail
from tansiq.ground.errors import Missing
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of
from tansiq.rescue import letters, models, rules
from tansiq.rescue.acts import kept
from tansiq.rescue.acts.cases import enter, told_by_task
from tansiq.rescue.acts.post import post
from tansiq.rescue.values import Basis, Case, Phase, Reason, Search, Task, TaskState


@transaction.atomic
def send_task(
    *, search: UUID, to: tuple[str, ...], instructions: str = "", by: Officer, now: datetime
) -> tuple[Task, ...] | Refused:
    """Ask each of these agencies to fly a planned search: own ones at once, partners by letter.

    An agency that was asked before for the same search is not asked again: its task is answered as it stands.
    """
    plan, row = _search_of(search, by)
    case = row.value()
    verdict = rules.may_task(case, by.party, {*to})
    if isinstance(verdict, Refused):
        return verdict
    tasks = []
    for agency in dict.fromkeys(to):
        task = _asked_before(plan, agency) or _ask(case, plan.value(), agency, instructions, by, now)
        if isinstance(task, Refused):
            transaction.set_rollback(True)  # all are asked, or none
            return task
        tasks.append(task)
    row.join(*to)
    return tuple(tasks)


@transaction.atomic
def answer_task(*, task: UUID, answer: TaskState, text: str = "", by: Officer, now: datetime) -> Task | Refused:
    """Answer a task as the agency that was asked; the answer goes back to who asked."""
    row, case = _task_of(task, by)
    known = row.value()
    verdict = rules.may_answer(known, by.party, answer)
    if isinstance(verdict, Refused):
        return verdict
    if node_of(known.origin) != node_of(known.agency):
        sent = post(
            kind=Kind.ANSWER,
            letter=letters.write_answer(known, answer, text, now),
            to=(known.origin,),
            urgency=letters.urgency(Phase(case.phase)),
            case=known.case,
            exercise=case.exercise,
            in_reply_to=known.envelope,
            by=by,
            now=now,
        )
        if isinstance(sent, Refused):
            return sent
        if known.envelope is not None and known.state == TaskState.SENT:
            exchange.attest(envelope=known.envelope, state=ReceiptState.ACTED, by=by, now=now)
    _write_answer(row, answer, text, by.signature, now)
    exchange.record(event=Permission.TASK_ANSWER, thing=row.id, by=by, now=now, detail={"answer": answer.value})
    return models.Task.objects.whole().get(id=row.id).value()


@transaction.atomic
def receive_task(*, letter: TaskLetter, sender: str, envelope: UUID, now: datetime) -> Task | Refused:
    """Enter a search that a partner asks of an agency here; the same letter twice changes nothing."""
    known = kept.known_case(letter.case)
    there = models.Task.objects.whole().filter(id=letter.task).first()
    if there is not None:
        return there.value()
    verdict = rules.may_receive_task(known.value() if known else None, sender, letter)
    if isinstance(verdict, Refused):
        return verdict
    row = known or enter(told_by_task(letter, sender, channels.exercise_of(envelope=envelope)), by=sender, now=now)
    row.join(*kept.own_agencies((letter.agency,)), sender)
    order = {name: getattr(letter, name) for name in _ORDER}
    task = Task(
        id=letter.task, case=letter.case, search=None, origin=sender, state=TaskState.SENT, sent_at=now,
        envelope=envelope, **order,
    )  # fmt: skip
    _write(task, row, None)
    detail: Detail = {"case": str(letter.case), "agency": letter.agency}
    exchange.record(event=Permission.TASK_RECEIVE, thing=task.id, by=sender, now=now, detail=detail)
    return task


@transaction.atomic
def receive_answer(*, letter: TaskAnswerLetter, sender: str, envelope: UUID, now: datetime) -> Task | Refused:
    """Enter what a tasked partner says; the same letter twice changes nothing."""
    row = models.Task.objects.whole().select_for_update(of=("self",)).filter(id=letter.task).first()
    if row is None:
        return Refused(Reason.NOT_TASKED, Basis.TASKING)
    task = row.value()
    verdict = rules.may_receive_answer(task, sender, letter.answer)
    if isinstance(verdict, Refused):
        return verdict
    answer = TaskState(letter.answer)
    if any(each.answer == answer and each.at == letter.at for each in task.answers):
        return task
    _write_answer(row, answer, letter.text, sender, letter.at)
    detail: Detail = {"answer": answer.value, "envelope": str(envelope)}
    exchange.record(event=Permission.TASK_ANSWER, thing=row.id, by=sender, now=now, detail=detail)
    return models.Task.objects.whole().get(id=row.id).value()


_ORDER = (
    "agency", "unit", "corners", "track_spacing_m", "speed", "sweep_width_m", "start", "end", "coverage", "pod", "pos",
    "instructions",
)  # fmt: skip


def _search_of(search: UUID, by: Officer) -> tuple[models.Search, models.Case]:
    plan = models.Search.objects.filter(id=search).first()
    if plan is None:
        raise Missing(f"There is no search {search}.")
    return plan, kept.case_of(plan.case_id, by)


def _task_of(task: UUID, by: Officer) -> tuple[models.Task, models.Case]:
    row = models.Task.objects.whole().select_for_update(of=("self",)).filter(id=task).first()
    if row is None:
        raise Missing(f"There is no task {task}.")
    return row, kept.case_of(row.case_id, by)


def _asked_before(plan: models.Search, agency: str) -> Task | None:
    there = models.Task.objects.whole().filter(search=plan, agency=agency).first()
    return there.value() if there else None


def _ask(case: Case, plan: Search, agency: str, instructions: str, by: Officer, now: datetime) -> Task | Refused:
    """Write one task, and send it when another node speaks for the agency."""
    task = Task(
        id=uuid7(now),
        case=case.id,
        search=plan.id,
        origin=by.party,
        agency=agency,
        unit=plan.unit.name if agency == plan.unit.agency else "",
        state=TaskState.SENT,
        corners=plan.corners,
        track_spacing_m=plan.track_spacing_m,
        speed=plan.unit.search_speed,
        sweep_width_m=plan.sweep_width_m,
        start=plan.start,
        end=plan.end,
        coverage=plan.coverage,
        pod=plan.pod,
        pos=plan.pos,
        instructions=instructions,
        sent_at=now,
        envelope=None,
    )
    if node_of(agency) != node_of(by.party):
        sent = post(
            kind=Kind.TASK,
            letter=letters.write_task(case, task),
            to=(agency,),
            urgency=letters.urgency(case.phase),
            case=case.id,
            exercise=case.exercise,
            by=by,
            now=now,
        )
        if isinstance(sent, Refused):
            return sent
        task = msgspec.structs.replace(task, envelope=sent.envelope)
    _write(task, models.Case.objects.get(id=case.id), plan.id)
    detail: Detail = {"case": str(case.id), "agency": agency}
    exchange.record(event=Permission.TASK_SEND, thing=task.id, by=by, now=now, detail=detail)
    return task


def _write(task: Task, case: models.Case, search: UUID | None) -> None:
    models.Task.objects.create(
        id=task.id,
        case=case,
        search_id=search,
        agency=task.agency,
        state=task.state.value,
        sent_at=task.sent_at,
        document=models.Task.said(task),
    )


def _write_answer(row: models.Task, answer: TaskState, text: str, by: str, at: datetime) -> None:
    """Add an answer; the latest by its own time is the task's state, and a search that is done counts as flown."""
    row.answers.create(answer=answer.value, at=at, text=text, by=by)
    last = row.answers.order_by("-at", "-id").first()
    row.state = last.answer if last else answer.value
    row.save(update_fields=["state"])
    if answer == TaskState.DONE and row.search_id is not None:
        models.Search.objects.filter(id=row.search_id).update(flown=True)
