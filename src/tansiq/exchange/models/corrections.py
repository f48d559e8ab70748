"""Corrections and longer retention, as kept."""

from django.db import models

from tansiq.exchange.models.letters import Envelope


class Correction(models.Model):
    """One letter was corrected by another, as its originator's token says; by their digests, since they may be gone."""

    position = models.BigIntegerField(primary_key=True)
    digest = models.CharField(max_length=64, db_index=True)
    by = models.CharField(max_length=64, db_index=True)
    originator = models.CharField(max_length=64)
    at = models.DateTimeField()
    token = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "by"], name="one_correction_per_pair")]


class Retention(models.Model):
    """A letter that somebody needs longer than its agreement keeps it."""

    envelope = models.OneToOneField(Envelope, on_delete=models.PROTECT, primary_key=True, related_name="retention")
    basis = models.CharField(max_length=64)
    until = models.DateTimeField()
    by = models.CharField(max_length=250)
    at = models.DateTimeField()
