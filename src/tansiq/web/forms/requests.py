"""The forms of a request for information: remind, escalate, withdraw; take into work, refuse."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.correspondence import acts
from tansiq.exchange.kinds.requests import RefusalReason
from tansiq.parties.duties import Permission
from tansiq.web.access import ActForm
from tansiq.web.forms import fields


class Remind(ActForm):
    """Remind who was asked."""

    act = staticmethod(acts.remind)
    permission = Permission.REQUEST_REMIND

    remark = fields.line(_("Remark"), required=False, most=500)


class Escalate(ActForm):
    """Tell an agency above that no answer came."""

    act = staticmethod(acts.escalate)
    permission = Permission.REQUEST_ESCALATE

    to = forms.ChoiceField(label=_("To whom"), choices=())
    remark = fields.line(_("Remark"), required=False, most=500)

    def __init__(self, *args: Any, above: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = fields.agencies(above)


class Withdraw(ActForm):
    """Withdraw the question."""

    act = staticmethod(acts.withdraw)
    permission = Permission.REQUEST_WITHDRAW

    remark = fields.line(_("Remark"), required=False, most=500)


class Take(ActForm):
    """Say that it is in work: a button alone."""

    act = staticmethod(acts.take)
    permission = Permission.REQUEST_TAKE


class Refuse(ActForm):
    """Refuse, for one of the reasons that there are."""

    act = staticmethod(acts.refuse)
    permission = Permission.REQUEST_REFUSE

    reason = fields.one_of(_("Reason"), RefusalReason)
    remark = fields.line(_("Remark"), required=False, most=500)
