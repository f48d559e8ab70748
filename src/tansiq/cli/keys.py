"""`tansiq keys rotate|show`: change the node's keys, with an overlap, or at once where they may be in strange hands."""

import argparse
from pathlib import Path

from tansiq.cli import django as node
from tansiq.cli.saying import officer, refused, say
from tansiq.exchange import canon, keystore
from tansiq.exchange.keys import KeySet
from tansiq.ground import clock
from tansiq.ground.errors import Malformed
from tansiq.ground.verdict import Refused
from tansiq.node import home as homes
from tansiq.node.home import Home
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("keys", help="change the node's keys")
    verbs = noun.add_subparsers(dest="verb", required=True)
    new = verbs.add_parser("rotate", help="make new keys and show them to the partners")
    new.add_argument("--by", required=True, metavar="USERNAME", help="who changes them")
    new.add_argument("--with", dest="second", required=True, metavar="USERNAME", help="the second person: another one")
    new.add_argument(
        "--compromised",
        action="store_true",
        help="the old keys may be in strange hands: partners believe the new card only when people compared its words",
    )
    new.set_defaults(run=rotate)
    now = verbs.add_parser("show", help="the names of the keys, and until when older ones are kept")
    now.set_defaults(run=show)
    for verb in (new, now):
        verb.add_argument("--home", type=Path, required=True)
        verb.add_argument("--json", action="store_true")


def rotate(options: argparse.Namespace) -> int:
    """Make new keys. The node may go on running: it signs with them from its next letter on."""
    home = node.setup(options.home)
    from tansiq.exchange import acts

    by, second = (_officer(home, name) for name in (options.by, options.second))
    answer = acts.rotate_keys(by=by, second=second, now=clock.now(), compromised=options.compromised)
    if isinstance(answer, Refused):
        return refused("keys", answer)
    line = {"number": answer.number, "words": answer.words, "told": list(answer.told)}
    say(options, line | {"card": answer.card} if options.compromised or options.json else line)
    return 0


def show(options: argparse.Namespace) -> int:
    """Name the keys; none is printed."""
    home = homes.load(options.home)
    vault = keystore.unlock(home.keys)
    say(options, _names(vault.keys) | {"until": ""})
    for each in vault.older:
        say(options, _names(each.keys) | {"until": canon.moment(each.until).isoformat(timespec="seconds")})
    return 0


def _names(raw: bytes) -> dict[str, str]:
    keys = KeySet.load(raw)
    return {"sign": keys.signer.kid.hex()[:16], "log": keys.log.kid.hex()[:16], "open": keys.opener.kid.hex()[:16]}


def _officer(home: Home, name: str) -> Officer:
    if not name:
        raise Malformed("Keys are changed by two persons.", "Name them with --by and --with.")
    return officer(home, name, Permission.KEY_ROTATE)
