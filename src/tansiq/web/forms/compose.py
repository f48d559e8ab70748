"""The forms of letters that officers write: the label, which stays readable, and the letter, which is sealed.

A form grows by a statement or a person at a time; how many there are stands in the form itself, so that it works
without a script and through a draft. While it is written it is incomplete: `heading` says what is known so far.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tansiq.correspondence import acts
from tansiq.exchange import attaching
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.attaching import Ready
from tansiq.exchange.choosing import Choice, Heading, weakest
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.information import InformationLetter, Nature, PersonCategory, PersonMentioned, Statement
from tansiq.exchange.kinds.requests import ReplyStep
from tansiq.exchange.label import Claim, Handling, Marks, Urgency
from tansiq.exchange.values import Upload
from tansiq.parties.duties import Permission
from tansiq.parties.values import node_of
from tansiq.web.access import ActForm
from tansiq.web.forms import fields
from tansiq.web.words import CODES, word

SOURCES = ("A", "B", "C", "X")
GRADES = ("1", "2", "3", "4")
MOST_STATEMENTS = MOST_PERSONS = 30
ANY, UNLISTED = "any", "unlisted"
"""Words of agreements that are no topic: every topic, and one that is not listed."""

SLOWER = tuple(each for each in Urgency if each is not Urgency.DISTRESS)
"""Distress needs no letter to be written: it goes from the duty room to everybody at once."""


class LetterForm(ActForm):
    """What every written letter has: a label, statements each marked fact or assessment, persons with a category."""

    kind: Kind
    draft: UUID
    ready: Ready | None = None
    """The attachments, once they are sealed for this letter."""

    to = forms.MultipleChoiceField(label=_("Recipients"), widget=forms.CheckboxSelectMultiple, choices=())
    topic = forms.ChoiceField(label=_("Topic"), choices=())
    purpose = forms.ChoiceField(label=_("Purpose"), choices=())
    urgency = forms.TypedChoiceField(label=_("Urgency"), choices=(), coerce=Urgency, initial=Urgency.ROUTINE.value)
    sensitivity = forms.TypedChoiceField(label=_("Sensitivity"), coerce=int, choices=())
    handling = fields.one_of(_("Handling"), Handling)
    operational = forms.BooleanField(label=_("Operational: for acting on, not for knowing alone"), required=False)
    joint_operation = forms.ChoiceField(label=_("Joint operation"), choices=(), required=False)
    signed_for = forms.MultipleChoiceField(
        label=_("You sign for"), widget=forms.CheckboxSelectMultiple, choices=(), required=False
    )
    case = forms.UUIDField(
        label=_("Case"),
        required=False,
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off"}),
        error_messages={"invalid": _("A case is named by its id, as it stands in its address.")},
    )
    subject = fields.line(_("Subject"))
    attachments = forms.MultipleChoiceField(choices=(), required=False)
    agreement = forms.ChoiceField(
        label=_("Channel"), choices=(), error_messages={"required": _("Choose the channel that it goes by.")}
    )

    LABEL = (
        "to", "topic", "purpose", "urgency", "sensitivity", "handling", "case", "signed_for", "joint_operation",
        "operational",
    )  # fmt: skip
    LETTER: tuple[str, ...] = ("subject",)
    LEAST = 1
    """How many statements such a letter has at least."""

    def __init__(
        self, *args: Any, channels: tuple[Choice, ...], node: str, uploads: tuple[Upload, ...] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.uploads = [each for each in uploads if each.came == each.size]
        self.fields["attachments"].choices = [(str(each.id), each.name) for each in self.uploads]
        self.rows = self._count("rows", 1, MOST_STATEMENTS)
        self.mentions = self._count("mentions", 0, MOST_PERSONS)
        others = {party for channel in channels for party in channel.parties if node_of(party) != node}
        self.fields["to"].choices = fields.agencies(others)
        if len(others) == 1:
            self.fields["to"].initial = tuple(others)
        self.fields["topic"].choices = _listed("topic", _topics(channels))
        self.fields["purpose"].choices = _listed("purpose", {purpose for each in channels for purpose in each.purposes})
        self.fields["urgency"].choices = fields.words(SLOWER)
        self.fields["sensitivity"].choices = [(level, CODES["sensitivity"][str(level)]) for level in range(4)]
        self.fields["signed_for"].choices = fields.words((Claim.NON_REFOULEMENT, Claim.ASYLUM, Claim.EXCEPTION))
        if not any(each.mechanism in (Mechanism.RETURNS, Mechanism.INTERPOL) for each in channels):
            self.fields["signed_for"].widget = forms.MultipleHiddenInput()
        operations = [each for each in channels if each.mechanism == Mechanism.JOINT_OPERATION]
        named = [(each.agreement, f"{each.title.said(get_language() or 'en')} {each.number}") for each in operations]
        self.fields["joint_operation"].choices = [("", "–"), *named]
        if not named:
            self.fields["joint_operation"].widget = forms.HiddenInput()
        self.fields["agreement"].choices = [(each.agreement, each.agreement) for each in channels]
        for place in range(1, self.rows + 1):
            self.fields[f"text_{place}"] = fields.text(_("Statement"), required=False, rows=2)
            self.fields[f"nature_{place}"] = fields.one_of(_("Nature"), Nature)
            self.fields[f"source_{place}"] = _graded(_("Source"), SOURCES, "X")
            self.fields[f"grade_{place}"] = _graded(_("Information"), GRADES, "4")
        for place in range(1, self.mentions + 1):
            self.fields[f"name_{place}"] = fields.line(_("Name"), required=False)
            self.fields[f"category_{place}"] = fields.one_of(_("Category"), PersonCategory, required=False)

    def _count(self, name: str, least: int, most: int) -> int:
        said = str((self.data if self.is_bound else self.initial).get(name, ""))
        return min(max(int(said), least), most) if said.isascii() and said.isdigit() and len(said) < 4 else least

    def label(self) -> list[forms.BoundField]:
        """The fields of the label."""
        return [self[name] for name in self.LABEL if not self[name].is_hidden]

    def unseen(self) -> list[forms.BoundField]:
        """What the form carries along without showing it."""
        return [self["token"], *(self[name] for name in self.LABEL if self[name].is_hidden)]

    def handed_in(self) -> list[tuple[Upload, bool]]:
        """The files that the writer handed in, each with whether it goes with this letter."""
        chosen = {str(each) for each in self["attachments"].value() or ()}
        return [(each, str(each.id) in chosen) for each in self.uploads]

    def attached(self) -> tuple[Upload, ...]:
        """The files that go with this letter."""
        chosen = self.cleaned_data.get("attachments") or ()
        return tuple(each for each in self.uploads if str(each.id) in chosen)

    def letter(self) -> list[forms.BoundField]:
        """The fields of the letter, before its statements."""
        return [self[name] for name in self.LETTER]

    def statements(self) -> list[list[forms.BoundField]]:
        """The fields of each statement."""
        parts = ("text", "nature", "source", "grade")
        return [[self[f"{part}_{place}"] for part in parts] for place in range(1, self.rows + 1)]

    def persons(self) -> list[list[forms.BoundField]]:
        """The fields of each person mentioned."""
        return [[self[f"name_{place}"], self[f"category_{place}"]] for place in range(1, self.mentions + 1)]

    def clean(self) -> dict[str, Any]:
        """A letter says something, and every person in it has a category."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.LEAST and not any(given.get(f"text_{place}") for place in range(1, self.rows + 1)):
            self.add_error("text_1", _("A letter says at least one thing."))
        for place in range(1, self.mentions + 1):
            if given.get(f"name_{place}") and not given.get(f"category_{place}"):
                self.add_error(f"category_{place}", _("Say in what relation the person is mentioned."))
        return given

    def said(self) -> tuple[Statement, ...]:
        """The statements that were written."""
        given = self.cleaned_data
        return tuple(
            Statement(text, given[f"nature_{n}"], given.get(f"source_{n}", "X"), int(given.get(f"grade_{n}", 4)))
            for n in range(1, self.rows + 1)
            if (text := given.get(f"text_{n}")) and given.get(f"nature_{n}")
        )

    def mentioned(self) -> tuple[PersonMentioned, ...]:
        """The persons that were named."""
        given = self.cleaned_data
        named = [(given.get(f"name_{n}"), given.get(f"category_{n}")) for n in range(1, self.mentions + 1)]
        return tuple(PersonMentioned(name, category) for name, category in named if name and category)

    def heading(self) -> Heading:
        """What the letter says outside, as far as it was filled in."""
        self.is_valid()
        given = self.cleaned_data
        to = given.get("to") or ()
        source, information = weakest((each.source, each.information) for each in self.said())
        named = any(given.get(f"name_{n}") for n in range(1, self.mentions + 1))
        return Heading(
            kind=self.kind,
            to=(to,) if isinstance(to, str) else tuple(to),
            topic=given.get("topic") or "",
            purpose=given.get("purpose") or "",
            sensitivity=given.get("sensitivity") or 0,
            handling=given.get("handling") or Handling.H0,
            urgency=given.get("urgency") or Urgency.ROUTINE,
            case=given.get("case"),
            source=source,
            information=information,
            persons_named=named,
            marks=self.marks(),
            attached=tuple(attaching.expected(each.name, each.kind, each.size) for each in self.attached()),
            ready=self.ready,
        )

    def marks(self) -> Marks:
        """What the label says besides."""
        given = self.cleaned_data
        return Marks(
            operational=bool(given.get("operational")),
            joint_operation=given.get("joint_operation") or "",
            claims={Claim(each): 1 for each in given.get("signed_for") or ()},
        )

    def parts(self) -> dict[str, Any]:
        """What the letter is made of, by the names of its act's keywords."""
        return {
            "subject": self.cleaned_data["subject"],
            "statements": self.said(),
            "persons": self.mentioned(),
        }

    def arguments(self) -> dict[str, Any]:
        """The heading, what the letter is made of, and the channel."""
        return {
            "draft": self.draft,
            "heading": self.heading(),
            "agreement": self.cleaned_data["agreement"],
            **self.parts(),
        }


