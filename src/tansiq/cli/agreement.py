"""`tansiq agreement new|check|diff|sign|import|show|list|suspend|lift|end|supersede`: channels that letters pass by.

An agreement travels as one file with its document, signatures and statements. Where the parties' nodes know each other,
signatures also travel through the exchange by themselves.
"""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from tansiq.cli import django as node
from tansiq.cli.saying import officer, read, refused, say, write
from tansiq.ground import clock
from tansiq.ground.errors import Malformed
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Officer

TEMPLATES = (
    "rescue", "picture", "statistics", "direct", "interpol", "embassy-bureau", "liaison", "joint-operation", "returns",
)  # fmt: skip
"""As in `exchange.agreements.terms`, which is not read before a command needs it."""
YEAR = timedelta(days=365)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("agreement", help="write, sign and show agreements")
    verbs = noun.add_subparsers(dest="verb", required=True)
    new = verbs.add_parser("new", help="write a draft from a built-in template")
    new.add_argument("--template", required=True, choices=TEMPLATES)
    new.add_argument("--parties", required=True, nargs="+", metavar="AGENCY", help="like ma.marine es.salvamento")
    new.add_argument(
        "--desk", default="", metavar="AGENCY", help="whose desk stands in the way; needed by embassy-bureau"
    )
    new.add_argument("--number", default="", help="how the parties call it")
    new.add_argument("--from", dest="since", type=_day, help="the first day (UTC); today where not said")
    new.add_argument("--until", type=_day, help="the day it ends; a year later where not said")
    new.add_argument(
        "--clients", choices=("read", "offer", "both"), help="what programs may do with letters of information"
    )
    new.add_argument("--out", type=Path, help="where to write it")
    new.add_argument("--json", action="store_true")
    new.set_defaults(run=write_draft)
    sign = verbs.add_parser("sign", help="sign for a party that this node speaks for")
    _target(sign)
    sign.add_argument("--party", required=True, help="the agency to sign for")
    sign.add_argument("--out", type=Path, help="write the agreement with its signatures to a file")
    sign.set_defaults(run=sign_one)
    take = verbs.add_parser("import", help="take an agreement, signatures and statements from a file")
    _target(take)
    take.set_defaults(run=take_file)
    show = verbs.add_parser("show", help="what an agreement says, who signed, where it stands")
    _target(show)
    show.add_argument("--out", type=Path, help="write the agreement with its signatures to a file")
    show.set_defaults(run=show_one)
    for verb, what in (("suspend", "stop it for a while"), ("lift", "let it pass again"), ("end", "end it for good")):
        said = verbs.add_parser(verb, help=f"{what}, for a party that this node speaks for")
        _target(said)
        said.add_argument("--party", required=True)
        said.add_argument("--reason", default="", help="a short code")
        said.set_defaults(run=say_of_it)
    heir = verbs.add_parser("supersede", help="draft an agreement in its place, for the same parties")
    _target(heir)
    heir.add_argument("--number", required=True, help="how the parties call the new one")
    heir.add_argument("--from", dest="since", type=_day, required=True, help="its first day (UTC)")
    heir.add_argument("--until", type=_day, required=True, help="the day it ends")
    heir.add_argument("--overlap-days", type=int, default=0, help="how long both stand side by side")
    heir.add_argument("--afresh", action="store_true", help="with the built-in text as it stands today")
    heir.add_argument("--out", type=Path, help="write the draft to a file")
    heir.set_defaults(run=supersede_one)
    look = verbs.add_parser("check", help="is it well-formed, and what would it allow; exit status 1 where it is not")
    look.add_argument("agreement", help="a file; with --home also its digest, or the first digits of it")
    look.add_argument("--home", type=Path, help="the node that holds it, where no file is named")
    look.add_argument("--json", action="store_true")
    look.set_defaults(run=check_one)
    compare = verbs.add_parser("diff", help="what a second agreement changes: in words, and which letters pass")
    compare.add_argument("first", help="a file; with --home also its digest, or the first digits of it")
    compare.add_argument("second", help="the other, likewise")
    compare.add_argument("--home", type=Path, help="the node that holds them, where no files are named")
    compare.add_argument("--json", action="store_true")
    compare.set_defaults(run=diff_two)
    every = verbs.add_parser("list", help="every agreement and where it stands")
    every.add_argument("--home", type=Path, required=True)
    every.add_argument("--json", action="store_true")
    every.set_defaults(run=list_all)


