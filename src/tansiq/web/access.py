"""Who may use a page, and how a form becomes an act: once, in one transaction, in the post that the person took up."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tansiq.exchange import acts as exchange
from tansiq.ground import clock
from tansiq.ground.errors import Fault, Missing, Unready
from tansiq.ground.verdict import Refused
from tansiq.parties import acts as parties
from tansiq.parties import reads
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer, Post
from tansiq.web import jobs

View = Callable[..., HttpResponse]
POST_KEY = "post"
"""Where the session keeps the id of the post that its person took up."""


class DutyRequest(HttpRequest):
    """A request from someone signed in, in the post that they took up, among those they hold."""

    user: Any
    officer: Officer
    posts: tuple[Post, ...]


class ActForm(forms.Form):
    """A form that asks for exactly the arguments of one act, and is offered to who holds its permission.

    Each form that is drawn carries a token of its own; what was sent with a token is done once.
    """

    act: Callable[..., Any]
    permission: Permission

    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = f"{self.permission}-%s"
        self.fields["token"].initial = uuid4()

    def arguments(self) -> dict[str, Any]:
        """What the act is called with, beside the ids of the address."""
        return {name: value for name, value in self.cleaned_data.items() if name != "token"}

    def renew(self) -> None:
        """Give a form that was refused another token: sent again, it is another attempt."""
        data = self.data.copy()
        data[self.add_prefix("token")] = str(uuid4())
        self.data = data


def take_up(request: HttpRequest) -> Officer | None:
    """The officer behind a request, found once: the post that the session names, or the first one held now."""
    if not hasattr(request, "posts"):
        signed_in = request.user.is_authenticated
        posts = reads.posts_of(person=UUID(str(request.user.pk)), now=clock.now()) if signed_in else ()
        named = request.session.get(POST_KEY) if signed_in else None
        post = next((post for post in posts if str(post.id) == named), posts[0] if posts else None)
        request.posts = posts
        request.post_taken = post
        request.officer = _officer(post) if post else None
    officer: Officer | None = request.officer
    return officer


def _officer(post: Post) -> Officer:
    return Officer(post.holder, post.desk.agency, post.duty, post.person, post.desk.name, post.service)


def needs(permission: Permission) -> Callable[[View], View]:
    """Open a view only to duties that hold the permission; what its reader may not see is not found."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: DutyRequest, **ids: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(_back(request))
            officer = take_up(request)
            if officer is None or not officer.holds(permission):
                raise PermissionDenied
            try:
                return view(request, **ids)
            except Missing as missing:
                raise Http404(str(missing)) from missing

        guarded.permission = permission
        return guarded

    return guard


def _back(request: HttpRequest) -> str:
    """Where to go on after signing in: this page, or the one whose form was sent too late."""
    if request.method == "GET":
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("referer", ""))
    return came_from.path if came_from.netloc == request.get_host() else reverse("home")


def offer(request: DutyRequest, *offered: ActForm | type[ActForm]) -> dict[str, ActForm]:
    """The forms that the reader's duty may use, by the name of their act; a class is made a form only where it is."""
    open_to_reader = [form for form in offered if request.officer.holds(form.permission)]
    return {form.act.__name__: form() if isinstance(form, type) else form for form in open_to_reader}


def perform(
    request: DutyRequest,
    form: ActForm,
    page: View,
    *,
    to: Callable[[Any], str] | None = None,
    about: dict[str, Any] | None = None,
    after: str = "",
    **ids: Any,
) -> HttpResponse:
    """Do the form's act. Done leads back to the page (or `to` what was made); an error or a refusal is shown on it.

    `ids` name the page; the act is called with them too, or with `about` where it is about something else.
    `after` is the route that a second send leads to, where that is not the page.
    The token and the act share one transaction: a second send of the same form changes nothing and leads to the page.
    """
    shown: dict[str, Any] = {form.act.__name__: form}
    done = reverse(after) if after else reverse(page, kwargs=ids)
    if not form.is_valid():
        if was_sent(form):
            return HttpResponseRedirect(done)
        return again(page(request, **ids, **shown), HTTPStatus.UNPROCESSABLE_ENTITY)
    now = clock.now()
    token: UUID = form.cleaned_data["token"]
    try:
        with transaction.atomic():
            if not parties.once(token=token, now=now):
                return HttpResponseRedirect(done)
            named = ids if about is None else about
            outcome = form.act(**named, **form.arguments(), by=request.officer, now=now)
            if isinstance(outcome, Refused):
                _log_refusal(form, outcome, named.values(), by=request.officer, now=now)
    except Missing:
        raise
    except Fault as fault:
        status = HTTPStatus.SERVICE_UNAVAILABLE if isinstance(fault, Unready) else HTTPStatus.UNPROCESSABLE_ENTITY
        form.renew()
        return again(page(request, **ids, **shown, fault=fault), status)
    if isinstance(outcome, Refused):
        form.renew()
        return again(page(request, **ids, **shown, refusal=outcome), HTTPStatus.CONFLICT)
    return HttpResponseRedirect(to(outcome) if to else reverse(page, kwargs=ids))


def _log_refusal(form: ActForm, refusal: Refused, named: Iterable[Any], *, by: Officer, now: datetime) -> None:
    """A refused attempt stands in the log too, under the name of what was tried."""
    thing = next((each for each in named if isinstance(each, UUID)), NODE)
    exchange.record(event=form.permission, thing=thing, by=by, now=now, detail={"refused": str(refusal.reason)})


def was_sent(form: ActForm) -> bool:
    """Whether the form was taken before: what it once offered may no longer be open, because it was done."""
    try:
        token = UUID(str(form.data.get(form.add_prefix("token"), "")))
    except ValueError:
        return False
    return reads.was_sent(token=token)


def perform_beside(request: DutyRequest, form: ActForm, page: View, key: str, **ids: Any) -> HttpResponse:
    """Do an act that computes for seconds: begin it beside the requests, and lead to the page, which shows how it goes.

    Such an act opens its own short transactions, so only the token is taken in one here.
    """
    if not form.is_valid():
        if was_sent(form):
            return HttpResponseRedirect(reverse(page, kwargs=ids))
        return again(page(request, **ids, **{form.act.__name__: form}), HTTPStatus.UNPROCESSABLE_ENTITY)
    now, by = clock.now(), request.officer
    with transaction.atomic():
        new = parties.once(token=form.cleaned_data["token"], now=now)

    def work() -> Any:
        outcome = form.act(**ids, **form.arguments(), by=by, now=now)
        if isinstance(outcome, Refused):
            _log_refusal(form, outcome, ids.values(), by=by, now=clock.now())
        return outcome

    if new:
        jobs.start(key, work, now=now)
    return HttpResponseRedirect(reverse(page, kwargs=ids))


def again(answer: HttpResponse, status: HTTPStatus) -> HttpResponse:
    """The page once more, with what was typed and why it was not done."""
    answer.status_code = status
    return answer
