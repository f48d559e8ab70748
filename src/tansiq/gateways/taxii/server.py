"""The TAXII 2.1 server: one API root, and a collection for each agreement that lists the client's duty.

    GET  /taxii2/                                       discovery
    GET  /taxii2/letters/                               the API root
    GET  /taxii2/letters/collections/                   the collections that this client may use
    GET  /taxii2/letters/collections/ID/                one of them
    GET  .../manifest/                                  what it holds, without the objects
    GET  .../objects/                                   objects, paged; each letter read out is logged as a read
    POST .../objects/                                   objects offered, as the draft of a letter
    GET  .../objects/STIX-ID/                           one object
    GET  .../objects/STIX-ID/versions/                  its versions
    DELETE .../objects/STIX-ID/                         refused: what was read stays in the ledger
    GET  /taxii2/letters/status/ID/                     what became of what was offered

Pages go by a number that is unique and only grows within a collection, which is also the moment that TAXII calls
"date added": paging by `next` and asking again by `added_after` both lose nothing, whatever arrived in one moment.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import Receive, Scope, Send

from tansiq.correspondence import acts as writing
from tansiq.correspondence import reads as correspondence
from tansiq.correspondence.values import Offered, OfferStatus
from tansiq.exchange import acts, reads
from tansiq.exchange.values import Collection, Page, Wanted
from tansiq.gateways import times
from tansiq.gateways.door import Denied, Door
from tansiq.gateways.stix import write
from tansiq.gateways.stix.offer import offered
from tansiq.gateways.taxii import query
from tansiq.ground import clock
from tansiq.ground.errors import Fault, Malformed, Missing
from tansiq.parties import reads as parties
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Officer

log = logging.getLogger(__name__)

ROOT = "letters"
MOST_BODY = 10 << 20
MOST_READING = 64 << 20
"""How much of all bodies together may be in memory before it is read as objects."""

READ_SECONDS = 60.0
MOST_OBJECTS = 1_000
REASON = "gateway: TAXII 2.1"
FILL_ROUNDS = 64
"""How many groups of letters are numbered at most before a page is answered."""

Handler = Callable[[Request], Any]


class Taxii:
    """The routes of the server. `url` is where this node is reached from outside."""

    def __init__(self, door: Door, url: str) -> None:
        self.door, self.url = door, url.rstrip("/")
        self._reading = 0
        view, read, offer = Permission.COLLECTION_VIEW, Permission.COLLECTION_READ, Permission.OFFER_RECEIVE
        one = f"/{ROOT}/collections/{{collection}}"
        self.table: tuple[tuple[str, str, Permission, Handler], ...] = (
            ("GET", "/", view, self.discovery),
            ("GET", f"/{ROOT}/", view, self.api_root),
            ("GET", f"/{ROOT}/collections/", view, self.collections),
            ("GET", f"{one}/", view, self.collection),
            ("GET", f"{one}/manifest/", view, self.manifest),
            ("GET", f"{one}/objects/", read, self.objects),
            ("POST", f"{one}/objects/", offer, self.offer),
            ("GET", f"/{ROOT}/status/{{status}}/", offer, self.status),
            ("GET", f"{one}/objects/{{object}}/", read, self.object),
            ("DELETE", f"{one}/objects/{{object}}/", read, self.keep),
            ("GET", f"{one}/objects/{{object}}/versions/", view, self.versions),
        )

    def routes(self) -> list[BaseRoute]:
        """The addresses of the server, for the application that stands before Django."""
        inner = Router(
            [Route(path, _spoken(handler), methods=[method]) for method, path, _, handler in self.table],
            redirect_slashes=False,
            default=_nothing,
        )
        return [Mount("/taxii2", app=_Slashes(inner))]

    def fill_all(self) -> None:
        """Number what arrived for every collection that somebody has begun to read."""
        for agreement, agency in reads.kept():
            reader = Officer("gateway", agency, Duty.EXTERNAL_CLIENT)
            try:
                while reads.is_behind(agreement=agreement, reader=reader) and _fill(agreement, reader):
                    continue
            except Missing:
                continue  # the agreement is suspended, or no longer lists the duty

    # What is asked

    async def discovery(self, request: Request) -> Response:
        """Section 4.1."""
        await self.door.ask(self.door.claim(request), _may(Permission.COLLECTION_VIEW))
        root = f"{self.url}/taxii2/{ROOT}/"
        return _json({"title": "Tansiq", "default": root, "api_roots": [root]})

    async def api_root(self, request: Request) -> Response:
        """Section 4.2."""
        await self.door.ask(self.door.claim(request), _may(Permission.COLLECTION_VIEW))
        return _json(
            {
                "title": "Letters of information",
                "description": "Letters of information, each as far as its agreement lets this client read it.",
                "versions": [query.TAXII],
                "max_content_length": MOST_BODY,
            }
        )

    async def collections(self, request: Request) -> Response:
        """Section 5.1."""
        found = await self.door.ask(
            self.door.claim(request), lambda reader: reads.collections(reader=reader, now=clock.now())
        )
        return _json({"collections": [_collection(each) for each in found]} if found else {})

    async def collection(self, request: Request) -> Response:
        """Section 5.2."""
        found = await self.door.ask(self.door.claim(request), lambda reader: _found(request, reader))
        return _json(_collection(found))

    async def manifest(self, request: Request) -> Response:
        """Section 5.3."""
        wanted = query.wanted(request.query_params, MOST_OBJECTS)
        page = await self._page(request, wanted, _list)
        entries = [
            {
                "id": item.name,
                "date_added": times.time(item.added),
                "version": times.time(item.version),
                "media_type": query.STIX,
            }
            for item in page.items
        ]
        return _paged(page, entries)

    async def objects(self, request: Request) -> Response:
        """Section 5.4."""
        page = await self._page(request, query.wanted(request.query_params, MOST_OBJECTS), _read)
        return _paged(page, page.objects)

    async def object(self, request: Request) -> Response:
        """Section 5.6."""
        asked = {**request.query_params, "match[id]": request.path_params["object"]}
        page = await self._page(request, query.wanted(asked, MOST_OBJECTS), _read)
        if not page.items and not asked.get("added_after") and not asked.get("next"):
            raise Missing("There is no such object.")
        return _paged(page, page.objects)

    async def versions(self, request: Request) -> Response:
        """Section 5.8."""
        asked = {**request.query_params, "match[id]": request.path_params["object"], "match[version]": "all"}
        page = await self._page(request, query.wanted(asked, MOST_OBJECTS), _list)
        if not page.items and not asked.get("added_after") and not asked.get("next"):
            raise Missing("There is no such object.")
        return _paged(page, sorted({times.time(item.version) for item in page.items}, reverse=True), "versions")

    async def offer(self, request: Request) -> Response:
        """Section 5.5: what is offered is kept as the draft of a letter, until an officer decides."""
        claim = self.door.claim(request)
        await self.door.knock(claim)
        if not query.is_taxii(request.headers.get("content-type", "")):
            raise Denied(415, f"Only {query.TAXII} is read here.")
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Denied(415, "Nothing is decompressed.")
        raw = await self._body(request)

        def work(client: Officer) -> Offered:
            found = _found(request, client)
            if not found.may_offer:
                raise Denied(403, "This client may read this collection, and not offer to it.")
            return offered(raw, found.agreement, client, clock.now())

        status = await self.door.ask(claim, work, cost=1 + len(raw) // 1_000, batch=_keep)
        return _json(_status(status), 202)

    async def status(self, request: Request) -> Response:
        """Section 4.3."""

        def work(client: Officer) -> OfferStatus:
            try:
                named = UUID(request.path_params["status"])
            except ValueError:
                raise Missing("There is no such status.") from None
            return correspondence.offer_status(offer=named, reader=client)

        return _json(_status(await self.door.ask(self.door.claim(request), work)))

    async def _body(self, request: Request) -> bytes:
        """The body as it streams in, whatever its length claimed."""
        parts, size = list[bytes](), 0
        try:
            async with asyncio.timeout(READ_SECONDS):
                async for part in request.stream():
                    size += len(part)
                    self._reading += len(part)
                    if size > MOST_BODY:
                        raise Denied(413, f"More than {MOST_BODY} bytes. Send it in parts.")
                    if self._reading > MOST_READING:
                        raise Denied(503, "Too much is being read already.", 2)
                    parts.append(part)
        except TimeoutError:
            raise Denied(408, f"It took more than {READ_SECONDS:.0f} s to come.") from None
        except ClientDisconnect:
            raise Denied(400, "It was cut short.") from None
        finally:
            self._reading -= size
        return b"".join(parts)

    async def keep(self, request: Request) -> Response:
        """Section 5.7, which is refused: a letter is recalled by its sender, and its reading stays in the ledger."""
        await self.door.ask(self.door.claim(request), lambda reader: _readable(request, reader))
        raise Denied(403, "Nothing is deleted through a gateway: its sender recalls a letter, and the log stays.")

    async def _page(self, request: Request, wanted: Wanted, what: Callable[[str, Wanted, Officer], "Shown"]) -> "Shown":
        def work(reader: Officer) -> Shown:
            found = _readable(request, reader)
            if reads.is_behind(agreement=found.agreement, reader=reader):
                for _ in range(FILL_ROUNDS):
                    if not _fill(found.agreement, reader):
                        break
            return what(found.agreement, wanted, reader)

        answer: Shown = await self.door.ask(self.door.claim(request), work, cost=1 + wanted.limit // 10)
        return answer


class Shown(msgspec.Struct, frozen=True):
    """A page and, where they were asked for, its objects."""

    items: tuple[Any, ...]
    more: bool
    objects: list[write.Object]


def _list(agreement: str, wanted: Wanted, reader: Officer) -> Shown:
    page = reads.items(agreement=agreement, wanted=wanted, reader=reader, now=clock.now())
    return Shown(page.items, page.more, [])


def _read(agreement: str, wanted: Wanted, reader: Officer) -> Shown:
    page = acts.read_collection(agreement=agreement, wanted=wanted, reader=reader, reason=REASON, now=clock.now())
    return Shown(page.items, page.more, _objects(agreement, page, reader))


def _objects(agreement: str, page: Page, reader: Officer) -> list[write.Object]:
    letters = {position: write.objects(letter) for position, letter in page.letters.items()}
    front: list[write.Object] = []
    if any(item.envelope is None for item in page.items):
        terms = reads.collection(agreement=agreement, reader=reader, now=clock.now()).terms
        front = write.front(terms, parties.agencies())
    return [(front if item.envelope is None else letters[item.envelope])[item.part] for item in page.items]


def _fill(agreement: str, reader: Officer) -> bool:
    terms = reads.collection(agreement=agreement, reader=reader, now=clock.now()).terms
    return acts.fill_collection(
        agreement=agreement,
        reader=reader,
        front=lambda: write.pieces(write.front(terms, parties.agencies())),
        cut=write.cut,
        now=clock.now(),
    )


def _keep(offers: Sequence[Offered]) -> Sequence[OfferStatus]:
    return writing.receive_offers(offers=offers, now=clock.now())


def _status(found: OfferStatus) -> dict[str, Any]:
    """The standard's status (section 4.3.1), with this node's signed receipt."""
    done, failed = list[dict[str, str]](), list[dict[str, str]]()
    for fate in found.fates:
        version = times.time(times.micros_of(found.at) if fate.version is None else fate.version)
        said = {"id": fate.name, "version": version}
        (failed if fate.why else done).append({**said, "message": fate.why} if fate.why else said)
    return {
        "id": str(found.id),
        "status": "complete",
        "request_timestamp": times.time(times.micros_of(found.at)),
        "total_count": len(found.fates),
        "success_count": len(done),
        "successes": done,
        "failure_count": len(failed),
        "failures": failed,
        "pending_count": 0,
        "x_tansiq_receipt": found.receipt,
    }


def _may(permission: Permission) -> Callable[[Officer], None]:
    def check(reader: Officer) -> None:
        if not reader.holds(permission):
            raise Denied(403, "This client's duty may not do this.")

    return check


def _found(request: Request, reader: Officer) -> Collection:
    """The collection that the address names, if this client may use it."""
    named = request.path_params["collection"].lower()
    for each in reads.collections(reader=reader, now=clock.now()):
        if str(query.collection_id(each.agreement)) == named:
            return each
    raise Missing("There is no such collection.")


def _readable(request: Request, reader: Officer) -> Collection:
    found = _found(request, reader)
    if not found.may_read:
        raise Denied(403, "This client may offer drafts to this collection, and not read it.")
    return found


def _collection(found: Collection) -> dict[str, Any]:
    return {
        "id": str(query.collection_id(found.agreement)),
        "title": f"{found.terms.title.en}: {', '.join(found.terms.parties)}",
        "description": f"Agreement {found.terms.number}, digest {found.agreement}",
        "can_read": found.may_read,
        "can_write": found.may_offer,
        "media_types": [query.STIX],
    }


def _paged(page: Shown, entries: list[Any], called: str = "objects") -> Response:
    body: dict[str, Any] = {"more": page.more} if page.more else {}
    headers = {}
    if page.items:
        headers = {
            "X-TAXII-Date-Added-First": times.time(page.items[0].added),
            "X-TAXII-Date-Added-Last": times.time(page.items[-1].added),
        }
        if page.more:
            body["next"] = str(page.items[-1].added)
    if entries:
        body[called] = entries
    return _json(body, headers=headers)


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    said = {"Cache-Control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(body), status, said, media_type=query.TAXII)


def _error(status: int, what: str, headers: dict[str, str] | None = None) -> Response:
    """The standard's error message (section 3.6.1)."""
    return _json({"title": what, "http_status": str(status)}, status, headers)


