"""The forms of the exchange: open a letter, attest; agreements, partners, the ledger."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import acts, reads
from tansiq.exchange.agreements.templates import propose
from tansiq.exchange.agreements.terms import Mechanism, write_agreement
from tansiq.exchange.values import Flaw
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.web.access import ActForm
from tansiq.web.forms import fields


class OpenLetter(ActForm):
    """Open a letter, for a stated reason."""

    act = staticmethod(acts.open_letter)
    permission = Permission.LETTER_OPEN

    reason = fields.line(_("Reason"), most=200)


class OpenAttachment(ActForm):
    """Open an attachment, for a stated reason."""

    act = staticmethod(acts.open_attachment)
    permission = Permission.ATTACHMENT_OPEN

    reason = fields.line(_("Reason"), most=200)


def attest(*, envelope: UUID, by: Officer, now: datetime) -> Refused | None:
    """Tell the sender, signed, that the letter was acted upon."""
    return acts.attest_acted(envelope=envelope, by=by, now=now)


class Attest(ActForm):
    """Attest that a letter was acted upon: a button alone."""

    act = staticmethod(attest)
    permission = Permission.LETTER_ATTEST


class ProposeAgreement(ActForm):
    """Propose an agreement from a built-in template."""

    act = staticmethod(acts.propose_agreement)
    permission = Permission.AGREEMENT_PROPOSE

    mechanism = fields.one_of(_("Mechanism"), Mechanism)
    number = fields.line(_("Number"), most=64)
    parties = forms.MultipleChoiceField(label=_("Parties"), widget=forms.SelectMultiple(attrs={"size": 8}), choices=())
    since = fields.calendar_day(_("From"))
    until = fields.calendar_day(_("Until"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parties"].choices = fields.agencies()

    def arguments(self) -> dict[str, Any]:
        """The document."""
        given = super().arguments()
        for end in ("since", "until"):
            given[end] = datetime.combine(given[end], time(), UTC)
        mechanism = given.pop("mechanism")
        return {"document": write_agreement(propose(mechanism, **given))}


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


class AddPartner(ActForm):
    """Take a partner's card, as its text."""

    act = staticmethod(acts.add_partner)
    permission = Permission.PARTNER_ADD

    card = forms.CharField(
        label=_("Card"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "ltr", "spellcheck": "false"}),
    )


class ConfirmPartner(ActForm):
    """Confirm the words that were compared by voice."""

    act = staticmethod(acts.confirm_partner)
    permission = Permission.PARTNER_CONFIRM

    words = forms.CharField(
        label=_("The words, as the partner read them to you"),
        max_length=400,
        widget=forms.TextInput(attrs={"dir": "ltr"}),
    )


def verify_ledger(*, by: Officer, now: datetime) -> tuple[Flaw, ...]:
    """Compute everything again, and note that it was asked for: each row that is not what it should be."""
    flaws = reads.verify()
    acts.record(event=Permission.LEDGER_VERIFY, thing=by.person, by=by, now=now, detail={"flaws": len(flaws)})
    return flaws


class VerifyLedger(ActForm):
    """Check the whole ledger: a button alone."""

    act = staticmethod(verify_ledger)
    permission = Permission.LEDGER_VERIFY
