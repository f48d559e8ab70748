"""The pages of liaison posts: which there are, one of them with its cases and their letters, and its handover."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from tansiq.exchange import reads
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.mandates import Post, PostState
from tansiq.ground import clock
from tansiq.parties import reads as parties
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Officer
from tansiq.web.access import ActForm, DutyRequest, needs, offer, perform
from tansiq.web.forms import liaison as forms


@needs(Permission.LIAISON_VIEW)
def posts_page(request: DutyRequest, **shown: Any) -> HttpResponse:
    """The liaison posts that the reader's agency sends or hosts."""
    now = clock.now()
    context = {
        "here": "e",
        "posts": [_line(post, now) for post in reads.liaison_posts(reader=request.officer)],
        **(offer(request, _opening(request)) if request.officer.holds(Permission.LIAISON_OPEN) else {}),
    }
    return render(request, "liaison/posts.html", {**context, **shown})


def _line(post: Post, now: Any) -> dict[str, Any]:
    return {"post": post, "mandate": post.mandate, "state": post.state(now), "cases": post.current(now)}


def _liaison_officers(agency: str = "") -> tuple[Officer, ...]:
    held = parties.officers(duty=Duty.LIAISON_OFFICER, now=clock.now())
    return tuple(each for each in held if not agency or each.party == agency)


def _opening(request: DutyRequest, *data: Any) -> forms.OpenPost:
    lines = reads.agreements(reader=request.officer)
    passing = [line for line in lines if line.mechanism == Mechanism.LIAISON and line.state == AgreementState.IN_FORCE]
    channels = tuple(reads.agreement(agreement=line.digest, reader=request.officer) for line in passing)
    return forms.OpenPost(*data, channels=channels, officers=_liaison_officers())


@needs(Permission.LIAISON_VIEW)
def post_page(request: DutyRequest, post: UUID, **shown: Any) -> HttpResponse:
    """One liaison post: its mandate, its officer, its cases with their letters, and what may be done with it."""
    now, officer = clock.now(), request.officer
    seen = reads.liaison_post(post=post, reader=officer)
    ours = seen.person.int != 0
    context = {
        "here": "e",
        **_line(seen, now),
        "ours": ours,
        "mine": seen.person == officer.person and officer.duty is Duty.LIAISON_OFFICER,
        "cases": [(case, seen.case_state(case, now)) for case in seen.cases],
        "letters": reads.post_letters(post=seen, reader=officer, now=now),
        "events": reads.log(reader=officer, things=(post,)),
        **(offer(request, *_steps(seen, officer)) if ours and seen.state(now) is not PostState.ENDED else {}),
    }
    return render(request, "liaison/post.html", {**context, **shown})


def _steps(post: Post, by: Officer) -> list[type[ActForm] | ActForm]:
    """The forms that fit the post as it stands, and its reader."""
    steps: list[type[ActForm] | ActForm] = [forms.EndPost]
    if by.party == post.mandate.sending:
        steps += [forms.AssignCase(post=post), forms.WithdrawCase]
    others = tuple(each for each in _liaison_officers(post.mandate.sending) if each.person != by.person)
    if post.person == by.person and others:
        steps.append(forms.HandOver(officers=others))
    if post.handover is not None and post.handover.person == by.person:
        steps.append(forms.TakeOver)
    return steps


@require_POST
@needs(Permission.LIAISON_OPEN)
def open_post(request: DutyRequest) -> HttpResponse:
    """Open a post."""

    def its_page(post: Post) -> str:
        return reverse("liaison_post", args=[post.mandate.post])

    return perform(request, _opening(request, request.POST), posts_page, to=its_page)


@require_POST
@needs(Permission.LIAISON_END)
def end_post(request: DutyRequest, post: UUID) -> HttpResponse:
    """End it now."""
    return perform(request, forms.EndPost(request.POST), post_page, post=post)


@require_POST
@needs(Permission.LIAISON_ASSIGN)
def assign_case(request: DutyRequest, post: UUID) -> HttpResponse:
    """Give it a case."""
    seen = reads.liaison_post(post=post, reader=request.officer)
    return perform(request, forms.AssignCase(request.POST, post=seen), post_page, post=post)


@require_POST
@needs(Permission.LIAISON_WITHDRAW)
def withdraw_case(request: DutyRequest, post: UUID, case: UUID) -> HttpResponse:
    """Take a case back."""
    return perform(
        request, forms.WithdrawCase(request.POST), post_page, about={"post": post, "case": case}, post=post
    )  # fmt: skip


@require_POST
@needs(Permission.LIAISON_HAND_OVER)
def hand_over(request: DutyRequest, post: UUID) -> HttpResponse:
    """Offer it to the next officer."""
    seen = reads.liaison_post(post=post, reader=request.officer)
    officers = _liaison_officers(seen.mandate.sending)
    return perform(request, forms.HandOver(request.POST, officers=officers), post_page, post=post)


@require_POST
@needs(Permission.LIAISON_TAKE_OVER)
def take_over(request: DutyRequest, post: UUID) -> HttpResponse:
    """Take it over."""
    return perform(request, forms.TakeOver(request.POST), post_page, post=post)
