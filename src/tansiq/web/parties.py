"""The pages of who takes part: people and their posts, and the directory of agencies."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from tansiq.ground import clock
from tansiq.parties import reads
from tansiq.parties.duties import HELD, Duty, Permission
from tansiq.parties.values import node_of
from tansiq.web.access import DutyRequest, needs, offer, perform
from tansiq.web.forms import parties as forms


@needs(Permission.PEOPLE_VIEW)
def people_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """Who may sign in here, the posts they hold and held, and what each duty may do."""
    people = reads.people()
    context = {
        "here": "p",
        "people": people,
        "moment": clock.now(),
        "duties": [(duty, sorted(HELD[duty])) for duty in Duty],
        **offer(request, forms.AddPerson, forms.Appoint(people=people), forms.BlockPerson, forms.Relieve),
    }
    return render(request, "parties/people.html", {**context, **shown})


@require_POST
@needs(Permission.PERSON_ADD)
def add_person(request: DutyRequest) -> HttpResponse:
    """Add someone."""
    return perform(request, forms.AddPerson(request.POST), people_page)


@require_POST
@needs(Permission.PERSON_BLOCK)
def block_person(request: DutyRequest, person: UUID) -> HttpResponse:
    """Block an account."""
    return perform(request, forms.BlockPerson(request.POST), people_page, about={"person": person})


@require_POST
@needs(Permission.POST_APPOINT)
def appoint(request: DutyRequest) -> HttpResponse:
    """Give someone a post."""
    return perform(request, forms.Appoint(request.POST, people=reads.people()), people_page)


@require_POST
@needs(Permission.POST_RELIEVE)
def relieve(request: DutyRequest, post: UUID) -> HttpResponse:
    """End a post."""
    return perform(request, forms.Relieve(request.POST), people_page, about={"post": post})


@needs(Permission.DIRECTORY_VIEW)
def directory_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """Every agency that is known here, by state, with its functions."""
    agencies = reads.agencies()
    states: dict[str, list[Any]] = {}
    for agency in agencies:
        states.setdefault(agency.state, []).append(agency)
    own = settings.TANSIQ_NODE.upper()
    ordered = sorted(states.items(), key=lambda item: (item[0] != own, item[0]))
    context = {
        "here": "p",
        "states": ordered,
        "own": {agency.code for agency in agencies if node_of(agency.code) == settings.TANSIQ_NODE},
        "may_edit": request.officer.holds(Permission.AGENCY_EDIT),
        **offer(request, forms.LoadDirectory),
    }
    return render(request, "parties/directory.html", {**context, **shown})


@require_POST
@needs(Permission.DIRECTORY_LOAD)
def load_directory(request: DutyRequest) -> HttpResponse:
    """Load a directory file."""
    return perform(request, forms.LoadDirectory(request.POST, request.FILES), directory_page)


@needs(Permission.AGENCY_EDIT)
def agency_page(request: DutyRequest, agency: str, **shown: Any) -> HttpResponse:
    """One agency, to be changed."""
    known = reads.agency(code=agency)
    context = {"here": "p", "known": known, "edit_agency": forms.EditAgency(agency=known)}
    return render(request, "parties/agency.html", {**context, **shown})


@require_POST
@needs(Permission.AGENCY_EDIT)
def edit_agency(request: DutyRequest, agency: str) -> HttpResponse:
    """Change the agency."""
    form = forms.EditAgency(request.POST, agency=reads.agency(code=agency))
    return perform(request, form, agency_page, agency=agency)
