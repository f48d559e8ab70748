"""Recalls as kept: what an originator takes back, and what each holder states of it."""

from datetime import datetime

from django.db import models

from tansiq.exchange import recalls
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models.letters import Envelope
from tansiq.exchange.models.onward import Passing
from tansiq.exchange.recalls import Answer, RecallLine, RecallReason, RecallState
from tansiq.exchange.values import Direction, EnvelopeState


class Recall(models.Model):
    """One recall: of a letter of ours (`out`), or of one that we hold or never had (`in`).

    `askers` are the agencies that brought it to us, the originator and whoever passed the letter on to us: each with
    our agency that it asked and the agreement by which. They are told what we state. `state`, `basis` and `until` are
    our own word as a holder.
    """

    position = models.BigIntegerField(primary_key=True)
    uid = models.UUIDField()
    direction = models.CharField(max_length=3)
    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, null=True, related_name="recalls")
    digest = models.CharField(max_length=64, db_index=True)
    originator = models.CharField(max_length=64)
    cause = models.CharField(max_length=64)
    remark = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=250)
    answer_by = models.DateTimeField()
    askers = models.JSONField(default=dict)
    token = models.TextField()
    state = models.CharField(max_length=12, blank=True)
    basis = models.CharField(max_length=64, blank=True)
    until = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=250, blank=True)
    statement = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["originator", "uid"], name="one_recall_per_originator_and_id")]

    @property
    def said(self) -> RecallState:
        """What we said of it as a holder."""
        return RecallState(self.state or RecallState.REQUESTED.value)

    def line(self, now: datetime) -> RecallLine:
        """The recall as shown; its envelope and answers must have been fetched with it."""
        return RecallLine(
            position=self.position,
            id=self.uid,
            ours=self.direction == Direction.OUT.value,
            letter=self.envelope.ref if self.envelope else None,
            kind=self.envelope.kind if self.envelope else "",
            envelope=self.digest,
            originator=self.originator,
            cause=self.cause,
            remark=self.remark,
            at=self.at,
            by=self.by,
            answer_by=self.answer_by,
            state=recalls.standing(self.said, self.answer_by, now),
            basis=self.basis,
            until=self.until,
            answered_at=self.answered_at,
            answered_by=self.answered_by,
            answers=tuple(each.value(self.answer_by, now) for each in self.answers.all()),
        )


class RecallAnswer(models.Model):
    """One holder of a recalled letter, and the last that it stated; asked by us, or known from another's statement."""

    position = models.BigIntegerField(primary_key=True)
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="answers")
    holder = models.CharField(max_length=64)
    source = models.CharField(max_length=64)
    state = models.CharField(max_length=12)
    asked_at = models.DateTimeField()
    at = models.DateTimeField(null=True)
    basis = models.CharField(max_length=64, blank=True)
    until = models.DateTimeField(null=True)
    checked = models.BooleanField(default=False)
    token = models.TextField(blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["recall", "holder"], name="one_answer_per_holder")]

    def value(self, answer_by: datetime, now: datetime) -> Answer:
        """The answer as said to others."""
        return Answer(
            holder=self.holder,
            source=self.source,
            state=recalls.standing(RecallState(self.state), answer_by, now),
            asked_at=self.asked_at,
            at=self.at,
            basis=self.basis,
            until=self.until,
            checked=self.checked,
        )


def shut_by(row: Envelope, by: str, now: datetime) -> RecallReason | None:
    """Why a letter cannot be opened by someone of an agency: it was erased, or recalled by its originator."""
    if row.erased is not None:
        return RecallReason.ERASED
    ours = row.direction == Direction.OUT.value and row.kind != Kind.FORWARD.value
    if ours and by == row.sender:
        return None
    digest, originator = row.digest, row.sender
    if row.kind == Kind.FORWARD.value:
        step = Passing.objects.filter(carrier=row).only("digest", "originator").first()
        digest, originator = (step.digest, step.originator) if step else (digest, originator)
    for recall in Recall.objects.filter(digest=digest, originator=originator):
        if ours or recalls.shut(recall.said, recall.until, now):
            return RecallReason.RECALLED
    return None


def copies(digest: str, originator: str) -> list[Envelope]:
    """Every envelope here in which a letter of somebody else stands: as it came, or passed on to us or by us."""
    rows = Envelope.objects.select_for_update(of=("self",)).filter(erased__isnull=True)
    held = rows.filter(digest=digest, sender=originator, direction=Direction.IN.value)
    carried = rows.filter(passing__digest=digest, passing__originator=originator)
    return [
        row
        for row in (*held.order_by("position"), *carried.order_by("position"))
        if (row.direction, row.state) != (Direction.IN.value, EnvelopeState.REFUSED.value)
    ]
