"""The words of originator control: release, passing on, recall, and why not."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _of

from tansiq.exchange.kinds.originator import ReleaseAnswer, UseKind
from tansiq.exchange.onward import OnwardBasis, OnwardReason, ReleaseState
from tansiq.exchange.recalls import (
    RecallAnswerCode,
    RecallBasis,
    RecallCause,
    RecallReason,
    RecallState,
    RetentionBasis,
)

CAUSES: dict[Enum, Promise] = {
    RecallCause.ERROR: _of("cause", "it was wrong, or sent by mistake"),
    RecallCause.RISK: _of("cause", "a source or a person is at risk"),
    RecallCause.UNLAWFUL: _of("cause", "it should not have been kept or sent"),
    RecallCause.ORDER: _of("cause", "an authority or a court ordered it"),
    RecallCause.NO_LONGER_NEEDED: _of("cause", "it is no longer needed"),
}

RETENTION: dict[Enum, Promise] = {
    RetentionBasis.PROCEEDINGS: _of("retention", "evidence in proceedings"),
    RetentionBasis.LAW: _of("retention", "a law demands that it is kept"),
    RetentionBasis.LIFE: _of("retention", "somebody's life or safety depends on it"),
}

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
    RecallState: {
        RecallState.REQUESTED: _of("recall", "asked to erase"),
        RecallState.ERASED: _of("recall", "says erased"),
        RecallState.RETAINED: _of("recall", "says retained"),
        RecallState.UNKNOWN: _of("recall", "says unknown"),
        RecallState.OVERDUE: _of("recall", "overdue"),
    },
    RecallAnswerCode: {
        RecallAnswerCode.ERASED: _of("answer", "erase it now"),
        RecallAnswerCode.RETAINED: _of("answer", "retain it"),
    },
    RecallCause: CAUSES,
    RetentionBasis: RETENTION,
    RecallReason: {
        RecallReason.RECALLED: _("Its originator has taken this letter back."),
        RecallReason.ERASED: _("This letter was erased; its digest and receipts remain."),
        RecallReason.NOT_OURS: _("Only who wrote a letter takes it back."),
        RecallReason.RESCUE_STAYS: _("What was said in a rescue is not taken back; correct it by a new report."),
        RecallReason.NOBODY_HOLDS_IT: _("No partner holds this letter."),
        RecallReason.ANSWERED: _("This recall was answered before."),
        RecallReason.NO_BASIS: _("Who retains a recalled letter says on what basis and for how many days."),
        RecallReason.NOT_THE_ORIGINATOR: _("This is a letter of this node itself."),
    },
    RecallBasis: {
        RecallBasis.RECALL: _("Recall: who wrote it can have it erased"),
        RecallBasis.RESCUE: _("The record of a rescue stays whole"),
        RecallBasis.RETENTION: _("Nothing is kept longer than needed (Directive (EU) 2016/680, articles 4 and 5)"),
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
        OnwardReason.ATTACHMENTS: _("The letter has attachments, which do not go on: ask its originator to send it."),
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
        "requested": _of("recall", "asked to erase"),
        "erased": _of("recall", "says erased"),
        "retained": _of("recall", "says retained"),
        "unknown": _of("recall", "says unknown"),
        "overdue": _of("recall", "overdue"),
    },
    "cause": {str(code): text for code, text in CAUSES.items()},
    "retention": {str(code): text for code, text in RETENTION.items()},
}
