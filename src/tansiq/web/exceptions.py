"""The page of exceptions: letters that a rule stops and that two persons may let pass."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from tansiq.exchange import reads
from tansiq.exchange.values import ExceptionState
from tansiq.parties.duties import Permission
from tansiq.web.access import DutyRequest, needs, offer, perform
from tansiq.web.forms import exceptions as forms

PAGE = 50


@needs(Permission.EXCEPTION_VIEW)
def exceptions_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """What waits for approval, and what was decided: labels alone, the newest first."""
    before = request.GET.get("before", "")
    position = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    lines = reads.exceptions(reader=request.officer, before=position, limit=PAGE)
    has_key = reads.has_key(reader=request.officer)
    context = {
        "here": "e",
        "waiting": [line for line in lines if line.state is ExceptionState.WAITING],
        "decided": [line for line in lines if line.state is not ExceptionState.WAITING],
        "older": lines[-1].position if len(lines) == PAGE else None,
        "has_key": has_key,
        **offer(request, forms.ApproveException, forms.RejectException, *([forms.RekeyOfficer] if has_key else [])),
    }
    return render(request, "exchange/exceptions.html", {**context, **shown})


@require_POST
@needs(Permission.EXCEPTION_APPROVE)
def approve_exception(request: DutyRequest, exception: UUID) -> HttpResponse:
    """Approve one."""
    return perform(request, forms.ApproveException(request.POST), exceptions_page, about={"exception": exception})


@require_POST
@needs(Permission.EXCEPTION_REJECT)
def reject_exception(request: DutyRequest, exception: UUID) -> HttpResponse:
    """Reject one."""
    return perform(request, forms.RejectException(request.POST), exceptions_page, about={"exception": exception})


@require_POST
@needs(Permission.EXCEPTION_REKEY)
def rekey_officer(request: DutyRequest) -> HttpResponse:
    """Forget one's own key."""
    return perform(request, forms.RekeyOfficer(request.POST), exceptions_page)
