"""`tansiq proof verify|export`: check a proof file anywhere, with no node and no database; write one at a node."""

import argparse
import sys
from pathlib import Path
from uuid import UUID

import msgspec

from tansiq.cli.saying import read, say, write
from tansiq.exchange import canon, evidence, stamping
from tansiq.exchange.cards import PartnerCard, read_card
from tansiq.exchange.evidence import Proved
from tansiq.ground import clock
from tansiq.ground.errors import Fault, Malformed

KINDS = ("envelope", "receipts", "reads", "agreement")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("proof", help="check a proof file without a node, or write one at a node")
    verbs = noun.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("verify", help="check a proof file: nothing else is needed but the partner's card")
    check.add_argument("file", type=Path, help="the proof file, or - for standard input")
    check.add_argument(
        "--card", type=Path, action="append", default=[], help="a card that you trust; give it once for each node"
    )
    check.add_argument("--authority", type=Path, help="the timestamp authority's root certificates (PEM)")
    check.set_defaults(run=verify)
    out = verbs.add_parser("export", help="write a proof file")
    out.add_argument("about", choices=KINDS)
    out.add_argument("--home", type=Path, required=True)
    out.add_argument("--envelope", type=UUID, help="of which envelope")
    out.add_argument("--agreement", default="", help="of which agreement: its digest")
    out.add_argument("--out", type=Path)
    out.set_defaults(run=export)
    for verb in (check, out):
        verb.add_argument("--json", action="store_true")


def verify(options: argparse.Namespace) -> int:
    """Say what the file proves, or which field does not hold; exit status 1 where anything does not."""
    cards = [_card(path) for path in options.card]
    raw = read(options.file, limit=evidence.LIMIT)
    proved = evidence.verify(raw, cards)
    stamps, wrong = _stamps(proved, options.authority)
    unconfirmed = [signer for signer in proved.signers if not signer.confirmed]
    holds = proved.holds and not wrong
    if options.json:
        answer = msgspec.to_builtins(proved) | {"holds": holds, "stamped": stamps}
        answer["wrong"] = [*answer["wrong"], *({"field": "stamps", "what": what} for what in wrong)]
        say(options, answer)
    else:
        _print(proved, stamps)
        for each in proved.wrong:
            print(f"wrong: {each.field}: {each.what}")
        for what in wrong:
            print(f"wrong: stamps: {what}")
        print("It holds." if holds else "It does not hold.")
    for signer in unconfirmed:
        print(
            f"The card of {signer.node} came with the file. Compare its words with it by voice: {signer.words}",
            file=sys.stderr,
        )
    return 0 if holds else 1


def _card(path: Path) -> PartnerCard:
    token = read(path).decode("ascii", "replace").strip()
    try:
        return read_card(token)
    except Fault as fault:
        next_step = "Name the file that `tansiq partner card` wrote."
        raise Malformed(f"{path} is no card: {fault.what}", next_step) from fault


def _print(proved: Proved, stamps: list[str]) -> None:
    if proved.head is not None:
        head = proved.head
        print(f"The ledger of {head.log}, {head.size} entries in epoch {head.epoch}, root {head.root}")
        print(f"signed at {canon.moment(head.at).isoformat()}")
    for entry in proved.entries:
        if entry is None:
            print("  an entry that was erased")
            continue
        told = ", ".join(f"{key}: {value}" for key, value in entry.detail.items() if value != "")
        print(f"  {canon.moment(entry.at).isoformat()} {entry.name} by {entry.by}: {told}")
    for line in proved.said:
        print(f"  {line}")
    if proved.state is not None:
        print(f"  the agreement was then {proved.state}")
    for node, size in proved.continues:
        print(f"  it goes on from the head of {size} entries that {node} holds")
    for line in stamps:
        print(f"  {line}")


def _stamps(proved: Proved, authority: Path | None) -> tuple[list[str], list[str]]:
    """What the timestamps say, and what is wrong with them; without the authority's certificates, that nobody knows."""
    said, wrong = list[str](), list[str]()
    for stamp in proved.stamps:
        if authority is None:
            said.append("a timestamp that was not checked: name the authority's certificates with --authority")
            continue
        try:
            at = stamping.check(evidence.response_of(stamp), stamp.head, read(authority))
            said.append(f"the head was stamped by an outside authority at {at.isoformat()}")
        except Fault as fault:
            wrong.append(fault.what)
    return said, wrong


def export(options: argparse.Namespace) -> int:
    """Write a proof file, under a head that is signed now."""
    from tansiq.cli import django as node

    home = node.setup(options.home)
    from tansiq.exchange import acts, reads
    from tansiq.parties.duties import Duty
    from tansiq.parties.values import Officer

    if (options.envelope is None) == (options.about != "agreement"):
        raise Malformed("Say of which thing.", "Name it with --envelope, or with --agreement.")
    acts.sign_head(now=clock.now())
    by = Officer(name="command-line", party=home.agency, duty=Duty.AUDITOR, person=UUID(int=1))
    named = {"about": options.about, "envelope": options.envelope, "agreement": options.agreement}
    file = reads.proof_file(**named, reader=by)
    acts.record_export(**named, by=by, now=clock.now())
    write(options.out, file)
    return 0
