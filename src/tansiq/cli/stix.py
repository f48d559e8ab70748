"""`tansiq stix import FILE`: a STIX 2.1 bundle as the draft of a letter of information, and what of it is dropped.

With `--dry-run` nothing is kept, and neither a node nor a database is needed. Else the draft is kept for the officer
whom `--by` names, who completes it and sends it from the page of letters.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import msgspec

from tansiq.cli.saying import officer, read, refused, say
from tansiq.gateways.stix import read as stix
from tansiq.gateways.stix.draft import Draft, draft
from tansiq.gateways.stix.offer import proposal
from tansiq.ground import clock
from tansiq.ground.errors import Malformed
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verb."""
    noun = commands.add_parser("stix", help="read STIX bundles as drafts of letters")
    verbs = noun.add_subparsers(dest="verb", required=True)
    take = verbs.add_parser("import", help="draft a letter from a STIX 2.1 bundle, and say what of it is dropped")
    take.add_argument("file", type=Path, metavar="FILE", help="a bundle, or - for standard input")
    take.add_argument("--dry-run", action="store_true", help="say what would come in, and keep nothing")
    take.add_argument("--home", type=Path, help="the home of the node that keeps the draft")
    take.add_argument("--by", default="", metavar="USERNAME", help="the officer whose draft it becomes")
    take.add_argument("--json", action="store_true", help="print JSON")
    take.set_defaults(run=take_in)


def take_in(options: argparse.Namespace) -> int:
    """Draft a letter, and keep it unless it was only asked what would come in."""
    if not options.dry_run and not (options.home and options.by):
        raise Malformed("A draft needs a node and an officer.", "Name --home and --by, or ask with --dry-run.")
    made = draft(stix.objects(read(options.file, stix.LIMIT)), title=f"STIX 2.1: {options.file.name}")
    line = summary(made)
    if not options.dry_run:
        kept = _keep(options, made)
        if isinstance(kept, Refused):
            return refused("stix", kept)
        line["drafts"] = kept
    if options.json:
        say(options, line)
        return 0
    say(options, {name: line[name] for name in ("subject", "handling", "taken", "dropped")})
    for each in line["objects"]:
        if each["reason"]:
            say(options, each)
    return 0


def summary(made: Draft) -> dict[str, Any]:
    """What came in and what did not, object by object."""
    dropped = [each for each in made.outcomes if each.reason]
    return {
        "subject": made.subject,
        "handling": made.handling.value,
        "taken": sum(each.statement for each in made.outcomes),
        "dropped": len(dropped),
        "statements": msgspec.to_builtins(made.statements),
        "objects": [{"id": each.name, "type": each.kind, "reason": str(each.reason or "")} for each in made.outcomes],
        "left_out": made.left_out,
        "shortened": made.shortened,
        "unknown_markings": list(made.strange_markings),
    }


def _keep(options: argparse.Namespace, made: Draft) -> list[str] | Refused:
    from tansiq.cli import django as node

    home = node.setup(options.home)
    from django.db import transaction

    from tansiq.correspondence import acts
    from tansiq.correspondence.acts.offers import as_fields
    from tansiq.exchange.kinds import Kind

    by, now = officer(home, options.by, Permission.LETTER_SEND), clock.now()
    kept: list[str] = []
    with transaction.atomic():
        for fields in as_fields(proposal(made)):
            name = uuid7(now, os.urandom(10))
            answer = acts.keep_draft(draft=name, kind=Kind.INFORMATION.value, fields=fields, by=by, now=now)
            if isinstance(answer, Refused):
                transaction.set_rollback(True)
                return answer
            kept.append(str(name))
    return kept
