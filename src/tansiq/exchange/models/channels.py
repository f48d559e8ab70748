"""By what letters pass, as kept: partners with their cards, agreements with what their parties signed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec
from django.db import models
from msgspec import Struct

from tansiq.exchange import canon, cards, jws, values
from tansiq.exchange.agreements import standing, terms
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.cards import PartnerCard
from tansiq.exchange.keys import Reader, Verifier
from tansiq.exchange.label import Label
from tansiq.exchange.models import bulk
from tansiq.exchange.models.mandates import coverage
from tansiq.exchange.papers import Papers
from tansiq.exchange.policy import Facts
from tansiq.exchange.values import PartnerState

OVERLAP = timedelta(days=37)
"""How long the key before still counts: as long as a letter may be under way, and a week."""


class Partner(models.Model):
    """Another node, by its signed card, trusted only when two persons compared its words; and this node's own card.

    `past` are the cards before this one, by which old signatures are checked; `witnessed` is the newest head of our
    ledger that the partner showed us.
    """

    node = models.CharField(max_length=32, primary_key=True)
    token = models.TextField()
    state = models.CharField(max_length=12)
    added_by = models.CharField(max_length=250)
    added_person = models.UUIDField(default=UUID(int=0))
    added_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=250, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)
    past = models.JSONField(default=list)
    witnessed = models.TextField(blank=True)

    def card(self) -> PartnerCard:
        """The card, read and checked once in each process."""
        return known(self.token).card

    def value(self) -> values.Partner:
        """The partner as said to others."""
        card = self.card()
        return values.Partner(
            node=self.node,
            agencies=card.agencies,
            address=card.url,
            number=card.number,
            state=PartnerState(self.state),
            words=cards.fingerprint(card),
            added_by=self.added_by,
            added_at=self.added_at,
            confirmed_by=self.confirmed_by,
            confirmed_at=self.confirmed_at,
            seen_at=self.seen_at,
            trouble=self.trouble,
        )


class Agreement(models.Model):
    """A channel: its document, named by its digest, and each party's signature as a token."""

    digest = models.CharField(max_length=64, primary_key=True)
    mechanism = models.CharField(max_length=24, db_index=True)
    document = models.BinaryField()
    signatures = models.JSONField(default=dict)
    at = models.DateTimeField()

    def terms(self) -> terms.Agreement:
        """The document, read once in each process."""
        return _terms(self.digest, bytes(self.document))

    def papers(self) -> Papers:
        """The agreement as it travels."""
        tokens = tuple(each.token for each in self.statements.all())
        return Papers(bytes(self.document).decode(), dict(self.signatures), tokens)

    def said(self) -> list[standing.Statement]:
        """What its parties said of it, in the order it came. The signatures were checked when it was stored."""
        return [jws.unverified(row.token, standing.Statement) for row in self.statements.all()]

    def channel(self, now: datetime) -> "Channel":
        """The agreement with its state at this moment."""
        return channels(now)[self.digest]

    def value(self, now: datetime) -> values.Agreement:
        """The agreement as said to others."""
        return self.channel(now).value()


class Channel(Struct, frozen=True):
    """An agreement as letters meet it: terms and standing.

    `successor` is the digest of the agreement that stands in its place from `replaced` on (milliseconds).
    """

    digest: str
    terms: terms.Agreement
    state: AgreementState
    suspended_by: tuple[str, ...]
    successor: str = ""
    replaced: int | None = None
    signed: tuple[str, ...] = ()

    def value(self) -> values.Agreement:
        """The agreement as said to others."""
        return values.Agreement(
            digest=self.digest,
            mechanism=self.terms.mechanism.value,
            title={name: self.terms.title.said(name) for name in terms.LANGUAGES},
            parties=self.terms.parties,
            signed=self.signed,
            suspended_by=self.suspended_by,
            state=self.state,
            since=canon.moment(self.terms.since),
            until=canon.moment(self.terms.until),
            supersedes=self.terms.supersedes,
            successor=self.successor,
            replaced=None if self.replaced is None else canon.moment(self.replaced),
        )

    @property
    def passes(self) -> bool:
        """Whether letters pass now."""
        return standing.passes(self.terms.mechanism, self.state)


