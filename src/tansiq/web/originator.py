"""The pages of originator control: passing a letter on, releases, recalls, and what was answered."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from tansiq.exchange import reads
from tansiq.exchange.onward import ReleaseState
from tansiq.exchange.recalls import RecallState
from tansiq.exchange.values import Sent
from tansiq.parties.duties import Permission
from tansiq.web.access import DutyRequest, needs, offer, perform
from tansiq.web.exchange import envelope_page
from tansiq.web.forms import originator as forms

PAGE = 50


def _onward(request: DutyRequest, form: Any, envelope: UUID, **more: Any) -> HttpResponse:
    reads.envelope(envelope=envelope, reader=request.officer)
    filled = form(request.POST, ways=reads.ways(reader=request.officer))
    return perform(request, filled, envelope_page, envelope=envelope, **more)


@require_POST
@needs(Permission.RELEASE_ASK)
def ask_release(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Ask the originator."""
    return _onward(request, forms.AskRelease, envelope)


@require_POST
@needs(Permission.LETTER_FORWARD)
def forward_letter(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Pass the letter on."""

    def its_page(sent: Sent) -> str:
        return reverse("envelope", args=[sent.envelope])

    return _onward(request, forms.ForwardLetter, envelope, to=its_page)


@require_GET
@needs(Permission.RELEASE_VIEW)
def releases_page(request: DutyRequest) -> HttpResponse:
    """What was asked of us and by us; what waits for our answer first."""
    before = request.GET.get("before", "")
    position = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    lines = reads.releases(reader=request.officer, before=position, limit=PAGE)
    waiting = [line for line in lines if not line.ours and line.state is ReleaseState.REQUESTED]
    context = {
        "here": "e",
        "waiting": sorted(waiting, key=lambda line: line.answer_by),
        "lines": [line for line in lines if line not in waiting],
        "older": lines[-1].position if len(lines) == PAGE else None,
    }
    return render(request, "exchange/releases.html", context)


@needs(Permission.RELEASE_VIEW)
def release_page(request: DutyRequest, release: int, **shown: Any) -> HttpResponse:
    """One request, and the form to answer it where it is ours to answer."""
    line = reads.release(release=release, reader=request.officer)
    ours = not line.ours and line.state is ReleaseState.REQUESTED and line.originator == request.officer.party
    context = {"here": "e", "line": line, **(offer(request, forms.AnswerRelease) if ours else {})}
    return render(request, "exchange/release.html", {**context, **shown})


@require_POST
@needs(Permission.RELEASE_ANSWER)
def answer_release(request: DutyRequest, release: int) -> HttpResponse:
    """Answer yes or no."""
    reads.release(release=release, reader=request.officer)
    return perform(request, forms.AnswerRelease(request.POST), release_page, release=release)


@require_POST
@needs(Permission.LETTER_RECALL)
def recall_letter(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Take a letter back."""
    reads.envelope(envelope=envelope, reader=request.officer)
    return perform(request, forms.RecallLetter(request.POST), envelope_page, envelope=envelope)


@require_GET
@needs(Permission.RECALL_VIEW)
def recalls_page(request: DutyRequest) -> HttpResponse:
    """What waits for our answer, what others owe us, and all recalls."""
    before = request.GET.get("before", "")
    position = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    lines = reads.recalls(reader=request.officer, before=position, limit=PAGE)
    context = {
        "here": "e",
        "waiting": sorted((line for line in lines if line.open and not line.ours), key=lambda line: line.answer_by),
        "owed": sorted((line for line in lines if line.open and line.ours), key=lambda line: line.answer_by),
        "over": [line for line in lines if not line.open],
        "older": lines[-1].position if len(lines) == PAGE else None,
    }
    return render(request, "exchange/recalls.html", context)


@needs(Permission.RECALL_VIEW)
def recall_page(request: DutyRequest, recall: int, **shown: Any) -> HttpResponse:
    """One recall: what each holder stated, and the form to answer where it is ours to answer."""
    line = reads.recall(recall=recall, reader=request.officer)
    ours = not line.ours and line.state in (RecallState.REQUESTED, RecallState.OVERDUE, RecallState.RETAINED)
    context = {"here": "e", "line": line, **(offer(request, forms.AnswerRecall) if ours else {})}
    return render(request, "exchange/recall.html", {**context, **shown})


@require_POST
@needs(Permission.RECALL_ANSWER)
def answer_recall(request: DutyRequest, recall: int) -> HttpResponse:
    """Erase it, or retain it on a basis."""
    reads.recall(recall=recall, reader=request.officer)
    return perform(request, forms.AnswerRecall(request.POST), recall_page, recall=recall)


@require_POST
@needs(Permission.LETTER_CORRECT)
def correct_letter(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Send a corrected letter in its place."""

    def its_page(sent: Sent) -> str:
        return reverse("envelope", args=[sent.envelope])

    reads.envelope(envelope=envelope, reader=request.officer)
    return perform(request, forms.CorrectLetter(request.POST), envelope_page, envelope=envelope, to=its_page)


@require_POST
@needs(Permission.LETTER_RETAIN)
def retain_letter(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Keep a letter longer."""
    reads.envelope(envelope=envelope, reader=request.officer)
    return perform(request, forms.RetainLetter(request.POST), envelope_page, envelope=envelope)
