"""How far in the log the node's own follow-ups have come (`flows.ON_EVENT`): one row, moved with what it causes."""

from django.db import models


class Following(models.Model):
    """The position of the last event whose follow-ups are done."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
