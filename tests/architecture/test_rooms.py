"""What import-linter cannot see: foreign keys, the shape of acts, what flows hands on, and barred fields."""

import inspect
from importlib import import_module
from types import FunctionType

import pytest
from django.apps import apps
from django.core.management import call_command

from tansiq import flows
from tansiq.exchange.kinds import SCHEMAS, Kind
from tansiq.parties.duties import HELD, Duty, Permission

ROOMS = ("parties", "exchange", "watch", "rescue", "correspondence", "reporting")
BARRED = ("face", "biometric", "iris", "gait", "risk_score", "threat_score", "dactyl")


def acts_of(room: str) -> list[FunctionType]:
    """The public functions that a room's acts offer."""
    module = import_module(f"tansiq.{room}.acts")
    functions = inspect.getmembers(module, inspect.isfunction)
    own = f"tansiq.{room}.acts"
    return [act for name, act in functions if act.__module__.startswith(own) and not name.startswith("_")]


ACTS = [pytest.param(act, id=f"{room}.{act.__name__}") for room in ROOMS for act in acts_of(room)]


def test_foreign_keys_never_cross_rooms() -> None:
    crossing = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if model._meta.app_label in ROOMS and field.is_relation and field.related_model is not None
        if field.related_model._meta.app_label in {*ROOMS} - {model._meta.app_label} and not field.auto_created
    ]
    assert crossing == []


@pytest.mark.parametrize("act", ACTS)
def test_an_act_takes_keywords_and_is_one_transaction(act: FunctionType) -> None:
    kinds = {parameter.kind for parameter in inspect.signature(act).parameters.values()}

    assert kinds <= {inspect.Parameter.KEYWORD_ONLY}
    assert inspect.unwrap(act) is not act, "decorate it with transaction.atomic"


def test_every_kind_of_letter_that_a_room_receives_has_an_act_that_takes_it() -> None:
    taken = {kind: inspect.signature(act).parameters["letter"].annotation for kind, act in flows.ON_RECEIVE.items()}

    assert {kind: SCHEMAS[kind] for kind in taken} == taken
    waiting = {Kind.INFORMATION, Kind.NOTICE, Kind.DIFFUSION}
    assert {*Kind} - {*taken} == waiting, "these letters wait sealed until someone opens them"


def test_what_follows_an_event_is_an_act_that_takes_it() -> None:
    for event, acts in flows.ON_EVENT.items():
        assert event in Permission
        for act in acts:
            assert {*inspect.signature(act).parameters} == {"thing", "detail", "now"}


def test_every_duty_says_what_it_may_do() -> None:
    assert set(HELD) == set(Duty)


def test_nothing_describes_a_body_or_scores_a_person() -> None:
    named = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if model._meta.app_label in ROOMS and any(word in field.name.lower() for word in BARRED)
    }
    assert named == set()


@pytest.mark.django_db
def test_migrations_are_present() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
