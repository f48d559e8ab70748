"""The duty room and its alerts: strip, list, chart with its equal table, log; one alert; a report by form.

The parts of the room are fragments of their own, so that the live stream can fetch one anew without the others.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from tansiq.exchange.values import Event
from tansiq.ground import clock
from tansiq.parties.duties import Permission
from tansiq.rescue import reads as rescue
from tansiq.rescue.values import CaseFile, CaseLine
from tansiq.sea import coast as coasts
from tansiq.watch import reads
from tansiq.watch.values import Alert, Track
from tansiq.web import chart, events
from tansiq.web.access import DutyRequest, needs, offer, perform
from tansiq.web.filters import alert_title, bearing, knots
from tansiq.web.forms import watch as forms

SHOWN_TRACKS = 2000
SHOWN_EVENTS = 60
LONGEST_LABEL = 32
"""Letters of a label on the chart."""


def _alerts(request: DutyRequest) -> tuple[Alert, ...]:
    return reads.alerts(reader=request.officer, now=clock.now())


def _strip(request: DutyRequest, alerts: tuple[Alert, ...]) -> dict[str, Any]:
    """Every open distress, with what the reader may do about it."""
    distress = [alert for alert in alerts if alert.is_distress]
    return {"distress": distress, "known": _known(request, distress), **offer(request, forms.AcknowledgeAlert)}


def _known(request: DutyRequest, alerts: Iterable[Alert]) -> frozenset[UUID]:
    """The cases of alerts that the reader may open; another agency of the node may lead the others."""
    cases = {alert.case for alert in alerts if alert.case is not None}
    return rescue.seen(things=cases, reader=request.officer) if cases else frozenset()


def _log(request: DutyRequest) -> tuple[Event, ...]:
    sees = request.officer.holds(Permission.LOG_VIEW)
    return events.log(reader=request.officer, limit=SHOWN_EVENTS) if sees else ()


@needs(Permission.PICTURE_VIEW)
def duty_room(request: DutyRequest, **shown: Any) -> HttpResponse:
    """The room that a watch is kept in."""
    now = clock.now()
    alerts, happened, cases = _alerts(request), _log(request), _cases(request)
    leading = _leading(request, cases)
    context = {
        "here": "d",
        "alerts": alerts,
        "events": happened,
        "after": happened[0].id if happened else 0,
        "tracks": reads.tracks(reader=request.officer, now=now, limit=SHOWN_TRACKS),
        "tally": reads.tally(reader=request.officer, now=now),
        "feeds": reads.feeds(reader=request.officer, now=now),
        "cases": cases,
        "leading": leading,
        "bounds": _bounds(alerts, leading),
        "attribution": chart.ATTRIBUTION,
        **_strip(request, alerts),
        **offer(request, forms.SharePicture, forms.RaiseAlert),
    }
    return render(request, "duty/room.html", {**context, **shown})


@require_safe
@needs(Permission.ALERT_VIEW)
def duty_strip(request: DutyRequest) -> HttpResponse:
    """The distress strip alone."""
    return render(request, "duty/strip.html", _strip(request, _alerts(request)))


@require_safe
@needs(Permission.ALERT_VIEW)
def duty_alerts(request: DutyRequest) -> HttpResponse:
    """The list of alerts alone."""
    return render(request, "duty/alerts.html", {"alerts": _alerts(request)})


@require_safe
@needs(Permission.LOG_VIEW)
def duty_log(request: DutyRequest) -> HttpResponse:
    """The log alone."""
    return render(request, "duty/log.html", {"events": _log(request)})


@require_safe
@needs(Permission.PICTURE_VIEW)
def duty_tracks(request: DutyRequest) -> HttpResponse:
    """The table that stands for the chart."""
    tracks = reads.tracks(reader=request.officer, now=clock.now(), limit=SHOWN_TRACKS)
    return render(request, "duty/tracks.html", {"tracks": tracks, "cases": _cases(request)})


def _cases(request: DutyRequest) -> tuple[CaseLine, ...]:
    return rescue.cases(reader=request.officer, open_only=True)


def _bounds(alerts: tuple[Alert, ...], leading: CaseFile | None) -> str:
    """What the chart begins with: where something is the matter; the whole Strait where nothing is."""
    places = [(alert.lat, alert.lon) for alert in alerts if alert.lat is not None and alert.lon is not None]
    if leading:
        places.append((leading.case.lat, leading.case.lon))
        places += [(datum.lat, datum.lon) for datum in (leading.drift.datums if leading.drift else ())]
    return chart.around(places, 0.25)


def _leading(request: DutyRequest, cases: tuple[CaseLine, ...]) -> CaseFile | None:
    """The newest open case: its drift and its searches stand on the chart of the room."""
    return rescue.case(case=cases[0].case.id, reader=request.officer) if cases else None


@require_safe
@needs(Permission.PICTURE_VIEW)
def picture(request: DutyRequest) -> JsonResponse:
    """What the chart draws: tracks, open alerts and open cases."""
    tracks = reads.tracks(reader=request.officer, now=clock.now(), limit=SHOWN_TRACKS)
    alerts = [
        chart.alert(alert, Truncator(alert_title(alert)).chars(LONGEST_LABEL), reverse("alert", args=[alert.id]))
        for alert in _alerts(request)
    ]
    lines = _cases(request)
    cases = [chart.case(line.case, line.case.reference, reverse("case", args=[line.case.id])) for line in lines]
    leading = _leading(request, lines)
    units = list(map(chart.unit, leading.searches)) if leading else []
    drawn = {
        "tracks": chart.collection(chart.track(track, name(track), _detail(track)) for track in tracks),
        "points": chart.collection([*cases, *units, *(point for point in alerts if point)]),
        **(chart.plans(leading) if leading else {}),
    }
    return JsonResponse(drawn)


@require_GET
@needs(Permission.PICTURE_VIEW)
def coast(request: DutyRequest) -> HttpResponse:
    """Our coast, for the chart."""
    answer = HttpResponse(coasts.coast_geojson(), content_type="application/geo+json")
    answer.headers["Cache-Control"] = "private, max-age=86400"
    return answer


def name(track: Track) -> str:
    """What a track is called."""
    return track.name or (str(track.mmsi) if track.mmsi else gettext("unnamed"))


def _detail(track: Track) -> str:
    moves = [knots(track.speed)] if track.speed is not None else []
    moves += [bearing(track.course)] if track.course is not None else []
    return " · ".join([*moves, *([track.party] if track.party else [])])


@needs(Permission.ALERT_VIEW)
def alert_page(request: DutyRequest, alert: UUID, **shown: Any) -> HttpResponse:
    """One alert: what, where, since when, why we say so, and what was done."""
    seen = reads.alert(alert=alert, reader=request.officer, now=clock.now())
    things = tuple(thing for thing in (alert, seen.envelope) if thing)
    context = {
        "here": "d",
        "alert": seen,
        "events": events.log(reader=request.officer, things=things, limit=SHOWN_EVENTS),
        "bounds": chart.around([(seen.lat, seen.lon)]) if seen.lat is not None and seen.lon is not None else "",
        "attribution": chart.ATTRIBUTION,
        "known": _known(request, (seen,)),
        "may_open": request.officer.holds(Permission.CASE_OPEN) and seen.case is None,
        **offer(request, forms.AcknowledgeAlert, forms.CloseAlert),
    }
    return render(request, "duty/alert.html", {**context, **shown})


@require_POST
@needs(Permission.ALERT_ACKNOWLEDGE)
def acknowledge_alert(request: DutyRequest, alert: UUID) -> HttpResponse:
    """Acknowledge: one press."""
    return perform(request, forms.AcknowledgeAlert(request.POST), alert_page, alert=alert)


@require_POST
@needs(Permission.ALERT_CLOSE)
def close_alert(request: DutyRequest, alert: UUID) -> HttpResponse:
    """Close an alert."""
    return perform(request, forms.CloseAlert(request.POST), alert_page, alert=alert)


@needs(Permission.ALERT_RAISE)
def report_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """The form for a distress that somebody reports."""
    form = forms.RaiseAlert(initial={"seen_at": clock.now()})
    return render(request, "duty/report.html", {"here": "d", "raise_alert": form, **shown})


@require_POST
@needs(Permission.ALERT_RAISE)
def raise_alert(request: DutyRequest) -> HttpResponse:
    """Enter the report and go to its alert."""

    def its_page(made: Alert) -> str:
        return reverse("alert", args=[made.id])

    return perform(request, forms.RaiseAlert(request.POST), report_page, to=its_page, after="duty_room")


@require_POST
@needs(Permission.PICTURE_SHARE)
def share_picture(request: DutyRequest) -> HttpResponse:
    """Share the picture of an area."""
    return perform(request, forms.SharePicture(request.POST), duty_room)
