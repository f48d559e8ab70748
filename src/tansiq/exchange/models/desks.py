"""Letters on their way past a desk, as kept: one passage for each envelope, on every node that has it, and its steps.

A step goes by the envelope's digest: it may come before the envelope does. What a step has the right to change is
judged when the way is followed (`desks.follow`), so a row may stand here that changes nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import models
from msgspec import Struct

from tansiq.exchange import desks, values
from tansiq.exchange.desks import PassageState, Said, Way
from tansiq.exchange.kinds import CONTROL
from tansiq.exchange.kinds.desks import ReturnReason, Step
from tansiq.exchange.label import Label
from tansiq.exchange.models.letters import Envelope, Receipt
from tansiq.exchange.models.own import own
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import Direction
from tansiq.parties.values import node_of


class DeskStep(models.Model):
    """One step of a letter past a desk, as its teller said it."""

    digest = models.CharField(max_length=64)
    teller = models.CharField(max_length=64)
    n = models.PositiveIntegerField()
    step = models.CharField(max_length=8)
    to = models.JSONField(default=list)
    reason = models.CharField(max_length=24, blank=True)
    words = models.TextField(blank=True)
    official = models.CharField(max_length=64, blank=True)
    by = models.CharField(max_length=250)
    at = models.DateTimeField()
    letter = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "teller", "n"], name="one_desk_step_per_number")]

    def value(self) -> Said:
        """The step as it was said."""
        return Said(
            envelope=self.digest,
            n=self.n,
            step=Step(self.step),
            teller=self.teller,
            to=tuple(self.to),
            reason=ReturnReason(self.reason),
            words=self.words,
            official=self.official,
            by=self.by,
            at=self.at,
            letter=self.letter,
        )


class Passage(models.Model):
    """A letter's way past a desk. `ended` is empty while somebody still has to do something."""

    envelope = models.OneToOneField(Envelope, on_delete=models.PROTECT, primary_key=True, related_name="passage")
    digest = models.CharField(max_length=64, unique=True)
    desk = models.CharField(max_length=64)
    urgency = models.CharField(max_length=12)
    straight = models.BooleanField(default=False)
    begun = models.DateTimeField()
    due = models.DateTimeField()
    state = models.CharField(max_length=16)
    holders = models.JSONField(default=list)
    since = models.DateTimeField()
    ended = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["desk", "due", "envelope"], name="passage_open", condition=models.Q(ended__isnull=True)
            ),
            models.Index(fields=["desk", "envelope"], name="passage_by_desk"),
        ]

    def way(self, said: Label, steps: Sequence[Said]) -> Way:
        """The way as far as it went, by its steps and by how it ended."""
        found = desks.follow(said, steps, begun=self.begun, straight=self.straight)
        by_steps = found.now.state is PassageState.RETURNED
        return found if self.ended is None or by_steps else desks.end(found, PassageState(self.state), self.ended)

    def move(self, way: Way) -> None:
        """Write down who holds the letter now."""
        self.state, self.holders, self.since = way.now.state.value, list(way.now.holders), way.now.since
        self.ended = None if way.open else way.now.since
        self.save(update_fields=["state", "holders", "since", "ended"])

    def line(self) -> values.PassageLine:
        """The passage in a list: the label's words, who holds it, since when and until when an answer is owed."""
        return values.PassageLine(
            envelope=self.envelope.line(),
            state=PassageState(self.state),
            holders=tuple(self.holders),
            since=self.since,
            due=self.due,
            ended=self.ended,
        )


class Passed(Struct, frozen=True):
    """An envelope that was just stored, and passes a desk."""

    position: int
    digest: str
    incoming: bool
    label: Label
    due: datetime


def enter(passed: Iterable[Passed], now: datetime) -> None:
    """Begin the passage of envelopes that were just stored, and end that of the letters which they answer.

    Inside the transaction that stored them. A letter that its desk has let pass already, or that waits at none, is
    freed for its room.
    """
    for each in passed:
        said, steps = each.label, steps_of(each.digest)
        straight = said.kind in CONTROL or _answer(said, now)
        row = Passage(
            envelope_id=each.position,
            digest=each.digest,
            desk=said.desk,
            urgency=said.urgency.value,
            straight=straight,
            begun=now,
            due=each.due,
        )
        way = desks.follow(said, steps, begun=now, straight=straight)
        row.state, row.holders, row.since = way.now.state.value, list(way.now.holders), way.now.since
        row.ended = None if way.open and said.kind not in CONTROL else way.now.since
        row.save(force_insert=True)
        if each.incoming:
            free(each.position, way)


def _answer(said: Label, now: datetime) -> bool:
    """Whether a letter answers one that was steered to its sender; the passage of that one has ended then."""
    if not said.in_reply_to:
        return False
    before = Passage.objects.select_for_update(of=("self",)).select_related("envelope").filter(digest=said.in_reply_to)
    row = before.first()
    asked = row.envelope.said if row is not None else None
    if row is None or asked is None or asked.sender not in said.recipients:
        return False
    way = row.way(asked, steps_of(row.digest))
    if said.sender not in way.services:
        return False
    if row.ended is None:
        row.state, row.holders, row.since, row.ended = PassageState.ANSWERED.value, [], now, now
        row.save(update_fields=["state", "holders", "since", "ended"])
    return True


def free(position: int, way: Way) -> None:
    """Let a letter go to its room where the desk has steered it to a service of this node; its hand-over finds it."""
    node = own().node
    if any(node_of(service) == node for service in way.services):
        Envelope.objects.filter(position=position, direction=Direction.IN.value, reason="").update(handed=None)


def steps_of(digest: str) -> list[Said]:
    """The steps that were said of an envelope."""
    return [row.value() for row in DeskStep.objects.filter(digest=digest).order_by("n", "id")]


def acted(positions: Iterable[int], at: datetime) -> None:
    """End the passages of letters that a recipient says it acted upon."""
    done = {"state": PassageState.DONE.value, "holders": [], "since": at, "ended": at}
    Passage.objects.filter(envelope_id__in=[*positions], ended=None).update(**done)


def given(envelope: Envelope, node: str) -> list[Receipt]:
    """The receipts that this node gave for an envelope, as far as they are not yet due to its desk's node."""
    rows = envelope.receipts.filter(direction=Direction.OUT.value).exclude(delivery__node=node).order_by("n")
    return [row for row in rows if row.state != ReceiptState.REFUSED.value]


def passage_of(ref: UUID) -> Passage | None:
    """The passage of an envelope, locked with it for the caller's transaction."""
    rows = Passage.objects.select_for_update(of=("self",)).select_related("envelope")
    return rows.defer("envelope__raw", "envelope__keys").filter(envelope__ref=ref).first()
