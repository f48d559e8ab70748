"""Compute everything again: envelopes, receipts, agreements, cards, the ledger's entries, nodes and heads, the anchor.

Names the very row that is not what it should be. What proves a row stands beside it: an envelope's signature and its
leaf, a receipt's signature, an entry's hash, a node's children, a head's signature. The marks `handed` and `trouble`
are the node's own working notes and prove nothing, so they are not checked.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.db.models import Model, QuerySet

from tansiq.exchange import canon, jws, keystore, ledger, receipts, seal
from tansiq.exchange import label as labels
from tansiq.exchange.agreements import standing, terms
from tansiq.exchange.desks import by_label_alone
from tansiq.exchange.keys import Verifier
from tansiq.exchange.kinds.desks import SteeringLetter
from tansiq.exchange.models import (
    Agreement,
    DeskStep,
    Envelope,
    Event,
    Head,
    LedgerEntry,
    LedgerNode,
    Log,
    Partner,
    Receipt,
)
from tansiq.exchange.models.channels import known
from tansiq.exchange.models.ledger import raw, root_at
from tansiq.exchange.models.letters import standing_of
from tansiq.exchange.models.own import Own, own
from tansiq.exchange.reads.attaching import verify_blobs
from tansiq.exchange.values import Direction, ExchangeReason, Flaw
from tansiq.ground.errors import Fault
from tansiq.parties.duties import Permission
from tansiq.parties.values import node_of

CHUNK = 500

Row = TypeVar("Row", bound=Model)
T = TypeVar("T")


def verify() -> tuple[Flaw, ...]:
    """Every row that is not what it should be; empty when all is sound."""
    return tuple(_flaws())


def _flaws() -> Iterator[Flaw]:
    me = own()
    keys, flaws = _keys()
    yield from flaws
    yield from _agreements(keys)
    yield from _tree(me)
    yield from _heads(me, keys)
    yield from _anchor(me)
    yield from _witnessed(me)
    yield from _events()
    yield from _envelopes(me, keys)
    yield from _receipts(keys)
    yield from verify_blobs()
    yield from _desk_steps(me)


class _Keys:
    """Signing and log keys that this node knows, by node: today's cards and those before."""

    def __init__(self) -> None:
        self.sign: dict[str, dict[bytes, Verifier]] = {}
        self.log: dict[str, list[Verifier]] = {}


def _keys() -> tuple[_Keys, list[Flaw]]:
    keys, flaws = _Keys(), []
    for row in Partner.objects.order_by("node"):
        for token in [*row.past, row.token]:
            try:
                card = known(token)
            except Fault as fault:
                flaws.append(Flaw("partner", row.node, f"its card does not hold: {fault.what}"))
                continue
            if card.card.node != row.node:
                flaws.append(Flaw("partner", row.node, "its card is another node's"))
            keys.sign.setdefault(row.node, {})[card.verifier.kid] = card.verifier
            keys.log.setdefault(row.node, []).append(card.log)
    return keys, flaws


def _agreements(keys: _Keys) -> Iterator[Flaw]:
    for row in Agreement.objects.prefetch_related("statements").order_by("digest"):
        document = raw(row.document) or b""
        if canon.digest(document).hex() != row.digest:
            yield Flaw("agreement", row.digest, "the document is not the one its digest names")
            continue
        try:
            read = terms.read_agreement(document)
            if read.mechanism.value != row.mechanism:
                yield Flaw("agreement", row.digest, "its mechanism is not its document's")
            for party, token in row.signatures.items():
                _signed_by(keys, party, partial(jws.read, token, standing.PartySignature))
            held: list[standing.Statement] = []
            for said in row.statements.all():
                statement = _signed_by(keys, said.party, partial(jws.read, said.token, standing.Statement))
                standing.check_statement(read, row.digest, held, statement)
                held.append(statement)
                if (statement.party, statement.seq) != (said.party, said.seq):
                    yield Flaw("statement", str(said.id), "it is not what its party signed")
        except Fault as fault:
            yield Flaw("agreement", row.digest, f"a signature or statement does not hold: {fault.what}")


def _signed_by(keys: _Keys, party: str, read: Callable[[Verifier], T]) -> T:
    fault: Fault | None = None
    for verifier in keys.sign.get(node_of(party), {}).values():
        try:
            return read(verifier)
        except Fault as found:
            fault = found
    raise fault or Fault(f"No key of {node_of(party)} is known.")


