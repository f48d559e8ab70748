"""Write a letter and choose its channel: every channel in force is shown allowed or refused while the officer writes.

What is typed is kept on the node as a draft, sealed, for its writer alone: through an error, a refusal, a sign-out. The
page works without a script: keeping is then a step of its own.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_GET, require_POST

from tansiq.correspondence import acts
from tansiq.correspondence import reads as correspondence
from tansiq.correspondence.values import Fields
from tansiq.correspondence.values import Request as Asked
from tansiq.exchange import reads
from tansiq.exchange.choosing import Heading
from tansiq.exchange.kinds import Kind
from tansiq.exchange.values import Sent
from tansiq.ground import clock
from tansiq.ground.errors import Fault
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.web.access import DutyRequest, again, needs, perform, was_sent
from tansiq.web.forms.compose import LetterForm
from tansiq.web.forms.letters import BEGUN, FORMS

GROWS = {"statement": ("rows", 1), "person": ("mentions", 0)}
"""What a button adds to the form: the field that counts it, and how many there are at first."""
SEVERAL = ("to", "attachments", "signed_for")
UNKEPT = ("csrfmiddlewaretoken", "token", "step", "instead")


@require_GET
@needs(Permission.LETTER_SEND)
def new_letter(request: DutyRequest) -> HttpResponse:
    """Begin a letter: its draft has an id from now on, which stands in the address."""
    asked = request.GET.get("kind", "")
    kind = asked if asked in BEGUN else Kind.INFORMATION.value
    return begin(kind, case=request.GET.get("case", ""))


def begin(kind: str, case: str = "") -> HttpResponse:
    """To the page of a new letter, about a case where one is named."""
    address = reverse("compose", args=[kind, uuid7(clock.now())])
    return HttpResponseRedirect(f"{address}?{urlencode({'case': case[:36]})}" if case else address)


def _form(request: DutyRequest, kind: str, *args: Any, **kwargs: Any) -> LetterForm:
    """The form of this kind of letter, with the choices that the writer's channels offer."""
    if kind not in FORMS:
        raise Http404
    if not request.officer.holds(FORMS[Kind(kind)].permission):
        raise PermissionDenied
    channels = reads.writable(reader=request.officer, now=clock.now())
    uploads = reads.uploads(reader=request.officer)
    return FORMS[Kind(kind)](*args, channels=channels, node=settings.TANSIQ_NODE, uploads=uploads, **kwargs)


@needs(Permission.LETTER_SEND)
def compose_page(request: DutyRequest, kind: str, draft: UUID, **shown: Any) -> HttpResponse:
    """A letter that is being written, and the channels that it may go by."""
    form = next((each for each in shown.values() if isinstance(each, LetterForm)), None)
    form = form or _resumed(request, kind, draft)
    if not form.is_bound:
        heading, chosen = _begun(request, kind, form).heading(), str(form.initial.get("agreement", ""))
    else:
        heading, chosen = form.heading(), form.data.get("agreement", "")
    fitting = _fitting(request, heading, chosen)
    carried = {each for choice in fitting["choices"] for each in choice.kinds}
    context = {
        "here": "e",
        "kind": Kind(kind),
        "kinds": [each for each in BEGUN if each in carried or each in (kind, Kind.INFORMATION)],
        "draft": draft,
        "drafts": [each for each in correspondence.drafts(reader=request.officer) if each.id != draft],
        "form": form,
        **fitting,
    }
    return render(request, "compose/page.html", {**context, **shown})


def _resumed(request: DutyRequest, kind: str, draft: UUID) -> LetterForm:
    """The form as it was left, or an empty one."""
    kept = correspondence.draft(draft=draft, reader=request.officer)
    if kept is None:
        about = {"case": case[:36]} if (case := request.GET.get("case", "")) else {}
        return _form(request, kind, initial=about)
    fields = {name: values if name in SEVERAL else values[-1] for name, values in kept.fields.items() if values}
    return _form(request, kind, initial=fields)


def _begun(request: DutyRequest, kind: str, form: LetterForm) -> LetterForm:
    """The same form as if it had been sent as it stands, to see what is known of the letter so far."""
    shown: dict[str, Any] = {**{each.name: each.value() for each in form}, **form.initial}
    data = MultiValueDict[str, Any]()
    for name, value in shown.items():
        data.setlist(name, list(value) if isinstance(value, list | tuple) else ["" if value is None else value])
    return _form(request, kind, data)


