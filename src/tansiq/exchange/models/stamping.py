"""Timestamps of our ledger's heads by an authority outside all nodes (RFC 3161), as kept."""

from django.db import models


class Timestamp(models.Model):
    """An authority's signed word that it saw a head of ours at a time; `head` is the token it is over."""

    epoch = models.PositiveIntegerField()
    size = models.BigIntegerField()
    head = models.TextField()
    authority = models.CharField(max_length=300)
    response = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["epoch", "size"], name="timestamp_by_head")]
