"""The forms of agreements: propose one, sign, suspend, lift, end, supersede."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import acts
from tansiq.exchange.agreements.templates import propose
from tansiq.exchange.agreements.terms import Mechanism, write_agreement
from tansiq.parties.duties import Permission
from tansiq.web.access import ActForm
from tansiq.web.forms import fields


class ProposeAgreement(ActForm):
    """Propose an agreement from a built-in template."""

    act = staticmethod(acts.propose_agreement)
    permission = Permission.AGREEMENT_PROPOSE

    mechanism = fields.one_of(_("Mechanism"), Mechanism)
    number = fields.line(_("Number"), most=64)
    parties = forms.MultipleChoiceField(label=_("Parties"), widget=forms.SelectMultiple(attrs={"size": 8}), choices=())
    desk = forms.ChoiceField(label=_("Desk in the way"), required=False, choices=())
    group = fields.line(_("Sharing group (a short name, where only some share)"), required=False, most=40)
    members = forms.MultipleChoiceField(
        label=_("Its members"), required=False, widget=forms.SelectMultiple(attrs={"size": 5}), choices=()
    )
    since = fields.calendar_day(_("From"))
    until = fields.calendar_day(_("Until"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = fields.agencies()
        self.fields["parties"].choices = self.fields["members"].choices = found
        self.fields["desk"].choices = [("", _("none")), *found]

    def arguments(self) -> dict[str, Any]:
        """The document."""
        given = _days(super().arguments())
        group, members = given.pop("group"), given.pop("members")
        mechanism = given.pop("mechanism")
        return {"document": write_agreement(propose(mechanism, groups={group: members} if group else {}, **given))}


def _days(given: dict[str, Any]) -> dict[str, Any]:
    """What was given, with its days as moments in UTC."""
    ends = {end: datetime.combine(given[end], time(), UTC) for end in ("since", "until")}
    return {**given, **ends}


class SupersedeAgreement(ActForm):
    """Draft an agreement in this one's place."""

    act = staticmethod(acts.supersede_agreement)
    permission = Permission.AGREEMENT_SUPERSEDE

    number = fields.line(_("Number"), most=64)
    since = fields.calendar_day(_("From"))
    until = fields.calendar_day(_("Until"))
    overlap_days = fields.number(_("Both stand side by side for (days)"), most=366)
    afresh = forms.BooleanField(label=_("With the built-in text as it stands today"), required=False)

    def arguments(self) -> dict[str, Any]:
        """What was given, with its days as moments."""
        return _days(super().arguments())


class _ForParty(ActForm):
    """What is said of an agreement, for a party that this node speaks for."""

    party = forms.ChoiceField(label=_("For"), choices=())

    def __init__(self, *args: Any, ours: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["party"].choices = fields.agencies(ours)


class SignAgreement(_ForParty):
    """Sign for one of our agencies."""

    act = staticmethod(acts.sign_agreement)
    permission = Permission.AGREEMENT_SIGN


class SuspendAgreement(_ForParty):
    """Suspend, for a reason."""

    act = staticmethod(acts.suspend_agreement)
    permission = Permission.AGREEMENT_SUSPEND
    reason = fields.line(_("Reason"), required=False, most=64)


class LiftAgreement(_ForParty):
    """Lift one's own suspension."""

    act = staticmethod(acts.lift_agreement)
    permission = Permission.AGREEMENT_LIFT
    reason = fields.line(_("Reason"), required=False, most=64)


class EndAgreement(_ForParty):
    """End for good."""

    act = staticmethod(acts.end_agreement)
    permission = Permission.AGREEMENT_END
    reason = fields.line(_("Reason"), required=False, most=64)
