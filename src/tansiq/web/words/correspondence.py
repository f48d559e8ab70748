"""The words of what officers write to each other: drafts, requests, refusals."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tansiq.correspondence.values import Basis, Reason

WORDS: dict[type[Enum], dict[Enum, Promise]] = {
    Reason: {
        Reason.OFFER_DONE: _("This offer was taken up or discarded already."),
        Reason.DRAFT_TOO_LONG: _("This is longer than one letter may be; write several."),
    },
    Basis: {
        Basis.OFFERS: _("What programs offer, and who makes letters of it"),
        Basis.DRAFTS: _("What a node keeps of a letter that is being written"),
    },
}

CODES: dict[str, dict[str, Promise]] = {}