def _target(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("agreement", help="its digest (or the first digits of it), or a file")
    verb.add_argument("--home", type=Path, required=True)
    verb.add_argument("--by", default="", metavar="USERNAME", help="who does it; where not said, the command line")
    verb.add_argument("--json", action="store_true")


def _day(text: str) -> datetime:
    day = datetime.fromisoformat(text)
    return day if day.tzinfo else day.replace(tzinfo=UTC)


def write_draft(options: argparse.Namespace) -> int:
    """Write a draft."""
    from tansiq.exchange import canon
    from tansiq.exchange.agreements import templates, terms
    from tansiq.exchange.agreements.clients import with_clients
    from tansiq.exchange.agreements.terms import Mechanism
    from tansiq.exchange.papers import Papers

    since = options.since or clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    parties = [party for word in options.parties for party in word.split(",") if party]
    draft = templates.propose(
        Mechanism(options.template),
        parties=parties,
        number=options.number or f"{options.template}/{since:%Y}",
        since=since,
        until=options.until or since + YEAR,
        desk=options.desk,
    )
    draft = with_clients(draft, read=options.clients in ("read", "both"), offer=options.clients in ("offer", "both"))
    document = terms.write_agreement(draft)
    write(options.out, msgspec.json.encode(Papers(document.decode())))
    if options.out is not None:
        say(options, {"agreement": canon.digest(document).hex(), "parties": list(draft.parties), "file": options.out})
    return 0


def check_one(options: argparse.Namespace) -> int:
    """Look an agreement through, and print what it would allow."""
    agreement = _terms(options, options.agreement)
    from tansiq.exchange import checking

    checked = checking.check(agreement)
    if options.json:
        print(msgspec.json.encode(checked).decode())
    else:
        _print_checked(checked, agreement)
    return 1 if checked.faults else 0


def _print_checked(checked: Any, agreement: Any) -> None:
    from tansiq.exchange import checking

    print(f"{checked.agreement}  {agreement.mechanism}  {', '.join(agreement.parties)}")
    for name, found in (("fault", checked.faults), ("warning", checked.warnings)):
        for each in found:
            print(f"  {name}: {checking.line(each)}")
    for row in checked.rows:
        print(f"{row.kind}{'' if row.shapes else ': nothing passes'}")
        if not row.shapes:
            continue
        for name in ("send", "receive", "topics", "purposes", "notices", "limits"):
            if getattr(row, name):
                print(f"  {name}: {', '.join(each or '(none)' for each in getattr(row, name))}")
        marks = ", ".join(f"{name} {getattr(row, name)}" for name in ("case", "persons", "attachments", "operational"))
        print(f"  sensitivity up to {row.sensitivity}; {marks}")


def diff_two(options: argparse.Namespace) -> int:
    """Print what a second agreement changes."""
    first, second = _terms(options, options.first), _terms(options, options.second)
    from tansiq.exchange import checking

    changed = checking.diff(first, second)
    if options.json:
        print(msgspec.json.encode(changed).decode())
        return 0
    for title, changes in (("words", changed.words), ("what may pass", changed.rows)):
        for change in changes:
            print(f"{title}: {change.part}")
            for sign, lines in (("-", change.removed), ("+", change.added)):
                for line in lines:
                    print(f"  {sign} {line or '(none)'}")
    for title, examples in (("passes now", changed.opened), ("passes no more", changed.closed)):
        for each in examples:
            shape = ", ".join(f"{name.partition('.')[2]} {_shown(value)}" for name, value in each.shape.items())
            print(f"{title}: {shape}  (by {each.rule or 'its permits'})")
    return 0


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value).lower() or "(none)"


def _terms(options: argparse.Namespace, name: str) -> Any:
    """An agreement of a file, or one that the node holds."""
    from tansiq.exchange.agreements import terms

    if Path(name).is_file():
        from tansiq.exchange.papers import read_papers

        return terms.read_agreement(read_papers(read(Path(name))).document.encode())
    if options.home is None:
        raise Malformed(f"{name} is no file.", "Name a file, or with --home the digest of an agreement.")
    node.setup(options.home)
    from tansiq.exchange import reads

    return terms.read_agreement(reads.papers(agreement=_one(name)).document.encode())


