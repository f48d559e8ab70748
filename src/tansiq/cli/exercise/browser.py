"""A person's browser, as far as a drill needs one: cookies, pages, and the real forms that stand on them.

A form is sent as the page drew it (hidden token, CSRF token, chosen options), with what the person fills in. A node
that is down is waited for; a form whose answer was lost is sent again as it was, because its token makes the second
send do nothing.
"""

import base64
import hmac
import html.parser
import http.client
import http.cookiejar
import struct
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from msgspec import Struct, field

from tansiq.ground import clock
from tansiq.ground.errors import Fault, Unready

PATIENCE = 90.0
"""Seconds for which a node that does not answer is waited for."""


class Form(Struct):
    """A form as drawn: where it goes, what it holds now, and the choices of its fields.

    `marks` are the ids of its controls: each begins with the permission that the form acts on, and a dash.
    """

    id: str
    action: str
    method: str
    marks: set[str] = field(default_factory=set)
    fields: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class Page(Struct):
    """An answer: its status, the address after redirects, the text and its forms."""

    status: int
    url: str
    text: str
    forms: list[Form]
    hrefs: list[str]

    @property
    def path(self) -> str:
        """The address without the node."""
        return urllib.parse.urlsplit(self.url).path

    @property
    def words(self) -> str:
        """What stands on the page, short enough for a line."""
        return _plain(self.text)

    @property
    def warning(self) -> str:
        """What a screen reader would announce: a refusal or a fault."""
        words = _Words()
        words.feed(self.text)
        return " ".join(words.warned)[:600]

    def links(self, part: str) -> list[str]:
        """The addresses on the page that hold this part, each once, in the order of the page."""
        return list(dict.fromkeys(link for link in self.hrefs if part in link))

    def offers(self, wanted: str, about: str = "") -> Form | None:
        """The form of a permission (or with an action that ends so), whose action also holds `about`; None if none."""
        for form in self.forms:
            action = urllib.parse.urlsplit(form.action).path.rstrip("/")
            marked = any(mark.startswith(f"{wanted}-") for mark in form.marks)
            if (marked or wanted == form.id or action.endswith(wanted)) and about in form.action:
                return form
        return None

    def form(self, wanted: str, about: str = "") -> Form:
        """The same; raises `Unready` when the page does not offer it."""
        found = self.offers(wanted, about)
        if found is None:
            offered = ", ".join(sorted({form.action for form in self.forms}))
            raise Unready(f"{self.url} offers no form for {wanted!r} (status {self.status}).", f"It offers: {offered}")
        return found


class Refusal(Fault):
    """A page said no: a rule, a malformed field, or a missing permission."""


class Browser:
    """One person at one node."""

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        self.url = url.rstrip("/")
        self.patience = patience
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def get(self, path: str) -> Page:
        """Open a page."""
        return self._fetch(urllib.parse.urljoin(self.url + "/", path), None, "")

    def submit(self, page: Page, wanted: str | Form, about: str = "", **filled: Any) -> Page:
        """Fill in a form of the page (see `Page.offers`) and send it. Raises `Refusal` when the answer is a refusal."""
        form = wanted if isinstance(wanted, Form) else page.form(wanted, about)
        values = dict(form.fields)
        for name, value in filled.items():
            if name not in form.names:
                has = ", ".join(sorted(form.names))
                raise Unready(f"The form {form.action} has no field {name!r}.", f"It has: {has}")
            values[name] = [str(item) for item in (value if isinstance(value, list | tuple) else [value])]
        body = urllib.parse.urlencode([(name, item) for name, items in values.items() for item in items])
        target = urllib.parse.urljoin(page.url, form.action or page.url)
        answer = self._fetch(target, body.encode("ascii"), page.url)
        if answer.status >= 400:
            raise Refusal(f"{target} answered {answer.status}: {_plain(answer.text)}")
        return answer

    def sign_in(self, username: str, password: str, totp: str = "") -> Page:
        """Sign in with a password, and with a code when the account asks for one."""
        page = self.get("/")
        page = self.submit(page, _with(page, "password") or page.form("sign-in"), login=username, password=password)
        asks = _with(page, "code")
        if totp and asks is not None:
            page = self.submit(page, asks, code=code(totp))
        if _with(page, "password") or _with(page, "code"):
            raise Refusal(f"{username} could not sign in at {self.url}: {_plain(page.text)}")
        return page

    def _fetch(self, url: str, body: bytes | None, referer: str) -> Page:
        """Ask until there is an answer: a node that was killed comes back."""
        until = time.monotonic() + self.patience
        while True:
            request = urllib.request.Request(url, data=body, headers={"Referer": referer} if referer else {})
            try:
                try:
                    with self._opener.open(request, timeout=60) as response:
                        return _page(response.status, response.url, response.read())
                except urllib.error.HTTPError as error:
                    with error:
                        return _page(error.code, error.url or url, error.read())
            except (OSError, http.client.HTTPException) as error:
                if time.monotonic() > until:
                    raise Unready(f"{url} does not answer: {error}.") from error
            time.sleep(0.25)


