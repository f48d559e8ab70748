"""What is allowed among those who take part. Pure."""

from collections.abc import Iterable
from datetime import datetime

from tansiq.ground.verdict import Allowed, Refused, Step, Verdict
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Agency, AgencyKind, Basis, Officer, Person, Post, Reason, Token, node_of


def may_add(username_taken: bool, agency: str, node: str) -> Verdict:
    """A node adds people of the agencies it speaks for, each under a name of their own."""
    if node_of(agency) != node:
        return Refused(Reason.NOT_OURS, Basis.ACCOUNTS)
    if username_taken:
        return Refused(Reason.NAME_TAKEN, Basis.ACCOUNTS, Step(Permission.PERSON_ADD))
    return Allowed()


def may_appoint(
    person: Person, place: Agency, since: datetime, until: datetime | None, *, needs_mandate: bool
) -> Verdict:
    """A post is held at one's own agency, for a time that has a length; a liaison post has an end.

    A mission's desk is staffed by officials of several services of its state.
    """
    if not person.active:
        return Refused(Reason.PERSON_BLOCKED, Basis.ACCOUNTS)
    seconded = place.kind is AgencyKind.MISSION and node_of(person.agency) == place.node
    if person.agency != place.code and not seconded:
        return Refused(Reason.OTHER_AGENCY, Basis.DIRECTORY)
    if needs_mandate and until is None:
        return Refused(Reason.MANDATE_OPEN, Basis.LIAISON, Step(Permission.POST_APPOINT))
    if until is not None and until <= since:
        return Refused(Reason.PERIOD_EMPTY, Basis.DIRECTORY, Step(Permission.POST_APPOINT))
    return Allowed()


def may_relieve(post: Post, now: datetime) -> Verdict:
    """A post ends once."""
    if post.until is not None and post.until <= now:
        return Refused(Reason.ALREADY_ENDED, Basis.DIRECTORY)
    return Allowed()


def may_block(person: Person, by: Officer) -> Verdict:
    """Nobody locks themselves out of the node."""
    if person.id == by.person:
        return Refused(Reason.OWN_ACCOUNT, Basis.ACCOUNTS)
    return Allowed()


def may_issue(person: Person, duties: Iterable[Duty], since: datetime, until: datetime) -> Verdict:
    """A token goes to a program that is in a client's duty and in no other, for a time that has an end.

    So a token is never a person's second way in, around the second factor.
    """
    if not person.active:
        return Refused(Reason.PERSON_BLOCKED, Basis.ACCOUNTS)
    if {*duties} != {Duty.EXTERNAL_CLIENT}:
        return Refused(Reason.NOT_A_CLIENT, Basis.ACCOUNTS, Step(Permission.PERSON_ADD))
    if until <= since:
        return Refused(Reason.PERIOD_EMPTY, Basis.ACCOUNTS, Step(Permission.TOKEN_ISSUE))
    return Allowed()


def may_revoke(token: Token) -> Verdict:
    """A token is revoked once."""
    return Refused(Reason.ALREADY_REVOKED, Basis.ACCOUNTS) if token.revoked is not None else Allowed()


def may_name(names: dict[str, str]) -> Verdict:
    """An agency has at least its English name, which stands in wherever a language has none."""
    if not names.get("en", "").strip():
        return Refused(Reason.NO_ENGLISH_NAME, Basis.DIRECTORY, Step(Permission.AGENCY_EDIT))
    return Allowed()
