"""What every answer forbids the browser: Content Security Policy level 3 (W3C), and what stands beside it.

Scripts, styles, fonts, workers and connections come from this node alone, nothing is inline, and no other site may
frame a page. A form goes to this node, or to an OpenID Connect provider of its settings (Chromium applies
`form-action` to redirects as well).
"""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

Answer = Callable[[HttpRequest], HttpResponse]

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "worker-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
    "base-uri": "'none'",
}


def policy() -> str:
    """The header's text, with the providers that people may sign in with."""
    apps = getattr(settings, "SOCIALACCOUNT_PROVIDERS", {}).get("openid_connect", {}).get("APPS", [])
    urls = [urlsplit(app["settings"]["server_url"]) for app in apps]
    forms = " ".join([POLICY["form-action"], *(f"{url.scheme}://{url.netloc}" for url in urls)])
    return "; ".join(f"{name} {value}" for name, value in {**POLICY, "form-action": forms}.items())


class PlainRequests:
    """Turns away a request with U+0000 in it, which no person types and PostgreSQL keeps in no text.

    A cookie may hide it in an octal escape (RFC 2109, quoted strings).
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer what is plain."""
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", "") or not plain(request.COOKIES.values()):
            return HttpResponseBadRequest("This address holds U+0000. Go back to the start page.", "text/plain")
        return self.answer(request)


def plain(texts: Iterable[str]) -> bool:
    """Whether no text holds U+0000."""
    return not any("\0" in text for text in texts)


class ContentPolicy:
    """Puts the policy on every answer; pages are kept by no cache, and know nothing of the machine's devices."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.policy = policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and add the headers."""
        response = self.answer(request)
        response.headers["Content-Security-Policy"] = self.policy
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if not response.has_header("Cache-Control") and not request.path.startswith(settings.STATIC_URL):
            response.headers["Cache-Control"] = "private, no-store"
        return response