class WriteInformation(LetterForm):
    """Tell another service something."""

    act = staticmethod(acts.write_letter)
    permission = Permission.LETTER_SEND
    kind = Kind.INFORMATION

    def parts(self) -> dict[str, Any]:
        """The letter of information."""
        return {"letter": InformationLetter(**super().parts())}


class WriteRequest(LetterForm):
    """Ask another service a question; the statements say what it rests on."""

    act = staticmethod(acts.ask)
    permission = Permission.REQUEST_ASK
    kind = Kind.REQUEST

    question = fields.text(_("Question"), rows=4, most=4000)

    LETTER = ("subject", "question")
    LEAST = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = self.fields["to"]
        one = {"choices": asked.choices, "initial": asked.initial, "widget": forms.RadioSelect}
        self.fields["to"] = forms.ChoiceField(label=asked.label, **one)

    def parts(self) -> dict[str, Any]:
        """The question and what it rests on."""
        return {"question": self.cleaned_data["question"], **super().parts()}


class WriteReply(LetterForm):
    """Answer a request in whole or in part."""

    act = staticmethod(acts.answer)
    permission = Permission.REQUEST_ANSWER
    kind = Kind.REPLY

    request = forms.UUIDField(widget=forms.HiddenInput)
    extent = forms.ChoiceField(label=_("Answer"), choices=(), widget=forms.RadioSelect)

    LETTER = ("extent", "subject")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        extents = (ReplyStep.WHOLE, ReplyStep.PART)
        self.fields["extent"].choices = [(each.value, word(each)) for each in extents]

    def unseen(self) -> list[forms.BoundField]:
        """The request that is answered is carried along too."""
        return [*super().unseen(), self["request"]]

    def parts(self) -> dict[str, Any]:
        """What is answered, and whether something is left."""
        given = self.cleaned_data
        return {"request": given["request"], "whole": given["extent"] == ReplyStep.WHOLE, **super().parts()}


def _graded(label: Any, codes: tuple[str, ...], usual: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[(code, code) for code in codes], initial=usual)


def _topics(channels: Iterable[Choice]) -> set[str]:
    """The topics that channels name; "any" stands for all that there are words for."""
    named = {topic for each in channels for topic in each.topics}
    return named if ANY not in named else (named | {*CODES["topic"]}) - {ANY, UNLISTED}


def _listed(noun: str, codes: set[str]) -> list[tuple[str, Any]]:
    named = [(code, CODES[noun].get(code, code)) for code in codes]
    return [("", "–"), *sorted(named, key=lambda pair: str(pair[1]))]