def _tree(me: Own) -> Iterator[Flaw]:
    log = Log.objects.filter(id=1).first() or Log()
    entries = LedgerEntry.objects.order_by("index").iterator(CHUNK)
    nodes = LedgerNode.objects.order_by("place").iterator(CHUNK)
    faults = ledger.verify_rows(
        entries=(row.value() for row in entries),
        nodes=(row.value() for row in nodes),
        size=log.size,
        root=_known_root(me, log),
    )
    for fault in faults:
        row = f"level {fault.level}, index {fault.index}" if fault.table == "node" else f"index {fault.index}"
        if fault.table != "head":  # heads and the anchor are judged below, each by its own name
            yield Flaw(f"ledger {fault.table}", row, fault.what)


def _known_root(me: Own, log: Log) -> bytes | None:
    """The root over all entries as it was signed, or else as the anchor has it; None where neither goes that far."""
    for row in Head.objects.filter(log=me.node, epoch=log.epoch, size=log.size):
        if _head_holds(row, me.keys.log.verifier):
            return bytes.fromhex(row.root)
    try:
        held = keystore.read_anchor(me.anchor)
        reaches = held is not None and (held.epoch, held.size) == (log.epoch, log.size)
        return bytes.fromhex(held.root) if held is not None and reaches else None
    except (Fault, ValueError):  # a forged anchor is named by `_anchor`
        return None


def _heads(me: Own, keys: _Keys) -> Iterator[Flaw]:
    log = Log.objects.filter(id=1).first() or Log()
    own_heads = Head.objects.filter(log=me.node).order_by("epoch", "size")
    for row in own_heads.iterator(CHUNK):
        name = f"{row.log} epoch {row.epoch} size {row.size}"
        try:
            head = receipts.read_head(row.token, me.keys.log.verifier)
        except Fault as fault:
            yield Flaw("head", name, f"its signature does not hold: {fault.what}")
            continue
        if (head.log, head.epoch, head.size, head.root) != (row.log, row.epoch, row.size, row.root):
            yield Flaw("head", name, "it is not what was signed")
        elif head.epoch == log.epoch and (head.size > log.size or _root(head.size) != head.root):
            yield Flaw("head", name, "the ledger is not the one this head was signed over")
    for row in Head.objects.exclude(log=me.node).order_by("log", "epoch", "size").iterator(CHUNK):
        if not any(_head_holds(row, verifier) for verifier in keys.log.get(row.log, ())):
            yield Flaw("head", f"{row.log} epoch {row.epoch} size {row.size}", "it is not what the partner signed")


def _head_holds(row: Head, verifier: Verifier) -> bool:
    try:
        head = receipts.read_head(row.token, verifier)
    except Fault:
        return False
    return (head.log, head.epoch, head.size, head.root) == (row.log, row.epoch, row.size, row.root)


def _root(size: int) -> str:
    try:
        return root_at(size).hex() if size else ledger.EMPTY.hex()
    except KeyError:
        return ""


def _anchor(me: Own) -> Iterator[Flaw]:
    try:
        held = keystore.read_anchor(me.anchor)
    except Fault as fault:
        yield Flaw("anchor", me.anchor.name, fault.what)
        return
    log = Log.objects.filter(id=1).first() or Log()
    if held is None:
        return
    if (held.epoch, held.size) > (log.epoch, log.size):
        yield Flaw("anchor", me.anchor.name, f"the ledger ends at {log.size}, but had {held.size} entries once")
    elif held.epoch == log.epoch and _root(held.size) != held.root:
        yield Flaw("anchor", me.anchor.name, f"the first {held.size} entries are not those it was written over")


def _witnessed(me: Own) -> Iterator[Flaw]:
    """What partners hold of our ledger, and the gate that was closed for it."""
    log = Log.objects.filter(id=1).first() or Log()
    if log.gate:
        yield Flaw("ledger", me.node, log.gate)
    for row in Partner.objects.exclude(witnessed="").order_by("node"):
        try:
            head = receipts.read_head(row.witnessed, me.keys.log.verifier)
        except Fault as fault:
            yield Flaw("witness", row.node, f"the head that it holds does not hold: {fault.what}")
            continue
        if (head.epoch, head.size) > (log.epoch, log.size):
            yield Flaw("witness", row.node, f"the ledger ends at {log.size}; the head that it holds covers {head.size}")
        elif head.epoch == log.epoch and _root(head.size) != head.root:
            yield Flaw("witness", row.node, f"the first {head.size} entries are not those of the head that it holds")


