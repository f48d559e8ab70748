"""Collections as kept: which letters an agency's external clients may read under an agreement, as numbered items.

A letter gives one item or several. `added` is a time in microseconds since 1970 and, within a collection, a unique
number that only grows: pages go by it, so that items of one moment are neither lost nor given twice. Only what may be
seen is ever numbered, so the numbers tell nothing of what may not. No item holds content.

One rule decides for list, page, object and count: the agreement's own (`policy`), asked for the client's duty and each
letter. An agreement that does not list the duty shows nothing. A letter that names persons stays inside whatever the
agreement says: outside formats have no place for a person's category (Directive (EU) 2016/680, article 6).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from tansiq.exchange import canon, policy, recalls, values
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import bulk
from tansiq.exchange.models.channels import Channel, channels
from tansiq.exchange.models.ledger import Log
from tansiq.exchange.models.letters import Envelope
from tansiq.exchange.models.recalls import Recall
from tansiq.exchange.policy import Action, Facts
from tansiq.exchange.values import Direction, EnvelopeState
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer

MOST = 1_000
"""The longest page."""


class Collection(models.Model):
    """The letters of one agreement for one agency's external clients, looked through up to a position."""

    agreement = models.CharField(max_length=64)
    agency = models.CharField(max_length=64)
    upto = models.BigIntegerField(default=0)
    last = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agreement", "agency"], name="one_collection_per_agency")]


class Item(models.Model):
    """One object that an external client may read: part `part` of a letter, or of the agreement where there is none.

    `version` is in microseconds since 1970, and equal to `added` for what has no version of its own.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ("collection_id", "added", "name", "kind", "version", "envelope_id", "part")

    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="items")
    added = models.BigIntegerField()
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=60)
    version = models.BigIntegerField()
    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, null=True, related_name="+")
    part = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["collection", "added"], name="one_item_per_moment")]
        indexes = [models.Index(fields=["collection", "name", "version"], name="item_by_name")]

    def value(self) -> values.Item:
        """The item as said to others."""
        return values.Item(self.name, self.kind, self.version, self.added, self.part, self.envelope_id)


def micros(moment: datetime) -> int:
    """A moment as whole microseconds since 1970."""
    return canon.millis(moment) * 1000 + moment.microsecond % 1000


def readable(agreement: str, reader: Officer, now: datetime) -> values.Collection:
    """The collection, if the reader may read it."""
    channel = channels(now).get(agreement)
    found = collection_of(channel, reader) if channel is not None else None
    if found is None or not found.may_read or not reader.holds(Permission.COLLECTION_READ):
        raise Missing("There is no such collection.")
    return found


def rows_of(agreement: str, wanted: values.Wanted, reader: Officer) -> tuple[list[Item], bool]:
    """The items asked for, in their order, and whether there are more."""
    kept = Collection.objects.filter(agreement=agreement, agency=reader.party).values_list("id", flat=True).first()
    rows = Item.objects.filter(collection=kept or 0, added__gt=wanted.after)  # by its id: then an index gives the order
    if wanted.names:
        rows = rows.filter(name__in=wanted.names)
    if wanted.kinds:
        rows = rows.filter(kind__in=wanted.kinds)
    limit = min(wanted.limit, MOST)
    found = list(_versions(rows, kept or 0, wanted.versions).order_by("added")[: limit + 1])
    return found[:limit], len(found) > limit


def _versions(rows: QuerySet[Item], collection: int, versions: Iterable[str | int]) -> QuerySet[Item]:
    if "all" in versions:
        return rows
    same = Item.objects.filter(collection=collection, name=OuterRef("name"))
    tests = Q(version__in=[each for each in versions if isinstance(each, int)])
    if "last" in versions:
        tests = Q(tests | ~Exists(same.filter(version__gt=OuterRef("version"))))
    if "first" in versions:
        tests = Q(tests | ~Exists(same.filter(version__lt=OuterRef("version"))))
    return rows.filter(tests)


def may_see(agreement: str, positions: Iterable[int], reader: Officer, now: datetime) -> dict[int, Envelope]:
    """The envelopes at these positions that the reader may see now: each is judged again, whatever was said before."""
    channel = channels(now).get(agreement)
    if channel is None or _gated():
        return {}
    rows = [row for row in received(agreement).filter(position__in=list(positions)) if allowed(channel, row, reader)]
    shut = recalled(rows, now)
    return {row.position: row for row in rows if row.position not in shut}


def recalled(rows: Sequence[Envelope], now: datetime) -> set[int]:
    """Which of these letters their originators recalled: they stay shut, but while they are retained on a basis."""
    found = Recall.objects.filter(digest__in=[row.digest for row in rows])
    shut = {(each.digest, each.originator) for each in found if recalls.shut(each.said, each.until, now)}
    return {row.position for row in rows if (row.digest, row.sender) in shut}


def _gated() -> bool:
    """Whether an old backup was restored: what was recalled since is not known here until partners were asked."""
    return any(gate for (gate,) in bulk.select(Log, ("gate",)))


def received(agreement: str) -> QuerySet[Envelope]:
    """The letters of information that came in under an agreement and were accepted."""
    accepted = (EnvelopeState.ACCEPTED.value, EnvelopeState.READ.value, EnvelopeState.ACTED.value)
    return Envelope.objects.filter(
        agreement=agreement,
        kind=Kind.INFORMATION.value,
        direction=Direction.IN.value,
        state__in=accepted,
        quarantined=False,
        erased__isnull=True,
    )


def allowed(channel: Channel, row: Envelope, reader: Officer) -> bool:
    """Whether the agreement's rules let this letter be received by the reader's duty, at this moment."""
    said = row.said
    if said is None or said.persons_named or not channel.passes:
        return False
    bound = policy.policy_of(channel.terms, channel.digest)
    principal = f"{reader.party}/{reader.duty.value}"
    return bound.judge(said, Facts(state=channel.state), Action.RECEIVE, principal).allowed


def collection_of(channel: Channel, reader: Officer) -> values.Collection | None:
    """The collection that an agreement makes for the reader: none where it does not list the reader's duty.

    Nor where a desk stands in the way, or where letters go by a delegation: there a person decides each time.
    """
    if not reader.holds(Permission.COLLECTION_VIEW) or reader.party not in channel.terms.parties or not channel.passes:
        return None
    if channel.terms.desk or channel.terms.mechanism is Mechanism.LIAISON:
        return None
    bound = policy.policy_of(channel.terms, channel.digest)
    kind = Kind.INFORMATION.value
    reads, offers = bound.may_open(kind, reader.duty), bound.may_send(kind, reader.duty)
    if not reads and not offers:
        return None
    return values.Collection(agreement=channel.digest, terms=channel.terms, may_read=reads, may_offer=offers)


def behind(agreement: str, reader: Officer) -> bool:
    """Whether letters came in that the collection does not number yet."""
    upto = Collection.objects.filter(agreement=agreement, agency=reader.party).values_list("upto", flat=True).first()
    return upto is None or received(agreement).filter(position__gt=upto).exists()
