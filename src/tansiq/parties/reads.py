"""What is seen of agencies, people and posts."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from tansiq.ground.errors import Missing
from tansiq.parties import values
from tansiq.parties.duties import Duty
from tansiq.parties.models import Agency, Desk, Person, Post, Submission, Token


def agencies() -> tuple[values.Agency, ...]:
    """Every agency known here, by code."""
    return tuple(row.value() for row in Agency.objects.order_by("code"))


def agency(*, code: str) -> values.Agency:
    """One agency."""
    row = Agency.objects.filter(code=code).first()
    if row is None:
        raise Missing(f"There is no agency {code}.")
    return row.value()


def desks(*, agency: str) -> tuple[values.Desk, ...]:
    """The desks of an agency, by name."""
    return tuple(row.value() for row in Desk.objects.filter(agency=agency).order_by("name"))


def people() -> tuple[values.Person, ...]:
    """Everyone who may sign in, by name, with the posts they hold or held."""
    rows = Person.objects.order_by("username").prefetch_related("posts__desk", "posts__person")
    return tuple(
        values.Person(
            row.id,
            row.username,
            row.get_full_name(),
            row.agency_id,
            row.is_active,
            tuple(post.value() for post in row.posts.all()),
        )
        for row in rows
    )


def posts_of(*, person: UUID, now: datetime) -> tuple[values.Post, ...]:
    """The posts that someone holds at this moment, the oldest first."""
    rows = _held(now).filter(person=person)
    return tuple(row.value() for row in rows)


def officer(*, person: UUID, post: UUID | None, now: datetime) -> values.Officer | None:
    """Someone in the post they took up, or in their first; None when they hold none now."""
    rows = list(_held(now).filter(person=person))
    chosen = next((row for row in rows if row.id == post), rows[0] if rows else None)
    return chosen.officer() if chosen else None


def clients(*, digests: Collection[str], now: datetime) -> dict[str, values.Officer]:
    """The programs behind the digests of their tokens, as officers; who may not sign in now is left out."""
    rows = Token.objects.filter(
        Q(person__posts__until=None) | Q(person__posts__until__gt=now),
        digest__in=digests,
        since__lte=now,
        until__gt=now,
        revoked=None,
        person__is_active=True,
        person__posts__duty=Duty.EXTERNAL_CLIENT.value,
        person__posts__since__lte=now,
    ).values_list(
        "digest", "person__username", "person__posts__desk__agency_id", "person_id", "person__posts__desk__name"
    )
    return {
        digest: values.Officer(name, agency, Duty.EXTERNAL_CLIENT, person, desk)
        for digest, name, agency, person, desk in rows
    }


def tokens() -> tuple[values.Token, ...]:
    """Every token that was issued, the newest first."""
    rows = Token.objects.select_related("person").order_by("-since", "id")
    return tuple(row.value() for row in rows)


def officers(*, duty: Duty, now: datetime) -> tuple[values.Officer, ...]:
    """Everybody who is on a duty at this moment, by name."""
    return tuple(row.officer() for row in _held(now).filter(duty=duty.value).order_by("person__username", "id"))


def was_sent(*, token: UUID) -> bool:
    """Whether a form with this token was taken before."""
    return Submission.objects.filter(token=token).exists()


def person(*, username: str) -> values.Person:
    """Someone by the name they sign in with."""
    row = Person.objects.filter(username__iexact=username).first()
    if row is None:
        raise Missing(f"There is no person {username}.")
    return row.value()


def _held(now: datetime) -> QuerySet[Post]:
    return (
        Post.objects.select_related("desk", "person")
        .filter(Q(until=None) | Q(until__gt=now), since__lte=now, person__is_active=True)
        .order_by("since", "id")
    )
