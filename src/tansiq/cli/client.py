"""`tansiq client add|token|revoke|list`: programs that use the gateways, such as MISP or OpenCTI, and their tokens.

A token is drawn here and shown once; the node keeps its digest alone. What a client may then read or offer is for the
agreements to say, which list the duty `external-client` or do not.
"""

import argparse
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from tansiq.cli import django as node
from tansiq.cli.saying import officer, refused, say
from tansiq.ground import clock
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission

YEAR = timedelta(days=365)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("client", help="programs that use the gateways, and their tokens")
    verbs = noun.add_subparsers(dest="verb", required=True)
    new = verbs.add_parser("add", help="add a program in the duty of an external client, and show its first token")
    new.add_argument("--agency", required=True, help="the agency it works for, like ma.marine")
    new.set_defaults(run=add_client)
    more = verbs.add_parser("token", help="show another token of a program; the ones before serve on")
    more.set_defaults(run=issue)
    for verb in (new, more):
        verb.add_argument("--username", required=True, help="the program's name")
        verb.add_argument("--until", type=_day, help="the day it ends; a year later where not said")
    gone = verbs.add_parser("revoke", help="let a token serve no more")
    gone.add_argument("token", type=_id, help="the token's id, as `tansiq client list` shows it")
    gone.set_defaults(run=revoke)
    every = verbs.add_parser("list", help="every token that was issued")
    every.set_defaults(run=list_tokens)
    for verb in (new, more, gone):
        verb.add_argument("--by", default="", metavar="USERNAME", help="who does it; where not said, the command line")
    for verb in (new, more, gone, every):
        verb.add_argument("--home", type=Path, required=True, help="the home of the node")
        verb.add_argument("--json", action="store_true", help="print JSON")


def _day(text: str) -> datetime:
    day = datetime.fromisoformat(text)
    return day if day.tzinfo else day.replace(tzinfo=UTC)


def _id(text: str) -> UUID:
    return UUID(text)


def add_client(options: argparse.Namespace) -> int:
    """Add a program, with a token."""
    home = node.setup(options.home)
    from django.db import transaction

    from tansiq.exchange import acts as exchange
    from tansiq.parties import acts

    by = officer(home, options.by, Permission.PERSON_ADD)
    now = clock.now()
    with transaction.atomic():
        client = acts.add_client(
            username=options.username,
            agency=options.agency,
            node=home.code,
            now=now,
            until=options.until or now + YEAR,
        )
        if isinstance(client, Refused):
            transaction.set_rollback(True)
            return refused("client", client)
        exchange.record(event=Permission.PERSON_ADD, thing=client.id, by=by, now=now)
    return issue(options)


def issue(options: argparse.Namespace) -> int:
    """Draw a token, keep its digest, and show it once."""
    home = node.setup(options.home)
    from django.db import transaction

    from tansiq.exchange import acts as exchange
    from tansiq.parties import acts, reads

    by = officer(home, options.by, Permission.TOKEN_ISSUE)
    now, secret = clock.now(), secrets.token_urlsafe(32)
    client = reads.person(username=options.username)
    with transaction.atomic():
        token = acts.issue_token(person=client.id, secret=secret, now=now, until=options.until or now + YEAR)
        if isinstance(token, Refused):
            return refused("client", token)
        exchange.record(event=Permission.TOKEN_ISSUE, thing=client.id, by=by, now=now, detail={"token": str(token.id)})
    line = {"client": client.username, "agency": client.agency, "id": str(token.id), "until": token.until.isoformat()}
    say(options, {**line, "token": secret})
    return 0


def revoke(options: argparse.Namespace) -> int:
    """Revoke a token."""
    home = node.setup(options.home)
    from django.db import transaction

    from tansiq.exchange import acts as exchange
    from tansiq.parties import acts, reads

    by = officer(home, options.by, Permission.TOKEN_REVOKE)
    now = clock.now()
    with transaction.atomic():
        token = acts.revoke_token(token=options.token, now=now)
        if isinstance(token, Refused):
            return refused("client", token)
        client = reads.person(username=token.username)
        exchange.record(event=Permission.TOKEN_REVOKE, thing=client.id, by=by, now=now, detail={"token": str(token.id)})
    say(options, {"client": token.username, "id": str(token.id), "revoked": str(token.revoked)})
    return 0


def list_tokens(options: argparse.Namespace) -> int:
    """Print every token's id and terms, never the token."""
    node.setup(options.home)
    from tansiq.parties import reads

    for token in reads.tokens():
        terms = {"since": token.since.isoformat(), "until": token.until.isoformat()}
        revoked = token.revoked.isoformat() if token.revoked else ""
        say(options, {"client": token.username, "id": str(token.id), **terms, "revoked": revoked})
    return 0
