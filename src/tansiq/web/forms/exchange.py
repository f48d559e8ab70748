"""The forms of the exchange: open a letter, attest, write one; agreements, partners, the ledger."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import acts, reads
from tansiq.exchange.agreements.templates import propose
from tansiq.exchange.agreements.terms import Mechanism, write_agreement
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import InformationLetter, Nature, Statement
from tansiq.exchange.label import Handling, Urgency
from tansiq.exchange.values import AgreementWhole, Flaw, Sent
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of
from tansiq.web.access import ActForm
from tansiq.web.forms import fields
from tansiq.web.words import CODES

SOURCES = ("A", "B", "C", "X")
GRADES = ("1", "2", "3", "4")
STATEMENTS = 3


class OpenLetter(ActForm):
    """Open a letter, for a stated reason."""

    act = staticmethod(acts.open_letter)
    permission = Permission.LETTER_OPEN

    reason = fields.line(_("Reason"), most=200)


def attest(*, envelope: UUID, by: Officer, now: datetime) -> Refused | None:
    """Tell the sender, signed, that the letter was acted upon."""
    return acts.attest_acted(envelope=envelope, by=by, now=now)


class Attest(ActForm):
    """Attest that a letter was acted upon: a button alone."""

    act = staticmethod(attest)
    permission = Permission.LETTER_ATTEST


def write_letter(
    *,
    to: tuple[str, ...],
    letter: InformationLetter,
    topic: str,
    purpose: str,
    sensitivity: int,
    handling: str,
    urgency: str,
    by: Officer,
    now: datetime,
) -> Sent | Refused:
    """Send a letter of information under the direct agreement."""
    return acts.send(
        kind=Kind.INFORMATION,
        letter=letter,
        mechanism=Mechanism.DIRECT.value,
        to=to,
        topic=topic,
        purpose=purpose,
        sensitivity=sensitivity,
        handling=handling,
        urgency=urgency,
        by=by,
        now=now,
    )


class WriteLetter(ActForm):
    """Write to another service: the label, which stays readable, and the letter, which is sealed."""

    act = staticmethod(write_letter)
    permission = Permission.LETTER_SEND

    to = forms.MultipleChoiceField(label=_("Recipients"), widget=forms.CheckboxSelectMultiple, choices=())
    topic = forms.ChoiceField(label=_("Topic"), choices=())
    purpose = forms.ChoiceField(label=_("Purpose"), choices=())
    urgency = fields.one_of(_("Urgency"), Urgency, initial=Urgency.ROUTINE.value)
    sensitivity = forms.TypedChoiceField(label=_("Sensitivity"), coerce=int, choices=())
    handling = fields.one_of(_("Handling"), Handling)
    subject = fields.line(_("Subject"))

    LABEL = ("to", "topic", "purpose", "urgency", "sensitivity", "handling")

    def __init__(self, *args: Any, channels: tuple[AgreementWhole, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        theirs = {node_of(code) for code in reads.parties_of(mechanism=Mechanism.DIRECT.value)}
        parties = {party for channel in channels for party in channel.terms.parties}
        self.fields["to"].choices = fields.agencies(party for party in parties if node_of(party) in theirs)
        topics = sorted({topic for channel in channels for topic in channel.terms.topics})
        purposes = sorted({purpose for channel in channels for purpose in channel.terms.purposes})
        most = max((channel.terms.sensitivity for channel in channels), default=0)
        self.fields["topic"].choices = [(code, CODES["topic"].get(code, code)) for code in topics]
        self.fields["purpose"].choices = [(code, CODES["purpose"].get(code, code)) for code in purposes]
        self.fields["sensitivity"].choices = [(level, CODES["sensitivity"][str(level)]) for level in range(most + 1)]
        for place in range(1, STATEMENTS + 1):
            self.fields[f"text_{place}"] = fields.text(_("Statement"), required=place == 1, rows=2)
            self.fields[f"nature_{place}"] = fields.one_of(_("Nature"), Nature)
            self.fields[f"source_{place}"] = _graded(_("Source"), SOURCES, "X")
            self.fields[f"grade_{place}"] = _graded(_("Grade"), GRADES, "4")

    def label(self) -> list[forms.BoundField]:
        """The fields of the label."""
        return [self[name] for name in self.LABEL]

    def statements(self) -> list[list[forms.BoundField]]:
        """The fields of each statement."""
        parts = ("text", "nature", "source", "grade")
        return [[self[f"{part}_{place}"] for part in parts] for place in range(1, STATEMENTS + 1)]

    def arguments(self) -> dict[str, Any]:
        """The label's fields, and the letter."""
        given = super().arguments()
        said = tuple(
            Statement(given[f"text_{n}"], given[f"nature_{n}"], given[f"source_{n}"], int(given[f"grade_{n}"]))
            for n in range(1, STATEMENTS + 1)
            if given[f"text_{n}"]
        )
        label = {name: given[name] for name in self.LABEL}
        label |= {"to": tuple(given["to"]), "urgency": given["urgency"].value, "handling": given["handling"].value}
        return {**label, "letter": InformationLetter(subject=given["subject"], statements=said)}


def _graded(label: Any, codes: tuple[str, ...], usual: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[(code, code) for code in codes], initial=usual)


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
