"""What is kept of what officers write."""

from django.db import models

from tansiq.correspondence import box, values


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
