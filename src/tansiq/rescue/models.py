"""What is kept of rescue. Agencies are codes and other rooms' things are ids: tables do not cross rooms.

What never changes once written (a plan, an order, a report) is kept whole as one document beside the columns that are
searched by. Each row says its own value; `whole()` fetches all that this needs in a fixed number of queries.
"""

from typing import Any, Self
from uuid import UUID

import msgspec
from django.db import models

from tansiq.rescue import values


class CaseSet(models.QuerySet["Case"]):
    """Cases, by who may see them."""

    def seen_by(self, party: str) -> Self:
        """Only those that the party takes part in."""
        return self.filter(parties__agency=party)

    def whole(self) -> Self:
        """With everything that `value()` reads."""
        return self.prefetch_related("parties")


class Case(models.Model):
    """One incident at sea."""

    id = models.UUIDField(primary_key=True, editable=False)
    phase = models.CharField(max_length=16, db_index=True)
    coordinator = models.CharField(max_length=64)
    opened_by = models.CharField(max_length=250)
    opened_at = models.DateTimeField(db_index=True)
    lat = models.FloatField()
    lon = models.FloatField()
    at = models.DateTimeField()
    radius_m = models.FloatField()
    mixture = models.JSONField()
    persons = models.PositiveIntegerField(null=True)
    text = models.TextField(blank=True)
    alert = models.UUIDField(null=True, db_index=True)
    closed_at = models.DateTimeField(null=True)
    exercise = models.CharField(max_length=120, blank=True, db_index=True)

    objects = CaseSet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]

    def value(self) -> values.Case:
        """The case as said to others."""
        return values.Case(
            id=self.id,
            phase=values.Phase(self.phase),
            coordinator=self.coordinator,
            opened_by=self.opened_by,
            opened_at=self.opened_at,
            lat=self.lat,
            lon=self.lon,
            at=self.at,
            radius_m=self.radius_m,
            mixture=tuple((int(each), float(weight)) for each, weight in self.mixture),
            persons=self.persons,
            text=self.text,
            parties=tuple(sorted(party.agency for party in self.parties.all())),
            alert=self.alert,
            closed_at=self.closed_at,
            exercise=self.exercise,
        )

    def join(self, *agencies: str) -> None:
        """Let agencies take part."""
        CaseParty.objects.bulk_create(
            [CaseParty(case=self, agency=agency) for agency in sorted({*agencies})], ignore_conflicts=True
        )


class CaseParty(models.Model):
    """An agency that takes part in a case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="parties")
    agency = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "agency"], name="one_place_per_case_party")]


class Document(models.Model):
    """A row whose value is one document that never changes."""

    id = models.UUIDField(primary_key=True, editable=False)
    document = models.JSONField()

    class Meta:
        abstract = True

    @staticmethod
    def said(value: msgspec.Struct) -> Any:
        """A value as the document column keeps it."""
        return msgspec.to_builtins(value)


class Drift(Document):
    """A drift run; its particles stand apart, so that lists stay light."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="drifts")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-made_at", "-id"]

    def value(self) -> values.DriftRun:
        """The run as said to others."""
        return msgspec.convert(self.document, values.DriftRun)


class Cloud(models.Model):
    """The particles of a drift run, and their counts by cell and hour (`rescue.cloud`)."""

    drift = models.OneToOneField(Drift, on_delete=models.PROTECT, primary_key=True, related_name="cloud")
    particles = models.BinaryField()
    rasters = models.BinaryField()


class Search(Document):
    """A planned search; it counts as flown when a unit says that it is done."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="searches")
    made_at = models.DateTimeField()
    flown = models.BooleanField(default=False)

    class Meta:
        ordering = ["-made_at", "-id"]

    def value(self) -> values.Search:
        """The search as said to others."""
        return msgspec.structs.replace(msgspec.convert(self.document, values.Search), flown=self.flown)


class TaskSet(models.QuerySet["Task"]):
    """Tasks."""

    def whole(self) -> Self:
        """With everything that `value()` reads."""
        return self.prefetch_related("answers")


class Task(Document):
    """A search asked of one agency; its state is the last answer."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="tasks")
    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="tasks", null=True)
    agency = models.CharField(max_length=64, db_index=True)
    state = models.CharField(max_length=16)
    sent_at = models.DateTimeField()

    objects = TaskSet.as_manager()

    class Meta:
        ordering = ["-sent_at", "-id"]

    def value(self) -> values.Task:
        """The task as said to others."""
        answers = tuple(answer.value() for answer in self.answers.all())
        task = msgspec.convert(self.document, values.Task)
        return msgspec.structs.replace(task, state=values.TaskState(self.state), answers=answers)


class Answer(models.Model):
    """One answer to a task."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="answers")
    answer = models.CharField(max_length=16)
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    by = models.CharField(max_length=250)

    class Meta:
        ordering = ["at", "id"]

    def value(self) -> values.TaskAnswer:
        """The answer as said to others."""
        return values.TaskAnswer(answer=values.TaskState(self.answer), at=self.at, text=self.text, by=self.by)


class Sitrep(Document):
    """A situation report; serials are consecutive within a case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="sitreps")
    serial = models.PositiveIntegerField()

    class Meta:
        ordering = ["-serial"]
        constraints = [models.UniqueConstraint(fields=["case", "serial"], name="one_sitrep_per_serial")]

    def value(self) -> values.Sitrep:
        """The report as said to others."""
        return msgspec.convert(self.document, values.Sitrep)


class Outcome(models.Model):
    """How a case ended; revisions stay side by side, the highest holds."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="outcomes")
    revision = models.PositiveIntegerField()
    kind = models.CharField(max_length=24)
    at = models.DateTimeField(db_index=True)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    rescued_by = models.TextField(blank=True)
    persons = models.JSONField()
    text = models.TextField(blank=True)
    by = models.CharField(max_length=250)
    recorded_at = models.DateTimeField()
    envelope = models.UUIDField(null=True)

    class Meta:
        ordering = ["-revision"]
        constraints = [models.UniqueConstraint(fields=["case", "revision"], name="one_outcome_per_revision")]

    def value(self) -> values.Outcome:
        """The outcome as said to others."""
        return values.Outcome(
            case=self.case_id,
            revision=self.revision,
            kind=values.OutcomeKind(self.kind),
            at=self.at,
            lat=self.lat,
            lon=self.lon,
            rescued_by=self.rescued_by,
            persons={str(key): int(count) for key, count in self.persons.items()},
            text=self.text,
            by=self.by,
            recorded_at=self.recorded_at,
            envelope=self.envelope,
        )


def missing_case(case: UUID) -> str:
    """What is said of a case that is not there for this reader."""
    return f"There is no case {case}."
