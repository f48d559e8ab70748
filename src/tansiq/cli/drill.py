"""`tansiq drill envelopes`: fill a node that plays an exercise with letters, as many as it may hold after years.

The letters are of a partner that nobody runs, one of the codes that no country has (ISO 3166 leaves XA to XZ to their
users). Each is sealed, signed, checked, stored, logged and receipted like any other, so the ledger stays sound; they
come in bundles, dated evenly over the days before now.
"""

import argparse
import multiprocessing
import os
import string
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID

from tansiq.cli import django as node
from tansiq.cli.saying import CONSOLE, say
from tansiq.drill.letters import Correspondent, Portion, portions
from tansiq.exchange.agreements.terms import Agreement
from tansiq.ground import clock
from tansiq.ground.errors import Malformed, Unready
from tansiq.node.home import Home
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer

SECOND = UUID(int=2)
"""Who confirms the played partner: the drill itself, which knows its words."""

MOST = 10_000_000
TELL = 50_000
"""After how many letters it says how far it came."""

AHEAD = 3
"""Bundles that each process seals ahead of the one that is stored."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("drill", help="fill a node that plays an exercise")
    verbs = noun.add_subparsers(dest="verb", required=True)
    letters = verbs.add_parser("envelopes", help="receive many letters of a partner that nobody runs")
    letters.add_argument("--count", type=int, default=10_000, help="how many")
    letters.add_argument("--days", type=int, default=365, help="over how many days before now they are dated")
    letters.add_argument("--home", type=Path, required=True)
    letters.add_argument("--json", action="store_true")
    letters.set_defaults(run=fill)


def fill(options: argparse.Namespace) -> int:
    """Play the partner, agree, and receive its letters; several processes seal while this one stores."""
    if not 1 <= options.count <= MOST or not 1 <= options.days <= 3_650:
        raise Malformed("So many letters or days make no drill.", f"Take 1 to {MOST} letters over 1 to 3650 days.")
    home = node.setup(options.home)
    if not home.exercise:
        raise Unready("This node plays no exercise.", "Make one for it: tansiq node init --exercise NAME.")
    end = clock.now()
    start = end - timedelta(days=options.days)
    partner, agreement, card = _meet(home, start, end)
    began = perf_counter()
    context = multiprocessing.get_context("spawn")  # a fork would share the database's connection
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=context) as pool:
        stored = 0
        for portion, envelopes in _sealed(pool, partner, agreement, card, portions(options.count, start, end)):
            stored += _store(partner.node, envelopes, portion.end)
            if stored // TELL > (stored - len(envelopes)) // TELL:
                print(f"{stored} of {options.count} letters", file=sys.stderr)
    from tansiq.exchange import intake

    intake.write_anchor()
    seconds = perf_counter() - began
    say(options, {"partner": partner.node, "envelopes": stored, "seconds": round(seconds, 1),
                  "per_second": round(stored / seconds)})  # fmt: skip
    return 0


def _meet(home: Home, start: datetime, end: datetime) -> tuple[Correspondent, Agreement, str]:
    """Make a partner and an agreement with it; answers our node's card too."""
    from tansiq.exchange import acts, reads

    by = Officer(name="drill", party=home.agency, duty=Duty.NODE_ADMINISTRATOR, person=CONSOLE)
    other = Officer(name="drill", party=home.agency, duty=Duty.NODE_ADMINISTRATOR, person=SECOND)
    known = {each.node for each in reads.partners(reader=by)}
    code = next((f"x{letter}" for letter in string.ascii_lowercase if f"x{letter}" not in known), "")
    if not code:
        raise Unready("This node has met all partners that a drill can play.", "Fill another node.")
    partner = Correspondent.new(node=code, to=home.agency, exercise=home.exercise)
    agreement = partner.agreement(since=start, until=end + timedelta(days=365))
    papers = partner.papers(agreement, start)
    acts.add_partner(card=partner.card(issued=start, expires=end + timedelta(days=365)), by=by, now=end)
    words = next(each.words for each in reads.partners(reader=by) if each.node == code)
    # signed before the partner is confirmed: the papers are not sent to where nobody listens
    made = acts.propose_agreement(document=papers.document.encode(), by=by, now=end)
    acts.sign_agreement(agreement=made.digest, party=home.agency, by=by, now=end)
    acts.confirm_partner(node=code, words=words, by=other, now=end)
    acts.receive_agreement(papers=papers, sender="", now=end)
    return partner, agreement, reads.own_card()[0]


def _sealed(
    pool: ProcessPoolExecutor, partner: Correspondent, agreement: Agreement, card: str, some: Iterator[Portion]
) -> Iterator[tuple[Portion, list[tuple[UUID, bytes]]]]:
    """The portions' envelopes in order, with a few being sealed ahead."""
    waiting: deque[tuple[Portion, Future[list[tuple[UUID, bytes]]]]] = deque()
    for portion in some:
        waiting.append((portion, pool.submit(partner.bundle, agreement, card, portion)))
        if len(waiting) > AHEAD * (os.cpu_count() or 1):
            first, done = waiting.popleft()
            yield first, done.result()
    for first, done in waiting:
        yield first, done.result()


def _store(code: str, envelopes: list[tuple[UUID, bytes]], now: datetime) -> int:
    """Receive a bundle; what it says is for people, so no room waits for it. Answers how many were accepted."""
    from tansiq.exchange import acts, receipts
    from tansiq.exchange.acts.letters import mark_all_handed
    from tansiq.exchange.receipts import ReceiptState

    tokens = acts.receive(parcels=[acts.Parcel(raw, code) for _, raw in envelopes], now=now)
    mark_all_handed(envelopes=[each for each, _ in envelopes], now=now)
    return sum(receipts.unverified(token).state is ReceiptState.ACCEPTED for token in tokens)
