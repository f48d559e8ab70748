"""Liaison posts as kept: on the sending agency's node the post itself, on the host's what it was told of it."""

from datetime import datetime
from uuid import UUID

from django.db import models
from msgspec.structs import replace

from tansiq.exchange import label as labels
from tansiq.exchange import mandates
from tansiq.exchange.agreements.terms import Agreement, Mechanism
from tansiq.exchange.kinds.posts import CaseOfPost
from tansiq.exchange.label import Label
from tansiq.exchange.mandates import Handover, Mandate, Post
from tansiq.exchange.policy import Coverage
from tansiq.parties.values import NODE


class LiaisonPost(models.Model):
    """A post with its mandate, which never changes, and who holds it; `n` counts what the host is told."""

    id = models.UUIDField(primary_key=True, editable=False)
    agreement = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    sending = models.CharField(max_length=64, db_index=True)
    host = models.CharField(max_length=64, db_index=True)
    topics = models.JSONField()
    regions = models.JSONField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    n = models.PositiveIntegerField(default=1)
    holder = models.CharField(max_length=150)
    person = models.UUIDField(default=NODE)
    ended = models.DateTimeField(null=True)
    next_person = models.UUIDField(null=True)
    next_holder = models.CharField(max_length=150, blank=True)
    offered = models.DateTimeField(null=True)

    class Meta:
        ordering = ["until", "id"]

    def value(self) -> Post:
        """The post as said to others."""
        handover = None
        if self.next_person is not None and self.offered is not None:
            handover = Handover(self.next_person, self.next_holder, self.offered)
        return Post(
            mandate=Mandate(
                post=self.id,
                agreement=self.agreement,
                sending=self.sending,
                host=self.host,
                topics=tuple(self.topics),
                regions=tuple(self.regions),
                since=self.since,
                until=self.until,
            ),
            n=self.n,
            holder=self.holder,
            person=self.person,
            ended=self.ended,
            cases=tuple(case.value() for case in self.cases.all()),
            handover=handover,
        )


class PostCase(models.Model):
    """A case given to a post; `pseudonym` is what letters under the post's agreement call it."""

    post = models.ForeignKey(LiaisonPost, on_delete=models.PROTECT, related_name="cases")
    case = models.UUIDField()
    pseudonym = models.UUIDField(db_index=True)
    reference = models.CharField(max_length=120)
    topic = models.CharField(max_length=64)
    region = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        ordering = ["until", "id"]
        constraints = [models.UniqueConstraint(fields=["post", "case"], name="one_row_per_case_of_a_post")]

    def value(self) -> CaseOfPost:
        """The case as said to others."""
        return CaseOfPost(
            case=self.case,
            reference=self.reference,
            topic=self.topic,
            region=self.region,
            since=self.since,
            until=self.until,
        )


def keep_cases(row: LiaisonPost, cases: tuple[CaseOfPost, ...]) -> None:
    """Write down the cases of a post as they were said: one row each, what is not said is gone."""
    row.cases.exclude(case__in=[each.case for each in cases]).delete()
    for each in cases:
        said = {
            "pseudonym": UUID(labels.pseudonym(row.agreement, each.case)),
            "reference": each.reference,
            "topic": each.topic,
            "region": each.region,
            "since": each.since,
            "until": each.until,
        }
        row.cases.update_or_create(case=each.case, defaults=said)


def post_by(mandate: str) -> Post | None:
    """The post whose mandate has this digest."""
    row = LiaisonPost.objects.prefetch_related("cases").filter(digest=mandate).first() if mandate else None
    return None if row is None else row.value()


def coverage(terms: Agreement, agreement: str, said: Label, now: datetime) -> Coverage:
    """How far the mandate that a label names covers it now; nothing where the channel is no liaison channel."""
    if terms.mechanism is not Mechanism.LIAISON:
        return Coverage()
    return mandates.cover(post_by(said.mandate), said, agreement, now)


def awaited(terms: Agreement, said: Label) -> bool:
    """Whether a letter came before what its sender told of the post: the mandate, or the case given to it."""
    if terms.mechanism is not Mechanism.LIAISON or not said.mandate:
        return False
    post = post_by(said.mandate)
    return post is None or not mandates.knows(post, said)


def marked(terms: Agreement, agreement: str, said: Label, now: datetime) -> Label:
    """The label with the mandate by which its case passes, and the case's region, where it does not say them."""
    if terms.mechanism is not Mechanism.LIAISON or said.mandate or not said.case:
        return said
    rows = LiaisonPost.objects.filter(agreement=agreement, cases__pseudonym=UUID(said.case)).distinct()
    found = [row.value() for row in rows.prefetch_related("cases")]
    fit = sorted(found, key=lambda post: (not _passes(post, said, agreement, now), post.mandate.post))
    if not fit:
        return said
    region = next(
        case.region for case in fit[0].cases if labels.pseudonym(agreement, case.case) == said.case
    )  # fmt: skip
    return replace(said, mandate=fit[0].mandate.digest, region=said.region or region)


def _passes(post: Post, said: Label, agreement: str, now: datetime) -> bool:
    marks = replace(said, mandate=post.mandate.digest, topic=said.topic)
    return any(
        mandates.cover(post, replace(marks, region=case.region), agreement, now).case for case in post.current(now)
    )
