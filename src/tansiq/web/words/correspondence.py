"""The words of what officers write to each other: drafts, requests and their steps, refusals."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _of

from tansiq.correspondence.values import Basis, Progress, Reason, RequestState
from tansiq.exchange.kinds.requests import RefusalReason, ReplyStep, RequestStep

WORDS: dict[type[Enum], dict[Enum, Promise]] = {
    RequestState: {
        RequestState.ASKED: _of("request", "asked"),
        RequestState.IN_WORK: _of("request", "in work"),
        RequestState.PART: _of("request", "answered in part"),
        RequestState.WITHDRAWN: _of("request", "withdrawn"),
        RequestState.REFUSED: _of("request", "refused"),
        RequestState.ANSWERED: _of("request", "answered"),
    },
    Progress: {
        Progress.SENT: _of("request", "sent"),
        Progress.NOT_TAKEN: _of("request", "not taken by their node"),
        Progress.RECEIVED: _of("request", "received"),
        Progress.READ: _of("request", "read"),
        Progress.IN_WORK: _of("request", "in work"),
        Progress.PART: _of("request", "answered in part"),
        Progress.WITHDRAWN: _of("request", "withdrawn"),
        Progress.REFUSED: _of("request", "refused"),
        Progress.ANSWERED: _of("request", "answered"),
    },
    RequestStep: {
        RequestStep.ASK: _of("step", "asked"),
        RequestStep.REMIND: _of("step", "reminded"),
        RequestStep.ESCALATE: _of("step", "escalated"),
        RequestStep.WITHDRAW: _of("step", "withdrawn"),
    },
    ReplyStep: {
        ReplyStep.TAKE: _of("step", "taken into work"),
        ReplyStep.PART: _of("step", "answered in part"),
        ReplyStep.WHOLE: _of("step", "answered"),
        ReplyStep.REFUSE: _of("step", "refused"),
    },
    RefusalReason: {
        RefusalReason.NOT_AVAILABLE: _("The information is not available."),
        RefusalReason.INCOMPLETE: _("The request does not say what it must."),
        RefusalReason.NOT_AUTHORISED: _("The judicial authorisation that it needs was refused."),
        RefusalReason.BEYOND_CATEGORIES: _("It asks for personal data beyond the categories that may be given."),
        RefusalReason.UNRELIABLE: _("The information is inaccurate, incomplete or out of date."),
        RefusalReason.SECURITY: _("It would harm essential interests of national security."),
        RefusalReason.INVESTIGATION: _("It would put an investigation or a person's safety at risk."),
        RefusalReason.LEGAL_PERSON: _("It would unduly harm the protected interests of a legal person."),
        RefusalReason.MINOR_OFFENCE: _("The offence is punishable by a year or less."),
        RefusalReason.NO_OFFENCE: _("The matter is no offence here."),
        RefusalReason.NO_CONSENT: _("It came from another state that did not consent."),
    },
    Reason: {
        Reason.OFFER_DONE: _("This offer was taken up or discarded already."),
        Reason.DRAFT_TOO_LONG: _("This is longer than one letter may be; write several."),
        Reason.ONE_ASKED: _("A request asks one agency, so that it is known who owes the answer."),
        Reason.UNKNOWN_REQUEST: _("This request is not known here."),
        Reason.NOT_THE_ASKER: _("Only who asked does this."),
        Reason.NOT_THE_ASKED: _("Only who was asked does this."),
        Reason.CLOSED: _("Nothing is owed any more: it was answered, refused or withdrawn."),
        Reason.TAKEN: _("It is in work already."),
        Reason.NOT_DUE: _("The time for an answer is not over."),
        Reason.NOT_REMINDED: _("Remind first; escalate when that did not help."),
        Reason.NOT_ABOVE: _("It is escalated to another party of the same agreement on their side."),
        Reason.NO_REASON: _("Say for which of the reasons it is refused."),
    },
    Basis: {
        Basis.OFFERS: _("What programs offer, and who makes letters of it"),
        Basis.DRAFTS: _("What a node keeps of a letter that is being written"),
        Basis.THREAD: _("The thread of a request: who asks and who was asked"),
        Basis.TIME_LIMITS: _("Time limits of the agreement (Directive (EU) 2023/977, article 5)"),
        Basis.REFUSALS: _("Grounds for refusal (Directive (EU) 2023/977, article 6)"),
    },
}

_POINTS = {
    RefusalReason.NOT_AVAILABLE: _("Directive (EU) 2023/977, article 6(1)(a)"),
    RefusalReason.INCOMPLETE: _("Directive (EU) 2023/977, article 6(1)(b)"),
    RefusalReason.NOT_AUTHORISED: _("Directive (EU) 2023/977, article 6(1)(c)"),
    RefusalReason.BEYOND_CATEGORIES: _("Directive (EU) 2023/977, article 6(1)(d)"),
    RefusalReason.UNRELIABLE: _("Directive (EU) 2023/977, article 6(1)(e)"),
    RefusalReason.SECURITY: _("Directive (EU) 2023/977, article 6(1)(f)"),
    RefusalReason.INVESTIGATION: _("Directive (EU) 2023/977, article 6(1)(f)"),
    RefusalReason.LEGAL_PERSON: _("Directive (EU) 2023/977, article 6(1)(f)"),
    RefusalReason.MINOR_OFFENCE: _("Directive (EU) 2023/977, article 6(1)(g)"),
    RefusalReason.NO_OFFENCE: _("Directive (EU) 2023/977, article 6(1)(g)"),
    RefusalReason.NO_CONSENT: _("Directive (EU) 2023/977, article 6(1)(h)"),
}
"""What each reason for a refusal rests on."""

CODES: dict[str, dict[str, Promise]] = {
    "request-step": {str(code): text for kind in (RequestStep, ReplyStep) for code, text in WORDS[kind].items()},
    "refusal": {str(code): text for code, text in WORDS[RefusalReason].items()},
    "refusal-basis": {str(code): text for code, text in _POINTS.items()},
}
