"""Receive envelopes in groups: keep what was checked in one transaction, and only then answer.

Envelope, ledger entry and receipt are stored together. A receipt names its leaf and carries a signed head over it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tansiq.exchange import canon, receipts, seal
from tansiq.exchange.acts.judging import STRANGE, Desk, Item, Judged, Parcel, judge
from tansiq.exchange.acts.letters import logged
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Blob, Envelope, Partaker, Receipt, bulk, desks
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.models.letters import partakers
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import BlobState, Direction
from tansiq.parties.duties import Permission
from tansiq.parties.values import node_of


@transaction.atomic
def receive(*, parcels: Sequence[Parcel] = (), judged: Judged | None = None, now: datetime) -> tuple[str, ...]:
    """Receive a group. Answers, in order, a signed receipt or hold for each, or `STRANGE`; give them out after commit.

    `judged` is a group whose checks were made before the transaction, so that the database is not locked meanwhile; an
    envelope that came by another way since then raises `IntegrityError`. Raises what the database raises when it cannot
    write (a full disk): then nothing was kept, and nothing is answered.
    """
    group = judged or judge(parcels=parcels, now=now)
    todo = [item for item in group.items if not item.token]
    _keep(todo, group.desk)
    first = {item.digest: item.token for item in todo}
    return tuple(item.token or first.get(item.digest, STRANGE) for item in group.items)


def _keep(items: Sequence[Item], desk: Desk) -> None:
    """Store, log and receipt a group. Sets each item's token."""
    once = {item.digest: item for item in items}
    if not once and not desk.alarms:
        return
    writer = Writer()
    todo, alarms = [*once.values()], [*_few(desk.alarms)]
    desk.alarms.clear()
    refs = _refs(todo)
    leaves = writer.append([*(_happening(item, refs[item.digest], desk) for item in todo), *alarms])
    if todo:
        token = "" if writer.gated else receipts.sign_head(writer.head(desk.me.node, desk.now), desk.me.keys.log)
        first = writer.number(len(todo))
        placed = [*zip(todo, range(first, first + len(todo)), leaves, strict=False)]
        said = [_receipt(item, max(leaf, 0), desk) for item, _, leaf in placed]
        tokens = receipts.sign_receipts(said, head=token, at=canon.millis(desk.now), signer=desk.me.keys.signer)
        for item, given in zip(todo, tokens, strict=True):
            item.token = given
        bulk.insert(Envelope, _ENVELOPE, [_envelope(*each, refs, desk) for each in placed if not each[0].conflict])
        bulk.insert(Receipt, _RECEIPT, [_receipt_row(*each, desk) for each in placed])
        bulk.insert(Partaker, ("envelope_id", "agency", "kind", "direction"), [*_parts(placed, desk)])
        bulk.insert(Blob, _BLOB, [row for item, position, _ in placed for row in _blobs(item, position)])
        desks.enter([*_passed(placed)], desk.now)
    writer.close()


def _parts(placed: Sequence[tuple[Item, int, int]], desk: Desk) -> Iterator[bulk.Row]:
    """Which agencies of this node take part in each envelope that is kept."""
    for item, position, _ in placed:
        if item.sealed is not None and not item.conflict:
            route, kind = item.sealed.route, item.label.kind.value if item.label else ""
            channel = desk.channels.get(route.agr)
            for agency in partakers(desk.me.node, route, channel.terms.desk if channel else ""):
                yield position, agency, kind, Direction.IN.value


def _passed(placed: Sequence[tuple[Item, int, int]]) -> Iterator[desks.Passed]:
    """What was accepted and passes a desk: it waits there before any room has it."""
    for item, position, _ in placed:
        if item.label is not None and item.due is not None and not item.reason:
            yield desks.Passed(position, item.digest, True, item.label, item.due)


def _few(alarms: Sequence[Happening]) -> Iterator[Happening]:
    """One alarm for each partner, thing and reason: a flood of bad items must not flood the log."""
    seen = set()
    for alarm in alarms:
        key = (alarm.by, alarm.thing, alarm.detail.get("reason"))
        if key not in seen:
            seen.add(key)
            yield alarm


def _refs(items: Sequence[Item]) -> dict[str, UUID]:
    """What other rooms will know each envelope by: its id, or one drawn from its digest where that id is taken."""
    ids = [item.sealed.route.id for item in items if item.sealed]
    found = bulk.select(Envelope, ("ref",), ref=[bulk.uuid(each) for each in ids]) if ids else []
    taken = {ref if isinstance(ref, UUID) else UUID(ref) for (ref,) in found}
    refs: dict[str, UUID] = {}
    for item in items:
        if item.sealed is None:
            continue
        ref = item.sealed.route.id
        if ref in taken:
            ref = ref if item.conflict else drawn(item.sealed.identity)
        taken.add(ref)
        refs[item.digest] = ref
    return refs


