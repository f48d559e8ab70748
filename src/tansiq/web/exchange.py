"""The pages of the exchange: envelopes and one of them, agreements, partners, the ledger.

A label is plain for whoever may see envelopes. A letter stays sealed until someone opens it and says why; what is
opened stands in that one answer and is kept nowhere.
"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from tansiq.correspondence import reads as correspondence
from tansiq.exchange import acts, reads
from tansiq.exchange.desks import PassageState
from tansiq.exchange.kinds import CONTROL, Kind
from tansiq.exchange.values import Agreement, Direction, EnvelopeLine, EnvelopeState
from tansiq.ground import clock
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.web import events, holding, jobs
from tansiq.web.access import DutyRequest, again, needs, offer, perform, perform_beside
from tansiq.web.forms import desk
from tansiq.web.forms import exchange as forms

PAGE, SHOWN_EVENTS = 50, 60


@require_GET
@needs(Permission.ENVELOPE_VIEW)
def envelopes_page(request: DutyRequest) -> HttpResponse:
    """What was sent and received: labels and states, newest first."""
    chosen = {"direction": _one(request, "direction", Direction), "kind": _one(request, "kind", Kind)}
    before, agreement = request.GET.get("before", ""), request.GET.get("agreement", "")[:64]
    position = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    lines = reads.envelopes(
        reader=request.officer,
        direction=chosen["direction"],
        kind=chosen["kind"],
        agreement=agreement,
        before=position,
        limit=PAGE,
    )
    context = {
        "here": "e",
        "lines": lines,
        "directions": tuple(Direction),
        "kinds": tuple(Kind),
        "chosen": chosen,
        "agreement": agreement,
        "older": lines[-1].position if len(lines) == PAGE else None,
        "may_write": request.officer.holds(Permission.LETTER_SEND),
    }
    return render(request, "exchange/envelopes.html", context)


def _one(request: DutyRequest, name: str, codes: type[Direction] | type[Kind]) -> str:
    """A code that the address asks for, where it is one."""
    asked = request.GET.get(name, "")
    return asked if asked in set(codes) else ""


@needs(Permission.ENVELOPE_VIEW)
def envelope_page(request: DutyRequest, envelope: UUID, **shown: Any) -> HttpResponse:
    """One envelope: its label plain, its letter sealed, its receipts, the rule that decided."""
    seen = reads.envelope(envelope=envelope, reader=request.officer)
    received = seen.line.direction == Direction.IN
    done = seen.line.state in (EnvelopeState.ACTED, EnvelopeState.REFUSED)
    passing = reads.passage(envelope=envelope, reader=request.officer)
    asked = passing is not None and passing.way.now.state is PassageState.WITH_SENDER
    context = {
        "here": "e",
        "envelope": seen,
        "passing": passing,
        "thread": _thread(request, seen.line),
        "moment": clock.now(),
        "line": seen.line,
        "agreement": _agreement(request, seen.line.agreement),
        "events": events.log(reader=request.officer, things=(envelope,), limit=SHOWN_EVENTS),
        **(offer(request, forms.OpenLetter) if seen.line.kind not in CONTROL else {}),
        **holding.panel(request, seen),
        **(offer(request, forms.OpenAttachment) if seen.attachments else {}),
        **(offer(request, forms.Attest) if received and not done else {}),
        **(offer(request, desk.Tell) if asked and request.officer.party == seen.line.sender else {}),
    }
    return render(request, "exchange/envelope.html", {**context, **shown})


def _thread(request: DutyRequest, line: EnvelopeLine) -> UUID | None:
    """The request that a letter is a step of."""
    if line.kind not in (Kind.REQUEST, Kind.REPLY):
        return None
    return correspondence.thread_of(envelope=line.id, reader=request.officer)


def _agreement(request: DutyRequest, digest: str) -> Agreement | None:
    return next((each for each in reads.agreements(reader=request.officer) if each.digest == digest), None)


@require_POST
@needs(Permission.LETTER_OPEN)
def open_letter(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Open the letter in this answer alone."""
    form = forms.OpenLetter(request.POST)
    if not form.is_valid():
        return again(envelope_page(request, envelope=envelope, open_letter=form), HTTPStatus.UNPROCESSABLE_ENTITY)
    reads.envelope(envelope=envelope, reader=request.officer)
    answer = acts.open_letter(envelope=envelope, **form.arguments(), by=request.officer, now=clock.now())
    if isinstance(answer, Refused):
        return again(envelope_page(request, envelope=envelope, open_letter=form, refusal=answer), HTTPStatus.CONFLICT)
    letter = msgspec.to_builtins(answer.letter)
    return envelope_page(request, envelope=envelope, opened=answer, letter=letter)


