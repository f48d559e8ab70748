"""The forms of the watch: report a distress, acknowledge, close, share the picture."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.parties.duties import Permission
from tansiq.watch import acts
from tansiq.watch.values import Area, Priority
from tansiq.web.access import ActForm
from tansiq.web.forms import fields


class RaiseAlert(ActForm):
    """Report what somebody saw or heard; the short form is a place, a time and a sentence."""

    act = staticmethod(acts.raise_alert)
    permission = Permission.ALERT_RAISE

    text = fields.text(_("What is seen or heard"))
    lat = fields.latitude()
    lon = fields.longitude()
    radius_m = forms.FloatField(label=_("Sure to within (m)"), min_value=1, max_value=1_000_000, initial=2000)
    seen_at = fields.moment(_("Seen at (UTC)"))
    persons = fields.number(_("Persons"), required=False, most=10_000)
    mmsi = fields.number(_("MMSI"), required=False, most=999_999_999)
    priority = fields.one_of(_("Priority"), Priority, initial=Priority.EMERGENCY.value)


class AcknowledgeAlert(ActForm):
    """Acknowledge an alert: a button alone."""

    act = staticmethod(acts.acknowledge_alert)
    permission = Permission.ALERT_ACKNOWLEDGE


class CloseAlert(ActForm):
    """Close an alert for a stated reason."""

    act = staticmethod(acts.close_alert)
    permission = Permission.ALERT_CLOSE

    reason = fields.text(_("Reason"), rows=2, most=500)


class SharePicture(ActForm):
    """Share the tracks of an area with the parties of the picture agreement."""

    act = staticmethod(acts.share_picture)
    permission = Permission.PICTURE_SHARE

    name = fields.line(_("Name of the area"))
    south = fields.latitude()
    north = fields.latitude()
    west = fields.longitude()
    east = fields.longitude()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {"south": _("From south"), "north": _("to north"), "west": _("From west"), "east": _("to east")}
        for name, label in labels.items():
            self.fields[name].label = label

    def arguments(self) -> dict[str, Any]:
        """The four edges as one area."""
        given = super().arguments()
        edges = {name: given.pop(name) for name in ("south", "west", "north", "east")}
        return {**given, "area": Area(**edges)}
