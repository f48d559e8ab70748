"""The words of the watch: situations, priorities, why an alert was raised, refusals."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _of

from tansiq.watch.mmsi import Station
from tansiq.watch.values import AlertState, Basis, Code, FeedState, Priority, Reason, Situation

WORDS: dict[type[Enum], dict[Enum, Promise]] = {
    Situation: {
        Situation.SART: _("SART beacon"),
        Situation.MOB: _("Man-overboard beacon"),
        Situation.EPIRB: _("EPIRB beacon"),
        Situation.DISTRESS: _("Vessel in distress"),
        Situation.NOT_UNDER_COMMAND: _("Vessel not under command"),
        Situation.ADRIFT: _("Vessel adrift"),
        Situation.AGROUND: _("Vessel aground"),
        Situation.JUMP: _("Impossible jump"),
        Situation.REPORTED: _("Reported"),
    },
    Priority: {
        Priority.EMERGENCY: _("Distress"),
        Priority.ALARM: _of("priority", "Alarm"),
        Priority.WARNING: _of("priority", "Warning"),
        Priority.CAUTION: _of("priority", "Caution"),
    },
    AlertState: {
        AlertState.ACTIVE: _of("alert", "unacknowledged"),
        AlertState.ACKNOWLEDGED: _of("alert", "acknowledged"),
        AlertState.RECTIFIED: _of("alert", "over, unacknowledged"),
        AlertState.CLOSED: _of("alert", "closed"),
    },
    Station: {
        Station.SHIP: _("ship"),
        Station.CRAFT: _("craft of a ship"),
        Station.GROUP: _("group of ships"),
        Station.COAST: _("coast station"),
        Station.AIRCRAFT: _("search and rescue aircraft"),
        Station.MARK: _("aid to navigation"),
        Station.HANDHELD: _("handheld radio"),
        Station.SART: _("SART beacon"),
        Station.MOB: _("Man-overboard beacon"),
        Station.EPIRB: _("EPIRB beacon"),
        Station.UNKNOWN: _("unknown station"),
    },
    Code: {
        Code.BEACON: _("Beacon %(mmsi)s is active."),
        Code.STATUS_DISTRESS: _("Its navigational status says distress (14)."),
        Code.STATUS_CHANGED: _("The status changed from %(before)s to %(status)s."),
        Code.TEXT_DISTRESS: _("A safety message says: %(text)s"),
        Code.TEXT_SAYS_TEST: _("Its text says test; nobody has confirmed that."),
        Code.STATUS_NOT_UNDER_COMMAND: _("Its navigational status says not under command (2)."),
        Code.STATUS_AGROUND: _("Its navigational status says aground (6)."),
        Code.DRIFTING_BEAM_ON: _("It drifts beam-on."),
        Code.DRIFTING_LOST_WAY: _("It lost way and drifts."),
        Code.UNREACHABLE: _("%(metres)s m in %(seconds)s s: no vessel covers that."),
        Code.REPORT: _("Reported by a person."),
        Code.PARTNER: _("Raised by a partner."),
        Code.NEARBY: _("Another signal of the same situation is near."),
        Code.NOT_SENT: _("The partners could not be told."),
        Code.CONDITION_ENDED: _("What raised it has ended."),
        Code.CASE_ENDED: _("The rescue case has ended."),
    },
    FeedState: {
        FeedState.CONNECTING: _of("feed", "connecting"),
        FeedState.RECEIVING: _of("feed", "receiving"),
        FeedState.WAITING: _of("feed", "waiting"),
        FeedState.SILENT: _of("feed", "silent"),
        FeedState.ENDED: _of("feed", "ended"),
        FeedState.FAILED: _of("feed", "failed"),
    },
    Reason: {
        Reason.ALREADY_ACKNOWLEDGED: _("This alert is acknowledged."),
        Reason.NOT_ACKNOWLEDGED: _("An alert is acknowledged before it is closed."),
        Reason.ALREADY_CLOSED: _("This alert is closed."),
        Reason.NO_PERMISSION: _("Your duty does not hold this permission."),
        Reason.NO_REASON: _("An alert is closed for a stated reason."),
        Reason.NO_TEXT: _("A report says what is seen."),
        Reason.BAD_POSITION: _("This is no place on earth."),
        Reason.BAD_TIME: _("This time lies ahead."),
        Reason.BAD_PRIORITY: _("There is no such priority."),
        Reason.NOT_ORIGINATOR: _("Only the partner that raised an alert goes on with it."),
        Reason.NO_TRACKS: _("There is nothing to share in this area."),
        Reason.NO_AREA: _("A picture is of a stated area."),
        Reason.OTHER_CASE: _("This alert leads to another case."),
        Reason.NO_PARTNERS: _("There is no partner to share this with."),
        Reason.NOT_READY: _("The node is not ready to do this yet."),
    },
    Basis: {
        Basis.ALERT_MANAGEMENT: _("Alerts sound until they are acknowledged"),
        Basis.AIS: _("Technical rules of AIS"),
        Basis.IAMSAR: _("IAMSAR Manual, volume II"),
        Basis.PICTURE: _("A picture without personal data"),
        Basis.DUTY: _("Permissions of the duties"),
    },
}

CODES: dict[str, dict[str, Promise]] = {
    "source": {
        "ais": _("AIS"),
        "report": _("report"),
        "partner": _("partner"),
        "camera": _("camera"),
        "picture": _("shared picture"),
    },
}
