"""The page of what programs offered: an officer takes an offer up as drafts of letters, or discards it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from tansiq.correspondence import reads
from tansiq.exchange import reads as exchange
from tansiq.exchange.kinds import Kind
from tansiq.parties.duties import Permission
from tansiq.web.access import DutyRequest, needs, offer, perform
from tansiq.web.forms import offers as forms

PAGE = 50


@needs(Permission.OFFER_VIEW)
def offers_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """What waits: which program offered how much, under which agreement; what it says is in the drafts alone."""
    asked = request.GET.get("before", "")
    lines = reads.offers(reader=request.officer, before=_id(asked), limit=PAGE)
    titles = {each.digest: each.title for each in exchange.agreements(reader=request.officer)}
    context = {
        "here": "e",
        "lines": [(line, titles.get(line.agreement, {})) for line in lines],
        "older": lines[-1].id if len(lines) == PAGE else None,
        **offer(request, forms.TakeOffer, forms.DiscardOffer),
    }
    return render(request, "exchange/offers.html", {**context, **shown})


@require_POST
@needs(Permission.OFFER_TAKE)
def take_offer(request: DutyRequest, offer: UUID) -> HttpResponse:
    """Take it up, and open the first of its drafts."""

    def first_draft(made: tuple[UUID, ...]) -> str:
        return reverse("compose", args=[Kind.INFORMATION.value, made[0]])

    return perform(request, forms.TakeOffer(request.POST), offers_page, to=first_draft, about={"offer": offer})


@require_POST
@needs(Permission.OFFER_DISCARD)
def discard_offer(request: DutyRequest, offer: UUID) -> HttpResponse:
    """Make no letter of it."""
    return perform(request, forms.DiscardOffer(request.POST), offers_page, about={"offer": offer})


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
