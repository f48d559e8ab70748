"""`tansiq people add|list`: people of a node and the posts they hold.

Secrets are read from standard input, a line each, so that they stand in no history and no process list.
"""

import argparse
import base64
import sys
from datetime import datetime
from pathlib import Path

from tansiq.cli import django as node
from tansiq.cli.saying import refused, say
from tansiq.ground import clock
from tansiq.ground.errors import Malformed
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty

SHORTEST_SECRET = 10
"""Bytes of a TOTP secret."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("people", help="add people and their posts")
    verbs = noun.add_subparsers(dest="verb", required=True)
    new = verbs.add_parser("add", help="add a person and give them a post; the password comes from standard input")
    new.add_argument("--home", type=Path, required=True)
    new.add_argument("--username", required=True)
    new.add_argument("--name", default="")
    new.add_argument("--agency", required=True, help="like ma.marine")
    new.add_argument("--desk", default="Duty room")
    new.add_argument("--duty", required=True, choices=[str(duty) for duty in Duty])
    new.add_argument("--title", default="")
    new.add_argument("--until", type=datetime.fromisoformat, help="when the post ends (liaison officers need one)")
    new.add_argument(
        "--password-stdin", action="store_true", required=True, help="read the password from standard input"
    )
    new.add_argument(
        "--totp-stdin", action="store_true", help="enrol a TOTP device: its base32 secret is the second line"
    )
    new.add_argument("--json", action="store_true")
    new.set_defaults(run=add_person)
    every = verbs.add_parser("list", help="who may sign in here, and as what")
    every.add_argument("--home", type=Path, required=True)
    every.add_argument("--json", action="store_true")
    every.set_defaults(run=list_people)


def add_person(options: argparse.Namespace) -> int:
    """Add a person with a post, and a TOTP device where a secret is given."""
    password = sys.stdin.readline().rstrip("\n")
    if len(password) < 12:
        raise Malformed("The password has fewer than 12 characters.", "Give a longer one on standard input.")
    secret = _secret() if options.totp_stdin else ""
    home = node.setup(options.home)
    from django.db import transaction

    from tansiq.exchange import acts as exchange
    from tansiq.parties import acts
    from tansiq.parties.duties import Permission

    now = clock.now()
    with transaction.atomic():
        person = acts.add_person(
            username=options.username,
            name=options.name or options.username,
            agency=options.agency,
            password=password,
            node=home.code,
        )
        if isinstance(person, Refused):
            return refused("people", person)
        exchange.record(event=Permission.PERSON_ADD, thing=person.id, by=f"{home.agency}/command-line", now=now)
        post = acts.appoint(
            person=person.id,
            desk=options.desk,
            duty=Duty(options.duty),
            since=now,
            until=options.until,
            title=options.title,
        )
        if isinstance(post, Refused):
            transaction.set_rollback(True)
            return refused("people", post)
        exchange.record(event=Permission.POST_APPOINT, thing=post.id, by=f"{home.agency}/command-line", now=now)
        if secret:
            acts.enrol_totp(person=person.id, secret=secret)
    say(options, {"person": str(person.id), "username": person.username, "post": str(post.id), "duty": post.duty})
    return 0


def _secret() -> str:
    """The second line of standard input, as a secret of RFC 4648 base32 that authenticators take."""
    secret = sys.stdin.readline().strip().replace(" ", "").upper()
    try:
        if len(base64.b32decode(secret + "=" * (-len(secret) % 8))) < SHORTEST_SECRET:
            raise ValueError
    except ValueError as error:
        raise Malformed(
            "The second line is no base32 secret of 10 bytes or more.", "Give the password and then the secret."
        ) from error
    return secret


def list_people(options: argparse.Namespace) -> int:
    """Print who may sign in here."""
    node.setup(options.home)
    from tansiq.parties import reads

    for person in reads.people():
        posts = [f"{post.duty} at {post.desk.name}" for post in person.posts]
        say(options, {"username": person.username, "agency": person.agency, "active": person.active, "posts": posts})
    return 0
