"""The way in: where a person starts, which post they take up, and what is said to who holds none."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from tansiq.web import context
from tansiq.web.access import POST_KEY, take_up


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The first room that the reader's duty opens."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    officer = take_up(request)
    door = next((door for room in context.ROOMS if officer and (door := room.door(officer))), None)
    if door is None:
        return render(request, "no_post.html", status=HTTPStatus.FORBIDDEN)
    return redirect(door)


@require_POST
def take_post(request: HttpRequest) -> HttpResponse:
    """Take up another of one's own posts; what is no longer held is not taken."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    take_up(request)
    wanted = request.POST.get("post", "")
    if any(str(post.id) == wanted for post in request.posts):
        request.session[POST_KEY] = str(UUID(wanted))
        request.session.cycle_key()
    return redirect("home")


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was drawn in another session, or elsewhere, is not taken (CSRF)."""
    return render(request, "form_expired.html", status=HTTPStatus.FORBIDDEN)
