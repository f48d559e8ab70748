"""The pages of figures: a period, its figures with their definitions, the records behind each, claims, CSV."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from tansiq.exchange import acts as exchange
from tansiq.ground import clock
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE
from tansiq.reporting import reads
from tansiq.reporting.values import Indicator
from tansiq.web.access import DutyRequest, needs, offer, perform
from tansiq.web.forms import reporting as forms

PAGE = 200
"""Records on a page."""


def _period(request: DutyRequest) -> tuple[datetime, datetime, forms.Period]:
    """The period that the address names, or this month; and the form that names another."""
    now = clock.now()
    given = request.GET if request.method == "GET" else request.POST
    if "start" in given:
        form = forms.Period(given)
        if form.is_valid():
            return form.cleaned_data["start"], form.cleaned_data["end"], form
        return *forms.this_month(now), form
    start, end = forms.this_month(now)
    return start, end, forms.Period(initial={"start": start, "end": end})


@needs(Permission.FIGURE_VIEW)
def figures_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """The figures of a period, each with its definition, its parts and what partners claim for the same."""
    start, end, form = _period(request)
    context = {
        "here": "f",
        "period": form,
        "start": start,
        "end": end,
        "query": urlencode({"start": start.isoformat(), "end": end.isoformat()}),
        "cards": {card.indicator: card for card in reads.cards()},
        "figures": reads.figures(start=start, end=end, reader=request.officer),
        "claims": reads.claims(reader=request.officer),
        "may_export": request.officer.holds(Permission.FIGURE_EXPORT),
        "may_open": request.officer.holds(Permission.RECORDS_VIEW),
        **offer(request, forms.SendClaims(initial={"start": start, "end": end})),
    }
    return render(request, "reporting/figures.html", {**context, **shown})


@require_safe
@needs(Permission.RECORDS_VIEW)
def records_page(request: DutyRequest, indicator: str) -> HttpResponse:
    """The records behind a figure; each opens where it stands."""
    if indicator not in set(Indicator):
        raise Http404
    start, end, _form = _period(request)
    code = Indicator(indicator)
    records = reads.records(indicator=code, start=start, end=end, reader=request.officer)
    asked = request.GET.get("from", "")
    first = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0
    context = {
        "here": "f",
        "start": start,
        "end": end,
        "query": urlencode({"start": start.isoformat(), "end": end.isoformat()}),
        "card": next(card for card in reads.cards() if card.indicator == code),
        "records": records[first : first + PAGE],
        "next": str(first + PAGE) if len(records) > first + PAGE else None,
    }
    return render(request, "reporting/records.html", context)


@require_safe
@needs(Permission.FIGURE_EXPORT)
def export_csv(request: DutyRequest) -> HttpResponse:
    """The figures of a period as a file, with definitions and digest."""
    start, end, _form = _period(request)
    language = (get_language() or "en")[:2]
    raw = reads.csv(start=start, end=end, language=language, reader=request.officer)
    exchange.record(event=Permission.FIGURE_EXPORT, thing=NODE, by=request.officer, now=clock.now())
    answer = HttpResponse(raw, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="tansiq-{start:%Y%m%d}-{end:%Y%m%d}.csv"'
    return answer


@require_POST
@needs(Permission.CLAIM_SEND)
def send_claims(request: DutyRequest) -> HttpResponse:
    """Send the figures to the partners."""
    return perform(request, forms.SendClaims(request.POST), figures_page)