def alarms() -> tuple[Flaw, ...]:
    """Ledgers of partners that did not continue the one we knew: nothing is wrong here, and people must ask there."""
    rows = Event.objects.filter(name=Permission.LEDGER_ALARM.value, detail__contains='"log"').order_by("id")
    said = [(row.at, _detail(row)) for row in rows]
    return tuple(
        Flaw(
            "ledger", str(detail["log"]), f"{detail.get('what', '')} at {detail.get('size', '')}, {at:%Y-%m-%d %H:%MZ}"
        )
        for at, detail in said
        if "log" in detail
    )


def _chunks(rows: QuerySet[Row]) -> Iterator[list[Row]]:
    """The rows in lists of CHUNK, so that what belongs to them is fetched a list at a time."""
    stream = rows.iterator(CHUNK)
    while chunk := list(islice(stream, CHUNK)):
        yield chunk


def _events() -> Iterator[Flaw]:
    """Every event says what its leaf says, every leaf has its event, and what it speaks of is there."""
    expected = 0
    envelopes = set(Envelope.objects.filter(leaf__gte=0).values_list("leaf", flat=True))
    receipts_at = set(Receipt.objects.filter(leaf__gte=0).values_list("leaf", flat=True))
    for chunk in _chunks(Event.objects.filter(leaf__gte=0).order_by("leaf", "id")):
        entries = LedgerEntry.objects.in_bulk([row.leaf for row in chunk])
        for row in chunk:
            while expected < row.leaf:
                yield Flaw("event", f"leaf {expected}", "it is missing")
                expected += 1
            expected = row.leaf + 1
            entry = entries.get(row.leaf)
            if entry is not None and entry.entry is not None and raw(entry.entry) != _entry(row):
                yield Flaw("event", str(row.id), "it does not say what its leaf says")
            kept = envelopes if row.type in ("sent", "received") else receipts_at
            if row.type in ("sent", "received", "receipt") and row.leaf not in kept and not _is_conflict(row):
                table = "receipt" if row.type == "receipt" else "envelope"
                yield Flaw(table, str(row.thing), "it is missing")
    size = Log.objects.filter(id=1).values_list("size", flat=True).first() or 0
    for leaf in range(expected, size):
        yield Flaw("event", f"leaf {leaf}", "it is missing")


def _entry(row: Event) -> bytes:
    try:
        return row.happening().entry()
    except (Fault, ValueError, msgspec.MsgspecError):
        return b""


def _detail(event: Event | None) -> dict[str, Any]:
    try:
        return msgspec.json.decode(event.detail, type=dict[str, Any]) if event is not None else {}
    except msgspec.MsgspecError:
        return {}


def _is_conflict(row: Event) -> bool:
    """Whether an envelope was refused because its id is taken: it has a receipt and no row."""
    return ExchangeReason.ANOTHER_DIGEST.value in row.detail


def _envelopes(me: Own, keys: _Keys) -> Iterator[Flaw]:
    mechanisms = dict(Agreement.objects.values_list("digest", "mechanism"))
    rows = Envelope.objects.prefetch_related("receipts", "deliveries").order_by("position")
    for chunk in _chunks(rows):
        events, erased = _at(row.leaf for row in chunk), _erased(chunk)
        for row in chunk:
            event = events.get(row.leaf)
            if row.erased is None and row.digest not in erased:
                flaws = _envelope(row, me, keys, mechanisms, event)
            else:
                flaws = _gone(row, row.digest in erased, event)
            for what in flaws:
                yield Flaw("envelope", str(row.ref), what)


def _erased(rows: Sequence[Envelope]) -> set[str]:
    """The digests among these of which the ledger says that they were erased."""
    said = Event.objects.filter(name=Permission.LETTER_ERASE.value, thing__in=[row.ref for row in rows])
    return {str(_detail(event).get("envelope", "")) for event in said}


