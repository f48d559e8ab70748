"""A simulated partner: it has keys, a card and a ledger of its own, seals, posts and receives over real HTTP.

It speaks the protocol by the same pure functions as a node, and by nothing of a node's acts, tables or doors. It also
misbehaves when it is told to: it loses answers, holds, refuses, forks its ledger, signs with another key.
"""

import hashlib
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import acts, canon, cards, jws, ledger, receipts, seal, transport
from tansiq.exchange import label as labels
from tansiq.exchange.agreements import standing, templates, terms
from tansiq.exchange.agreements.terms import Agreement, Mechanism
from tansiq.exchange.cards import PartnerCard, read_card
from tansiq.exchange.keys import KeySet
from tansiq.exchange.kinds import SCHEMAS, Kind
from tansiq.exchange.kinds.information import InformationLetter, Nature, Statement
from tansiq.exchange.kinds.watch import AlertLetter
from tansiq.exchange.label import Label, Route, Urgency
from tansiq.exchange.papers import Papers
from tansiq.exchange.seal import Envelope
from tansiq.ground.ids import uuid7
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Officer

LONG_AGO, FAR = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
FIRST = Officer(name="first", party="ma.marine", duty=Duty.NODE_ADMINISTRATOR, person=UUID(int=11))
SECOND = Officer(name="second", party="ma.marine", duty=Duty.NODE_ADMINISTRATOR, person=UUID(int=12))
COORDINATOR = Officer(name="third", party="ma.marine", duty=Duty.RESCUE_COORDINATOR, person=UUID(int=13))

EVENT = Permission.LEDGER_VERIFY
"""An event of no consequence, for tests that need the ledger to grow."""


def keys_of(name: str) -> KeySet:
    """The key set that grows from a name, so that a failure repeats itself."""
    return KeySet.generate(hashlib.shake_256(name.encode()).digest(160))


