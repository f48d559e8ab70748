"""Letters that a drill writes, as many as are asked for: a service of another node, played with keys of its own. Pure.

What it seals is real: an agreement's topics, purposes and duties, labels with urgencies and cases, bundles with one
signature, as `docs/protocol` describes them. The node that receives them checks, answers and logs each like any other.
"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import canon, cards, seal
from tansiq.exchange import label as labels
from tansiq.exchange.agreements import standing, templates, terms
from tansiq.exchange.agreements.clients import with_clients
from tansiq.exchange.agreements.terms import Agreement, Mechanism
from tansiq.exchange.keys import KeySet
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import InformationLetter, Nature, Statement
from tansiq.exchange.label import Label, Route, Urgency
from tansiq.exchange.papers import Papers
from tansiq.ground.ids import uuid7

CASE = 12
"""Letters in a row that belong to one case; the next stand alone."""

LIFE = timedelta(days=30)

_URGENCIES = (Urgency.ROUTINE,) * 12 + (Urgency.PRIORITY,) * 3 + (Urgency.URGENT,)
_SUBJECTS = (
    "Vessel seen without lights", "Engine parts sold in bulk", "Documents of one series", "Question to a mooring place",
    "Fuel bought in cans", "A telephone number known here", "Return of a boat hired out", "Crew list of a trawler",
)  # fmt: skip


BUNDLE = 1_000
"""The most letters under one signature."""


class Portion(Struct, frozen=True, kw_only=True):
    """A bundle to be sealed: `count` letters from number `first` on, spread evenly from `start` to `end`."""

    first: int
    count: int
    start: datetime
    end: datetime


def portions(count: int, start: datetime, end: datetime) -> Iterator[Portion]:
    """All letters in bundles, none of which takes longer than a day."""
    step = (end - start) / count
    size = max(1, min(BUNDLE, int(timedelta(days=1) / step)))
    for first in range(0, count, size):
        some = min(size, count - first)
        yield Portion(first=first, count=some, start=start + first * step, end=start + (first + some) * step)


class Correspondent(Struct, frozen=True, kw_only=True):
    """A service of another node that writes: its agency and its keys, as bytes that go to another process."""

    agency: str
    to: str
    exercise: str
    keys: bytes

    @classmethod
    def new(cls, *, node: str, to: str, exercise: str) -> "Correspondent":
        """One of a node that nobody runs, with new keys."""
        return cls(agency=f"{node}.drill", to=to, exercise=exercise, keys=KeySet.generate().dump())

    @property
    def node(self) -> str:
        """Its node's code."""
        return self.agency.partition(".")[0]

    def card(self, *, issued: datetime, expires: datetime) -> str:
        """The card of its node; nothing listens at its address."""
        return cards.make_card(
            node=self.node, agencies=(self.agency,), number=1, url="http://127.0.0.1:9", keys=KeySet.load(self.keys),
            issued=issued, expires=expires,
        )  # fmt: skip

    def agreement(self, *, since: datetime, until: datetime) -> Agreement:
        """A direct agreement between its agency and the one it writes to, whose programs may read the letters too."""
        parties = (self.agency, self.to)
        draft = templates.propose(Mechanism.DIRECT, parties=parties, number="drill", since=since, until=until)
        return with_clients(draft, read=True)

    def papers(self, agreement: Agreement, now: datetime) -> Papers:
        """The agreement with its agency's signature."""
        signer = KeySet.load(self.keys).signer
        token = standing.sign_agreement(terms.digest(agreement), party=self.agency, now=now, signer=signer)
        return Papers(terms.write_agreement(agreement).decode(), {self.agency: token})

    def bundle(self, agreement: Agreement, card: str, portion: Portion) -> list[tuple[UUID, bytes]]:
        """The sealed envelopes of a portion with their ids, for the node whose card this is."""
        keys, readers = KeySet.load(self.keys), [(seal.Role.ALL, cards.read_card(card).reader)]
        kid, shared = keys.signer.kid, seal.Shared(keys.signer.kid)
        name, step = terms.digest(agreement), (portion.end - portion.start) / portion.count
        drafts: list[seal.Draft] = []
        case, seq = "", 0
        for place in range(portion.count):
            index, at = portion.first + place, portion.start + place * step
            if index % CASE == 0 or not place:
                case, seq = _case(name, index), 0
            seq += 1
            prev = drafts[-1].identity.hex() if case and seq > 1 else ""
            letter = canon.write_letter(_letter(index))
            said = replace(
                self._label(agreement, index, at), case=case, seq=seq if case else 0, prev=prev,
                letter=labels.part_of(letter),
            )  # fmt: skip
            route = Route(
                agr=name, id=uuid7(at), snd=said.sender, rcp=said.recipients, urg=said.urgency, exp=said.expires
            )
            drafts.append(
                seal.prepare(route=route, label=said, letter=letter, readers=readers, signer=kid, shared=shared)
            )
        made = seal.finish_bundle(drafts, keys.signer)
        return [(each.envelope.route.id, each.envelope.raw) for each in made]

    def _label(self, agreement: Agreement, index: int, at: datetime) -> Label:
        """What the label of a letter says, whatever its case and its words."""
        return Label(
            kind=Kind.INFORMATION,
            sender=self.agency,
            duty=agreement.flows[Kind.INFORMATION].send[0],
            recipients=(self.to,),
            purpose=agreement.purposes[index % len(agreement.purposes)],
            topic=agreement.topics[index % len(agreement.topics)],
            sensitivity=index % 3,
            urgency=_URGENCIES[index % len(_URGENCIES)],
            sent=canon.millis(at),
            expires=canon.millis(at + LIFE),
            letter=labels.part_of(b""),
            exercise=self.exercise,
        )


def _case(agreement: str, index: int) -> str:
    """The pseudonym of a new case, or nothing: every second dozen of letters belongs to no case."""
    return labels.pseudonym(agreement, UUID(bytes=os.urandom(16))) if index // CASE % 2 else ""


def _letter(index: int) -> InformationLetter:
    subject = _SUBJECTS[index % len(_SUBJECTS)]
    told = Statement(f"{subject}, number {index} of this drill; nobody is meant.", Nature.FACT, "B", 1 + index % 4)
    thought = Statement("It may belong to what was written before.", Nature.ASSESSMENT, "X", 4)
    return InformationLetter(subject=subject, statements=(told, thought))
