"""No faces, no biometrics, no scores of persons: not in a table, a letter, a form, nor in what is installed."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.apps import apps

from tansiq.exchange.kinds import SCHEMAS
from tansiq.web.access import ActForm
from tansiq.web.forms import exchange, parties, reporting, rescue, watch

ROOT = Path(__file__).parents[2]

BARRED = re.compile(
    r"(^|_)(face|facial|biometric|fingerprint|dactyl|iris|gait|voiceprint|dna|retina|ethnic|race|religion|tribe|"
    r"risk_score|threat|suspicion|score|rating|dangerous)",
    re.IGNORECASE,
)
"""A field so named describes a body, an origin or a belief, or scores a person."""

RECOGNISERS = re.compile(
    r"face|biometr|fingerprint|dlib|mediapipe|opencv|arcface|iris|gait|speaker|voice|torch|tensorflow|onnx|keras|"
    r"scikit-learn|xgboost|lightgbm",
    re.IGNORECASE,
)
"""A package so named recognises people, or learns to score them; the spine needs none."""


def fields_of(kind: Any) -> Iterator[str]:
    """The names of a schema's fields, those of its parts included."""
    schema = msgspec.json.schema(kind)
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from part.get("properties", {})


def test_no_table_describes_a_body_or_scores_a_person() -> None:
    named = {f"{model._meta.label}.{field.name}" for model in apps.get_models() for field in model._meta.get_fields()}

    assert {name for name in named if BARRED.search(name.rpartition(".")[2])} == set()
    assert {model._meta.db_table for model in apps.get_models() if BARRED.search(model._meta.db_table)} == set()


@pytest.mark.parametrize("kind", SCHEMAS)
def test_no_letter_carries_a_body_or_a_score(kind: str) -> None:
    named = set(fields_of(SCHEMAS[kind]))

    assert named
    assert {name for name in named if BARRED.search(name)} == set()


def test_no_form_asks_for_a_body_or_a_score() -> None:
    named = {
        f"{name}.{field}"
        for module in (exchange, parties, reporting, rescue, watch)
        for name, form in vars(module).items()
        if isinstance(form, type) and issubclass(form, ActForm) and form is not ActForm
        for field in form.base_fields
    }

    assert named
    assert {name for name in named if BARRED.search(name.rpartition(".")[2])} == set()


def test_nothing_that_recognises_people_is_installed() -> None:
    lock = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(each for some in project["optional-dependencies"].values() for each in some)]
    front = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    assert len(lock) > 20
    assert {name for name in (*lock, *wanted, *front) if RECOGNISERS.search(name)} == set()
