"""The forms of figures: the period, and sending figures to the partners."""

from datetime import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.parties.duties import Permission
from tansiq.reporting import acts
from tansiq.web.access import ActForm
from tansiq.web.forms import fields


class Period(forms.Form):
    """From a moment (included) until another (not included), in UTC."""

    start = fields.moment(_("From (UTC)"))
    end = fields.moment(_("Until, not included (UTC)"))


class SendClaims(ActForm):
    """Send the figures of the period to the parties of the statistics agreement."""

    act = staticmethod(acts.send_claims)
    permission = Permission.CLAIM_SEND

    start = forms.DateTimeField(widget=forms.HiddenInput)
    end = forms.DateTimeField(widget=forms.HiddenInput)


def this_month(now: datetime) -> tuple[datetime, datetime]:
    """From the first of the month until this minute: the period of a page that names none."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), now.replace(second=0, microsecond=0)