def _gone(row: Envelope, logged: bool, event: Event | None) -> Iterator[str]:
    """Of an erased envelope nothing is left but what proves that it was; and the ledger says that it is gone."""
    if not logged:
        yield "it is empty, and the ledger does not say that it was erased"
    if row.erased is None or row.raw or row.keys or row.label:
        yield "it was erased, and something of it is here again"
    yield from _logged(row, event)
    yield from _state(row)


def _at(leaves: Iterable[int]) -> dict[int, Event]:
    return {event.leaf: event for event in Event.objects.filter(leaf__in=[leaf for leaf in leaves if leaf >= 0])}


def _envelope(row: Envelope, me: Own, keys: _Keys, mechanisms: dict[str, str], event: Event | None) -> Iterator[str]:
    try:
        sealed = seal.parse(raw(row.raw) or b"")
        verifier = keys.sign.get(node_of(sealed.route.snd), {}).get(sealed.signer)
        if verifier is None:
            yield "its signer is not known"
            return
        seal.verify(sealed, verifier)
    except Fault as fault:
        yield f"its bytes do not hold: {fault.what}"
        return
    route = sealed.route
    if sealed.identity.hex() != row.digest:
        yield "its digest is not its manifest's"
    if (route.id, route.snd, route.agr) != (row.uid, row.sender, row.agreement):
        yield "its columns are not its route's"
    yield from _label(row, sealed, me, mechanisms)
    yield from _logged(row, event)
    yield from _state(row)


def _label(row: Envelope, sealed: seal.Envelope, me: Own, mechanisms: dict[str, str]) -> Iterator[str]:
    """The label that stands open is the one in the envelope, and the columns are the label's."""
    incoming = row.direction == Direction.IN.value
    if not row.label:
        if row.kind or row.case or row.keys:
            yield "columns say what no label says"
        return
    try:
        said = labels.read_label(raw(row.label) or b"")
    except Fault as fault:
        yield f"its label cannot be read: {fault.what}"
        return
    if (said.kind.value, UUID(said.case) if said.case else None) != (row.kind, row.case):
        yield "its columns are not its label's"
    if row.erase_at != (canon.moment(said.erase_by) if said.erase_by else None):
        yield "the day of its erasure is not its label's"
    if row.mechanism != mechanisms.get(row.agreement):
        yield "its mechanism is not its agreement's"
    try:
        kept = seal.kept((raw(row.keys) or b""), me.storage, sealed.identity)
        if labels.write_label(seal.open_label(sealed, kept)) != (raw(row.label) or b""):
            yield "its label is not the sealed one"
        if kept.letter is not None:
            seal.open_letter(sealed, kept)
        elif not row.reason and not (incoming and by_label_alone(said, me.node)):
            yield "the keys of its letter are gone"
        if kept.letter is not None and incoming and by_label_alone(said, me.node):
            yield "a desk holds the key of its letter"
    except Fault as fault:
        yield f"it does not open: {fault.what}"


def _logged(row: Envelope, event: Event | None) -> Iterator[str]:
    """What was decided, and when, stands in the ledger."""
    if row.leaf < 0:
        return
    if event is None:
        yield "its event is missing"
        return
    detail = _detail(event)
    ours = row.direction == Direction.OUT.value
    said = (row.digest, str(row.uid), row.sender, row.agreement, row.reason, row.rule, int(row.quarantined))
    kept = (*(detail.get(key) for key in ("envelope", "id", "sender", "agreement", "reason", "rule")),)
    if said != (*kept, detail.get("quarantined", 0)) or event.thing != row.ref:
        yield "it is not what the ledger says of it"
    if canon.millis(event.at) != canon.millis(row.stored) or event.type != ("sent" if ours else "received"):
        yield "its time or direction is not what the ledger says"


def _state(row: Envelope) -> Iterator[str]:
    """The state is the one that the receipts give."""
    ours = row.direction == Direction.OUT.value
    signers: dict[str, str] = {}
    for receipt in sorted(row.receipts.all(), key=lambda each: each.n):
        if ours or receipt.direction == Direction.OUT.value:  # to a desk its recipients' receipts are news alone
            signers[receipt.signer] = receipt.state
    if ours:
        parcels = {each.node: each.state for each in row.deliveries.all()}
        past = {each.node for each in row.deliveries.all() if each.thing == "label"}
        if standing_of(parcels, signers, past).value != row.state:
            yield "its state is not what its receipts say"
    elif list(signers.values()) != [row.state]:
        yield "its state is not what our receipt says"


