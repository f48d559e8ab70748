"""`tansiq node init`: make a node's home with its keys, database, reference directory and card."""

import argparse
import re
import sys
import zoneinfo
from pathlib import Path
from urllib.parse import urlsplit

from tansiq.cli import django as node
from tansiq.cli.saying import say
from tansiq.ground import clock
from tansiq.ground.errors import Malformed
from tansiq.node import home as homes
from tansiq.parties.values import node_of


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("node", help="make a node's home")
    verbs = noun.add_subparsers(dest="verb", required=True)
    new = verbs.add_parser("init", help="make a home: settings, keys, database, directory and card")
    new.add_argument("--home", type=Path, required=True, help="the folder to make")
    new.add_argument("--code", required=True, help="the node's code, like ma")
    new.add_argument("--agency", required=True, help="the agency it speaks for by default, like ma.marine")
    new.add_argument("--url", default="http://127.0.0.1:8000", help="where partners reach it")
    new.add_argument("--listen", default="", help="host:port to bind; where not said, the URL's own")
    new.add_argument(
        "--database", default="", help="a postgresql:// URL without a password; SQLite in the home where not said"
    )
    new.add_argument(
        "--database-password-stdin",
        action="store_true",
        help="read the database's password from standard input into keys/database.password",
    )
    new.add_argument("--exercise", default="", help="the drill's name, on every page and letter")
    new.add_argument("--timezone", default="UTC")
    new.add_argument("--json", action="store_true")
    new.set_defaults(run=init)


def init(options: argparse.Namespace) -> int:
    """Make the home, and say how the node is called and by which words it is known."""
    try:
        home = homes.create(_wanted(options))
    except OSError as error:
        raise Malformed(f"{options.home} cannot be made: {error.strerror}.", "Choose another folder.") from error
    if options.database_password_stdin:
        homes.keep_password(home, sys.stdin.readline().rstrip("\n"))
    from tansiq.exchange import keystore
    from tansiq.exchange.keys import KeySet

    if warning := keystore.create(home.keys, KeySet.generate().dump()):
        print(f"tansiq node: {warning}", file=sys.stderr)
    node.setup(home.path)
    node.upgrade()
    words = _settle(home)
    say(options, {"node": home.code, "home": str(home.path), "url": home.url, "words": words})
    return 0


def _wanted(options: argparse.Namespace) -> homes.Home:
    parts = urlsplit(options.url)
    if parts.scheme not in ("http", "https") or not parts.hostname or _port(options.url) is None:
        raise Malformed(f"{options.url} is no address.", "Give one like https://node.example:8443.")
    if options.listen and not _port(f"//{options.listen}"):
        raise Malformed(f"{options.listen} is no host and port.", "Give them like 127.0.0.1:8000.")
    if not re.fullmatch("[a-z]{2,8}", options.code):
        raise Malformed(f"{options.code} is no code of a node.", "Write two to eight small letters, like ma.")
    if (scheme := urlsplit(options.database).scheme) not in ("", "postgres", "postgresql"):
        raise Malformed(f"{scheme}:// is no database of a node.", "Name a postgresql:// URL, or none.")
    if homes.holds_password(options.database):
        raise Malformed(
            "A password on the command line stands in histories and process lists.",
            "Leave it out of --database, and give it by --database-password-stdin, PGPASSWORD or ~/.pgpass.",
        )
    if options.timezone not in zoneinfo.available_timezones():
        raise Malformed(f"{options.timezone} is no time zone.", "Name one like Africa/Casablanca, or UTC.")
    if node_of(options.agency) != options.code or "." not in options.agency:
        raise Malformed(
            f"The agency {options.agency} is not of the node {options.code}.", f"Name one like {options.code}.marine."
        )
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return homes.Home(
        code=options.code,
        agency=options.agency,
        url=options.url,
        listen=options.listen or f"{parts.hostname}:{port}",
        database=options.database,
        exercise=options.exercise,
        timezone=options.timezone,
        hosts=tuple(dict.fromkeys((parts.hostname, "localhost", "127.0.0.1"))),
        secure=parts.scheme == "https",
        path=options.home,
    )


def _port(address: str) -> int | None:
    """The port that an address names, 0 where it names none, and None where it cannot be one."""
    try:
        return urlsplit(address).port or 0
    except ValueError:
        return None


def _settle(home: homes.Home) -> str:
    """Load the reference directory and issue the first card; answers the card's words."""
    from django.db import transaction

    from tansiq.exchange import acts, reads
    from tansiq.parties import acts as parties
    from tansiq.parties import directory
    from tansiq.parties.duties import Permission
    from tansiq.parties.values import NODE

    now, by = clock.now(), f"{home.agency}/command-line"
    with transaction.atomic():
        agencies = parties.load_directory(raw=directory.reference())
        acts.record(event=Permission.DIRECTORY_LOAD, thing=NODE, by=by, now=now, detail={"agencies": len(agencies)})
        mine = {agency.code for agency in agencies if agency.node == home.code} | {home.agency}
        acts.issue_card(agencies=tuple(sorted(mine)), url=home.url, by=by, now=now)
    _, card = reads.own_card()
    return card.words
