"""What is kept of reporting: claims, ours and theirs, each as it was said."""

from typing import Any

import msgspec
from django.db import models

from tansiq.reporting import values


class Claim(models.Model):
    """A figure as one party claims it."""

    id = models.UUIDField(primary_key=True, editable=False)
    indicator = models.CharField(max_length=40, db_index=True)
    body = models.CharField(max_length=64)
    start = models.DateTimeField(db_index=True)
    end = models.DateTimeField()
    at = models.DateTimeField()
    exercise = models.CharField(max_length=120, blank=True, db_index=True)
    document = models.JSONField()

    class Meta:
        ordering = ["-at", "indicator", "-id"]

    def value(self) -> values.Claim:
        """The claim as said to others."""
        return msgspec.convert(self.document, values.Claim)

    @staticmethod
    def said(value: values.Claim) -> Any:
        """A claim as the document column keeps it."""
        return msgspec.to_builtins(value)