@require_POST
@needs(Permission.LETTER_ATTEST)
def attest(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """Tell the sender that the letter was acted upon."""
    reads.envelope(envelope=envelope, reader=request.officer)
    return perform(request, forms.Attest(request.POST), envelope_page, envelope=envelope)


@needs(Permission.PARTNER_VIEW)
def partners_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """Partners, how their channels fare, and our own card for them."""
    token, own = reads.own_card()
    context = {
        "here": "e",
        "partners": reads.partners(reader=request.officer),
        "health": {each.node: each for each in reads.channel_health(reader=request.officer)},
        "own": own,
        "card": token,
        **offer(request, forms.AddPartner, forms.ConfirmPartner),
    }
    return render(request, "exchange/partners.html", {**context, **shown})


@require_POST
@needs(Permission.PARTNER_ADD)
def add_partner(request: DutyRequest) -> HttpResponse:
    """Take a card."""
    return perform(request, forms.AddPartner(request.POST), partners_page)


@require_POST
@needs(Permission.PARTNER_CONFIRM)
def confirm_partner(request: DutyRequest, node: str) -> HttpResponse:
    """Confirm the words of a card."""
    return perform(request, forms.ConfirmPartner(request.POST), partners_page, about={"node": node})


VERIFY = "exchange.ledger.verify"


@needs(Permission.LEDGER_VIEW)
def ledger_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """Where our ledger stands, who holds its heads, and what a check of all of it found."""
    state = reads.ledger_state(reader=request.officer)
    context = {
        "here": "l",
        "state": state,
        "running": jobs.running(VERIFY),
        "checked": jobs.last(VERIFY),
        "events": events.log(reader=request.officer, limit=SHOWN_EVENTS),
        **offer(request, forms.VerifyLedger),
    }
    return render(request, "exchange/ledger.html", {**context, **shown})


@require_POST
@needs(Permission.LEDGER_VERIFY)
def verify_ledger(request: DutyRequest) -> HttpResponse:
    """Compute everything again, beside the requests."""
    return perform_beside(request, forms.VerifyLedger(request.POST), ledger_page, VERIFY)


@require_GET
@needs(Permission.LEDGER_VIEW)
def ledger_progress(request: DutyRequest) -> HttpResponse:
    """Whether the check still runs; when it does not, the page is loaded anew."""
    running = jobs.running(VERIFY)
    answer = render(request, "exchange/ledger_progress.html", {"running": running})
    if running is None:
        answer.headers["HX-Refresh"] = "true"
    return answer


@require_POST
@needs(Permission.PROOF_EXPORT)
def export_proof(request: DutyRequest, envelope: UUID) -> HttpResponse:
    """A proof of an envelope as a file: with its receipts, or of who read it."""
    about = "reads" if request.POST.get("about") == "reads" else "envelope"
    return _proof(request, about=about, envelope=envelope)


@require_POST
@needs(Permission.PROOF_EXPORT)
def export_agreement_proof(request: DutyRequest, agreement: str) -> HttpResponse:
    """A proof of an agreement as a file: what each party signed, and where it stood."""
    return _proof(request, about="agreement", agreement=agreement)


def _proof(request: DutyRequest, **of: Any) -> HttpResponse:
    now = clock.now()
    acts.sign_head(now=now)
    file = reads.proof_file(**of, reader=request.officer)
    acts.record_export(**of, by=request.officer, now=now)
    answer = HttpResponse(file, content_type="application/json")
    name = f"{of['about']}-{of.get('envelope') or of['agreement'][:12]}"
    answer.headers["Content-Disposition"] = f'attachment; filename="proof-{name}.json"'
    return answer
