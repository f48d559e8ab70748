"""The forms of the exchange: open a letter, attest; agreements, partners, the ledger."""

from datetime import datetime
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import acts, reads
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
