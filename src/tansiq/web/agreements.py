"""The pages of agreements: every channel, one with its terms and what it allows, what another one changes."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from tansiq.exchange import checking, reads
from tansiq.exchange.agreements import lint
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import Agreement as Terms
from tansiq.exchange.choosing import RuleWords
from tansiq.exchange.values import Agreement
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of
from tansiq.web.access import DutyRequest, needs, offer, perform
from tansiq.web.forms import agreements as forms


@needs(Permission.AGREEMENT_VIEW)
def agreements_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """Every channel: between whom, who signed, where it stands."""
    context = {
        "here": "e",
        "lines": reads.agreements(reader=request.officer),
        **offer(request, forms.ProposeAgreement),
    }
    return render(request, "exchange/agreements.html", {**context, **shown})


@needs(Permission.AGREEMENT_VIEW)
def agreement_page(request: DutyRequest, agreement: str, **shown: Any) -> HttpResponse:
    """One channel with its terms."""
    whole = reads.agreement(agreement=agreement, reader=request.officer)
    others = [line for line in reads.agreements(reader=request.officer) if line.digest != whole.line.digest]
    context = {
        "here": "e",
        "whole": whole,
        "line": whole.line,
        "terms": whole.terms,
        "checked": checking.check(whole.terms),
        "rules": _rules(whole.terms),
        "others": [line for line in others if line.mechanism == whole.line.mechanism],
        **_sayable(request, whole.line),
    }
    return render(request, "exchange/agreement.html", {**context, **shown})


def _rules(terms: Terms) -> list[RuleWords]:
    """Every rule of an agreement in words, in the order of its text."""
    said = terms.reasons
    names = [rule["annotations"]["id"] for rule in lint.document(terms.cedar)]
    return [RuleWords(name, said.get(name), said.get(f"{name}.basis"), "") for name in names]


@require_GET
@needs(Permission.AGREEMENT_VIEW)
def changes_page(request: DutyRequest, agreement: str) -> HttpResponse:
    """What one agreement changes against another: in words, in the table, and which letters pass under one alone."""
    whole = reads.agreement(agreement=agreement, reader=request.officer)
    first = request.GET.get("from", whole.terms.supersedes)[:64]
    other = reads.agreement(agreement=first, reader=request.officer)
    context = {
        "here": "e",
        "line": whole.line,
        "terms": whole.terms,
        "other": other,
        "changes": checking.diff(other.terms, whole.terms),
    }
    return render(request, "exchange/changes.html", context)


def _ours(line: Agreement, reader: Officer) -> tuple[str, ...]:
    """The parties that the reader may speak for: the own agency, or any of the node's for who looks after the node."""
    ours = (party for party in line.parties if node_of(party) == settings.TANSIQ_NODE)
    return tuple(party for party in ours if reader.oversees or party == reader.party)


def _sayable(request: DutyRequest, line: Agreement) -> dict[str, Any]:
    """What may be said of the agreement now."""
    ours = _ours(line, request.officer)
    unsigned = tuple(party for party in ours if party not in line.signed)
    suspended = tuple(party for party in ours if party in line.suspended_by)
    live = line.state in (AgreementState.IN_FORCE, AgreementState.SUSPENDED, AgreementState.SIGNED)
    said: list[Any] = []
    if unsigned:
        said.append(forms.SignAgreement(ours=unsigned))
    if live and len(suspended) < len(ours):
        said.append(forms.SuspendAgreement(ours=tuple(party for party in ours if party not in suspended)))
    if suspended:
        said.append(forms.LiftAgreement(ours=suspended))
    if live:
        said += [forms.EndAgreement(ours=ours), forms.SupersedeAgreement()]
    return offer(request, *said)


def _say(request: DutyRequest, agreement: str, form: Any) -> HttpResponse:
    ours = _ours(reads.agreement(agreement=agreement, reader=request.officer).line, request.officer)
    return perform(request, form(request.POST, ours=ours), agreement_page, agreement=agreement)


@require_POST
@needs(Permission.AGREEMENT_PROPOSE)
def propose_agreement(request: DutyRequest) -> HttpResponse:
    """Propose an agreement."""

    def its_page(made: Agreement) -> str:
        return reverse("agreement", args=[made.digest])

    return perform(request, forms.ProposeAgreement(request.POST), agreements_page, to=its_page)


@require_POST
@needs(Permission.AGREEMENT_SUPERSEDE)
def supersede_agreement(request: DutyRequest, agreement: str) -> HttpResponse:
    """Draft another in its place, and go to that draft."""

    def its_page(made: Agreement) -> str:
        return reverse("agreement", args=[made.digest])

    form = forms.SupersedeAgreement(request.POST)
    return perform(request, form, agreement_page, to=its_page, agreement=agreement)


@require_POST
@needs(Permission.AGREEMENT_SIGN)
def sign_agreement(request: DutyRequest, agreement: str) -> HttpResponse:
    """Sign for one of our agencies."""
    return _say(request, agreement, forms.SignAgreement)


@require_POST
@needs(Permission.AGREEMENT_SUSPEND)
def suspend_agreement(request: DutyRequest, agreement: str) -> HttpResponse:
    """Suspend."""
    return _say(request, agreement, forms.SuspendAgreement)


@require_POST
@needs(Permission.AGREEMENT_LIFT)
def lift_agreement(request: DutyRequest, agreement: str) -> HttpResponse:
    """Lift a suspension."""
    return _say(request, agreement, forms.LiftAgreement)


@require_POST
@needs(Permission.AGREEMENT_END)
def end_agreement(request: DutyRequest, agreement: str) -> HttpResponse:
    """End for good."""
    return _say(request, agreement, forms.EndAgreement)
