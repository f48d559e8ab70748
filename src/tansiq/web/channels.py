"""The page of the channels: how each fares, what would carry letters when a partner is cut off, and reciprocity."""

import csv
import io
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tansiq.exchange import acts, reads
from tansiq.exchange.measures import Reciprocity
from tansiq.ground import clock
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE
from tansiq.web.access import DutyRequest, needs
from tansiq.web.forms import reporting as forms

DAYS = 30
"""The period of reciprocity where none is named."""

COLUMNS = (
    "start", "end", "partner", "mechanism", "agreement", "sent", "received", "refused_there", "refused_here",
    "asked_by_us", "answered_by_them", "in_time_by_them", "asked_of_us", "answered_by_us", "in_time_by_us",
)  # fmt: skip


def _period(request: DutyRequest) -> tuple[datetime, datetime, forms.Period]:
    """The period that the address names, or the last 30 days up to this minute; and the form that names another."""
    end = clock.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    plain = end - timedelta(days=DAYS), end
    if "start" not in request.GET:
        return *plain, forms.Period(initial=dict(zip(("start", "end"), plain, strict=True)))
    form = forms.Period(request.GET)
    named = (form.cleaned_data["start"], form.cleaned_data["end"]) if form.is_valid() else plain
    return *named, form


@require_safe
@needs(Permission.CHANNELS_VIEW)
def channels_page(request: DutyRequest) -> HttpResponse:
    """How every channel fares now, and what passed by it."""
    now = clock.now()
    start, end, form = _period(request)
    measured = reads.channel_measures(reader=request.officer, now=now)
    figures = reads.reciprocity(start=start, end=end, reader=request.officer)
    context = {
        "here": "e",
        "measured": measured,
        "fallbacks": reads.fallbacks(reader=request.officer, now=now),
        "period": form,
        "start": start,
        "end": end,
        "query": urlencode({"start": start.isoformat(), "end": end.isoformat()}),
        "figures": figures,
        "titles": {each.agreement: each.title for each in measured},
        "may_export": request.officer.holds(Permission.CHANNELS_EXPORT),
    }
    return render(request, "exchange/channels.html", context)


@require_safe
@needs(Permission.CHANNELS_EXPORT)
def export_reciprocity(request: DutyRequest) -> HttpResponse:
    """The figures of reciprocity of a period as a file."""
    start, end, _form = _period(request)
    figures = reads.reciprocity(start=start, end=end, reader=request.officer)
    acts.record(
        event=Permission.CHANNELS_EXPORT,
        thing=NODE,
        by=request.officer,
        now=clock.now(),
        detail={"start": start.isoformat(), "end": end.isoformat()},
    )
    answer = HttpResponse(_written(figures, start, end), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="reciprocity-{start:%Y%m%d}-{end:%Y%m%d}.csv"'
    return answer


def _written(figures: tuple[Reciprocity, ...], start: datetime, end: datetime) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for each in figures:
        theirs, ours = each.theirs, each.ours
        writer.writerow(
            (
                start.isoformat(), end.isoformat(), each.node, each.mechanism, each.agreement, each.sent, each.received,
                _reasons(each.refused_there), _reasons(each.refused_here),
                theirs.asked, theirs.answered, theirs.in_time, ours.asked, ours.answered, ours.in_time,
            )
        )  # fmt: skip
    return file.getvalue()


def _reasons(counts: dict[str, int]) -> str:
    return "; ".join(f"{reason} {count}" for reason, count in sorted(counts.items()))
