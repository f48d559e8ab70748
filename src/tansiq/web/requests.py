"""The pages of requests for information: what is owed both ways, with clocks, and one thread with its steps.

What was asked and answered stands in the letters, which open for a reason that is logged; here stands how far it is.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from tansiq.correspondence import acts, reads
from tansiq.exchange import reads as exchange
from tansiq.exchange.kinds import Kind
from tansiq.ground import clock
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.web import events as log
from tansiq.web.access import DutyRequest, needs, offer, perform
from tansiq.web.compose import begin
from tansiq.web.forms import requests as forms

PAGE, SHOWN_EVENTS = 50, 60


@require_GET
@needs(Permission.REQUEST_VIEW)
def requests_page(request: DutyRequest) -> HttpResponse:
    """What is owed to us and by us, the overdue first, and what is closed."""
    now = clock.now()
    lines = reads.requests(reader=request.officer, now=now, after=_place(request), limit=PAGE)
    context = {
        "here": "e",
        "lines": lines,
        "more": lines[-1].request if len(lines) == PAGE else None,
        "closed": reads.closed(reader=request.officer, now=now),
        "overdue": reads.owed(reader=request.officer, now=now),
        "may_ask": request.officer.holds(Permission.REQUEST_ASK),
    }
    return render(request, "correspondence/requests.html", context)


def _place(request: DutyRequest) -> reads.Place | None:
    """Where the list goes on, as the address says it: milliseconds and an id."""
    due, _, last = request.GET.get("after", "").partition("~")
    try:
        return datetime.fromtimestamp(int(due) / 1000, UTC), UUID(last)
    except (ValueError, OverflowError, OSError):
        return None


@require_GET
@needs(Permission.REQUEST_ASK)
def new_request(request: DutyRequest) -> HttpResponse:
    """Begin a request."""
    return begin(Kind.REQUEST.value)


@needs(Permission.REQUEST_VIEW)
def request_page(request: DutyRequest, asked: UUID, **shown: Any) -> HttpResponse:
    """One request: its steps, its clock, and what may be done now."""
    whole = reads.request(request=asked, reader=request.officer, now=clock.now())
    context = {
        "here": "e",
        "whole": whole,
        "line": whole.line,
        "request_": whole.line.request,
        "events": log.log(reader=request.officer, things=(asked,), limit=SHOWN_EVENTS),
        **_offered(request, whole),
    }
    return render(request, "correspondence/request.html", {**context, **shown})


def _offered(request: DutyRequest, whole: Any) -> dict[str, Any]:
    """What this reader may do now; what is not open yet is refused with its reason, so it is offered all the same."""
    line = whole.line
    if not line.request.open:
        return {}
    if not line.ours:
        taken = line.request.state != "asked"
        may = request.officer.holds(Permission.REQUEST_ANSWER)
        return {"may_answer": may, **offer(request, *(() if taken else (forms.Take,)), forms.Refuse)}
    late: list[Any] = [forms.Remind] if line.overdue else []
    if line.overdue and line.request.reminded and whole.above:
        late.append(forms.Escalate(above=whole.above))
    return offer(request, *late, forms.Withdraw)


@require_POST
@needs(Permission.REQUEST_REMIND)
def remind(request: DutyRequest, asked: UUID) -> HttpResponse:
    """Remind."""
    return _do(request, forms.Remind(request.POST), asked)


@require_POST
@needs(Permission.REQUEST_ESCALATE)
def escalate(request: DutyRequest, asked: UUID) -> HttpResponse:
    """Escalate."""
    whole = reads.request(request=asked, reader=request.officer, now=clock.now())
    return _do(request, forms.Escalate(request.POST, above=whole.above), asked)


@require_POST
@needs(Permission.REQUEST_WITHDRAW)
def withdraw(request: DutyRequest, asked: UUID) -> HttpResponse:
    """Withdraw."""
    return _do(request, forms.Withdraw(request.POST), asked)


@require_POST
@needs(Permission.REQUEST_TAKE)
def take(request: DutyRequest, asked: UUID) -> HttpResponse:
    """Take into work."""
    return _do(request, forms.Take(request.POST), asked)


@require_POST
@needs(Permission.REQUEST_REFUSE)
def refuse(request: DutyRequest, asked: UUID) -> HttpResponse:
    """Refuse."""
    return _do(request, forms.Refuse(request.POST), asked)


def _do(request: DutyRequest, form: Any, asked: UUID) -> HttpResponse:
    reads.request(request=asked, reader=request.officer, now=clock.now())
    return perform(request, form, request_page, about={"request": asked}, asked=asked)


@require_GET
@needs(Permission.REQUEST_ANSWER)
def answer(request: DutyRequest, asked: UUID) -> HttpResponse:
    """Begin an answer: a draft with the label of the question, by its channel."""
    now = clock.now()
    found = reads.request(request=asked, reader=request.officer, now=now).line.request
    if found.envelope is None:
        return HttpResponseRedirect(reverse("request", args=[asked]))
    outside = exchange.outside(envelope=found.envelope)
    draft = uuid7(now)
    fields = {
        "request": str(asked), "to": found.asker, "topic": outside.topic, "purpose": outside.purpose,
        "urgency": outside.urgency, "sensitivity": str(outside.sensitivity), "handling": outside.handling,
        "case": str(found.case or ""), "agreement": found.agreement, "extent": "whole",
    }  # fmt: skip
    kept = acts.keep_draft(
        draft=draft, kind=Kind.REPLY.value, fields={name: [value] for name, value in fields.items()},
        by=request.officer, now=now,
    )  # fmt: skip
    assert not isinstance(kept, Refused)  # it is short
    return HttpResponseRedirect(reverse("compose", args=[Kind.REPLY.value, draft]))
