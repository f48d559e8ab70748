"""What the node's own follow-ups have still before them."""

from collections.abc import Collection

from tansiq.exchange import models, values


def unfollowed(*, names: Collection[str], limit: int = 100) -> tuple[values.Event, ...]:
    """The events of these names whose follow-ups are not done, oldest first: for the node itself."""
    position = models.Following.objects.values_list("position", flat=True).first() or 0
    rows = models.Event.objects.filter(id__gt=position, name__in=names).order_by("id")[:limit]
    return tuple(row.value() for row in rows)
