"""Letters that wait for two persons to approve an exception, and the keys that officers approve with."""

from uuid import UUID

import msgspec
from django.db import models
from msgspec import Struct

from tansiq.exchange import canon, seal, values
from tansiq.exchange import label as labels
from tansiq.exchange.envelope import Approval, Role, Wrap
from tansiq.exchange.values import ExceptionState


class OfficerKey(models.Model):
    """What one person approves with: the public half, and the seed under the phrase that only this person knows."""

    person = models.UUIDField(primary_key=True)
    key = models.CharField(max_length=64)
    box = models.BinaryField()
    at = models.DateTimeField()


class Approved(Struct, frozen=True):
    """One approval as kept: who gave it, and what goes into the envelope (hexadecimal)."""

    person: UUID
    by: str
    card: str
    kid: str
    signature: str

    def approval(self) -> Approval:
        """The approval as it is sealed in."""
        return Approval(self.card, bytes.fromhex(self.kid), bytes.fromhex(self.signature))


class Parts(Struct, frozen=True):
    """A draft's sealed parts; the content keys are kept apart, under the storage key."""

    route: bytes
    label_box: bytes
    letter_box: bytes
    commitment: bytes
    wraps: tuple[tuple[str, bytes, bytes], ...]
    signer: bytes

    @classmethod
    def of(cls, draft: seal.Draft) -> "Parts":
        """The parts of a draft."""
        wraps = tuple((wrap.role.name, wrap.kid, wrap.box) for wrap in draft.wraps)
        return cls(draft.route_raw, draft.label_box, draft.letter_box, draft.commitment, wraps, draft.signer)


class Exceptional(models.Model):
    """A letter, sealed and not yet signed, that passes only as an exception by two persons.

    `nodes` are those it is sealed to, each with its role; `approved` holds an `Approved` for each who approved.
    """

    position = models.BigIntegerField(primary_key=True)
    ref = models.UUIDField(unique=True)
    agreement = models.CharField(max_length=64)
    sender = models.CharField(max_length=64, db_index=True)
    label = models.BinaryField()
    parts = models.BinaryField()
    keys = models.BinaryField()
    nodes = models.JSONField(default=list)
    approved = models.JSONField(default=list)
    asked_by = models.CharField(max_length=250)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=12)

    def draft(self, storage: bytes) -> seal.Draft:
        """The letter as it was sealed, ready to be signed."""
        parts = msgspec.msgpack.decode(bytes(self.parts), type=Parts)
        return seal.Draft(
            route_raw=parts.route,
            route=labels.read_route(parts.route),
            label_raw=bytes(self.label),
            label_box=parts.label_box,
            letter_box=parts.letter_box,
            commitment=parts.commitment,
            wraps=tuple(Wrap(Role[role], kid, box) for role, kid, box in parts.wraps),
            blobs=(),
            sealed_attachments=(),
            signer=parts.signer,
            keys=seal.kept(bytes(self.keys), storage, canon.digest(parts.commitment)),
        )

    def approvals(self) -> tuple[Approved, ...]:
        """Who approved so far."""
        return msgspec.convert(self.approved, tuple[Approved, ...])

    def value(self) -> values.ExceptionLine:
        """The letter's outside, and how far it got."""
        said = labels.read_label(bytes(self.label))
        return values.ExceptionLine(
            position=self.position,
            id=self.ref,
            agreement=self.agreement,
            kind=said.kind,
            sender=said.sender,
            to=said.recipients,
            topic=said.topic,
            purpose=said.purpose,
            sensitivity=said.sensitivity,
            notice=said.notice.value,
            claims={name.value: value for name, value in said.claims.items()},
            asked_by=self.asked_by,
            asked_at=self.asked_at,
            expires=canon.moment(said.expires),
            approved_by=tuple(each.by for each in self.approvals()),
            state=ExceptionState(self.state),
        )
