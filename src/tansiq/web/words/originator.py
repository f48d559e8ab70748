"""The words of originator control: release, passing on, and why not."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _of

from tansiq.exchange.kinds.originator import ReleaseAnswer, UseKind
from tansiq.exchange.onward import OnwardBasis, OnwardReason, ReleaseState

WORDS: dict[type[Enum], dict[Enum, Promise]] = {
    ReleaseState: {
        ReleaseState.REQUESTED: _of("release", "waiting for an answer"),
        ReleaseState.GRANTED: _of("release", "granted"),
        ReleaseState.DENIED: _of("release", "denied"),
        ReleaseState.LAPSED: _of("release", "lapsed"),
        ReleaseState.USED: _of("release", "used"),
    },
    ReleaseAnswer: {
        ReleaseAnswer.GRANTED: _of("answer", "yes: it may go on"),
        ReleaseAnswer.DENIED: _of("answer", "no"),
    },
    UseKind: {
        UseKind.PASSED_ON: _of("item", "passed on"),
        UseKind.CITED: _of("item", "cited"),
    },
    OnwardReason: {
        OnwardReason.NEVER: _("The agreement lets no letter go on to others."),
        OnwardReason.NO_RELEASE: _("It does not go on without the originator's signed yes."),
        OnwardReason.RELEASE_LAPSED: _("The release has lapsed; no answer in time means no."),
        OnwardReason.RELEASE_USED: _("The release was for one passing on, and is used."),
        OnwardReason.RELEASE_OTHER: _("The release is for another recipient, purpose or agreement."),
        OnwardReason.NOT_NEEDED: _("The agreement lets this letter go on without asking."),
        OnwardReason.OWN_LETTER: _("This letter is ours: write to the others directly."),
        OnwardReason.NO_WAY_TO_ORIGINATOR: _("No agreement in force leads to the originator, so nobody can be asked."),
        OnwardReason.UNKNOWN_ORIGINATOR: _(
            "The originator's card is not confirmed here, so its letter cannot be checked."
        ),
        OnwardReason.UNKNOWN_ORIGINAL: _("The letter it speaks of is not known here."),
        OnwardReason.ANSWERED: _("This request was answered before."),
        OnwardReason.UNTIL_PAST: _("Say for how many days the release is valid."),
        OnwardReason.WEAKER_LABEL: _("The label promises less care than the originator asked for."),
        OnwardReason.NOTICE: _("A notice or diffusion is not passed on: its bureau sends it to whom it is for."),
        OnwardReason.TOO_LARGE: _("The letter is too large to be passed on."),
    },
    OnwardBasis: {
        OnwardBasis.ORIGINATOR: _("Originator control: who wrote it decides who gets it"),
        OnwardBasis.ONWARD: _("The agreement's rule on passing on"),
        OnwardBasis.HANDLING: _("The handling code of the letter"),
    },
}

CODES: dict[str, dict[str, Promise]] = {
    "holding": {
        "accepted": _of("holding", "holds it"),
        "read": _of("holding", "has read it"),
        "acted": _of("holding", "acted upon it"),
        "refused": _of("holding", "refused it"),
        "passed-on": _of("holding", "passed on to it"),
    },
}
