"""The forms of liaison posts: open and end one, give it a case and take it back, hand it over and take it over."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import acts
from tansiq.exchange.mandates import Post
from tansiq.exchange.values import AgreementWhole
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of
from tansiq.web.access import ActForm
from tansiq.web.forms import fields
from tansiq.web.words import CODES


def _coded(noun: str, codes: Any) -> list[tuple[str, Any]]:
    return [(code, CODES[noun].get(code, code)) for code in sorted(set(codes))]


def _begins(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def _people(officers: tuple[Officer, ...]) -> list[tuple[str, str]]:
    return [(str(person), name) for person, name in sorted({(each.person, each.name) for each in officers})]


def open_post(*, since: datetime | None, now: datetime, **given: Any) -> Post | Refused:
    """Open a post, from now on where no day was given."""
    return acts.open_post(since=since or now, now=now, **given)


class OpenPost(ActForm):
    """Open a liaison post of an agency of ours at a partner's."""

    act = staticmethod(open_post)
    permission = Permission.LIAISON_OPEN

    sending = forms.ChoiceField(label=_("Sending agency"), choices=())
    host = forms.ChoiceField(label=_("Host agency"), choices=())
    officer = forms.TypedChoiceField(label=_("Liaison officer"), coerce=UUID, choices=())
    topics = forms.MultipleChoiceField(
        label=_("Specialism"), widget=forms.SelectMultiple(attrs={"size": 6}), choices=()
    )
    regions = forms.MultipleChoiceField(label=_("Region"), widget=forms.SelectMultiple(attrs={"size": 6}), choices=())
    since = fields.calendar_day(_("From"), required=False)
    until = fields.calendar_day(_("Until"))

    def __init__(
        self, *args: Any, channels: tuple[AgreementWhole, ...], officers: tuple[Officer, ...], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._officers = officers
        parties = {party for channel in channels for party in channel.terms.parties}
        ours = {party for party in parties if node_of(party) == settings.TANSIQ_NODE}
        self.fields["sending"].choices = fields.agencies(ours)
        self.fields["host"].choices = fields.agencies(parties - ours)
        self.fields["officer"].choices = _people(officers)
        self.fields["topics"].choices = _coded("topic", (one for each in channels for one in each.terms.topics))
        self.fields["regions"].choices = list(CODES["region"].items())

    def arguments(self) -> dict[str, Any]:
        """Codes, moments, and the officer in the duty that fits the sending agency, where they hold it."""
        given = super().arguments()
        held = [each for each in self._officers if each.person == given["officer"]]
        fit = [each for each in held if each.party == given["sending"]]
        given |= {"officer": (fit or held)[0], "topics": tuple(given["topics"]), "regions": tuple(given["regions"])}
        return {**given, "since": _begins(given["since"]), "until": _begins(given["until"])}


class EndPost(ActForm):
    """End a post before its time: a button alone."""

    act = staticmethod(acts.end_post)
    permission = Permission.LIAISON_END


def assign_case(
    *,
    post: UUID,
    case: UUID | None,
    reference: str,
    topic: str,
    region: str,
    until: datetime,
    by: Officer,
    now: datetime,
) -> Post | Refused:
    """Give a case to a post; one that has no id here yet gets one."""
    return acts.assign_case(
        post=post,
        case=case or uuid7(now),
        reference=reference,
        topic=topic,
        region=region,
        until=until,
        by=by,
        now=now,
    )


class AssignCase(ActForm):
    """Give a case to a post."""

    act = staticmethod(assign_case)
    permission = Permission.LIAISON_ASSIGN

    reference = fields.line(_("What both sides call the case"))
    topic = forms.ChoiceField(label=_("Topic"), choices=())
    region = forms.ChoiceField(label=_("Region"), choices=())
    until = fields.calendar_day(_("Until"))
    case = forms.UUIDField(
        label=_("Case file"),
        required=False,
        help_text=_("The id of a case that exists here already, if there is one."),
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off"}),
        error_messages={"invalid": _("A case is named by its id, as it stands in its address.")},
    )

    def __init__(self, *args: Any, post: Post, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topic"].choices = _coded("topic", post.mandate.topics)
        self.fields["region"].choices = _coded("region", post.mandate.regions)

    def arguments(self) -> dict[str, Any]:
        """The day as the moment at which it begins."""
        given = super().arguments()
        return {**given, "until": _begins(given["until"])}


class WithdrawCase(ActForm):
    """Take a case back from a post: a button alone."""

    act = staticmethod(acts.withdraw_case)
    permission = Permission.LIAISON_WITHDRAW


class HandOver(ActForm):
    """Offer the post to the next officer."""

    act = staticmethod(acts.hand_over)
    permission = Permission.LIAISON_HAND_OVER

    to = forms.TypedChoiceField(label=_("Next officer"), coerce=UUID, choices=())

    def __init__(self, *args: Any, officers: tuple[Officer, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._officers = officers
        self.fields["to"].choices = _people(officers)

    def arguments(self) -> dict[str, Any]:
        """The chosen person, in every liaison duty that they hold."""
        given = super().arguments()
        return {**given, "to": tuple(each for each in self._officers if each.person == given["to"])}


class TakeOver(ActForm):
    """Take over the post: a button alone."""

    act = staticmethod(acts.take_over)
    permission = Permission.LIAISON_TAKE_OVER
