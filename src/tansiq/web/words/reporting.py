"""The words of figures: units, qualifiers, refusals. Names and definitions of indicators stand on their cards."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _of

from tansiq.reporting.values import Basis, CountUnit, Origin, Qualifier, Reason

WORDS: dict[type[Enum], dict[Enum, Promise]] = {
    CountUnit: {
        CountUnit.ATTEMPT: _of("unit", "attempts"),
        CountUnit.PERSON: _of("unit", "persons"),
        CountUnit.NETWORK: _of("unit", "networks"),
        CountUnit.OPERATION: _of("unit", "operations"),
        CountUnit.ENVELOPE: _of("unit", "envelopes"),
        CountUnit.CASE: _of("unit", "cases"),
        CountUnit.ALERT: _of("unit", "alerts"),
    },
    Qualifier: {
        Qualifier.EXACT: _of("qualifier", "exactly"),
        Qualifier.ABOUT: _of("qualifier", "about"),
        Qualifier.AT_LEAST: _of("qualifier", "at least"),
    },
    Origin: {
        Origin.CASE: _of("record", "Case"),
        Origin.ALERT: _of("record", "Alert"),
        Origin.ENVELOPE: _of("record", "Envelope"),
    },
    Reason: {
        Reason.BAD_PERIOD: _("A period begins before it ends, lies behind us and is no longer than five years."),
        Reason.NOBODY: _("No partner is party to a statistics agreement in force."),
        Reason.NOT_YOURS: _("A party claims figures for itself only."),
        Reason.UNKNOWN_INDICATOR: _("There is no card of this indicator here."),
        Reason.OTHER_UNIT: _("The figure is in another unit than its card."),
        Reason.BAD_NUMBER: _("The figure and its parts do not agree."),
    },
    Basis: {
        Basis.PERIOD: _("Figures have a period"),
        Basis.STATISTICS: _("Statistics agreement"),
        Basis.CARD: _("Indicator card"),
    },
}

CODES: dict[str, dict[str, Promise]] = {
    "part": {
        "female": _of("persons", "female"),
        "male": _of("persons", "male"),
        "unknown-sex": _of("persons", "sex unknown"),
        "minor": _of("persons", "minor"),
        "adult": _of("persons", "adult"),
        "unknown-age": _of("persons", "age unknown"),
    },
}
