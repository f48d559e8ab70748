"""The forms of rescue: open a case, drift, search, task, SITREP, outcome."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import reads as exchange
from tansiq.parties.duties import Permission
from tansiq.rescue import acts
from tansiq.rescue.rules import LARGEST_RADIUS, LEAST_PARTICLES, MOST_HOURS, MOST_PARTICLES, MOST_PERSONS, NEXT
from tansiq.rescue.values import (
    AgeGroup,
    CaseFile,
    OutcomeKind,
    PersonState,
    Phase,
    Platform,
    Sex,
    Task,
    TaskState,
    Weather,
    person_keys,
)
from tansiq.web.access import ActForm
from tansiq.web.filters import persons_words, word
from tansiq.web.forms import fields

OPEN_PHASES = tuple(phase for phase in Phase if phase != Phase.CLOSED)


def _phases() -> list[tuple[str, Any]]:
    return fields.words(OPEN_PHASES)


class OpenCase(ActForm):
    """Open a case: where, when, what drifts, how many persons."""

    act = staticmethod(acts.open_case)
    permission = Permission.CASE_OPEN

    alert = forms.UUIDField(required=False, widget=forms.HiddenInput)
    text = fields.text(_("What is known"), required=False)
    lat = fields.latitude()
    lon = fields.longitude()
    radius_m = forms.FloatField(label=_("Sure to within (m)"), min_value=1, max_value=LARGEST_RADIUS, initial=2000)
    at = fields.moment(_("Last known at (UTC)"))
    persons = fields.number(_("Persons"), required=False, most=MOST_PERSONS)
    phase = forms.TypedChoiceField(label=_("Phase"), choices=_phases, coerce=Phase, initial=Phase.DISTRESS.value)
    mixture = fields.MixtureField(label=_("What drifts, and how likely"))


class CloseCase(ActForm):
    """Close a case that ends without an outcome here."""

    act = staticmethod(acts.close_case)
    permission = Permission.CASE_CLOSE

    text = fields.text(_("Reason"), rows=2)


class RunDrift(ActForm):
    """Compute where the object drifts."""

    act = staticmethod(acts.run_drift)
    permission = Permission.DRIFT_RUN

    hours = forms.FloatField(label=_("Hours"), min_value=1, max_value=MOST_HOURS, initial=24)
    particles = fields.number(_("Particles"), least=LEAST_PARTICLES, most=MOST_PARTICLES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["particles"].initial = 20_000


class PlanSearch(ActForm):
    """Plan a search by one unit; speeds are typed in knots."""

    act = staticmethod(acts.plan_search)
    permission = Permission.SEARCH_PLAN

    unit = fields.line(_("Unit"))
    agency = forms.ChoiceField(label=_("Agency"), choices=())
    platform = fields.one_of(_("Looks out from"), Platform)
    lat = fields.latitude()
    lon = fields.longitude()
    available_at = fields.moment(_("Available at (UTC)"))
    transit_speed = fields.KnotsField(label=_("Transit speed (kn)"), min_value=1, max_value=600, initial=25)
    search_speed = fields.KnotsField(label=_("Search speed (kn)"), min_value=1, max_value=300, initial=15)
    endurance_hours = forms.FloatField(label=_("Endurance (h)"), min_value=0.1, max_value=48, initial=6)
    height_m = forms.FloatField(label=_("Height of eye (m)"), min_value=1, max_value=3000, initial=5)
    visibility_m = forms.FloatField(label=_("Visibility (m)"), min_value=100, max_value=60_000, initial=18_520)
    weather = fields.one_of(_("Weather"), Weather)
    night = forms.BooleanField(
        label=_("At night"), required=False, help_text=_("Without this, hours of darkness are not searched.")
    )
    tired = forms.BooleanField(label=_("The crew is tired"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].choices = rescue_agencies()


class SendTask(ActForm):
    """Ask agencies to fly a planned search."""

    act = staticmethod(acts.send_task)
    permission = Permission.TASK_SEND

    search = forms.TypedChoiceField(label=_("Search"), coerce=UUID)
    to = forms.MultipleChoiceField(label=_("Asked"), widget=forms.CheckboxSelectMultiple, choices=())
    instructions = fields.text(_("Instructions"), required=False, rows=2)

    def __init__(self, *args: Any, file: CaseFile, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["search"].choices = [(str(plan.id), plan.unit.name) for plan in file.searches]
        self.fields["to"].choices = rescue_agencies()

    def arguments(self) -> dict[str, Any]:
        """The agencies as a tuple."""
        given = super().arguments()
        return {**given, "to": tuple(given["to"])}


class AnswerTask(ActForm):
    """Answer a search task."""

    act = staticmethod(acts.answer_task)
    permission = Permission.TASK_ANSWER

    answer = forms.TypedChoiceField(label=_("Answer"), coerce=TaskState)
    text = fields.line(_("Remark"), required=False, most=500)

    def __init__(self, *args: Any, task: Task | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        following = NEXT[task.state] if task else tuple(TaskState)
        self.fields["answer"].choices = fields.words(following)
        if task:
            self.auto_id = f"{self.permission}-%s_{task.id.hex[-6:]}"


class SendSitrep(ActForm):
    """Send a situation report; what is left empty is taken from the case (IAMSAR fields A to N)."""

    act = staticmethod(acts.send_sitrep)
    permission = Permission.SITREP_SEND

    situation = fields.text(_("C  Situation"))
    persons = fields.number(_("D  Persons"), required=False, most=MOST_PERSONS)
    assistance = fields.line(_("E  Assistance required"), required=False, most=500)
    description = fields.text(_("G  Description"), required=False, rows=2)
    weather = fields.line(_("H  Weather on scene"), required=False, most=500)
    actions = fields.text(_("J  Initial actions"), required=False, rows=2)
    search_area = fields.line(_("K  Search area"), required=False, most=500)
    instructions = fields.text(_("L  Instructions"), required=False, rows=2)
    plans = fields.text(_("M  Plans"), required=False, rows=2)
    more = fields.text(_("N  More"), required=False, rows=2)


class RecordOutcome(ActForm):
    """Say how a case ended, in numbers by state, sex and age group; never a name."""

    act = staticmethod(acts.record_outcome)
    permission = Permission.OUTCOME_RECORD

    outcome = fields.one_of(_("Outcome"), OutcomeKind)
    rescued_by = fields.line(_("Rescued by"), required=False)
    at = fields.moment(_("At (UTC)"), required=False)
    lat = fields.latitude(required=False)
    lon = fields.longitude(required=False)
    text = fields.text(_("Remark"), required=False, rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in person_keys():
            self.fields[key] = forms.IntegerField(
                label=persons_words(key),
                required=False,
                min_value=0,
                max_value=MOST_PERSONS,
                widget=forms.NumberInput(attrs={"min": 0}),
            )

    def table(self) -> list[tuple[str, list[tuple[str, list[forms.BoundField]]]]]:
        """The counts as a table: a row for each sex and age group, a column for each state."""
        return [
            (
                word(sex),
                [(word(group), [self[f"{state}.{sex}.{group}"] for state in PersonState]) for group in AgeGroup],
            )
            for sex in Sex
        ]

    def plain(self) -> list[forms.BoundField]:
        """The fields that stand outside the table."""
        return [field for field in self.visible_fields() if "." not in field.name]

    def arguments(self) -> dict[str, Any]:
        """The counts as one dictionary, without the zeroes."""
        given = super().arguments()
        persons = {key: given.pop(key) for key in person_keys()}
        return {**given, "persons": {key: count for key, count in persons.items() if count}}


def rescue_agencies() -> list[tuple[str, Any]]:
    """Our own agencies that go to sea, and those that the rescue agreements join with us."""
    partners = exchange.parties_of(mechanism="rescue")
    return fields.own_and(partners)
