"""Letters on their way, as kept: sealed envelopes with their labels, what is due to partners, and receipts.

The replay key is (sender, uid). `ref` is what other rooms know an envelope by: its own id, unless another sender took
that id first. `position` only grows, and every page of a list goes by it. `handed` is empty only where a letter waits
for its room; SQLite uses a partial index for a bare IS NULL alone, not for a comparison with a parameter.
"""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Self

from django.db import models

from tansiq.exchange import canon, seal, values
from tansiq.exchange import label as labels
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import SCHEMAS, Kind
from tansiq.exchange.label import Label, Route
from tansiq.exchange.models.mandates import PostCase
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import DeliveryState, Direction, EnvelopeState
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer, node_of


class EnvelopeSet(models.QuerySet["Envelope"]):
    """Envelopes, by who may know of them."""

    def seen_by(self, reader: Officer) -> Self:
        """Those that the reader's agency takes part in; all of them, for who looks after the node as a whole.

        A liaison officer sees the letters of liaison cases that are theirs, for as long as they hold the post.
        """
        if reader.oversees:
            return self
        rows = self.filter(partakers__agency=reader.party)
        return rows if reader.duty is not Duty.LIAISON_OFFICER else rows.exclude(_of_another_post(reader))


def _of_another_post(reader: Officer) -> models.Q:
    held = PostCase.objects.filter(
        pseudonym=models.OuterRef("case"), post__agreement=models.OuterRef("agreement"), post__person=reader.person
    )
    return models.Q(mechanism=Mechanism.LIAISON.value, case__isnull=False) & ~models.Q(models.Exists(held))


class Envelope(models.Model):
    """One envelope, sent or received. Its label stands open for lists; its letter stays sealed in `raw`.

    `erase_at` is the day that its own label names, where it names one; `erased` when its content was destroyed.
    """

    position = models.BigIntegerField(primary_key=True)
    ref = models.UUIDField(unique=True)
    uid = models.UUIDField()
    direction = models.CharField(max_length=3)
    digest = models.CharField(max_length=64)
    agreement = models.CharField(max_length=64)
    mechanism = models.CharField(max_length=24)
    kind = models.CharField(max_length=24)
    sender = models.CharField(max_length=64)
    case = models.UUIDField(null=True)
    label = models.BinaryField()
    keys = models.BinaryField()
    state = models.CharField(max_length=12)
    rule = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=64, blank=True)
    quarantined = models.BooleanField(default=False)
    stored = models.DateTimeField(db_index=True)
    leaf = models.BigIntegerField(default=-1)
    handed = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)
    raw = models.BinaryField()
    erased = models.DateTimeField(null=True)
    erase_at = models.DateTimeField(null=True)

    objects = EnvelopeSet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender", "uid"], name="one_envelope_per_sender_and_id")]
        indexes = [
            models.Index(fields=["digest"], name="envelope_by_digest"),
            models.Index(fields=["direction", "position"], name="envelope_by_direction"),
            models.Index(fields=["kind", "direction", "position"], name="envelope_by_kind"),
            models.Index(fields=["case", "position"], name="envelope_by_case"),
            models.Index(fields=["agreement", "kind", "direction", "position"], name="envelope_by_agreement"),
            models.Index(fields=["erase_at"], name="envelope_to_erase", condition=models.Q(erase_at__isnull=False)),
            models.Index(fields=["position"], name="envelope_to_hand", condition=models.Q(handed__isnull=True)),
        ]

    @cached_property
    def said(self) -> Label | None:
        """The label, or None for an envelope that was refused before it could be opened."""
        return labels.read_label(bytes(self.label)) if self.label else None

    def line(self) -> values.EnvelopeLine:
        """The envelope in a list."""
        said = self.said
        return values.EnvelopeLine(
            position=self.position,
            id=self.ref,
            direction=Direction(self.direction),
            kind=Kind(self.kind) if self.kind else None,
            mechanism=self.mechanism,
            agreement=self.agreement,
            sender=self.sender,
            to=said.recipients if said else (),
            urgency=said.urgency if said else "",
            topic=said.topic if said else "",
            purpose=said.purpose if said else "",
            sensitivity=said.sensitivity if said else 0,
            handling=said.handling if said else "",
            case=self.case,
            in_reply_to=said.in_reply_to if said else "",
            sent=canon.moment(said.sent) if said else self.stored,
            expires=canon.moment(said.expires) if said else self.stored,
            stored=self.stored,
            state=EnvelopeState(self.state),
            rule=self.rule,
            reason=self.reason,
            exercise=said.exercise if said else "",
            quarantined=self.quarantined,
            unlogged=self.leaf < 0,
        )

    def waiting(self) -> values.Unhanded:
        """The envelope as it waits to be handed over."""
        return values.Unhanded(self.ref, Kind(self.kind), self.sender, self.case, self.quarantined)

    def opened(self, storage: bytes) -> values.Opened:
        """The letter, opened in memory with the storage key."""
        sealed = seal.parse(bytes(self.raw))
        keys = seal.kept(bytes(self.keys), storage, bytes.fromhex(self.digest))
        kind = Kind(self.kind)
        letter = canon.read_letter(seal.open_letter(sealed, keys), SCHEMAS[kind])
        return values.Opened(self.ref, kind, self.sender, letter)


