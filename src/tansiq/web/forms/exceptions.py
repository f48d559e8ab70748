"""The forms of exceptions: approve with a key of one's own, or reject."""

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import acts
from tansiq.parties.duties import Permission
from tansiq.web.access import ActForm


class ApproveException(ActForm):
    """Approve: the phrase opens the officer's own key, or makes it the first time."""

    act = staticmethod(acts.approve_exception)
    permission = Permission.EXCEPTION_APPROVE

    phrase = forms.CharField(
        label=_("The phrase that opens your key"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "dir": "ltr"}),
    )


class RekeyOfficer(ActForm):
    """Forget one's own key: a button alone."""

    act = staticmethod(acts.rekey_officer)
    permission = Permission.EXCEPTION_REKEY


class RejectException(ActForm):
    """Reject: a button alone."""

    act = staticmethod(acts.reject_exception)
    permission = Permission.EXCEPTION_REJECT