def _fitting(request: DutyRequest, heading: Heading, chosen: str) -> dict[str, Any]:
    """The channels, each with its ruling, and the one that is picked: what the writer picked, or the only one."""
    found = reads.choices(heading=heading, reader=request.officer, now=clock.now())
    fit = [each.agreement for each in found if each.allowed]
    picked = chosen if chosen in fit else fit[0] if len(fit) == 1 else ""
    return {"choices": found, "picked": picked, "addressed": bool(heading.to), "fit": len(fit)}


@require_POST
@needs(Permission.LETTER_SEND)
def keep_letter(request: DutyRequest, kind: str, draft: UUID) -> HttpResponse:
    """Keep what was typed so far. A script asks for the channels that fit; a person gets the page again."""
    form = _form(request, kind, request.POST)
    fields = _typed(request)
    step = GROWS.get(request.POST.get("step", ""))
    if step:
        name, first = step
        fields[name] = [str(getattr(form, name, first) + 1)]
    refused = acts.keep_draft(draft=draft, kind=kind, fields=fields, by=request.officer, now=clock.now())
    if isinstance(refused, Refused):
        answer = compose_page(request, kind=kind, draft=draft, form=form, refusal=refused)
        return again(answer, HTTPStatus.CONFLICT)
    if request.headers.get("HX-Request"):
        fitting = _fitting(request, form.heading(), request.POST.get("agreement", ""))
        return render(request, "compose/choices.html", fitting)
    return HttpResponseRedirect(reverse("compose", args=[kind, draft]))


def _typed(request: DutyRequest) -> Fields:
    return {name: [str(one) for one in values] for name, values in request.POST.lists() if name not in UNKEPT}


@require_POST
@needs(Permission.LETTER_SEND)
def send_letter(request: DutyRequest, kind: str, draft: UUID) -> HttpResponse:
    """Seal and send the letter by the chosen channel. What is not taken stays a draft."""
    data = request.POST.copy()
    if instead := data.get("instead"):
        data["agreement"] = str(instead)
    form = _form(request, kind, data)
    form.draft = draft  # an attempt that is refused is about no thing, and its agency sees it in the log
    if not was_sent(form):
        acts.keep_draft(draft=draft, kind=kind, fields=_typed(request), by=request.officer, now=clock.now())
        if answer := _sealed(request, form, kind, draft):
            return answer
    try:
        return perform(request, form, compose_page, to=_page_of, after="envelopes", about={}, kind=kind, draft=draft)
    finally:
        if form.ready is not None:
            reads.forget(ready=form.ready)


def _sealed(request: DutyRequest, form: LetterForm, kind: str, draft: UUID) -> HttpResponse | None:
    """Seal what is attached, before the letter and outside its transaction; an answer where that cannot be done.

    A large file takes seconds, and nothing else of the node waits for it.
    """
    if not form.is_valid() or not form.attached() or form.ready is not None:
        return None
    heading = form.heading()
    try:
        ready = reads.seal_uploads(
            uploads=tuple(each.id for each in form.attached()),
            agreement=form.cleaned_data["agreement"],
            to=heading.to,
            urgency=heading.urgency.value,
            by=request.officer,
            now=clock.now(),
        )
    except Fault as fault:
        page = compose_page(request, kind=kind, draft=draft, form=form, fault=fault)
        return again(page, HTTPStatus.UNPROCESSABLE_ENTITY)
    if isinstance(ready, Refused):
        return again(compose_page(request, kind=kind, draft=draft, form=form, refusal=ready), HTTPStatus.CONFLICT)
    form.ready = ready
    return None


def _page_of(done: Sent | Asked) -> str:
    """Where a letter shows that was sent: its envelope, or the thread that it belongs to."""
    if isinstance(done, Asked):
        return reverse("request", args=[done.id])
    return reverse("exceptions") if done.awaits else reverse("envelope", args=[done.envelope])


@require_POST
@needs(Permission.LETTER_SEND)
def drop_letter(request: DutyRequest, kind: str, draft: UUID) -> HttpResponse:
    """Discard a draft."""
    acts.drop_draft(draft=draft, by=request.officer, now=clock.now())
    return HttpResponseRedirect(reverse("envelopes"))
