"""Fields that officers fill in: places as on a chart, speeds in knots, times in UTC, agencies, kinds of object.

Whatever a person types in its usual form is taken: 35°42.1'N, 35 42.1 N and 35.7017 are one latitude.
"""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tansiq.parties import reads as parties
from tansiq.parties.values import AgencyKind, node_of
from tansiq.rescue.classes import classes
from tansiq.web.filters import KNOT
from tansiq.web.words import word

Choices = list[tuple[str, Any]]

DEGREES = re.compile(
    r"^\s*(?P<sign>[-+−]?)\s*(?P<degrees>\d{1,3}(?:[.,]\d+)?)\s*°?\s*"
    r"(?:(?P<minutes>\d{1,2}(?:[.,]\d+)?)\s*['′]?\s*)?(?:(?P<seconds>\d{1,2}(?:[.,]\d+)?)\s*[\"″]\s*)?(?P<side>[NSEWO]?)\s*$",
    re.IGNORECASE,
)


class DegreesField(forms.Field):
    """A latitude or longitude in degrees, positive to `positive` (N or E)."""

    default_error_messages = {
        "invalid": _("Write it like 35°42.1′N or 35.7017."),
        "range": _("This is no place on earth."),
    }

    def __init__(self, *, positive: str, negative: str, most: float, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput, **kwargs)
        self.positive, self.negative, self.most = positive, negative, most
        self.widget.attrs.update({"dir": "ltr", "inputmode": "text", "autocomplete": "off", "class": "num"})

    def to_python(self, value: Any) -> float | None:
        """Degrees, or nothing where nothing was typed."""
        text = str(value if value is not None else "").strip()
        if not text:
            return None
        found = DEGREES.match(text)
        if not found:
            raise ValidationError(self.error_messages["invalid"], "invalid")
        parts = [float((found[name] or "0").replace(",", ".")) for name in ("degrees", "minutes", "seconds")]
        side = found["side"].upper().replace("O", "W")
        if parts[1] >= 60 or parts[2] >= 60 or (side and side not in (self.positive, self.negative)):
            raise ValidationError(self.error_messages["invalid"], "invalid")
        degrees = parts[0] + parts[1] / 60 + parts[2] / 3600
        if degrees > self.most:
            raise ValidationError(self.error_messages["range"], "range")
        return -degrees if side == self.negative or found["sign"] in ("-", "−") else degrees

    def prepare_value(self, value: Any) -> Any:
        """What is shown in the field: what was typed, or five decimals."""
        return f"{value:.5f}" if isinstance(value, float) else value


def latitude(*, required: bool = True) -> DegreesField:
    """A latitude."""
    return DegreesField(label=_("Latitude"), positive="N", negative="S", most=90, required=required)


def longitude(*, required: bool = True) -> DegreesField:
    """A longitude."""
    return DegreesField(label=_("Longitude"), positive="E", negative="W", most=180, required=required)


class KnotsField(forms.FloatField):
    """A speed typed in knots, given on in metres per second."""

    def clean(self, value: Any) -> float | None:
        """Metres per second."""
        knots = super().clean(value)
        return None if knots is None else knots * KNOT


def moment(label: Any, *, required: bool = True) -> forms.DateTimeField:
    """A time in UTC."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "num"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=required, widget=widget)


def calendar_day(label: Any, *, required: bool = True) -> forms.DateField:
    """A day."""
    return forms.DateField(
        label=label, required=required, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


def text(label: Any, *, required: bool = True, rows: int = 3, most: int = 2000) -> forms.CharField:
    """Some sentences."""
    widget = forms.Textarea(attrs={"rows": rows, "dir": "auto"})
    return forms.CharField(label=label, required=required, max_length=most, widget=widget)


def line(label: Any, *, required: bool = True, most: int = 120) -> forms.CharField:
    """A few words."""
    return forms.CharField(
        label=label, required=required, max_length=most, widget=forms.TextInput(attrs={"dir": "auto"})
    )


def number(label: Any, *, required: bool = True, least: int = 0, most: int = 1_000_000) -> forms.IntegerField:
    """A count."""
    return forms.IntegerField(label=label, required=required, min_value=least, max_value=most)


def words(codes: Iterable[Enum]) -> Choices:
    """Codes as choices, each with its word."""
    return [(str(code.value), word(code)) for code in codes]


def one_of(label: Any, codes: type[Enum], **kwargs: Any) -> forms.TypedChoiceField:
    """One code of an enum."""
    kind = type(next(iter(codes)).value)
    return forms.TypedChoiceField(
        label=label, choices=words(codes), coerce=lambda value: codes(kind(value)), empty_value=None, **kwargs
    )


def agencies(among: Iterable[str] | None = None) -> Choices:
    """The agencies of the directory as choices, by name; only some, where `among` says which."""
    language = get_language() or "en"
    some = None if among is None else set(among)
    known = [agency for agency in parties.agencies() if some is None or agency.code in some]
    return [(agency.code, f"{agency.name(language)} ({agency.code})") for agency in known]


def own_missions() -> list[str]:
    """The missions that our node speaks for: at their desks sit officials of several services."""
    own = (each for each in parties.agencies() if each.node == settings.TANSIQ_NODE)
    return [each.code for each in own if each.kind is AgencyKind.MISSION]


def own_and(partners: Iterable[str]) -> Choices:
    """Our own agencies, and these of the partners."""
    others = set(partners)
    return [(code, name) for code, name in agencies() if code in others or node_of(code) == settings.TANSIQ_NODE]


class MixtureWidget(forms.MultiWidget):
    """Up to three kinds of object, each with its share."""

    template_name = "forms/mixture.html"

    def __init__(self, rows: int = 3) -> None:
        widgets: list[forms.Widget] = []
        for _row in range(rows):
            share = forms.NumberInput(attrs={"min": 0, "max": 100, "step": "any", "aria-label": _("Weight")})
            widgets += [forms.Select(attrs={"aria-label": _("Kind of object")}), share]
        super().__init__(widgets)

    def decompress(self, value: Any) -> list[Any]:
        """The parts of a mixture."""
        return [part for pair in (value or ()) for part in pair]


class MixtureField(forms.MultiValueField):
    """Leeway classes with weights; weights are shares of their sum."""

    default_error_messages = {"required": _("Choose at least one kind of object.")}

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        parts: list[forms.Field] = []
        for _row in range(rows):
            kind = forms.TypedChoiceField(choices=object_classes, coerce=int, empty_value=None, required=False)
            parts += [kind, forms.FloatField(min_value=0, max_value=100, required=False)]
        super().__init__(tuple(parts), require_all_fields=False, widget=MixtureWidget(rows), **kwargs)
        for widget, field in zip(self.widget.widgets[::2], self.fields[::2], strict=True):
            widget.choices = field.choices

    def compress(self, data_list: list[Any]) -> tuple[tuple[int, float], ...]:
        """Pairs of class and weight; a kind without a weight has weight one."""
        pairs = zip(data_list[::2], data_list[1::2], strict=True)
        mixture = tuple((kind, weight or 1.0) for kind, weight in pairs if kind)
        if not mixture and self.required:
            raise ValidationError(self.error_messages["required"], "required")
        return mixture


def object_classes() -> Choices:
    """The leeway classes by number and name in the reader's language."""
    language = (get_language() or "en")[:2]
    named = [(str(each.id), f"{each.id} · {each.names.get(language) or each.names['en']}") for each in classes()]
    return [("", "–"), *named]
