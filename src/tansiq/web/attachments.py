"""Attachments in the browser: handed in part by part, and opened as a download that a reason goes before.

A part is small enough to stay in memory, is sealed before it touches the disk, and joins on where the last one ended,
so a file of any size is handed in without ever lying open, and goes on after a broken connection. What is opened is
never shown in the page: it is a file to be stored, whatever it says it is.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import cast
from urllib.parse import quote
from uuid import UUID

import msgspec
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from tansiq.exchange import acts, reads
from tansiq.exchange.values import Detail, OpenedAttachment
from tansiq.ground import clock
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.web.access import DutyRequest, again, needs
from tansiq.web.exchange import envelope_page
from tansiq.web.forms import exchange as forms
from tansiq.web.words import word

PART = 2 << 20
"""The most that one request brings: whole chunks, and less than Django keeps in memory."""


@require_http_methods(["GET", "POST"])
@needs(Permission.ATTACHMENT_ADD)
def upload(request: DutyRequest, upload: UUID) -> HttpResponse:
    """Take the next part of a file (`name`, `size` and `offset` in the query), or say how far it came."""
    if request.method == "GET":
        return JsonResponse({"came": reads.upload(upload=upload, reader=request.officer).came})
    size, offset = _number(request, "size"), _number(request, "offset")
    if size is None or offset is None or len(request.body) > PART:
        return JsonResponse({"refused": "size, offset"}, status=HTTPStatus.BAD_REQUEST)
    came = acts.take_upload(
        upload=upload,
        name=request.GET.get("name", "")[:400],
        size=size,
        offset=offset,
        data=request.body,
        by=request.officer,
        now=clock.now(),
    )
    if isinstance(came, Refused):
        return JsonResponse({"refused": str(word(str(came.reason)))}, status=HTTPStatus.CONFLICT)
    return JsonResponse(msgspec.to_builtins(came))


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


@require_POST
@needs(Permission.ATTACHMENT_ADD)
def drop_upload(request: DutyRequest, upload: UUID) -> HttpResponse:
    """Take a file back that was handed in and not sent."""
    acts.drop_uploads(uploads=(upload,), by=request.officer)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@require_POST
@needs(Permission.ATTACHMENT_OPEN)
def download(request: DutyRequest, envelope: UUID, place: int) -> HttpResponse:
    """Open an attachment, for a reason, as a file to be stored."""
    form = forms.OpenAttachment(request.POST)
    if not form.is_valid():
        page = envelope_page(request, envelope=envelope, open_attachment=form)
        return again(page, HTTPStatus.UNPROCESSABLE_ENTITY)
    reads.envelope(envelope=envelope, reader=request.officer)
    opened = acts.open_attachment(
        envelope=envelope, place=place, **form.arguments(), by=request.officer, now=clock.now()
    )
    if isinstance(opened, Refused):
        detail: Detail = {"refused": str(opened.reason), "place": place}
        acts.record(event=form.permission, thing=envelope, by=request.officer, now=clock.now(), detail=detail)
        page = envelope_page(request, envelope=envelope, open_attachment=form, refusal=opened)
        return again(page, HTTPStatus.CONFLICT)
    return cast(HttpResponse, _stored(request, opened))  # a stream has no body to read, and nobody here reads one


def _stored(request: HttpRequest, opened: OpenedAttachment) -> StreamingHttpResponse:
    parts = _beside(opened.parts) if isinstance(request, ASGIRequest) else opened.parts
    answer = StreamingHttpResponse(parts, content_type="application/octet-stream")
    answer.headers["Content-Length"] = str(opened.size)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(opened.name, safe='')}"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


async def _beside(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The parts, each opened beside the event loop."""
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        yield part
