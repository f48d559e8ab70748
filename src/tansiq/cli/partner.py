"""`tansiq partner card|add|confirm|list`: show this node's card, take a partner's, and confirm it by its words.

The words of a card are compared by voice, over a line that both sides know. Who confirms must be another person than
who added the card.
"""

import argparse
from pathlib import Path
from typing import Any

from tansiq.cli import django as node
from tansiq.cli.saying import officer, read, refused, say, write
from tansiq.ground import clock
from tansiq.ground.errors import Malformed
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Officer


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("partner", help="exchange and confirm partner cards")
    verbs = noun.add_subparsers(dest="verb", required=True)
    card = verbs.add_parser("card", help="show this node's own card, for the partner to add")
    card.add_argument("--out", type=Path, help="write the card to a file")
    card.set_defaults(run=show_card)
    new = verbs.add_parser("add", help="add a partner's card; it is trusted once its words are confirmed")
    new.add_argument("file", type=Path, help="the card, or - for standard input")
    new.add_argument("--by", default="", metavar="USERNAME", help="who adds it; where not said, the command line")
    new.set_defaults(run=add_card)
    confirm = verbs.add_parser("confirm", help="trust a partner whose words were compared by voice")
    confirm.add_argument("node", help="the partner's code")
    confirm.add_argument("--words", required=True, help="the words as the partner read them out")
    confirm.add_argument("--by", required=True, metavar="USERNAME", help="who compared them: not who added the card")
    confirm.set_defaults(run=confirm_card)
    every = verbs.add_parser("list", help="every partner and how far it is trusted")
    every.set_defaults(run=list_partners)
    for verb in (card, new, confirm, every):
        verb.add_argument("--home", type=Path, required=True)
        verb.add_argument("--json", action="store_true")


def show_card(options: argparse.Namespace) -> int:
    """Print or write the card, and its words."""
    node.setup(options.home)
    from tansiq.exchange import reads

    token, card = reads.own_card()
    if options.out is not None:
        write(options.out, token.encode())
        say(options, {"node": card.node, "words": card.words, "file": options.out})
    elif options.json:
        say(options, {"node": card.node, "words": card.words, "card": token})
    else:
        write(None, token.encode())
    return 0


def add_card(options: argparse.Namespace) -> int:
    """Add a card."""
    home = node.setup(options.home)
    from tansiq.exchange import acts

    try:
        token = read(options.file).decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise Malformed(f"{options.file} is no card.", "Name the file that `tansiq partner card` wrote.") from error
    by = officer(home, options.by, Permission.PARTNER_ADD)
    return _answer(options, acts.add_partner(card=token, by=by, now=clock.now()))


def confirm_card(options: argparse.Namespace) -> int:
    """Confirm a card."""
    home = node.setup(options.home)
    from tansiq.exchange import acts

    by = officer(home, options.by, Permission.PARTNER_CONFIRM)
    return _answer(options, acts.confirm_partner(node=options.node, words=options.words, by=by, now=clock.now()))


def list_partners(options: argparse.Namespace) -> int:
    """Print every partner."""
    home = node.setup(options.home)
    from tansiq.exchange import reads

    for partner in reads.partners(reader=Officer("command-line", home.agency, Duty.NODE_ADMINISTRATOR)):
        _answer(options, partner)
    return 0


def _answer(options: argparse.Namespace, answer: Any) -> int:
    if isinstance(answer, Refused):
        return refused("partner", answer)
    line = {"node": answer.node, "state": answer.state, "words": answer.words, "address": answer.address}
    say(options, {**line, "agencies": list(answer.agencies), "added_by": answer.added_by, "number": answer.number})
    return 0
