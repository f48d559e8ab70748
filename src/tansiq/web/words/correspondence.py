"""The words of what officers write to each other: drafts, requests, refusals."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tansiq.correspondence.values import Basis, Reason

WORDS: dict[type[Enum], dict[Enum, Promise]] = {
    Reason: {
        Reason.DRAFT_TOO_LONG: _("This is longer than one letter may be; write several."),
    },
    Basis: {
        Basis.DRAFTS: _("What a node keeps of a letter that is being written"),
    },
}

CODES: dict[str, dict[str, Promise]] = {}