def code(secret: str) -> str:
    """The time-based code of a base32 secret now (RFC 6238, SHA-1, 30 s, six digits)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(clock.now().timestamp()) // 30), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def _with(page: Page, name: str) -> Form | None:
    """The form of a page that has a field of this name."""
    return next((form for form in page.forms if name in form.names), None)


def _page(status: int, url: str, body: bytes) -> Page:
    text = body.decode("utf-8", "replace")
    reader = _Forms()
    reader.feed(text)
    return Page(status, url, text, reader.forms, reader.hrefs)


class _Forms(html.parser.HTMLParser):
    """Reads the forms of a page as a browser would hold them; controls outside a form name theirs with `form=`."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.hrefs: list[str] = []
        self._open: Form | None = None
        self._select: tuple[Form, str, bool] | None = None
        self._area: tuple[Form, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in a form or one of its controls."""
        at = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(at.get("id", ""), at.get("action", ""), at.get("method", "get").lower())
            self.forms.append(self._open)
            return
        if tag == "a" and "href" in at:
            self.hrefs.append(at["href"])
            return
        form = next((one for one in self.forms if at.get("form") and one.id == at["form"]), self._open)
        if form is None:
            return
        name = at.get("name", "")
        if tag == "option" and self._select is not None:
            self._option(at)
        elif name and "disabled" not in at:
            form.names.add(name)
            form.marks.add(at.get("id", ""))
            if tag == "input":
                self._input(form, name, at)
            elif tag == "select":
                self._select = (form, name, "multiple" in at)
                form.choices[name] = []
            elif tag == "textarea":
                self._area = (form, name)
                form.fields[name] = [""]

    def handle_data(self, data: str) -> None:
        """Take in the text of a text area."""
        if self._area is not None:
            form, name = self._area
            form.fields[name] = [form.fields[name][0] + data]

    def handle_endtag(self, tag: str) -> None:
        """Leave a form or a control."""
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._area is not None:
            form, name = self._area
            form.fields[name] = [form.fields[name][0].removeprefix("\n").removeprefix("\r\n")]
            self._area = None

    def _input(self, form: Form, name: str, at: dict[str, str]) -> None:
        kind = at.get("type", "text").lower()
        if kind in ("submit", "button", "image", "file", "reset"):
            return
        if kind in ("checkbox", "radio"):
            form.choices.setdefault(name, []).append(at.get("value", "on"))
            if "checked" in at:
                form.fields.setdefault(name, []).append(at.get("value", "on"))
            return
        form.fields[name] = [at.get("value", "")]

    def _option(self, at: dict[str, str]) -> None:
        assert self._select is not None
        form, name, multiple = self._select
        value = at.get("value", "")
        form.choices[name].append(value)
        if "selected" in at:
            form.fields[name] = [*(form.fields.get(name, []) if multiple else []), value]
        elif not multiple and name not in form.fields:
            form.fields[name] = [value]  # a browser chooses the first


class _Words(html.parser.HTMLParser):
    """Reads what stands on a page, without its frame."""

    FRAME = ("script", "style", "head", "nav", "header")

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.warned: list[str] = []
        """What stands in the parts that a screen reader announces: refusals and faults."""
        self._frame = 0
        self._alert = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter a part."""
        self._frame += tag in self.FRAME
        if not self._alert and ("role", "alert") in attrs and ("hidden", None) not in attrs:
            self._alert = tag
        self._depth += tag == self._alert

    def handle_endtag(self, tag: str) -> None:
        """Leave a part."""
        self._frame -= tag in self.FRAME
        self._depth -= tag == self._alert
        if not self._depth:
            self._alert = ""

    def handle_data(self, data: str) -> None:
        """Take in words."""
        if not self._frame and data.strip():
            (self.warned if self._alert else self.said).append(" ".join(data.split()))


def _plain(text: str) -> str:
    """The words of a page, short enough for a line."""
    words = _Words()
    words.feed(text)
    return " ".join(words.warned or words.said)[:600]