def sign_one(options: argparse.Namespace) -> int:
    """Sign, and send the signature to the other parties' nodes."""
    home = node.setup(options.home)
    from tansiq.exchange import acts

    by = officer(home, options.by, Permission.AGREEMENT_SIGN)
    name = _name(options)
    answer = acts.sign_agreement(agreement=name, party=options.party, by=by, now=clock.now())
    if options.out is not None and not isinstance(answer, Refused):
        _export(name, options.out)
    return _answer(options, answer)


def take_file(options: argparse.Namespace) -> int:
    """Take a file's agreement."""
    node.setup(options.home)
    from tansiq.exchange import acts
    from tansiq.exchange.papers import read_papers

    papers = read_papers(read(Path(options.agreement)))
    return _answer(options, acts.receive_agreement(papers=papers, sender="", now=clock.now()))


def show_one(options: argparse.Namespace) -> int:
    """Print an agreement; with --json its whole document besides."""
    home = node.setup(options.home)
    from tansiq.exchange import reads

    name = _name(options)
    whole = reads.agreement(agreement=name, reader=Officer("command-line", home.agency, Duty.NODE_ADMINISTRATOR))
    if options.out is not None:
        _export(name, options.out)
    line = _line(whole.line)
    if options.json:
        line |= {"document": msgspec.json.decode(whole.document), "signatures": whole.signatures}
    say(options, line)
    return 0


def say_of_it(options: argparse.Namespace) -> int:
    """Suspend, lift or end."""
    home = node.setup(options.home)
    from tansiq.exchange import acts

    act, permission = {
        "suspend": (acts.suspend_agreement, Permission.AGREEMENT_SUSPEND),
        "lift": (acts.lift_agreement, Permission.AGREEMENT_LIFT),
        "end": (acts.end_agreement, Permission.AGREEMENT_END),
    }[options.verb]
    by = officer(home, options.by, permission)
    name = _name(options)
    return _answer(options, act(agreement=name, party=options.party, by=by, now=clock.now(), reason=options.reason))


def supersede_one(options: argparse.Namespace) -> int:
    """Draft another in its place."""
    home = node.setup(options.home)
    from tansiq.exchange import acts

    answer = acts.supersede_agreement(
        agreement=_name(options),
        number=options.number,
        since=options.since,
        until=options.until,
        overlap_days=options.overlap_days,
        afresh=options.afresh,
        by=officer(home, options.by, Permission.AGREEMENT_SUPERSEDE),
        now=clock.now(),
    )
    if options.out is not None and not isinstance(answer, Refused):
        _export(answer.digest, options.out)
    return _answer(options, answer)


def list_all(options: argparse.Namespace) -> int:
    """Print every agreement."""
    home = node.setup(options.home)
    from tansiq.exchange import reads

    for each in reads.agreements(reader=Officer("command-line", home.agency, Duty.NODE_ADMINISTRATOR)):
        say(options, _line(each))
    return 0


def _name(options: argparse.Namespace) -> str:
    """The digest that is meant; a file is taken in first."""
    path = Path(options.agreement)
    if path.is_file():
        from tansiq.exchange import acts
        from tansiq.exchange.papers import read_papers

        return acts.receive_agreement(papers=read_papers(read(path)), sender="", now=clock.now()).digest
    return _one(options.agreement)


def _one(beginning: str) -> str:
    """The digest that begins so."""
    from tansiq.exchange import reads

    found = reads.digests(beginning=beginning)
    if len(found) != 1:
        what = "no agreement" if not found else f"{len(found)} agreements"
        raise Malformed(f"{beginning} names {what}.", "Give its whole digest, or a file.")
    return found[0]


def _export(name: str, path: Path) -> None:
    from tansiq.exchange import reads

    write(path, msgspec.json.encode(reads.papers(agreement=name)))


def _line(each: Any) -> dict[str, Any]:
    return {
        "agreement": each.digest,
        "mechanism": each.mechanism,
        "state": each.state,
        "parties": list(each.parties),
        "signed": list(each.signed),
        "suspended_by": list(each.suspended_by),
        "since": each.since.isoformat(),
        "until": each.until.isoformat(),
        "supersedes": each.supersedes,
        "successor": each.successor,
    }


def _answer(options: argparse.Namespace, answer: Any) -> int:
    if isinstance(answer, Refused):
        return refused("agreement", answer)
    say(options, _line(answer))
    return 0
