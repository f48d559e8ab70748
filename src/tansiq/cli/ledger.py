"""`tansiq ledger verify|prove|recover`: name what is wrong, prove one envelope to others, go on from an old backup."""

import argparse
import sys
from pathlib import Path
from time import perf_counter
from uuid import UUID

import msgspec

from tansiq.cli import django as node
from tansiq.cli.saying import officer, refused, say, write
from tansiq.ground import clock
from tansiq.ground.errors import Malformed, Unready
from tansiq.ground.verdict import Refused
from tansiq.node.home import Home
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("ledger", help="verify the ledger, prove an envelope, go on from an old backup")
    verbs = noun.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("verify", help="check every stored envelope, receipt, entry and head")
    check.set_defaults(run=verify)
    one = verbs.add_parser("prove", help="the proof that an envelope stands in the ledger, for others to check")
    one.add_argument("--envelope", type=UUID, required=True)
    one.add_argument("--out", type=Path)
    one.set_defaults(run=prove)
    new = verbs.add_parser("recover", help="after an old backup was restored: declare what is lost, and go on")
    new.add_argument("--by", required=True, metavar="USERNAME", help="who declares it")
    new.add_argument("--with", dest="second", required=True, metavar="USERNAME", help="the second person: another one")
    new.add_argument(
        "--without", nargs="+", default=[], metavar="NODE", help="partners that cannot be asked; what they hold is lost"
    )
    new.set_defaults(run=recover)
    for verb in (check, one, new):
        verb.add_argument("--home", type=Path, required=True)
        verb.add_argument("--json", action="store_true")


def verify(options: argparse.Namespace) -> int:
    """Check everything; exit status 1 where something is wrong here, with the very row.

    What partners' ledgers gave cause for is said besides: it is no flaw of ours.
    """
    home = node.setup(options.home)
    from django.db import DatabaseError

    from tansiq.exchange import reads
    from tansiq.exchange.values import Flaw

    began = perf_counter()
    try:
        flaws, alarms = reads.verify(), reads.alarms()
        epoch, size = reads.log_size()
    except DatabaseError as error:
        flaws, alarms, epoch, size = (Flaw("database", home.code, f"it cannot be read: {error}"),), (), 0, 0
    if options.json:
        found = [{"table": flaw.table, "row": flaw.row, "what": flaw.what} for flaw in flaws]
        heard = [{"ledger": alarm.row, "what": alarm.what} for alarm in alarms]
        seconds = round(perf_counter() - began, 3)
        answer = {"sound": not flaws, "epoch": epoch, "size": size, "flaws": found, "alarms": heard}
        say(options, answer | {"seconds": seconds})
    else:
        for flaw in flaws:
            print(f"{flaw.table} {flaw.row}: {flaw.what}")
        for alarm in alarms:
            print(f"alarm: the ledger of {alarm.row} does not continue the one we knew: {alarm.what}", file=sys.stderr)
        print(f"{size} entries in epoch {epoch}: {'sound' if not flaws else f'{len(flaws)} flaws'}", file=sys.stderr)
    return 1 if flaws else 0


def prove(options: argparse.Namespace) -> int:
    """Write the proof."""
    node.setup(options.home)
    from tansiq.exchange import acts, reads

    acts.sign_head(now=clock.now())
    write(options.out, reads.proof_of(envelope=options.envelope))
    return 0


def recover(options: argparse.Namespace) -> int:
    """Ask the partners, declare what is lost, open a new epoch, and write the anchor.

    The database must be sound in itself: a recovery declares a loss, and heals no changed row.
    """
    home = node.setup(options.home)
    from tansiq.exchange import acts, intake, outbox, reads
    from tansiq.exchange.values import ExchangeBasis, ExchangeReason

    by, second = (_officer(home, name) for name in (options.by, options.second))
    if by.person == second.person:
        return refused("ledger", Refused(ExchangeReason.SAME_PERSON, ExchangeBasis.TWO_PERSONS))
    if any(flaw.table not in BEHIND for flaw in reads.verify()):
        raise Unready("The database is not sound in itself.", "See tansiq ledger verify, and restore a sound copy.")
    told, silent = outbox.ask_all()
    if missing := sorted({*silent} - {*options.without}):
        why = "; ".join(f"{code} cannot be asked ({silent[code].rstrip('.')})" for code in missing)
        raise Unready(
            f"{why}: what was suspended or ended with it could be revived.",
            f"Try again when it answers, or leave it out with --without {' '.join(missing)}.",
        )
    answer = acts.recover(told=told, without=sorted(silent), by=by, second=second, now=clock.now())
    if isinstance(answer, Refused):
        return refused("ledger", answer)
    intake.write_anchor()
    for trouble in answer.troubles:
        print(f"left out: {trouble}", file=sys.stderr)
    say(options, {**msgspec.to_builtins(answer), "asked": sorted(told)})
    return 0


BEHIND = {"ledger", "anchor", "witness"}
"""The flaws of a ledger that is sound in itself, and is not the one that others know."""


def _officer(home: Home, name: str) -> Officer:
    if not name:
        raise Malformed("A recovery is declared by two persons.", "Name them with --by and --with.")
    return officer(home, name, Permission.LEDGER_RECOVER)
