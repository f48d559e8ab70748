"""Go on from an old backup: take from partners what was lost, declare the rest, and open a new epoch.

Two persons do it. What partners hold comes first, while the gate is still closed, so that no ended agreement, replaced
card, given receipt or recalled letter is revived; then the declaration becomes the first leaf of the new epoch.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from tansiq.exchange import canon, cards, keystore, receipts
from tansiq.exchange.acts.agreements import receive_agreement
from tansiq.exchange.acts.delivering import receive_receipts
from tansiq.exchange.acts.letters import keep_given
from tansiq.exchange.acts.log import begins_with, close_gate
from tansiq.exchange.acts.partners import receive_card
from tansiq.exchange.acts.recalling import take_recall_again, take_statement_again
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Envelope, Log, Partner, Receipt
from tansiq.exchange.models.ledger import Happening, Writer, root_at
from tansiq.exchange.models.own import own
from tansiq.exchange.models.recovering import Reopening
from tansiq.exchange.receipts import SignedHead
from tansiq.exchange.recovery import Recovery
from tansiq.exchange.transport import CatchUp
from tansiq.exchange.values import Detail, Direction, ExchangeBasis, ExchangeReason, Recovered
from tansiq.ground.errors import Fault, Untrusted
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer

log = logging.getLogger(__name__)

Heads = dict[str, list[SignedHead]]


@transaction.atomic
def recover(
    *, told: Mapping[str, CatchUp], without: Sequence[str], by: Officer, second: Officer, now: datetime
) -> Recovered | Refused:
    """Open a new epoch with a recovery entry, log what passed unlogged meanwhile, and open the gate.

    `told` is what partners answered, by node; `without` are the partners that nobody could ask. Two different persons
    must do it; where nothing is behind, nothing changes. Raises `Malformed` where the anchor cannot be read.
    """
    if by.person == second.person:
        return Refused(ExchangeReason.SAME_PERSON, ExchangeBasis.TWO_PERSONS)
    heads = _heads(told)
    highest = {holder: max(some, key=_place) for holder, some in heads.items()}
    if not close_gate(held=highest, now=now):
        return Refused(ExchangeReason.NO_CHANGE, ExchangeBasis.LEDGER)
    troubles = [trouble for node in sorted(told) for trouble in _catch_up(node, told[node], now)]
    row = Log.objects.get(id=1)
    declared = _declared(row, heads, highest, without, f"{by.signature}, {second.signature}")
    writer = Reopening()
    happening = Happening(
        EntryType.RECOVERY, Permission.LEDGER_RECOVER.value, NODE, by.signature, now, declared.detail()
    )
    unlogged = writer.reopen(happening, declared.epoch, own().node)
    writer.close()
    return Recovered(
        epoch=declared.epoch,
        was=declared.was,
        restored=declared.size,
        lost=(declared.shared, declared.held),
        heads=declared.heads,
        officers=declared.officers,
        without=tuple(without),
        logged=unlogged,
        troubles=tuple(troubles),
    )


def _place(head: SignedHead) -> tuple[int, int]:
    return head.epoch, head.size


def _heads(told: Mapping[str, CatchUp]) -> Heads:
    """The heads of our own ledger that others hold, the anchor among them. What we never signed is left out."""
    me, found = own(), Heads()
    anchor = keystore.read_anchor(me.anchor)
    if anchor is not None:
        held = SignedHead(log=me.node, epoch=anchor.epoch, size=anchor.size, root=anchor.root, at=0)
        found[me.anchor.name] = [held]
    for node, answer in told.items():
        for token in answer.heads:
            try:
                head = receipts.read_head(token, me.keys.log.verifier)
            except Fault:
                log.warning("%s shows a head of ours that we never signed", node)
                continue
            found.setdefault(node, []).append(head)
    return found


def _declared(
    row: Log, heads: Heads, highest: Mapping[str, SignedHead], without: Sequence[str], officers: str
) -> Recovery:
    every = [head for some in heads.values() for head in some]
    ours = SignedHead(log=own().node, epoch=row.epoch, size=row.size, root=root_at(row.size).hex(), at=0)
    newest = max(every or [ours], key=_place)
    return Recovery(
        was=row.epoch,
        epoch=max(row.epoch, newest.epoch) + 1,
        size=row.size,
        root=ours.root,
        shared=_shared(row, every),
        held=newest.size,
        heads="; ".join(f"{holder} {head.epoch}/{head.size}/{head.root}" for holder, head in sorted(highest.items())),
        officers=officers,
        without=", ".join(without),
    )


def _shared(row: Log, heads: Sequence[SignedHead]) -> int:
    """How many of our leaves no head of this epoch or a later one contradicts."""
    within = [head for head in heads if head.size <= row.size]
    against = [head.size for head in within if head.epoch >= row.epoch and head.size and not begins_with(head)]
    if not against:
        return row.size
    return max((head.size for head in within if head.size < min(against) and begins_with(head)), default=0)


def _catch_up(node: str, answer: CatchUp, now: datetime) -> list[str]:
    """Take what a partner holds and we lost. What does not hold is left out, and said."""
    takings: list[Callable[[], object]] = []
    if answer.yours:
        takings.append(partial(_own_card, answer.yours, now))
    if answer.card:
        takings.append(partial(receive_card, card=answer.card, node=node, now=now))
    takings += [partial(receive_agreement, papers=papers, sender=node, now=now) for papers in answer.papers]
    takings += [partial(_given_receipt, token, node, now) for token in answer.given]
    takings += [partial(_own_receipt, token, now) for token in answer.receipts]
    takings += [partial(take_recall_again, token=token, node=node, now=now) for token in answer.recalls]
    takings += [partial(take_statement_again, token=token, node=node, now=now) for token in answer.statements]
    troubles = []
    for take in takings:
        try:
            with transaction.atomic():
                take()
        except Fault as fault:
            troubles.append(f"{node}: {fault.what}")
    return troubles


def _own_card(token: str, now: datetime) -> None:
    """Take back our own newer card, as a partner holds it; it is ours when our key signed it."""
    me = own()
    row = Partner.objects.select_for_update().filter(node=me.node).first()
    card = cards.read_card(token)
    if row is None or card.node != me.node or card.verifier.kid != me.keys.signer.kid:
        raise Untrusted("The card that it holds of this node is not signed by this node's key.", "Show it the newest.")
    if card.number > row.card().number:
        row.past, row.token = [*row.past, row.token], token
        row.save(update_fields=["past", "token"])
        writer = Writer()
        detail: Detail = {"node": me.node, "number": card.number, "card": canon.digest(token.encode()).hex()}
        writer.append([Happening(EntryType.KEY, Permission.PARTNER_ADD.value, NODE, "node", now, detail)])
        writer.close()


def _given_receipt(token: str, node: str, now: datetime) -> None:
    """Take a partner's receipt that is next of its envelope; one that we hold, or cannot place, is left alone."""
    said = receipts.unverified(token)
    if Receipt.objects.filter(digest=said.envelope, signer=node).count() == said.n:
        receive_receipts(tokens=[token], node=node, now=now)


def _own_receipt(token: str, now: datetime) -> None:
    """Take back a later receipt that we gave, so that no other one is given in its place."""
    me = own()
    said = receipts.read_receipt(token, me.keys.signer.verifier)
    row = Envelope.objects.select_for_update().filter(digest=said.envelope, direction=Direction.IN.value).first()
    if row is None:
        return
    chain = list(row.receipts.filter(signer=me.node).order_by("n").values_list("token", flat=True))
    if said.n < len(chain):
        return
    receipts.check_next(chain, token, me.keys.signer.verifier)
    detail: Detail = {
        "envelope": said.envelope,
        "n": said.n,
        "state": said.state.value,
        "prev": said.prev,
        "recovered": 1,
    }
    writer = Writer()
    happening = Happening(EntryType.RECEIPT, Permission.LETTER_ATTEST.value, row.ref, "node", now, detail)
    (leaf,) = writer.append([happening])
    keep_given(writer, row, said, token, leaf)
    writer.close()
