"""Partners and agreements as seen."""

from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min, Q

from tansiq.exchange import values
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.models import Agreement, Delivery, Partner
from tansiq.exchange.models.channels import channels
from tansiq.exchange.papers import Papers
from tansiq.exchange.values import DeliveryState, PartnerState
from tansiq.ground import clock
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of


def parties_of(*, mechanism: str, now: datetime | None = None) -> tuple[str, ...]:
    """The agency codes of other nodes that are party to an agreement of this mechanism which letters pass by now."""
    found = channels(now or clock.now()).values()
    parties = {
        party for each in found if each.terms.mechanism == Mechanism(mechanism) and each.passes
        for party in each.terms.parties
    }  # fmt: skip
    return tuple(sorted(party for party in parties if node_of(party) != settings.TANSIQ_NODE))


def agreements(*, reader: Officer, now: datetime | None = None) -> tuple[values.Agreement, ...]:
    """Every agreement, the newest first."""
    if not reader.holds(Permission.AGREEMENT_VIEW):
        return ()
    return tuple(each.value() for each in reversed(channels(now or clock.now()).values()))


def agreement(*, agreement: str, reader: Officer, now: datetime | None = None) -> values.AgreementWhole:
    """One agreement whole."""
    row = Agreement.objects.prefetch_related("statements").filter(digest=agreement).first()
    if row is None or not reader.holds(Permission.AGREEMENT_VIEW):
        raise Missing("There is no such agreement.")
    return values.AgreementWhole(
        line=row.value(now or clock.now()),
        terms=row.terms(),
        document=bytes(row.document).decode(),
        signatures=dict(row.signatures),
        statements=tuple(each.token for each in row.statements.all()),
    )


def papers(*, agreement: str) -> Papers:
    """An agreement as it travels, for the file that carries it."""
    row = Agreement.objects.prefetch_related("statements").filter(digest=agreement).first()
    if row is None:
        raise Missing("There is no such agreement.")
    return row.papers()


def digests(*, beginning: str) -> tuple[str, ...]:
    """The agreements whose digest begins so."""
    return tuple(Agreement.objects.filter(digest__startswith=beginning).values_list("digest", flat=True)[:10])


def partners(*, reader: Officer) -> tuple[values.Partner, ...]:
    """Every partner, by code."""
    if not reader.holds(Permission.PARTNER_VIEW):
        return ()
    return tuple(row.value() for row in Partner.objects.exclude(state=PartnerState.OWN.value).order_by("node"))


def own_card() -> tuple[str, values.Partner]:
    """This node's card, as a token and as said to others; it is no secret."""
    row = Partner.objects.filter(state=PartnerState.OWN.value).first()
    if row is None:
        raise Missing("This node has no card.", "Run tansiq node init.")
    return row.token, row.value()


def channel_health(*, reader: Officer) -> tuple[values.ChannelHealth, ...]:
    """How each partner's channel fares."""
    if not reader.holds(Permission.PARTNER_VIEW):
        return ()
    waiting = Q(state=DeliveryState.WAITING.value)
    counted: dict[str, tuple[int, datetime | None, int]] = {
        node: (count, oldest, refused)
        for node, count, oldest, refused in Delivery.objects.filter(state__in=_OPEN)
        .values("node")
        .annotate(
            count=Count("id", filter=waiting),
            oldest=Min("envelope__stored", filter=waiting),
            refused=Count("id", filter=Q(state=DeliveryState.REFUSED.value)),
        )
        .values_list("node", "count", "oldest", "refused")
    }
    return tuple(
        values.ChannelHealth(row.node, PartnerState(row.state), row.seen_at, row.trouble, *counted.get(row.node, _IDLE))
        for row in Partner.objects.exclude(state=PartnerState.OWN.value).order_by("node")
    )


_OPEN = (DeliveryState.WAITING.value, DeliveryState.REFUSED.value)
"""What is counted; the parcels that are done are nearly all there are."""

_IDLE: tuple[int, datetime | None, int] = (0, None, 0)
