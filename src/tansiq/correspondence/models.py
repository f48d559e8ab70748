"""What is kept of what officers write."""

import msgspec
from django.db import models

from tansiq.correspondence import box, values
from tansiq.correspondence.values import OfferState


class Draft(models.Model):
    """A letter that was begun and not sent, sealed under the node's storage key."""

    id = models.UUIDField(primary_key=True, editable=False)
    person = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=24)
    at = models.DateTimeField(db_index=True)
    box = models.BinaryField()

    class Meta:
        ordering = ["-at", "-id"]

    def line(self) -> values.DraftLine:
        """The draft in a list."""
        return values.DraftLine(self.id, self.kind, self.at)

    def value(self, storage: bytes) -> values.Draft:
        """The draft as it was typed."""
        fields = box.open_fields(bytes(self.box), storage=storage, draft=self.id, person=self.person)
        return values.Draft(self.id, self.kind, self.at, fields)


class Offer(models.Model):
    """What a program offered: the proposal sealed under the node's storage key, and each object's fate by its id."""

    COLUMNS = (
        "id", "agreement", "agency", "person", "client", "at", "statements", "left_out", "state", "fates", "receipt",
        "box",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, editable=False)
    agreement = models.CharField(max_length=64)
    agency = models.CharField(max_length=64)
    person = models.UUIDField()
    client = models.CharField(max_length=150)
    at = models.DateTimeField()
    statements = models.PositiveIntegerField()
    left_out = models.PositiveIntegerField()
    state = models.CharField(max_length=12)
    fates = models.TextField()
    receipt = models.TextField()
    box = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["agency", "state", "id"], name="offer_by_agency")]

    def line(self) -> values.OfferLine:
        """The offer in a list."""
        return values.OfferLine(
            id=self.id,
            agreement=self.agreement,
            client=self.client,
            at=self.at,
            statements=self.statements,
            left_out=self.left_out,
            state=OfferState(self.state),
        )

    def status(self) -> values.OfferStatus:
        """What the program is told."""
        fates = msgspec.json.decode(self.fates, type=tuple[values.Fate, ...])
        return values.OfferStatus(id=self.id, at=self.at, fates=fates, receipt=self.receipt)

    def proposal(self, storage: bytes) -> values.Proposal:
        """The proposal, opened with the storage key."""
        return box.open_proposal(bytes(self.box), storage=storage, offer=self.id)


class OfferedObject(models.Model):
    """An object in one version that a program offered under an agreement: `key` is the SHA-256 of all three."""

    key = models.CharField(max_length=64, primary_key=True)
    offer = models.UUIDField()


class Request(models.Model):
    """A request for information: where it stands. What is asked and answered stays in the sealed letters.

    It is made by the first letter of its thread that is sent or comes in; `envelope` is empty until the one that asks.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    asker = models.CharField(max_length=64, db_index=True)
    asked = models.CharField(max_length=64, db_index=True)
    escalated_to = models.CharField(max_length=64, blank=True, db_index=True)
    state = models.CharField(max_length=12)
    at = models.DateTimeField()
    due = models.DateTimeField()
    agreement = models.CharField(max_length=64, blank=True)
    mechanism = models.CharField(max_length=24, blank=True)
    topic = models.CharField(max_length=64, blank=True)
    purpose = models.CharField(max_length=64, blank=True)
    urgency = models.CharField(max_length=12, blank=True)
    case = models.UUIDField(null=True)
    envelope = models.UUIDField(null=True)
    reminded = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=32, blank=True)
    closed_at = models.DateTimeField(null=True)
    exercise = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [models.Index(fields=["due", "id"], name="request_by_due")]

    def value(self) -> values.Request:
        """The request as said to others."""
        return values.Request(
            id=self.id,
            asker=self.asker,
            asked=self.asked,
            state=values.RequestState(self.state),
            at=self.at,
            due=self.due,
            agreement=self.agreement,
            mechanism=self.mechanism,
            topic=self.topic,
            purpose=self.purpose,
            urgency=self.urgency,
            case=self.case,
            envelope=self.envelope,
            reminded=self.reminded,
            escalated_to=self.escalated_to,
            reason=self.reason,
            closed_at=self.closed_at,
            exercise=self.exercise,
        )


class RequestStep(models.Model):
    """One step of a request, as one letter says it; a letter that comes twice is one step."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="steps")
    envelope = models.UUIDField(unique=True)
    step = models.CharField(max_length=12)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]

    def line(self) -> values.StepLine:
        """The step as shown."""
        return values.StepLine(step=self.step, by=self.by, at=self.at, envelope=self.envelope)
