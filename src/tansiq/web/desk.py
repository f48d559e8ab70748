"""The pages of a desk: its tray, and one letter on its way past it. Labels and status; nothing here opens a letter."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from tansiq.exchange import reads
from tansiq.exchange.desks import PassageState
from tansiq.exchange.label import Urgency
from tansiq.exchange.values import Passing
from tansiq.ground import clock
from tansiq.parties.duties import Permission
from tansiq.web import events
from tansiq.web.access import ActForm, DutyRequest, needs, offer, perform
from tansiq.web.exchange import envelope_page
from tansiq.web.forms import desk as forms

PAGE, SHOWN_EVENTS = 50, 60
WHICH = ("open", "desk", "overdue", "ended")


@require_GET
@needs(Permission.DESK_VIEW)
def tray_page(request: DutyRequest) -> HttpResponse:
    """What passes the desk, the oldest deadline first: who holds it now, since when, and what is overdue."""
    which, urgency = request.GET.get("which", "open"), request.GET.get("urgency", "")
    after = request.GET.get("after", "")
    now = clock.now()
    chosen = {"which": which if which in WHICH else "open", "urgency": urgency if urgency in set(Urgency) else ""}
    lines = reads.tray(
        reader=request.officer,
        now=now,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None,
        limit=PAGE,
        **chosen,
    )
    context = {
        "here": "e",
        "lines": lines,
        "load": reads.load(reader=request.officer, now=now),
        "moment": now,
        "which": WHICH,
        "urgencies": tuple(Urgency),
        "chosen": chosen,
        "more": lines[-1].envelope.position if len(lines) == PAGE else None,
    }
    return render(request, "desk/tray.html", context)


@needs(Permission.DESK_VIEW)
def passing_page(request: DutyRequest, envelope: UUID, **shown: Any) -> HttpResponse:
    """One letter on its way past the desk: its label, who held it how long, and what may be done now."""
    passing = reads.passing(envelope=envelope, reader=request.officer)
    context = {
        "here": "e",
        "passing": passing,
        "line": passing.line.envelope,
        "moment": clock.now(),
        "events": events.log(reader=request.officer, things=(envelope,), limit=SHOWN_EVENTS),
        **offer(request, *_open_steps(passing)),
    }
    return render(request, "desk/passing.html", {**context, **shown})


def _open_steps(passing: Passing) -> list[type[ActForm] | ActForm]:
    state = passing.way.now.state
    steps: list[type[ActForm] | ActForm] = []
    if passing.way.open:
        steps += [forms.Take, forms.Steer(recipients=passing.way.recipients)]
    if state is PassageState.AT_DESK:
        steps.append(forms.Ask)
    if state in (PassageState.AT_DESK, PassageState.WITH_SENDER):
        steps.append(forms.SendBack)
    return steps


@require_POST
@needs(Permission.DESK_TAKE)
def take(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Take it in hand."""
    return perform(request, forms.Take(request.POST), passing_page, envelope=envelope)


@require_POST
@needs(Permission.DESK_STEER)
def steer(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Steer it to a service."""
    recipients = reads.passing(envelope=envelope, reader=request.officer).way.recipients
    return perform(request, forms.Steer(request.POST, recipients=recipients), passing_page, envelope=envelope)


@require_POST
@needs(Permission.DESK_ASK)
def ask(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Ask its sender for more."""
    return perform(request, forms.Ask(request.POST), passing_page, envelope=envelope)


@require_POST
@needs(Permission.DESK_RETURN)
def send_back(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Return it."""
    return perform(request, forms.SendBack(request.POST), passing_page, envelope=envelope)


@require_POST
@needs(Permission.DESK_TELL)
def tell(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Answer the desk, on the envelope's own page."""
    reads.envelope(envelope=envelope, reader=request.officer)
    return perform(request, forms.Tell(request.POST), envelope_page, envelope=envelope)
