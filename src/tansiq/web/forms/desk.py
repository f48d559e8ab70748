"""The forms of a desk: take in hand, steer, ask, return; and the sender's answer to it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import acts
from tansiq.exchange.kinds.desks import ReturnReason
from tansiq.parties.duties import Permission
from tansiq.web.access import ActForm
from tansiq.web.forms import fields
from tansiq.web.words import word

REASONS = [reason for reason in ReturnReason if reason]


class Take(ActForm):
    """Take a letter in hand: a button alone."""

    act = staticmethod(acts.take)
    permission = Permission.DESK_TAKE


class Steer(ActForm):
    """Steer a letter to services that it is addressed to."""

    act = staticmethod(acts.steer)
    permission = Permission.DESK_STEER

    to = forms.MultipleChoiceField(label=_("Services it is addressed to"), widget=forms.CheckboxSelectMultiple)
    words = fields.text(_("Remark"), required=False, rows=2)

    def __init__(self, *args: Any, recipients: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = fields.agencies(recipients)
        self.fields["to"].initial = recipients if len(recipients) == 1 else ()

    def arguments(self) -> dict[str, Any]:
        """The services as acts take them."""
        given = super().arguments()
        return {**given, "to": tuple(given["to"])}


class Ask(ActForm):
    """Ask the sender for more."""

    act = staticmethod(acts.ask)
    permission = Permission.DESK_ASK

    words = fields.text(_("Question to the sender"), rows=2)


class SendBack(ActForm):
    """Return a letter, with a reason."""

    act = staticmethod(acts.send_back)
    permission = Permission.DESK_RETURN

    reason = forms.TypedChoiceField(label=_("Reason"), coerce=ReturnReason, choices=())
    words = fields.text(_("Remark"), required=False, rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = [(reason.value, word(reason)) for reason in REASONS]


class Tell(ActForm):
    """Answer the desk's question."""

    act = staticmethod(acts.tell)
    permission = Permission.DESK_TELL

    words = fields.text(_("Answer to the desk, which reads it"), rows=2)
