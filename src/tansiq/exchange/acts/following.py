"""Move through the log for the node's own follow-ups, in the transaction of what they cause."""

from django.db import transaction

from tansiq.exchange.models import Following


@transaction.atomic
def follow(*, upto: int) -> bool:
    """Say that everything up to this event is followed up; False when someone else was there before."""
    row = Following.objects.select_for_update().get_or_create(id=1)[0]
    if row.position >= upto:
        return False
    row.position = upto
    row.save(update_fields=["position"])
    return True
