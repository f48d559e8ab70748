"""A node's gateways under real HTTP, a program with its token, and letters that it may read."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import uvicorn
from starlette.applications import Starlette

from tansiq.exchange import acts
from tansiq.exchange.acts.judging import Parcel
from tansiq.exchange.agreements import standing, templates, terms
from tansiq.exchange.agreements.clients import with_clients
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import InformationLetter, Nature, PersonCategory, PersonMentioned, Statement
from tansiq.exchange.label import Urgency
from tansiq.exchange.papers import Papers
from tansiq.gateways.door import Door
from tansiq.gateways.taxii.query import collection_id
from tansiq.gateways.taxii.server import Taxii
from tansiq.parties import acts as parties
from tansiq.parties.duties import Duty
from tansiq.parties.values import Person, Token
from tests import world
from tests.neighbour import FAR, FIRST, LONG_AGO, Neighbour

TAXII = "application/taxii+json;version=2.1"


class Answer(NamedTuple):
    """What a gateway said."""

    status: int
    body: Any
    headers: dict[str, str]


class Gate:
    """The gateways of our node, served on loopback."""

    def __init__(self, url: str, door: Door) -> None:
        self.url, self.door = url, door

    def ask(
        self,
        path: str,
        token: str = "",
        *,
        method: str = "GET",
        body: object = None,
        raw: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """One request; `headers` in place of the usual ones, empty to leave one out."""
        usual = {"Accept": TAXII} | ({"Authorization": f"Bearer {token}"} if token else {})
        sent = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        if sent is not None:
            usual["Content-Type"] = TAXII
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        said = {name: value for name, value in (usual | given).items() if value}
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            connection.request(method, f"/taxii2/{path}", sent, said)
            answer = connection.getresponse()
            text = answer.read()
            return Answer(
                answer.status, json.loads(text) if text else None, {k.lower(): v for k, v in answer.getheaders()}
            )
        finally:
            connection.close()


@contextlib.contextmanager
def serving() -> Iterator[Gate]:
    """The gateways, served by a thread of their own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    door, url = Door(), f"http://127.0.0.1:{port}"
    taxii = Taxii(door, url)
    door.start(idle=lambda: None)
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=taxii.routes()), host="127.0.0.1", port=port, log_config=None, lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Gate(url, door)
    finally:
        server.should_exit = True
        thread.join(10)
        door.stop()


def client(name: str = "misp", agency: str = world.OURS) -> str:
    """A program with a token that serves; answers the token."""
    world.agencies()
    made = parties.add_client(username=name, agency=agency, node=agency.partition(".")[0], now=LONG_AGO, until=FAR)
    assert isinstance(made, Person), made
    secret = f"token-of-{name}-and-of-tests-alone"
    token = parties.issue_token(person=made.id, secret=secret, now=LONG_AGO, until=FAR)
    assert isinstance(token, Token), token
    return secret


def agree(
    *neighbours: Neighbour,
    read: bool = True,
    offer: bool = False,
    ours: tuple[str, ...] = (world.OURS,),
    number: str = "1/2026",
) -> str:
    """A direct agreement in force that lists external clients as told; answers its digest."""
    agencies = (*ours, *(each.agency for each in neighbours))
    draft = templates.propose(Mechanism.DIRECT, parties=agencies, number=number, since=LONG_AGO, until=FAR)
    document = terms.write_agreement(with_clients(draft, read=read, offer=offer))
    made = acts.propose_agreement(document=document, by=FIRST, now=world.NOW)
    for party in ours:
        acts.sign_agreement(agreement=made.digest, party=party, by=FIRST, now=world.NOW)
    signatures = {
        each.agency: standing.sign_agreement(made.digest, party=each.agency, now=world.NOW, signer=each.keys.signer)
        for each in neighbours
    }
    acts.receive_agreement(papers=Papers(document.decode(), signatures), sender="", now=world.NOW)
    return made.digest


def letter(*texts: str, subject: str = "Boats", persons: tuple[str, ...] = ()) -> InformationLetter:
    """A letter of information."""
    return InformationLetter(
        subject=subject,
        statements=tuple(Statement(text, Nature.FACT, "A", 1) for text in texts),
        persons=tuple(PersonMentioned(name, PersonCategory.VICTIM) for name in persons),
    )


def arrive(neighbour: Neighbour, agreement: str, *letters: InformationLetter, **said: Any) -> list[UUID]:
    """Letters of the neighbour, received by our node in one group at one moment."""
    label = {
        "kind": Kind.INFORMATION,
        "duty": Duty.SERVICE_OFFICER.value,
        "topic": "smuggling",
        "purpose": "investigation",
        "urgency": Urgency.ROUTINE,
    }
    sealed = [neighbour.seal(agreement, world.NOW, letter=each, **{**label, **said}) for each in letters]
    tokens = acts.receive(parcels=[Parcel(each.raw, neighbour.node) for each in sealed], now=world.NOW)
    assert len(tokens) == len(letters)
    return [each.route.id for each in sealed]


def path(agreement: str, *more: str) -> str:
    """The address of a collection, or of something in it."""
    return "/".join(("letters/collections", str(collection_id(agreement)), *more, ""))
