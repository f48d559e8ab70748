"""The forms of originator control: ask for release, answer, pass a letter on; recall one, answer a recall."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import acts
from tansiq.exchange.kinds.information import InformationLetter, Nature, Statement
from tansiq.exchange.kinds.originator import ReleaseAnswer
from tansiq.exchange.label import Urgency
from tansiq.exchange.reads.onward import Way
from tansiq.exchange.recalls import RecallAnswerCode, RecallCause, RetentionBasis
from tansiq.parties.duties import Permission
from tansiq.web.access import ActForm
from tansiq.web.filters import said
from tansiq.web.forms import fields
from tansiq.web.words import CODES

STATEMENTS = 3

APART = "|"
"""What stands between an agreement and an agency in a choice: neither holds it."""


class _Onward(ActForm):
    """To whom a letter may go on, by which agreement and for what."""

    to = forms.MultipleChoiceField(label=_("Pass on to"), widget=forms.CheckboxSelectMultiple, choices=())
    purpose = forms.ChoiceField(label=_("Purpose"), choices=())

    def __init__(self, *args: Any, ways: tuple[Way, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict(fields.agencies())
        self.fields["to"].choices = [
            (f"{way.agreement}{APART}{code}", f"{names.get(code, code)} · {said(way.title)}")
            for way in ways
            for code in way.parties
        ]
        purposes = sorted({purpose for way in ways for purpose in way.purposes})
        self.fields["purpose"].choices = [(code, CODES["purpose"].get(code, code)) for code in purposes]

    def clean_to(self) -> list[str]:
        """Recipients under one agreement."""
        chosen: list[str] = self.cleaned_data["to"]
        if len({each.partition(APART)[0] for each in chosen}) > 1:
            raise ValidationError(_("Choose recipients under one agreement at a time."), "several")
        return chosen

    def arguments(self) -> dict[str, Any]:
        """The agreement and the agencies apart."""
        given = super().arguments()
        chosen = [each.partition(APART) for each in given.pop("to")]
        return {**given, "onward_by": chosen[0][0], "to": tuple(agency for _by, _apart, agency in chosen)}


class AskRelease(_Onward):
    """Ask the originator whether its letter may go on."""

    act = staticmethod(acts.ask_release)
    permission = Permission.RELEASE_ASK

    reason = fields.line(_("Reason"), most=300)


class ForwardLetter(_Onward):
    """Pass the letter on."""

    act = staticmethod(acts.forward_letter)
    permission = Permission.LETTER_FORWARD

    urgency = fields.one_of(_("Urgency"), Urgency, initial=Urgency.ROUTINE.value)

    def arguments(self) -> dict[str, Any]:
        """The urgency as its code."""
        given = super().arguments()
        return {**given, "urgency": given["urgency"].value}


class RecallLetter(ActForm):
    """Take a letter of ours back."""

    act = staticmethod(acts.recall_letter)
    permission = Permission.LETTER_RECALL

    cause = fields.one_of(_("Why it is taken back"), RecallCause)
    remark = fields.line(_("Remark"), most=300, required=False)


class RetainLetter(ActForm):
    """Keep a letter longer than its agreement does."""

    act = staticmethod(acts.retain_letter)
    permission = Permission.LETTER_RETAIN

    basis = fields.one_of(_("Basis"), RetentionBasis)
    days = fields.number(_("Retained for (days)"), least=1, most=3650)


class CorrectLetter(ActForm):
    """Send a corrected letter in place of one of ours."""

    act = staticmethod(acts.correct_letter)
    permission = Permission.LETTER_CORRECT

    subject = fields.line(_("Subject"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for place in range(1, STATEMENTS + 1):
            self.fields[f"text_{place}"] = fields.text(_("Statement"), required=place == 1, rows=2)
            self.fields[f"nature_{place}"] = fields.one_of(_("Nature"), Nature)
            self.fields[f"source_{place}"] = _graded(_("Source"), "ABCX", "X")
            self.fields[f"grade_{place}"] = _graded(_("Grade"), "1234", "4")

    def arguments(self) -> dict[str, Any]:
        """The letter."""
        given = super().arguments()
        said = tuple(
            Statement(given[f"text_{n}"], given[f"nature_{n}"], given[f"source_{n}"], int(given[f"grade_{n}"]))
            for n in range(1, STATEMENTS + 1)
            if given[f"text_{n}"]
        )
        return {"letter": InformationLetter(subject=given["subject"], statements=said)}


def _graded(label: Any, codes: str, usual: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[(code, code) for code in codes], initial=usual)


class AnswerRecall(ActForm):
    """Say what becomes of a recalled letter here."""

    act = staticmethod(acts.answer_recall)
    permission = Permission.RECALL_ANSWER

    answer = fields.one_of(_("What becomes of it"), RecallAnswerCode)
    basis = fields.one_of(_("Basis, where it is retained"), RetentionBasis, required=False)
    days = fields.number(_("Retained for (days)"), least=1, most=3650, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["basis"].choices = [("", "–"), *self.fields["basis"].choices]

    def arguments(self) -> dict[str, Any]:
        """No days where none were typed."""
        given = super().arguments()
        return {**given, "days": given["days"] or 0, "basis": given["basis"] or None}


class AnswerRelease(ActForm):
    """Answer a request: yes for so many days, once or as often as needed, or no."""

    act = staticmethod(acts.answer_release)
    permission = Permission.RELEASE_ANSWER

    answer = fields.one_of(_("Answer"), ReleaseAnswer)
    days = fields.number(_("Valid for (days)"), least=1, most=365, required=False)
    once = forms.BooleanField(label=_("For one passing on alone"), required=False, initial=True)
    reason = fields.line(_("Reason"), most=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["days"].initial = 7

    def arguments(self) -> dict[str, Any]:
        """No days where none were typed."""
        given = super().arguments()
        return {**given, "days": given["days"] or 0}
