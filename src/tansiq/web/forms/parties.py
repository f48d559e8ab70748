"""The forms of people and posts. Each act is recorded in the log within its own transaction."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from tansiq.exchange import acts as exchange
from tansiq.exchange.values import Detail
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties import acts, directory
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import NODE, Agency, Officer, Person, Post
from tansiq.web.access import ActForm
from tansiq.web.forms import fields

LANGUAGES = ("ar", "fr", "es", "en")
LARGEST_FILE = 2_000_000


def add_person(*, username: str, name: str, agency: str, password: str, by: Officer, now: datetime) -> Person | Refused:
    """Add someone who may sign in."""
    answer = acts.add_person(username=username, name=name, agency=agency, password=password, node=settings.TANSIQ_NODE)
    if not isinstance(answer, Refused):
        exchange.record(event=Permission.PERSON_ADD, thing=answer.id, by=by, now=now)
    return answer


class AddPerson(ActForm):
    """Add someone who may sign in; without a post they may do nothing yet."""

    act = staticmethod(add_person)
    permission = Permission.PERSON_ADD

    username = forms.CharField(
        label=_("Username"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    name = fields.line(_("Name"))
    agency = forms.ChoiceField(label=_("Agency"), choices=())
    password = forms.CharField(
        label=_("First password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Twelve characters or more; the person changes it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].choices = fields.own_and(())

    def clean_password(self) -> str:
        """A password that the node's rules take."""
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


def block_person(*, person: UUID, by: Officer, now: datetime) -> Person | Refused:
    """Block an account."""
    answer = acts.block_person(person=person, by=by)
    if not isinstance(answer, Refused):
        exchange.record(event=Permission.PERSON_BLOCK, thing=person, by=by, now=now)
    return answer


class BlockPerson(ActForm):
    """Block an account: a button alone."""

    act = staticmethod(block_person)
    permission = Permission.PERSON_BLOCK


def appoint(
    *,
    person: UUID,
    desk: str,
    duty: Duty,
    since: datetime | None,
    until: datetime | None,
    title: str,
    region: str,
    specialism: str,
    agency: str,
    by: Officer,
    now: datetime,
) -> Post | Refused:
    """Give someone a post."""
    answer = acts.appoint(
        person=person, desk=desk, duty=duty, since=since or now, until=until, title=title, region=region,
        specialism=specialism, agency=agency,
    )  # fmt: skip
    if not isinstance(answer, Refused):
        detail: Detail = {"duty": duty.value}
        exchange.record(event=Permission.POST_APPOINT, thing=answer.id, by=by, now=now, detail=detail)
    return answer


class Appoint(ActForm):
    """Give someone a duty at a desk, for a time."""

    act = staticmethod(appoint)
    permission = Permission.POST_APPOINT

    person = forms.TypedChoiceField(label=_("Person"), coerce=UUID)
    duty = fields.one_of(_("Duty"), Duty)
    desk = fields.line(_("Desk"))
    agency = forms.ChoiceField(
        label=_("Of the mission"),
        required=False,
        help_text=_("A mission's desk takes officials of several services. Empty means the person's own agency."),
        choices=(),
    )
    since = fields.calendar_day(_("From"), required=False)
    until = fields.calendar_day(_("Until"), required=False)
    title = fields.line(_("Title"), required=False)
    region = fields.line(_("Region"), required=False, most=80)
    specialism = fields.line(_("Specialism"), required=False, most=80)

    def __init__(self, *args: Any, people: tuple[Person, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = [(str(one.id), one.name or one.username) for one in people if one.active]
        self.fields["agency"].choices = [("", "–"), *fields.agencies(fields.own_missions())]

    def arguments(self) -> dict[str, Any]:
        """Days as the moments at which they begin."""
        given = super().arguments()
        for end in ("since", "until"):
            given[end] = datetime.combine(given[end], time(), UTC) if given[end] else None
        return given


def relieve(*, post: UUID, by: Officer, now: datetime) -> Post | Refused:
    """End a post now."""
    answer = acts.relieve(post=post, now=now)
    if not isinstance(answer, Refused):
        exchange.record(event=Permission.POST_RELIEVE, thing=post, by=by, now=now)
    return answer


class Relieve(ActForm):
    """End a post: a button alone."""

    act = staticmethod(relieve)
    permission = Permission.POST_RELIEVE


def edit_agency(
    *, agency: str, names: dict[str, str], functions: tuple[str, ...], by: Officer, now: datetime
) -> Agency | Refused:
    """Change how an agency is called and what it is for."""
    answer = acts.edit_agency(agency=agency, names=names, functions=functions)
    if not isinstance(answer, Refused):
        exchange.record(event=Permission.AGENCY_EDIT, thing=uuid7(now), by=by, now=now, detail={"agency": agency})
    return answer


class EditAgency(ActForm):
    """Change an agency's names and functions."""

    act = staticmethod(edit_agency)
    permission = Permission.AGENCY_EDIT

    name_ar = fields.line(_("Name in Arabic"), required=False)
    name_fr = fields.line(_("Name in French"), required=False)
    name_es = fields.line(_("Name in Spanish"), required=False)
    name_en = fields.line(_("Name in English"), required=False)
    functions = fields.line(_("Functions, apart by commas"), required=False, most=300)

    def __init__(self, *args: Any, agency: Agency, **kwargs: Any) -> None:
        known = {f"name_{language}": agency.names.get(language, "") for language in LANGUAGES}
        super().__init__(*args, initial={**known, "functions": ", ".join(agency.functions)}, **kwargs)

    def arguments(self) -> dict[str, Any]:
        """Names by language, functions as a tuple."""
        given = super().arguments()
        names = {language: given[f"name_{language}"] for language in LANGUAGES}
        functions = tuple(part.strip() for part in given["functions"].split(",") if part.strip())
        return {"names": names, "functions": functions}


def load_directory(*, raw: bytes, by: Officer, now: datetime) -> tuple[Agency, ...]:
    """Add what a directory file names."""
    loaded = acts.load_directory(raw=raw)
    exchange.record(event=Permission.DIRECTORY_LOAD, thing=NODE, by=by, now=now, detail={"agencies": len(loaded)})
    return loaded


class LoadDirectory(ActForm):
    """Load a directory file; without one, the reference directory that comes with Tansiq."""

    act = staticmethod(load_directory)
    permission = Permission.DIRECTORY_LOAD

    file = forms.FileField(label=_("Directory file (JSON)"), required=False)

    def clean_file(self) -> Any:
        """A file of a size that is one."""
        file = self.cleaned_data["file"]
        if file is not None and file.size > LARGEST_FILE:
            raise forms.ValidationError(_("This file is too large."))
        return file

    def arguments(self) -> dict[str, Any]:
        """The bytes."""
        file = super().arguments()["file"]
        return {"raw": file.read() if file else directory.reference()}
