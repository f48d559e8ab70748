"""Onward steps as kept: requests for release with their answers, and who passed whose letter on to whom."""

from datetime import datetime

from django.db import models
from msgspec import Struct

from tansiq.exchange import canon, content, forward, jws, seal, values
from tansiq.exchange.content import ContentKeys
from tansiq.exchange.kinds import SCHEMAS, Kind
from tansiq.exchange.kinds.originator import ForwardLetter, UseKind
from tansiq.exchange.label import Label
from tansiq.exchange.models.letters import Envelope
from tansiq.exchange.onward import Consent, Passed, ReleaseLine, ReleaseState, standing
from tansiq.exchange.values import Direction
from tansiq.ground.errors import Missing


class Release(models.Model):
    """One request for release: asked by us (`out`) or of us (`in`). A partner's number is its own, hence two keys."""

    position = models.BigIntegerField(primary_key=True)
    uid = models.UUIDField()
    direction = models.CharField(max_length=3)
    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="releases")
    digest = models.CharField(max_length=64, db_index=True)
    originator = models.CharField(max_length=64)
    asker = models.CharField(max_length=64)
    onward = models.CharField(max_length=64)
    mechanism = models.CharField(max_length=64)
    recipients = models.JSONField()
    purpose = models.CharField(max_length=64, blank=True)
    nonce = models.CharField(max_length=32)
    reason = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=12)
    once = models.BooleanField(default=True)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=250)
    answer_by = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=250, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    until = models.DateTimeField(null=True)
    token = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asker", "uid"], name="one_release_per_asker_and_id")]

    def consent(self) -> Consent | None:
        """The originator's yes, where there is one. Its signature was checked when it was stored."""
        return jws.unverified(self.token, Consent) if self.token else None

    def standing(self, now: datetime) -> ReleaseState:
        """Where it stands at this moment."""
        return standing(ReleaseState(self.state), answer_by=self.answer_by, until=self.until, now=now)

    def line(self, now: datetime) -> ReleaseLine:
        """The request as shown; its envelope must have been fetched with it."""
        return ReleaseLine(
            position=self.position,
            id=self.uid,
            ours=self.direction == Direction.OUT.value,
            letter=self.envelope.ref,
            kind=self.envelope.kind,
            envelope=self.digest,
            originator=self.originator,
            asker=self.asker,
            recipients=tuple(self.recipients),
            onward=self.onward,
            mechanism=self.mechanism,
            purpose=self.purpose,
            reason=self.reason,
            state=self.standing(now),
            once=self.once,
            asked_at=self.asked_at,
            asked_by=self.asked_by,
            answer_by=self.answer_by,
            answered_at=self.answered_at,
            answered_by=self.answered_by,
            answer=self.answer,
            until=self.until,
        )


class Passing(models.Model):
    """One onward step: `digest` is the original's, `carried` that of the envelope in which it went.

    `original` is the envelope here in which the letter came or went; `carrier` the one here in which it went on. `keys`
    opens the original in the carrier, since the key that it was wrapped for is deleted one day.
    """

    position = models.BigIntegerField(primary_key=True)
    digest = models.CharField(max_length=64, db_index=True)
    carried = models.CharField(max_length=64)
    how = models.CharField(max_length=12)
    original = models.ForeignKey(Envelope, on_delete=models.PROTECT, null=True, related_name="steps")
    carrier = models.OneToOneField(Envelope, on_delete=models.PROTECT, null=True, related_name="passing")
    kind = models.CharField(max_length=24)
    originator = models.CharField(max_length=64)
    forwarder = models.CharField(max_length=64)
    recipients = models.JSONField()
    consent = models.CharField(max_length=64, blank=True, db_index=True)
    keys = models.BinaryField(default=b"")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "carried"], name="one_step_per_carrier")]

    def value(self) -> Passed:
        """The step as said to others."""
        return Passed(
            at=self.at,
            how=UseKind(self.how),
            originator=self.originator,
            forwarder=self.forwarder,
            recipients=tuple(self.recipients),
            envelope=self.digest,
            carrier=self.carried,
            consent=self.consent,
            kind=self.kind,
        )


class Original(Struct, frozen=True, kw_only=True):
    """A letter as its originator sealed it, whether it came from there or was passed on; its keys stay in memory."""

    digest: str
    originator: str
    sealed: seal.Envelope
    keys: ContentKeys
    label: Label
    letter: bytes

    @property
    def kind(self) -> Kind:
        """What it is about."""
        return self.label.kind


def kind_of(row: Envelope) -> str:
    """What a letter is about: of one that was passed on, its own kind."""
    if row.kind != Kind.FORWARD.value:
        return row.kind
    step = Passing.objects.filter(carrier=row).only("kind").first()
    return step.kind if step is not None else ""


def original_of(row: Envelope, storage: bytes) -> Original:
    """The original in an envelope of ours, opened in memory with the storage key."""
    sealed = seal.parse(bytes(row.raw))
    keys = seal.kept(bytes(row.keys), storage, bytes.fromhex(row.digest))
    if row.kind == Kind.FORWARD.value:
        step = Passing.objects.filter(carrier=row).first()
        if step is None:
            raise Missing("What was passed on did not hold.")
        passed = forward.parse(canon.read_letter(seal.open_letter(sealed, keys), ForwardLetter).passed)
        sealed = passed.envelope
        keys = content.kept(bytes(step.keys), storage, sealed.identity)
    label, letter = seal.open_both(sealed, keys)
    return Original(
        digest=sealed.identity.hex(),
        originator=sealed.route.snd,
        sealed=sealed,
        keys=keys,
        label=label,
        letter=letter,
    )


def opened(row: Envelope, storage: bytes) -> values.Opened:
    """The letter of an envelope; of one that was passed on, the letter that its originator wrote."""
    if row.kind != Kind.FORWARD.value:
        return row.opened(storage)
    original = original_of(row, storage)
    letter = canon.read_letter(original.letter, SCHEMAS[original.kind])
    return values.Opened(row.ref, original.kind, original.originator, letter)