def drawn(identity: bytes) -> UUID:
    """A UUID of version 8 (RFC 9562, section 5.8) from an envelope's identity."""
    value = int.from_bytes(identity[:16], "big") & ~(0xF << 76) | 0x8 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def _happening(item: Item, ref: UUID, desk: Desk) -> Happening:
    sealed = item.sealed
    if sealed is None:
        raise ValueError("only what was parsed is kept")
    name = Permission.ENVELOPE_REFUSE if item.reason else Permission.ENVELOPE_RECEIVE
    detail = logged(item.digest, sealed.route, item.reason, item.rule)
    if item.quarantine:
        detail["quarantined"] = 1
    return Happening(EntryType.RECEIVED, name.value, ref, sealed.route.snd, desk.now, detail)


def _receipt(item: Item, leaf: int, desk: Desk) -> receipts.Receipt:
    return receipts.Receipt(
        envelope=item.digest,
        recipient=desk.me.node,
        n=0,
        prev="",
        state=ReceiptState.REFUSED if item.reason else ReceiptState.ACCEPTED,
        agreement=item.sealed.route.agr if item.sealed else "",
        at=canon.millis(desk.now),
        rules=tuple(item.rule.split(",")) if item.rule else (),
        reason=item.reason,
        leaf=leaf,
    )


_ENVELOPE = (
    "position", "ref", "uid", "direction", "digest", "agreement", "mechanism", "kind", "sender", "case", "label",
    "keys", "state", "rule", "reason", "quarantined", "stored", "leaf", "handed", "trouble", "raw", "erase_at",
)  # fmt: skip
_RECEIPT = (
    "id", "envelope_id", "digest", "direction", "signer", "n", "state", "rule", "at", "leaf", "token",
)  # fmt: skip


_BLOB = (
    "envelope_id", "place", "node", "direction", "digest", "size", "length", "kind", "state", "attempts", "trouble",
)  # fmt: skip


def _blobs(item: Item, position: int) -> Iterator[bulk.Row]:
    """What an accepted letter says is attached to it, for its sender to bring; to a desk it brings nothing."""
    opens = item.keys is not None and item.keys.letter is not None
    if item.reason or item.sealed is None or item.label is None or not opens:
        return
    node, named = node_of(item.sealed.route.snd), item.label.attachments
    for place, (blob, part) in enumerate(zip(item.sealed.blobs, named, strict=True)):
        state, direction = BlobState.WAITING.value, Direction.IN.value
        yield position, place, node, direction, blob.digest.hex(), blob.size, part.size, part.type, state, 0, ""


def _envelope(item: Item, position: int, leaf: int, refs: dict[str, UUID], desk: Desk) -> bulk.Row:
    sealed, said = item.sealed, item.label
    if sealed is None:
        raise ValueError("only what was parsed is kept")
    keys = _kept_keys(item)
    return (
        position,
        bulk.uuid(refs[item.digest]),
        bulk.uuid(sealed.route.id),
        Direction.IN.value,
        item.digest,
        sealed.route.agr,
        item.mechanism,
        said.kind.value if said else "",
        sealed.route.snd,
        bulk.uuid(UUID(said.case)) if said and said.case else None,
        item.label_raw,
        b"" if keys is None else seal.keep(keys, desk.me.storage, sealed.identity),
        _state(item),
        item.rule,
        item.reason,
        item.quarantine,
        desk.stored,
        leaf,
        desk.stored if item.reason or item.due else None,
        "",
        sealed.raw,
        bulk.time(canon.moment(said.erase_by)) if said and said.erase_by else None,
    )


def _kept_keys(item: Item) -> seal.ContentKeys | None:
    """What is kept to open an envelope: of one that was refused, the label alone."""
    if item.reason and item.keys is not None:
        return seal.ContentKeys(item.keys.label, None)
    return item.keys


def _receipt_row(item: Item, position: int, leaf: int, desk: Desk) -> bulk.Row:
    """A receipt takes the position of its envelope, since each has one first receipt."""
    return (
        position,
        None if item.conflict else position,
        item.digest,
        Direction.OUT.value,
        desk.me.node,
        0,
        _state(item),
        item.rule,
        desk.stored,
        leaf,
        item.token,
    )


def _state(item: Item) -> str:
    return (ReceiptState.REFUSED if item.reason else ReceiptState.ACCEPTED).value
