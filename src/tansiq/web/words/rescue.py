"""The words of rescue: phases, tasks, outcomes, who was found, refusals (IAMSAR Manual, volumes I to III)."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _of

from tansiq.rescue.values import (
    AgeGroup,
    Basis,
    OutcomeKind,
    PersonState,
    Phase,
    Platform,
    Reason,
    Sex,
    TaskState,
    Weather,
)

WORDS: dict[type[Enum], dict[Enum, Promise]] = {
    Phase: {
        Phase.UNCERTAINTY: _of("phase", "Uncertainty"),
        Phase.ALERT: _of("phase", "Alert"),
        Phase.DISTRESS: _of("phase", "Distress"),
        Phase.CLOSED: _of("phase", "Closed"),
    },
    TaskState: {
        TaskState.SENT: _of("task", "sent"),
        TaskState.ACCEPTED: _of("task", "accepted"),
        TaskState.REFUSED: _of("task", "refused"),
        TaskState.SEARCHING: _of("task", "searching"),
        TaskState.DONE: _of("task", "done"),
    },
    OutcomeKind: {
        OutcomeKind.FOUND_ALIVE: _("Found alive"),
        OutcomeKind.FOUND_DEAD: _("Found dead"),
        OutcomeKind.MISSING: _("Not found"),
        OutcomeKind.SELF_RESCUED: _("Reached safety by themselves"),
        OutcomeKind.FALSE_ALERT: _("False alert"),
    },
    PersonState: {
        PersonState.ALIVE: _of("persons", "alive"),
        PersonState.DEAD: _of("persons", "dead"),
        PersonState.MISSING: _of("persons", "missing"),
    },
    Sex: {
        Sex.FEMALE: _of("persons", "female"),
        Sex.MALE: _of("persons", "male"),
        Sex.UNKNOWN: _of("persons", "sex unknown"),
    },
    AgeGroup: {
        AgeGroup.MINOR: _of("persons", "minor"),
        AgeGroup.ADULT: _of("persons", "adult"),
        AgeGroup.UNKNOWN: _of("persons", "age unknown"),
    },
    Platform: {
        Platform.VESSEL: _("vessel"),
        Platform.HELICOPTER: _("helicopter"),
        Platform.FIXED_WING: _("aeroplane"),
    },
    Weather: {
        Weather.GOOD: _("wind to 15 kn, sea to 0.6 m"),
        Weather.FAIR: _("wind over 15 kn, sea over 0.6 m"),
        Weather.POOR: _("wind over 25 kn, sea over 1.2 m"),
    },
    Reason: {
        Reason.CLOSED: _("This case is closed."),
        Reason.NOT_COORDINATOR: _("Only the agency that coordinates the case does this."),
        Reason.NO_POSITION: _("A case needs a place at sea and how sure it is."),
        Reason.BAD_MIXTURE: _("Choose at least one kind of object; weights are shares of one."),
        Reason.BAD_COUNT: _("This number of persons cannot be."),
        Reason.BAD_TIME: _("This time lies ahead, or too far back."),
        Reason.TOO_LARGE: _("This is more than a node computes: shorten the time, or take fewer particles."),
        Reason.NO_FORCING: _("There is no forecast of current and wind on this node."),
        Reason.NOT_COVERED: _("The forecast does not cover this place and time."),
        Reason.NO_DRIFT: _("A search is planned on a drift run."),
        Reason.BAD_UNIT: _("A unit has a name, a place, speeds and an endurance."),
        Reason.NOT_IN_TIME: _(
            "No time is left to search: the unit comes too late, or it is dark and “At night” is not ticked."
        ),
        Reason.NOBODY: _("Nobody was named; a task goes to named agencies."),
        Reason.NOT_NEXT: _("This answer cannot follow the one before."),
        Reason.NOT_TASKED: _("Only the agency that was asked answers."),
        Reason.NO_TEXT: _("Say why."),
        Reason.COUNTS_DISAGREE: _("The numbers of persons do not agree with the outcome."),
        Reason.UNKNOWN_CASE: _("This case is not known here."),
        Reason.NOT_A_PARTY: _("The sender has no part in this case."),
        Reason.BAD_LETTER: _("The letter says what cannot be."),
    },
    Basis: {
        Basis.PHASES: _("IAMSAR Manual: emergency phases"),
        Basis.COORDINATION: _("IAMSAR Manual: one coordinator for each case"),
        Basis.DRIFT: _("Leeway tables of drifting objects"),
        Basis.SEARCH: _("IAMSAR Manual: search planning"),
        Basis.TASKING: _("Rescue agreement: search tasks"),
        Basis.OUTCOME: _("IAMSAR Manual: conclusion of a case"),
        Basis.LETTERS: _("What a letter may say"),
    },
}

CODES: dict[str, dict[str, Promise]] = {
    "forcing": {
        "current": _("current"),
        "wind": _("wind"),
    },
    "sitrep-priority": {
        "distress": _of("sitrep", "distress"),
        "urgent": _of("sitrep", "urgent"),
        "routine": _of("sitrep", "routine"),
    },
}
