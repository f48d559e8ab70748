"""Attachments as kept: which letter names which sealed file, how far it came or went, and what a person hands in.

The files themselves stand beside the database (`blobs`).
"""

from django.db import models

from tansiq.exchange import values
from tansiq.exchange.models.letters import Envelope
from tansiq.exchange.values import BlobState, Direction


class Blob(models.Model):
    """One attachment of one letter, with one other node: for each that it goes to, or the one that it comes from.

    `digest` and `size` are those of the sealed bytes; `kind` is the media type that the label declares.
    """

    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="blobs")
    place = models.PositiveSmallIntegerField()
    node = models.CharField(max_length=32)
    direction = models.CharField(max_length=3)
    digest = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    length = models.BigIntegerField()
    kind = models.CharField(max_length=130)
    state = models.CharField(max_length=12)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["envelope_id", "place", "node"]
        constraints = [
            models.UniqueConstraint(fields=["envelope", "place", "node"], name="one_blob_per_letter_place_and_node")
        ]
        indexes = [models.Index(fields=["direction", "state", "next_at"], name="blob_due")]

    def line(self) -> values.BlobLine:
        """The attachment as shown."""
        return values.BlobLine(
            self.place,
            self.node,
            Direction(self.direction),
            self.length,
            self.kind,
            BlobState(self.state),
            self.digest,
            self.trouble,
        )


class Upload(models.Model):
    """What a person hands in for a letter that is not sent yet."""

    id = models.UUIDField(primary_key=True, editable=False)
    person = models.UUIDField()
    agency = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    kind = models.CharField(max_length=130, blank=True)
    at = models.DateTimeField()

    def value(self, came: int) -> values.Upload:
        """What was handed in, and how far it came."""
        return values.Upload(self.id, self.name, self.size, self.kind, came)
