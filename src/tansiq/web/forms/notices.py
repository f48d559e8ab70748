"""The forms of Interpol's notices and diffusions: what each colour needs is signed on the label, for rules to judge.

INTERPOL's Rules on the Processing of Data, articles 82 to 99. What is lacking is told while the form is filled in.
"""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tansiq.correspondence import acts
from tansiq.exchange import canon
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.notices import Ask, DiffusionLetter, NoticeLetter, NoticePerson, Warrant
from tansiq.exchange.label import Claim, Marks, Notice
from tansiq.parties.duties import Permission
from tansiq.web.forms import fields
from tansiq.web.forms.compose import LetterForm

COLOURS = tuple(colour for colour in Notice if colour is not Notice.NONE)
TICKED = (
    Claim.REPORTED_MISSING, Claim.BODY_FOUND, Claim.DANGER_ASSESSED, Claim.IMMINENT_THREAT, Claim.ARTICLE_3,
    Claim.ASYLUM, Claim.EXCEPTION,
)  # fmt: skip
"""What the writer signs for by a tick; a warrant, a penalty and extradition are signed for by what is filled in."""


class WriteNotice(LetterForm):
    """Ask every bureau: a notice, by its colour."""

    act = staticmethod(acts.write_letter)
    permission = Permission.LETTER_SEND
    kind = Kind.NOTICE
    schema: type[NoticeLetter] = NoticeLetter

    colour = forms.ChoiceField(label=_("Colour"), choices=())
    review_on = fields.calendar_day(_("Review on"))
    ask = fields.one_of(_("What is asked"), Ask)
    offence = fields.line(_("Offence"), required=False, most=200)
    provision = fields.line(_("Provision of law"), required=False, most=200)
    authority = fields.line(_("Warrant issued by"), required=False, most=200)
    number = fields.line(_("Number of the warrant"), required=False, most=200)
    issued = fields.calendar_day(_("Warrant of"), required=False)
    penalty_months = fields.number(_("Heaviest penalty (months)"), required=False, most=1200)
    sentence_months = fields.number(_("Sentence (months)"), required=False, most=1200)
    extradition = forms.BooleanField(label=_("Extradition will be sought"), required=False)

    LABEL = (
        "to", "colour", "topic", "purpose", "urgency", "sensitivity", "handling", "case", "review_on", "signed_for",
    )  # fmt: skip
    LETTER = (
        "subject", "ask", "offence", "provision", "authority", "number", "issued", "penalty_months", "sentence_months",
        "extradition",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["colour"].choices = fields.words(COLOURS)
        self.fields["signed_for"].widget = forms.CheckboxSelectMultiple()
        self.fields["signed_for"].choices = fields.words(TICKED)
        for place in range(1, self.mentions + 1):
            self.fields[f"born_{place}"] = forms.RegexField(
                label=_("Born (year, or year-month-day)"), regex=r"^\d{4}(-\d{2}-\d{2})?$", required=False
            )
            self.fields[f"nationality_{place}"] = forms.RegexField(
                label=_("Nationality (two letters)"), regex=r"^[A-Z]{2}$", required=False
            )
            self.fields[f"description_{place}"] = fields.text(_("Description"), required=False, rows=2)

    def persons(self) -> list[list[forms.BoundField]]:
        """The fields of each person whom the notice concerns."""
        parts = ("name", "category", "born", "nationality", "description")
        return [[self[f"{part}_{place}"] for part in parts] for place in range(1, self.mentions + 1)]

    def marks(self) -> Marks:
        """The colour, what is signed for, and when the notice is reviewed."""
        given = self.cleaned_data
        claims = {Claim(each): 1 for each in given.get("signed_for") or ()}
        months = {Claim.PENALTY_MONTHS: "penalty_months", Claim.SENTENCE_MONTHS: "sentence_months"}
        claims |= {claim: given[name] for claim, name in months.items() if given.get(name)}
        if self._warrant() is not None:
            claims[Claim.WARRANT] = 1
        if given.get("extradition"):
            claims[Claim.EXTRADITION] = 1
        review = given.get("review_on")
        return Marks(
            notice=Notice(given.get("colour") or ""),
            claims=claims,
            review_by=canon.millis(datetime.combine(review, time(), UTC)) if review else 0,
        )

    def _warrant(self) -> Warrant | None:
        given = self.cleaned_data
        if not (given.get("authority") and given.get("number") and given.get("issued")):
            return None
        issued = datetime.combine(given["issued"], time(), UTC)
        return Warrant(authority=given["authority"], number=given["number"], issued=issued)

    def parts(self) -> dict[str, Any]:
        """The notice."""
        given = self.cleaned_data
        persons = tuple(
            NoticePerson(
                name=given[f"name_{n}"],
                category=given[f"category_{n}"],
                born=given[f"born_{n}"],
                nationality=given[f"nationality_{n}"],
                description=given[f"description_{n}"],
            )
            for n in range(1, self.mentions + 1)
            if given[f"name_{n}"]
        )
        letter = self.schema(
            subject=given["subject"],
            ask=given["ask"],
            statements=self.said(),
            persons=persons,
            offence=given["offence"],
            provision=given["provision"],
            warrant=self._warrant(),
            penalty_months=given["penalty_months"] or 0,
            sentence_months=given["sentence_months"] or 0,
            extradition=given["extradition"],
        )
        return {"letter": letter}


class WriteDiffusion(WriteNotice):
    """Ask the bureaus that one chooses."""

    kind = Kind.DIFFUSION
    schema = DiffusionLetter