class Neighbour:
    """One partner node."""

    def __init__(self, node: str = "es", agency: str = "es.salvamento", me: str = "ma") -> None:
        self.node, self.agency, self.me = node, agency, me
        self.agencies: tuple[str, ...] = (agency,)
        self.keys, self.number, self.url = keys_of(node), 1, "http://127.0.0.1:9"
        self.heard: list[tuple[str, tuple[bytes, ...]]] = []
        self.answered: dict[str, str] = {}
        self.leaves: list[bytes] = []
        self.partner: PartnerCard | None = None
        self.own_head, self.epoch = "", 1
        self.seen: tuple[str, ...] = ()
        self.asked = 0
        self.behaviour: list[str] = []
        self._server: ThreadingHTTPServer | None = None

    # What it shows

    def card(self, **fields: object) -> str:
        """Its card as a token."""
        plain = {
            "node": self.node, "agencies": self.agencies, "number": self.number, "url": self.url, "keys": self.keys,
            "issued": LONG_AGO, "expires": FAR,
        }  # fmt: skip
        return cards.make_card(**{**plain, **fields})

    def words(self) -> str:
        """The words of its card."""
        return cards.fingerprint(read_card(self.card()))

    def head(self, epoch: int = 0) -> str:
        """Its signed head."""
        get = ledger.getter(self.leaves)
        head = receipts.SignedHead(
            log=self.node,
            epoch=epoch or self.epoch,
            size=len(self.leaves),
            root=ledger.root(get, len(self.leaves)).hex(),
            at=1,
        )
        return receipts.sign_head(head, self.keys.log)

    # What it sends

    def draft(
        self,
        agreement: str,
        now: datetime,
        *,
        letter: Struct | None = None,
        kind: Kind = Kind.ALERT,
        to: tuple[str, ...] = ("ma.marine",),
        id: UUID | None = None,
        raw: bytes | None = None,
        readers: tuple[tuple[seal.Role, Any], ...] = (),
        **said: object,
    ) -> seal.Draft:
        """A sealed letter to our node, not yet signed; `said` overrides the label's fields."""
        body = raw if raw is not None else canon.write_letter(letter or alert(now))
        label = Label(
            kind=kind,
            sender=self.agency,
            duty="node",
            recipients=to,
            purpose="rescue",
            topic="distress",
            urgency=Urgency.DISTRESS,
            sent=canon.millis(now),
            expires=canon.millis(now + timedelta(days=1)),
            letter=labels.part_of(body),
        )
        label = replace(label, **said)
        route = Route(
            agr=agreement, id=id or uuid7(now), snd=label.sender, rcp=label.recipients, urg=label.urgency,
            exp=label.expires,
        )  # fmt: skip
        sealed_to = readers or ((seal.Role.ALL, self.known().reader),)
        return seal.prepare(route=route, label=label, letter=body, readers=sealed_to, signer=self.keys.signer.kid)

    def seal(self, agreement: str, now: datetime, *, signer: KeySet | None = None, **fields: Any) -> Envelope:
        """An envelope of its own to our node; `fields` as `draft` takes them."""
        draft = self.draft(agreement, now, **fields)
        key = (signer or self.keys).signer
        return seal.finish(replace(draft, signer=key.kid), key).envelope

    def known(self) -> PartnerCard:
        """Our card, once it has it."""
        assert self.partner is not None, "give it our card first: meet()"
        return self.partner

    def post(
        self, url: str, path: str, body: bytes, now: datetime, method: str = "POST", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """A signed request to our door; `headers` override what it would say."""
        signed = transport.sign(
            self.keys.signer, method=method, path=path, node=self.node, to=self.me, now=now, body=body
        )
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        try:
            connection.request(method, path, body, {**signed, **{k.replace("_", "-"): v for k, v in headers.items()}})
            answer = connection.getresponse()
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
        finally:
            connection.close()

    def send(self, url: str, now: datetime, *envelopes: Envelope) -> tuple[str, ...]:
        """Post envelopes, and read the answers' tokens."""
        status, raw, _ = self.post(url, "/tsq1/envelopes", canon.lp(*[each.raw for each in envelopes]), now)
        assert status == 200, (status, raw)
        return msgspec.json.decode(raw, type=transport.Answer).receipts

    # What it receives

    @contextmanager
    def serving(self) -> Iterator["Neighbour"]:
        """Listen on loopback."""
        neighbour = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Receive a request."""
                body = self.rfile.read(int(self.headers["content-length"]))
                self._answer(*neighbour._take(self.path, body))

            def do_GET(self) -> None:
                """Show the head."""
                self._answer(*neighbour._show(self.path))

            def _answer(self, status: int, body: bytes) -> None:
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if status in (301, 302, 307):
                    self.send_header("Location", neighbour.url + "/elsewhere")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(5)

    def _take(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Answer a post as it is told to behave: "lose", "hold", "refuse", "503", "forge"; else well."""
        mood = self.behaviour.pop(0) if self.behaviour else ""
        if mood.isdigit():
            return int(mood), b"{}"
        frames = canon.frames(body, least=1, most=1000)
        self.heard.append((path, frames))
        if path != "/tsq1/envelopes":
            return 200, msgspec.json.encode(transport.Words(answers=("done",) * len(frames)))
        tokens = tuple(self._receipt(raw, mood) for raw in frames)
        if mood == "lose":
            return 0, b""
        return 200, msgspec.json.encode(transport.Answer(receipts=tokens))

    def _receipt(self, raw: bytes, mood: str) -> str:
        envelope = seal.parse(raw)
        seal.verify(envelope, self.known().verifier)
        digest = envelope.identity.hex()
        if mood == "hold":
            hold = receipts.Hold(envelope=digest, recipient=self.node, reason="suspended", retry_ms=200, at=1)
            return receipts.sign_hold(hold, self.keys.signer)
        if digest not in self.answered:
            self.leaves.append(ledger.hash_leaf(digest.encode()))
            self.answered[digest] = receipts.sign_receipt(
                receipts.Receipt(
                    envelope=digest,
                    recipient=self.node,
                    n=0,
                    prev="",
                    state=receipts.ReceiptState.REFUSED if mood == "refuse" else receipts.ReceiptState.ACCEPTED,
                    agreement=envelope.route.agr,
                    at=canon.millis(datetime(2026, 1, 1, tzinfo=UTC)),
                    rules=("test.rule",),
                    leaf=len(self.leaves) - 1,
                    head=self.head(),
                ),
                (keys_of("mallory") if mood == "forge" else self.keys).signer,
            )
        return self.answered[digest]

    def later(self, envelope: str, state: receipts.ReceiptState, before: str, n: int = 1) -> str:
        """A later receipt: read, acted."""
        return receipts.sign_receipt(
            receipts.Receipt(
                envelope=envelope, recipient=self.node, n=n, prev=jws.digest(before), state=state,
                agreement=receipts.unverified(before).agreement, at=2,
            ),
            self.keys.signer,
        )  # fmt: skip

    def _show(self, path: str) -> tuple[int, bytes]:
        self.asked += 1
        asked = parse_qs(urlsplit(path).query)
        size = int(asked.get("size", ["0"])[0])
        get = ledger.getter(self.leaves)
        proof = ledger.consistency(get, size, len(self.leaves)) if 0 < size <= len(self.leaves) else []
        answer = transport.HeadAnswer(head=self.head(), proof=tuple(proof), held=self.own_head, seen=self.seen)
        return 200, msgspec.json.encode(answer)


def alert(now: datetime, number: int = 1) -> AlertLetter:
    """An alert letter."""
    return AlertLetter(
        alert=UUID(int=number), situation="beacon", priority=1, lat=35.9, lon=-5.6, radius_m=500.0, seen_at=now,
        raised_at=now, source="ais", text="قارب على متنه 23 شخصا",
    )  # fmt: skip


def information(text: str = "nothing new") -> InformationLetter:
    """A letter of information."""
    return InformationLetter(subject="test", statements=(Statement(text, Nature.FACT, "A", 1),))


def make_home(folder: Path, node: str = "ma", keys: KeySet | None = None) -> Path:
    """A home with keys and no passphrase to type, as tests need it."""
    from tansiq.exchange import keystore

    grown = keys or keys_of(f"own-{node}")
    keystore.create(folder / "keys", grown.dump(), "a passphrase of tests alone")
    (folder / "keys" / keystore.PASSPHRASE).write_text("a passphrase of tests alone")
    return folder


def meet(
    neighbour: Neighbour,
    now: datetime,
    url: str = "http://127.0.0.1:8",
    agencies: tuple[str, ...] = ("ma.marine", "ma.gendarmerie"),
) -> None:
    """Exchange cards with our node, and have two persons confirm the neighbour's."""
    from tansiq.exchange import reads
    from tansiq.ground.errors import Missing

    try:
        token, _ = reads.own_card()
    except Missing:
        token = acts.issue_card(agencies=agencies, url=url, by="node", now=LONG_AGO)
    neighbour.partner = read_card(token)
    acts.add_partner(card=neighbour.card(), by=FIRST, now=now)
    confirmed = acts.confirm_partner(node=neighbour.node, words=neighbour.words(), by=SECOND, now=now)
    assert getattr(confirmed, "node", None) == neighbour.node, confirmed


def agree(
    mechanism: Mechanism,
    *neighbours: Neighbour,
    now: datetime,
    since: datetime = LONG_AGO,
    until: datetime = FAR,
    signed: bool = True,
    ours: str = "ma.marine",
    more: tuple[str, ...] = (),
    **changed: Any,
) -> str:
    """An agreement between an agency of ours and these neighbours, signed by all; answers its digest.

    `more` are further parties, of our node or of a neighbour's; `changed` are terms other than the template's.
    """
    parties = (ours, *(each.agency for each in neighbours), *more)
    proposed = templates.propose(mechanism, parties=parties, number="1/2026", since=since, until=until)
    document = terms.write_agreement(replace(proposed, **changed))
    made = acts.propose_agreement(document=document, by=FIRST, now=now)
    if signed:
        sign(made.digest, *neighbours, now=now, ours=(ours, *more))
    return made.digest


def sign(digest: str, *neighbours: Neighbour, now: datetime, ours: tuple[str, ...] = ("ma.marine",)) -> None:
    """An agreement that our node holds is signed by these agencies of ours and by every party of these neighbours."""
    from tansiq.exchange import reads

    for party in {*ours}:
        acts.sign_agreement(agreement=digest, party=party, by=FIRST, now=now)
    signatures = {
        party: standing.sign_agreement(digest, party=party, now=now, signer=each.keys.signer)
        for each in neighbours
        for party in terms_of(digest).parties
        if party.partition(".")[0] == each.node
    }
    document = reads.papers(agreement=digest).document
    acts.receive_agreement(papers=Papers(document, signatures), sender="", now=now)


def terms_of(digest: str) -> Agreement:
    """The terms of an agreement that our node holds."""
    from tansiq.exchange.models import Agreement as Row

    return Row.objects.get(digest=digest).terms()


class Sent(NamedTuple):
    """A letter that our node sent, as the neighbour reads it: the envelope's id and agreement, label and letter."""

    envelope: UUID
    agreement: str
    label: Label
    letter: Struct


def opened(neighbour: Neighbour) -> list[Sent]:
    """What waits for a neighbour at our node, in the order in which it was sent, opened with the neighbour's keys."""
    from tansiq.exchange import reads

    waiting = sorted(reads.due(node=neighbour.node, now=FAR, limit=1_000), key=lambda each: each.delivery)
    return [_opened(neighbour, each.body) for each in waiting if each.thing == "envelope"]


def _opened(neighbour: Neighbour, raw: bytes) -> Sent:
    envelope = seal.parse(raw)
    seal.verify(envelope, neighbour.known().verifier)
    label, letter = seal.open_both(envelope, seal.unwrap(envelope, neighbour.keys.opener))
    return Sent(envelope.route.id, envelope.route.agr, label, canon.read_letter(letter, SCHEMAS[label.kind]))


def tell(neighbour: Neighbour, agreement: str, letter: Struct, now: datetime, **said: Any) -> str:
    """A neighbour's letter reaches its room at our node, sealed anew each time; answers why it was refused there."""
    from tansiq.exchange import reads
    from tansiq.exchange.models import Envelope as Row
    from tansiq.node.handover import HandOver

    (kind,) = [kind for kind, schema in SCHEMAS.items() if schema is type(letter)]
    sealed = neighbour.seal(agreement, now, letter=letter, kind=kind, **said)
    (token,) = acts.receive(parcels=[acts.Parcel(sealed.raw, neighbour.node)], now=now)
    receipt = receipts.read_receipt(token, cards.read_card(reads.own_card()[0]).verifier)
    assert receipt.state == receipts.ReceiptState.ACCEPTED, receipt
    HandOver().round()
    return Row.objects.get(digest=sealed.identity.hex()).trouble
