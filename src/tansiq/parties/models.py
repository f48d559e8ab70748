"""What is kept about those who take part."""

from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models

from tansiq.parties import values
from tansiq.parties.duties import Duty


class Agency(models.Model):
    """An agency of a state; other rooms refer to it by its code."""

    code = models.CharField(max_length=32, primary_key=True)
    state = models.CharField(max_length=2)
    kind = models.CharField(max_length=24)
    names = models.JSONField()
    functions = models.JSONField(default=list)

    def value(self) -> values.Agency:
        """The agency as said to others."""
        kind = values.AgencyKind(self.kind)
        return values.Agency(self.code, self.state, kind, dict(self.names), tuple(self.functions))


class Desk(models.Model):
    """A place in an agency where work arrives."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="desks")
    name = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "name"], name="one_desk_per_name")]

    def value(self) -> values.Desk:
        """The desk as said to others."""
        return values.Desk(self.id, self.agency_id, self.name)


class Person(AbstractUser):
    """Someone who signs in, for one agency; what they may do hangs on the posts they hold."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="people")
    language = models.CharField(max_length=2, blank=True)

    REQUIRED_FIELDS = ["agency"]

    def value(self) -> values.Person:
        """The person, without posts."""
        return values.Person(self.id, self.username, self.get_full_name(), self.agency_id, self.is_active)


class Post(models.Model):
    """A duty at a desk, held by one person for a time."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="posts")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="posts")
    duty = models.CharField(max_length=32)
    title = models.CharField(max_length=120, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    region = models.CharField(max_length=80, blank=True)
    specialism = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["since", "id"]

    def value(self) -> values.Post:
        """The post as said to others."""
        return values.Post(
            id=self.id,
            desk=self.desk.value(),
            duty=Duty(self.duty),
            title=self.title,
            person=self.person_id,
            holder=self.person.username,
            since=self.since,
            until=self.until,
            region=self.region,
            specialism=self.specialism,
            service=self.person.agency_id,
        )

    def officer(self) -> values.Officer:
        """The holder as acts and reads know them."""
        return values.Officer(
            name=self.person.username,
            party=self.desk.agency_id,
            duty=Duty(self.duty),
            person=self.person_id,
            desk=self.desk.name,
            service=self.person.agency_id,
        )


class Token(models.Model):
    """What a program signs in with, in place of a password: kept as the SHA-256 of 256 random bits.

    The token itself is shown once, when it is issued. Nothing slower than SHA-256 is needed for what nobody can guess.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    since = models.DateTimeField()
    until = models.DateTimeField()
    revoked = models.DateTimeField(null=True, blank=True)

    def value(self) -> values.Token:
        """The token as said to others, which is never the token itself."""
        return values.Token(self.id, self.person.username, self.since, self.until, self.revoked)


class Submission(models.Model):
    """A form that was sent once: its token, so that a second send of the same form does nothing."""

    token = models.UUIDField(primary_key=True)
    at = models.DateTimeField(db_index=True)