def _desk_steps(me: Own) -> Iterator[Flaw]:
    """What was said of a letter past a desk is what the letter says by which it was told."""
    for chunk in _chunks(DeskStep.objects.order_by("id")):
        letters: dict[UUID | None, Envelope] = {
            row.ref: row for row in Envelope.objects.filter(ref__in=[each.letter for each in chunk])
        }
        for row in chunk:
            told = letters.get(row.letter)
            try:
                said = told.opened(me.storage).letter if told is not None else None
            except Fault:  # the envelope itself is named
                continue
            if told is None or not isinstance(said, SteeringLetter) or not _is_step(row, said, told.sender):
                yield Flaw("desk step", f"{row.digest[:16]} {row.teller} n={row.n}", "it is not what its letter says")


def _is_step(row: DeskStep, said: SteeringLetter, sender: str) -> bool:
    kept = (row.digest, row.teller, row.n, row.step, tuple(row.to), row.reason, row.words, row.official)
    told = (said.envelope, sender, said.n, said.step.value, said.to, said.reason.value, said.words, said.official)
    return kept == told


def _receipts(keys: _Keys) -> Iterator[Flaw]:
    chains: dict[tuple[str, str], str] = {}
    rows = Receipt.objects.select_related("envelope__passage")
    rows = rows.defer("envelope__raw", "envelope__label", "envelope__keys")
    for chunk in _chunks(rows.order_by("digest", "signer", "n")):
        events = _at(row.leaf for row in chunk)
        for row in chunk:
            for what in _receipt(row, keys, chains, events.get(row.leaf)):
                yield Flaw("receipt", f"{row.digest[:16]} {row.signer} n={row.n}", what)
            chains = {(row.digest, row.signer): row.token}


def _logged_later(row: Receipt, said: receipts.Receipt, event: Event | None) -> bool:
    """Whether a receipt has another leaf than it was signed with: given while the gate was closed, or taken back."""
    if row.n == 0:
        return not said.head and row.envelope is not None and row.envelope.leaf == row.leaf
    return not said.head or "recovered" in _detail(event)


def _is_news(row: Receipt) -> bool:
    """Whether a receipt is a recipient's, as its letter's desk follows it."""
    both = {row.direction, row.envelope.direction if row.envelope else ""}
    return both == {Direction.IN.value} and hasattr(row.envelope, "passage")


def _receipt(row: Receipt, keys: _Keys, chains: dict[tuple[str, str], str], event: Event | None) -> Iterable[str]:
    try:
        said = _signed_by(keys, row.signer, partial(receipts.read_receipt, row.token))
    except Fault as fault:
        yield f"its signature does not hold: {fault.what}"
        return
    columns = (row.digest, row.signer, row.n, row.state, row.rule, canon.millis(row.at))
    if columns != (said.envelope, said.recipient, said.n, said.state.value, ",".join(said.rules)[:200], said.at):
        yield "its columns are not what was signed"
    before = chains.get((row.digest, row.signer), "")
    if said.prev != (jws.digest(before) if before else ""):
        yield "the receipt before it is missing or another"
    if row.envelope is not None and row.envelope.digest != row.digest:
        yield "it stands at another envelope"
    ours = row.direction == Direction.OUT.value
    if ours and row.leaf >= 0 and said.leaf != row.leaf and not _logged_later(row, said, event):
        yield "its leaf is not what was signed"
    if not (ours and row.n == 0) and row.leaf >= 0:
        logged = _detail(event)
        named = logged.get("prev") == said.prev if ours else logged.get("receipt") == jws.digest(row.token)
        if logged.get("envelope") != row.digest or logged.get("n") != row.n or not named:
            yield "it is not what the ledger says of it"
    if row.envelope is None:
        if event is None or not _is_conflict(event):
            yield "its envelope is missing"
    elif {row.direction, row.envelope.direction} != {Direction.IN.value, Direction.OUT.value} and not _is_news(row):
        yield "its direction is wrong"
    if (row.leaf < 0) != (row.envelope is not None and row.envelope.leaf < 0) and row.n == 0 and ours:
        yield "its leaf is not its envelope's"