class Partaker(models.Model):
    """An agency of this node whose people may know of an envelope: it sends or receives it, or its desk is in the way.

    Agencies that share a node do not see that the others correspond. Kind and direction are the envelope's: of each,
    an agency's newest are found without a look at what is others'.
    """

    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="partakers")
    agency = models.CharField(max_length=64)
    kind = models.CharField(max_length=24)
    direction = models.CharField(max_length=3)

    class Meta:
        indexes = [models.Index(fields=["agency", "kind", "direction", "envelope"], name="part_by_kind")]
        constraints = [models.UniqueConstraint(fields=["agency", "envelope"], name="one_part_per_agency")]


def partakers(node: str, route: Route, desk: str) -> tuple[str, ...]:
    """The agencies of a node that take part in an envelope, with `desk`, the agency or "agency/desk" in the way."""
    codes = {route.snd, *route.rcp, desk.partition("/")[0]}
    return tuple(sorted(code for code in codes if node_of(code) == node))


class Receipt(models.Model):
    """A signed receipt: ours for what we received (`out`), a partner's for what we sent (`in`).

    It goes by the envelope's digest. An envelope that was refused because its id is taken has a receipt and no row.
    """

    id = models.BigIntegerField(primary_key=True)
    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, null=True, related_name="receipts")
    digest = models.CharField(max_length=64)
    direction = models.CharField(max_length=3)
    signer = models.CharField(max_length=32)
    n = models.PositiveIntegerField()
    state = models.CharField(max_length=12)
    rule = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    leaf = models.BigIntegerField(default=-1)
    token = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "signer", "n"], name="one_receipt_per_number")]

    def line(self) -> values.ReceiptLine:
        """The receipt as shown."""
        return values.ReceiptLine(
            self.signer, self.n, self.state, self.rule, self.at, self.leaf, Direction(self.direction)
        )


class Delivery(models.Model):
    """One parcel due to one partner: an envelope, a receipt, or a document; urgent first, a case's own in order."""

    node = models.CharField(max_length=32)
    thing = models.CharField(max_length=12)
    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, null=True, related_name="deliveries")
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, null=True)
    payload = models.TextField(blank=True)
    stream = models.UUIDField(null=True)
    rank = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    expires = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "node", "rank", "id"], name="delivery_due"),
            models.Index(fields=["stream", "id"], name="delivery_by_stream"),
        ]

    @property
    def rescue(self) -> bool:
        """Whether it is a letter under a rescue agreement."""
        return self.envelope is not None and self.envelope.mechanism == Mechanism.RESCUE.value

    def body(self) -> bytes:
        """What goes over the wire."""
        if self.envelope is not None:
            return bytes(self.envelope.raw)
        return (self.receipt.token if self.receipt is not None else self.payload).encode()

    def line(self) -> values.DeliveryLine:
        """The parcel as shown."""
        return values.DeliveryLine(self.node, DeliveryState(self.state), self.attempts, self.next_at, self.trouble)


def standing_of(
    parcels: Mapping[str, str], last: Mapping[str, str], past: Collection[str] = frozenset()
) -> EnvelopeState:
    """The state of a sent envelope, from each node's parcel and its last receipt: the one least advanced decides.

    The nodes in `past` have the label alone, for a desk: they take it or not, and read and act on nothing.
    """
    taken = {node: ReceiptState.ACTED.value for node in past if last.get(node) == ReceiptState.ACCEPTED.value}
    said = [taken.get(node) or last.get(node, "") for node in parcels]
    if ReceiptState.REFUSED.value in said:
        return EnvelopeState.REFUSED
    if ReceiptState.MISLABELLED.value in said:
        return EnvelopeState.MISLABELLED
    if DeliveryState.EXPIRED.value in parcels.values():
        return EnvelopeState.EXPIRED
    if "" in said:
        return EnvelopeState.SENT if any(said) else EnvelopeState.QUEUED
    return next((state for state in _ADVANCING if state.value in said), EnvelopeState.READ)


_ADVANCING = (
    EnvelopeState.ACCEPTED,
    EnvelopeState.READ,
    EnvelopeState.ACTED,
    EnvelopeState.RETAINED,
    EnvelopeState.ERASED,
)
"""What a recipient may have said last, the least advanced first."""