def _spoken(handler: Handler) -> Handler:
    """Answer in TAXII's media type, errors too."""

    async def answered(request: Request) -> Response:
        if not query.acceptable(request.headers.get("accept", "")):
            return _error(406, f"Only {query.TAXII} is spoken here.")
        try:
            answer: Response = await handler(request)
            return answer
        except Denied as no:
            headers = {"Retry-After": str(no.retry)} if no.retry else {}
            if no.status == 401:
                headers["WWW-Authenticate"] = 'Basic realm="TAXII", charset="UTF-8", Bearer realm="TAXII"'
            return _error(no.status, no.what, headers)
        except Missing as missing:
            return _error(404, missing.what)
        except Malformed as fault:
            return _error(422 if request.method == "POST" else 400, str(fault))
        except Fault as fault:
            log.error("a TAXII client could not be answered: %s", fault)
            return _error(503, "The node cannot answer now.", {"Retry-After": "5"})

    return answered


class _Slashes:
    """Takes an address with or without its last slash, and says what is wrong in TAXII's own format."""

    def __init__(self, app: Router) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"] + "/"}
        try:
            await self.app(scope, receive, send)
        except HTTPException as no:
            await _error(no.status_code, f"{no.detail}.", dict(no.headers or {}))(scope, receive, send)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await _error(404, "There is nothing here.")(scope, receive, send)
