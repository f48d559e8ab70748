"""What is done about agencies, people and posts.

These acts stand below the exchange, so they do not record events themselves: `web` and `cli` record each of them
through `exchange.acts.record` in the same transaction, under the permission's name.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties import directory, models, rules
from tansiq.parties.duties import Duty
from tansiq.parties.values import Agency, Officer, Person, Post, Token, token_digest

GATEWAY = "Gateway"
"""The desk of the programs that use the gateways."""


@transaction.atomic
def load_directory(*, raw: bytes) -> tuple[Agency, ...]:
    """Add the agencies and desks of a directory file; what is there already keeps what an administrator changed."""
    entries = directory.read(raw)
    for entry in entries:
        row, _ = models.Agency.objects.get_or_create(
            code=entry.code,
            defaults={
                "state": entry.state,
                "kind": str(entry.kind),
                "names": entry.names,
                "functions": list(entry.functions),
            },
        )
        for desk in entry.desks:
            models.Desk.objects.get_or_create(agency=row, name=desk)
    return tuple(entry.agency() for entry in entries)


@transaction.atomic
def edit_agency(*, agency: str, names: dict[str, str], functions: tuple[str, ...]) -> Agency | Refused:
    """Change how an agency is called and what it is for."""
    row = models.Agency.objects.select_for_update().filter(code=agency).first()
    if row is None:
        raise Missing(f"There is no agency {agency}.")
    kept = {**row.names, **{language: name.strip() for language, name in names.items()}}
    verdict = rules.may_name(kept)
    if isinstance(verdict, Refused):
        return verdict
    row.names, row.functions = kept, list(functions)
    row.save(update_fields=["names", "functions"])
    return row.value()


@transaction.atomic
def add_person(*, username: str, name: str, agency: str, password: str, node: str) -> Person | Refused:
    """Add someone who may sign in; without a post they may do nothing yet."""
    taken = models.Person.objects.filter(username__iexact=username).exists()
    verdict = rules.may_add(taken, agency, node)
    if isinstance(verdict, Refused):
        return verdict
    if not models.Agency.objects.filter(code=agency).exists():
        raise Missing(f"There is no agency {agency}.", "Load it with the directory first.")
    first, _, last = name.partition(" ")
    row = models.Person.objects.create_user(
        username, password=password, first_name=first, last_name=last, agency_id=agency
    )
    return row.value()


@transaction.atomic
def enrol_totp(*, person: UUID, secret: str) -> None:
    """Give someone's account a TOTP device (RFC 6238) with this base32 secret; signing in then asks for its code."""
    from allauth.mfa.totp.internal.auth import TOTP  # allauth reads the settings when it is imported

    TOTP.activate(_person(person), secret)


@transaction.atomic
def block_person(*, person: UUID, by: Officer) -> Person | Refused:
    """Let someone sign in no more; what they did stays."""
    row = _person(person)
    verdict = rules.may_block(row.value(), by)
    if isinstance(verdict, Refused):
        return verdict
    row.is_active = False
    row.save(update_fields=["is_active"])
    return row.value()


@transaction.atomic
def appoint(
    *,
    person: UUID,
    desk: str,
    duty: Duty,
    since: datetime,
    until: datetime | None = None,
    title: str = "",
    region: str = "",
    specialism: str = "",
    agency: str = "",
) -> Post | Refused:
    """Give someone a duty at a desk of their agency, or of a mission (`agency`) of their state, for a time.

    The desk is made where there is none of that name.
    """
    row = _person(person)
    place_of = models.Agency.objects.filter(code=agency or row.agency_id).first()
    if place_of is None:
        raise Missing(f"There is no agency {agency}.", "Load it with the directory first.")
    verdict = rules.may_appoint(row.value(), place_of.value(), since, until, needs_mandate=duty == Duty.LIAISON_OFFICER)
    if isinstance(verdict, Refused):
        return verdict
    place, _ = models.Desk.objects.get_or_create(agency=place_of, name=desk)
    post = models.Post.objects.create(
        desk=place,
        person=row,
        duty=str(duty),
        title=title,
        since=since,
        until=until,
        region=region,
        specialism=specialism,
    )
    return post.value()


@transaction.atomic
def relieve(*, post: UUID, now: datetime) -> Post | Refused:
    """End a post now."""
    row = models.Post.objects.select_for_update().filter(id=post).first()
    if row is None:
        raise Missing("There is no such post.")
    verdict = rules.may_relieve(row.value(), now)
    if isinstance(verdict, Refused):
        return verdict
    row.until = now
    row.save(update_fields=["until"])
    return row.value()


@transaction.atomic
def add_client(*, username: str, agency: str, node: str, now: datetime, until: datetime) -> Person | Refused:
    """Add a program that may use the gateways: an account without a password, in the duty of an external client."""
    added = add_person(username=username, name=username, agency=agency, password="", node=node)
    if isinstance(added, Refused):
        return added
    row = models.Person.objects.get(id=added.id)
    row.set_unusable_password()
    row.save(update_fields=["password"])
    post = appoint(person=added.id, desk=GATEWAY, duty=Duty.EXTERNAL_CLIENT, since=now, until=until)
    if isinstance(post, Refused):
        transaction.set_rollback(True)
        return post
    return added


@transaction.atomic
def issue_token(*, person: UUID, secret: str, now: datetime, until: datetime) -> Token | Refused:
    """Let a program sign in with this secret until a day; only its digest is kept."""
    row = _person(person)
    held = models.Post.objects.filter(person=row, since__lte=now).exclude(until__lte=now)
    verdict = rules.may_issue(row.value(), [Duty(post.duty) for post in held], now, until)
    if isinstance(verdict, Refused):
        return verdict
    return models.Token.objects.create(person=row, digest=token_digest(secret), since=now, until=until).value()


@transaction.atomic
def revoke_token(*, token: UUID, now: datetime) -> Token | Refused:
    """Let a token serve no more."""
    row = models.Token.objects.select_for_update().filter(id=token).first()
    if row is None:
        raise Missing("There is no such token.")
    verdict = rules.may_revoke(row.value())
    if isinstance(verdict, Refused):
        return verdict
    row.revoked = now
    row.save(update_fields=["revoked"])
    return row.value()


@transaction.atomic
def once(*, token: UUID, now: datetime) -> bool:
    """Take a form's token; False when it was taken before, so that what the form asks is already done."""
    _, is_new = models.Submission.objects.get_or_create(token=token, defaults={"at": now})
    return is_new


@transaction.atomic
def forget_submissions(*, before: datetime) -> int:
    """Drop the tokens of forms that nobody can still be sending."""
    return models.Submission.objects.filter(at__lt=before).delete()[0]


def _person(person: UUID) -> models.Person:
    row = models.Person.objects.select_for_update().filter(id=person).first()
    if row is None:
        raise Missing("There is no such person.")
    return row