class Statement(models.Model):
    """A party's signed word on an agreement: suspended, lifted, ended; each party numbers its own."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="statements")
    party = models.CharField(max_length=64)
    seq = models.PositiveIntegerField()
    token = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["agreement", "party", "seq"], name="one_statement_per_number")]


def channels(now: datetime) -> dict[str, Channel]:
    """Every agreement by its digest, the oldest first, in two queries; what was signed is read once in each process."""
    tokens: dict[str, list[str]] = {}
    for digest, token in bulk.select(Statement, ("agreement_id", "token"), order="id"):
        tokens.setdefault(digest, []).append(token)
    held = {
        digest: _held(digest, signatures, tuple(tokens.get(digest, ())))
        for _, digest, signatures in sorted(bulk.select(Agreement, ("at", "digest", "signatures")))
    }
    heirs = _heirs(held)
    return {digest: _channel(digest, each, heirs.get(digest), now) for digest, each in held.items()}


def _channel(digest: str, held: "_Held", heir: tuple[int, str] | None, now: datetime) -> Channel:
    replaced, successor = heir or (None, "")
    state = standing.state(held.terms, held.signatures, held.said, now, replaced)
    signed = tuple(sorted(held.signatures))
    return Channel(digest, held.terms, state, held.suspended_by, successor, replaced, signed)


def _heirs(held: Mapping[str, "_Held"]) -> dict[str, tuple[int, str]]:
    """For each agreement that another replaces, from when, and which: the first where there are more."""
    heirs: dict[str, tuple[int, str]] = {}
    for digest, each in held.items():
        name = each.terms.supersedes
        if name not in held:
            continue
        at = standing.replaced_at(name, held[name].terms, each.terms, each.signatures)
        if at is not None:
            heirs[name] = min(heirs.get(name, (at, digest)), (at, digest))
    return heirs


class _Held(Struct, frozen=True):
    """An agreement and what its parties said of it."""

    terms: terms.Agreement
    signatures: dict[str, str]
    said: list[standing.Statement]
    suspended_by: tuple[str, ...]


@lru_cache(maxsize=1_024)
def _held(digest: str, signatures: str, tokens: tuple[str, ...]) -> _Held:
    """Nothing is trusted for longer than its row stands: a new signature or statement is another key of this cache."""
    document = Agreement.objects.values_list("document", flat=True).get(digest=digest)
    said = [jws.unverified(token, standing.Statement) for token in tokens]
    signed = msgspec.json.decode(signatures, type=dict[str, str])
    return _Held(_terms(digest, bytes(document)), signed, said, standing.suspended_by(said))


def facts(channel: Channel, said: Label, found: Mapping[str, Channel], now: datetime, *, persons: int = 0) -> Facts:
    """What the rules of a channel must know besides the label, from what this node holds; `found` are all channels.

    `persons` is how many natural persons approved the envelope.
    """
    return Facts(
        state=channel.state,
        two_persons=persons >= 2,
        joint_operation=_joined(said, found.get(said.joint_operation)),
        mandate=coverage(channel.terms, channel.digest, said, now),
    )


def _joined(said: Label, operation: Channel | None) -> bool:
    """Whether a joint operation is in force between the sender and every recipient of a letter."""
    if operation is None or operation.terms.mechanism is not Mechanism.JOINT_OPERATION or not operation.passes:
        return False
    return {said.sender, *said.recipients} <= set(operation.terms.parties)


def confirmed(now: datetime | None = None) -> dict[str, "Known"]:
    """The partners that two persons confirmed, by node. Whether a card is in date is for the caller to ask.

    Where `now` is given, signatures count too of a key whose successor it endorsed less than `OVERLAP` ago.
    """
    if now is None:
        rows = bulk.select(Partner, ("node", "token"), state=PartnerState.CONFIRMED.value)
        return {node: known(token) for node, token in rows}
    columns = ("node", "token", "past")
    found = bulk.select(Partner, columns, state=PartnerState.CONFIRMED.value)
    return {node: _overlapping(token, past, now) for node, token, past in found}


def _overlapping(token: str, past: str, now: datetime) -> "Known":
    partner, older = known(token), _followed(token, past)
    counted = [key for key, until in older if now < until]
    return msgspec.structs.replace(partner, verifier=partner.verifier.followed(counted)) if counted else partner


@lru_cache(maxsize=256)
def _followed(token: str, past: str) -> tuple[tuple[Verifier, datetime], ...]:
    """The signing keys before, newest first, each with the end of its overlap: only what endorsed its successor."""
    cards_before = [known(each).card for each in reversed(msgspec.json.decode(past, type=list[str]))]
    found, newer = list[tuple[Verifier, datetime]](), known(token).card
    for card in cards_before:
        if card.sign_key != newer.sign_key:
            if not newer.endorsed:
                break
            found.append((card.verifier, canon.moment(newer.issued) + OVERLAP))
        newer = card
    return tuple(found)


class Known(Struct, frozen=True):
    """A node by its card, with the public keys ready for use."""

    card: PartnerCard
    verifier: Verifier
    log: Verifier
    reader: Reader


@lru_cache(maxsize=256)
def known(token: str) -> Known:
    """The card of a token and its keys, read and checked once in each process."""
    card = cards.read_card(token)
    return Known(card, card.verifier, card.log_verifier, card.reader)


@lru_cache(maxsize=1_024)
def _terms(digest: str, raw: bytes) -> terms.Agreement:
    return terms.read_agreement(raw)
