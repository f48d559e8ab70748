"""Attachments as seen: what a person handed in, what a partner may bring, what is due to partners.

`seal_uploads` writes files and no row: it takes seconds for a large file, so it stands outside every transaction.
"""

import os
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Sum
from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import attaching, canon, seal, values
from tansiq.exchange.attaching import LIFE, Named, Ready
from tansiq.exchange.blobs import Store
from tansiq.exchange.envelope import MOST_ATTACHMENTS
from tansiq.exchange.label import Route, Urgency
from tansiq.exchange.models import Blob, Delivery, Envelope, Upload
from tansiq.exchange.models.channels import channels
from tansiq.exchange.models.own import own
from tansiq.exchange.values import BlobState, DeliveryState, Direction, ExchangeBasis, ExchangeReason, Flaw
from tansiq.ground.errors import Fault, Missing
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.values import Officer


class DueBlob(Struct, frozen=True):
    """An attachment that may go to a node now: its letter was accepted there."""

    blob: int
    node: str
    digest: str
    size: int


class Awaited(Struct, frozen=True):
    """An attachment that a partner may bring: how many bytes it has, and whether it is here already, or refused."""

    size: int
    state: BlobState


def store() -> Store:
    """The attachments of this node, on the disk."""
    return own().store


def upload(*, upload: UUID, reader: Officer) -> values.Upload:
    """A file that this person is handing in, and how far it came."""
    row = Upload.objects.filter(id=upload, person=reader.person).first()
    if row is None:
        raise Missing("There is no such file.")
    return row.value(own().store.typed(row.id))


def uploads(*, reader: Officer, only: tuple[UUID, ...] | None = None) -> tuple[values.Upload, ...]:
    """The files that this person handed in for letters that are not sent yet, oldest first; or those named."""
    rows = Upload.objects.filter(person=reader.person).order_by("at", "id")
    if only is not None:
        rows = rows.filter(id__in=only)
    held = own().store
    return tuple(row.value(held.typed(row.id)) for row in rows[:MOST_ATTACHMENTS])


def seal_uploads(
    *, uploads: tuple[UUID, ...], agreement: str, to: tuple[str, ...], urgency: str, by: Officer, now: datetime
) -> Ready | Refused:
    """Seal files that a person handed in, for a letter that is about to be sent under this agreement.

    Give the answer and the same `now` to `acts.send`; what is then not sent is taken away by `forget`.
    """
    rows = {row.id: row for row in Upload.objects.filter(id__in=uploads, person=by.person)}
    channel, held = channels(now).get(agreement), own().store
    if channel is None or not {by.party, *to} <= {*channel.terms.parties}:
        return Refused(ExchangeReason.NO_AGREEMENT, ExchangeBasis.AGREEMENT)
    if {*rows} != {*uploads} or any(held.typed(row.id) != row.size for row in rows.values()):
        return Refused(ExchangeReason.ATTACHMENT_UNKNOWN, ExchangeBasis.HOUSE)
    files = tuple(Named(rows[each].id, rows[each].name, rows[each].kind, rows[each].size) for each in uploads)
    route = Route(
        agr=agreement,
        id=uuid7(now),
        snd=by.party,
        rcp=tuple(sorted(set(to))),
        urg=Urgency(urgency),
        exp=canon.millis(now + LIFE[Urgency(urgency)]),
    )
    return attaching.seal(held, files, route, os.urandom(64))


def forget(*, ready: Ready) -> None:
    """Take away the sealed files of a letter that was not sent after all."""
    held = own().store
    for blob in ready.attached.blobs:
        if not Blob.objects.filter(digest=blob.digest.hex()).exists():
            held.forget(blob.digest.hex())


def awaited(*, digest: str, node: str) -> Awaited | None:
    """What a partner may bring under this digest: only what an accepted letter of its own names."""
    rows = Blob.objects.filter(digest=digest, node=node, direction=Direction.IN.value)
    found = rows.exclude(state=BlobState.ERASED.value).order_by("id").values_list("size", "state").first()
    return Awaited(found[0], BlobState(found[1])) if found else None


def kept_for(*, node: str) -> int:
    """How many bytes of attachments are kept that a partner brought."""
    rows = Blob.objects.filter(node=node, direction=Direction.IN.value, state=BlobState.HERE.value)
    return int(rows.aggregate(kept=Sum("size"))["kept"] or 0)


def examine(*, digest: str, node: str) -> None:
    """Open an attachment that came whole, all through, in bounded memory; raises what is wrong with it."""
    row = (
        Blob.objects.select_related("envelope")
        .filter(digest=digest, node=node, direction=Direction.IN.value, state=BlobState.WAITING.value)
        .order_by("id")
        .first()
    )
    if row is None:
        raise Missing("Nobody waits for this attachment.")
    me, envelope = own(), row.envelope
    said = envelope.said
    if said is None:
        raise Missing("The letter of this attachment was refused.")
    keys = seal.kept(bytes(envelope.keys), me.storage, bytes.fromhex(envelope.digest))
    attaching.examine(me.store, seal.parse(bytes(envelope.raw)), keys, row.place, said.attachments[row.place])


def due_blobs(*, now: datetime, limit: int = 100) -> tuple[DueBlob, ...]:
    """The attachments that may go now, oldest first: of letters that the node they go to accepted."""
    accepted = Delivery.objects.filter(
        envelope=OuterRef("envelope"), node=OuterRef("node"), thing="envelope", state=DeliveryState.DONE.value
    )
    rows = Blob.objects.filter(
        Exists(accepted), direction=Direction.OUT.value, state=BlobState.WAITING.value, next_at__lte=now
    )
    columns = ("id", "node", "digest", "size")
    return tuple(DueBlob(*row) for row in rows.order_by("id").values_list(*columns)[:limit])


def attached(*, envelope: Envelope) -> tuple[values.BlobLine, ...]:
    """What is attached to an envelope, and how far each came."""
    held = own().store
    return tuple(
        replace(row.line(), came=held.came(row.digest))
        if row.direction == Direction.IN.value and row.state == BlobState.WAITING.value
        else row.line()
        for row in sorted(envelope.blobs.all(), key=lambda row: (row.place, row.node))
    )


def verify_blobs() -> tuple[Flaw, ...]:
    """Every attachment that should be here, computed again: what is missing, or is another file."""
    held, flaws = own().store, []
    here = Blob.objects.filter(direction=Direction.IN.value, state=BlobState.HERE.value)
    ours = Blob.objects.filter(direction=Direction.OUT.value).exclude(state=BlobState.ERASED.value)
    for digest in sorted({*here.values_list("digest", flat=True), *ours.values_list("digest", flat=True)}):
        try:
            if held.hash(digest) != digest:
                flaws.append(Flaw("attachment", digest, "its file was changed"))
        except Fault:
            flaws.append(Flaw("attachment", digest, "its file is missing"))
    return tuple(flaws)
