"""What a person types: places in their usual forms, speeds in knots, and whatever else a keyboard can send."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.forms import CharField
from hypothesis import given
from hypothesis import strategies as st

from tansiq.web import urls  # noqa: F401 -- with it comes every form
from tansiq.web.access import ActForm
from tansiq.web.filters import written_position
from tansiq.web.forms import fields

LATITUDES = {
    "35°42.1′N": 35.70167,
    "35 42.1 N": 35.70167,
    "35°42'06\"N": 35.70167,
    "35.7017": 35.7017,
    "35,7017": 35.7017,
    "-35.5": -35.5,
    "−35.5": -35.5,
    "35°30.0′S": -35.5,
    " 35 n ": 35.0,
    "0": 0.0,
}
LONGITUDES = {"004°55.8′W": -4.93, "4 55.8 O": -4.93, "4,93 E": 4.93, "180": 180.0}


@pytest.mark.parametrize("text", LATITUDES)
def test_a_latitude_is_taken_as_it_is_usually_written(text: str) -> None:
    assert fields.latitude().clean(text) == pytest.approx(LATITUDES[text], abs=1e-4)


@pytest.mark.parametrize("text", LONGITUDES)
def test_a_longitude_is_taken_as_it_is_usually_written(text: str) -> None:
    assert fields.longitude().clean(text) == pytest.approx(LONGITUDES[text], abs=1e-4)


@pytest.mark.parametrize(
    "text", ["somewhere", "91", "35°75′N", "35 E", "35°", "--3", "1e3", '35 42 61" N', "nan", "inf", "٣٥"]
)
def test_what_is_no_latitude_is_refused(text: str) -> None:
    if text in ("35°", "٣٥"):
        assert fields.latitude().clean(text) == 35.0
        return
    with pytest.raises(ValidationError):
        fields.latitude().clean(text)


def every_form(form: type[ActForm] = ActForm) -> Iterator[type[ActForm]]:
    """Every form that leads to an act."""
    for each in form.__subclasses__():
        yield each
        yield from every_form(each)


FORMS = [form for form in every_form() if "act" in vars(form)]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_no_form_takes_a_text_without_end(form: type[ActForm]) -> None:
    typed = {name: field for name, field in form.base_fields.items() if type(field) is CharField}

    assert {name for name, field in typed.items() if field.max_length is None} == set()


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_latitude_or_an_error(text: str) -> None:
    try:
        degrees = fields.latitude(required=False).clean(text)
    except ValidationError:
        return
    assert degrees is None or -90 <= degrees <= 90


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_written_position_reads_back_to_a_tenth_of_a_minute(lat: float, lon: float) -> None:
    written = written_position(lat, lon)
    south, west = written.split(" ")

    assert fields.latitude().clean(south) == pytest.approx(lat, abs=1 / 1199)
    assert fields.longitude().clean(west) == pytest.approx(lon, abs=1 / 1199)


def test_knots_become_metres_per_second() -> None:
    assert fields.KnotsField().clean("10") == pytest.approx(5.14444, abs=1e-4)


def test_a_mixture_takes_kinds_with_and_without_weights() -> None:
    field = fields.MixtureField()

    assert field.clean(["27", "0.6", "1", "", "", ""]) == ((27, 0.6), (1, 1.0))
    with pytest.raises(ValidationError):
        field.clean(["", "", "", "", "", ""])
    with pytest.raises(ValidationError):
        field.clean(["999", "1", "", "", "", ""])
