"""What the node's own follow-ups have still before them."""

from collections.abc import Collection

from tansiq.exchange import models, values
from tansiq.exchange.models import bulk
from tansiq.exchange.reads.log import named


def unfollowed(*, names: Collection[str], limit: int = 100) -> tuple[values.Event, ...]:
    """The events of these names whose follow-ups are not done, oldest first: for the node itself."""
    position = models.Following.objects.values_list("position", flat=True).first() or 0
    ids = bulk.heads(models.Event, "id", named(names), after=position, limit=limit)
    rows = models.Event.objects.filter(id__in=ids).order_by("id")
    return tuple(row.value() for row in rows)
