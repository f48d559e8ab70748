"""Attachments: hand in, note how they came and went, open for a reason, erase with their letter."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Sum

from tansiq.exchange import attaching, canon, seal, sniff, values
from tansiq.exchange.acts.letters import openable
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.blobs import Store
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Blob, Delivery, Upload
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.models.own import own
from tansiq.exchange.values import BlobState, DeliveryState, Detail, Direction, ExchangeBasis, ExchangeReason
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer

MOST_HELD = 4 << 30
"""How much one person may have handed in that is not sent yet, in bytes."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=5)
UNSENT, UNFINISHED = timedelta(days=1), timedelta(days=40)
"""How long what was handed in waits for its letter, and what is being received for the rest of it."""


@transaction.atomic
def take_upload(
    *, upload: UUID, name: str, size: int, offset: int, data: bytes, by: Officer, now: datetime
) -> values.Upload | Refused:
    """Take the next part of a file that a person hands in; answers how far it came.

    What does not join on changes nothing. The first part tells what the file is: one of an unknown kind is refused.
    """
    if not 0 < size <= attaching.LARGEST or offset + len(data) > size:
        return Refused(ExchangeReason.ATTACHMENT_SIZE, ExchangeBasis.HOUSE)
    store = own().store
    row = Upload.objects.select_for_update().filter(id=upload).first()
    if row is not None and row.person != by.person:
        raise Missing("There is no such file.")
    if row is None:
        kind = sniff.type_of(data, name)
        if offset or kind == sniff.UNKNOWN:
            return Refused(ExchangeReason.ATTACHMENT_TYPE, ExchangeBasis.HOUSE)
        held = Upload.objects.filter(person=by.person).aggregate(held=Sum("size"))["held"] or 0
        if held + size > MOST_HELD:
            return Refused(ExchangeReason.ATTACHMENT_SIZE, ExchangeBasis.HOUSE)
        called = attaching.clean_name(name)
        row = Upload.objects.create(
            id=upload, person=by.person, agency=by.party, name=called, size=size, kind=kind, at=now
        )
        _log(Permission.ATTACHMENT_ADD, upload, by.signature, now, {"size": size, "type": kind})
    if row.size != size:
        return Refused(ExchangeReason.ATTACHMENT_SIZE, ExchangeBasis.HOUSE)
    return row.value(store.take(upload, offset, data))


@transaction.atomic
def drop_uploads(*, uploads: tuple[UUID, ...], by: Officer) -> None:
    """Take away files that a person handed in: they were sent, or are not to be."""
    store, mine = own().store, Upload.objects.filter(id__in=uploads, person=by.person)
    for upload in mine.values_list("id", flat=True):
        transaction.on_commit(partial(store.drop, upload))
    mine.delete()


@transaction.atomic
def note_blob(*, digest: str, node: str, state: BlobState, trouble: str = "", now: datetime) -> None:
    """Note that an attachment came whole from a partner and is what its label names; or that it is not."""
    rows = list(
        Blob.objects.select_for_update(of=("self",))
        .select_related("envelope")
        .defer("envelope__raw")
        .filter(digest=digest, node=node, direction=Direction.IN.value, state=BlobState.WAITING.value)
    )
    good = state is BlobState.HERE
    event = Permission.ATTACHMENT_RECEIVE if good else Permission.ATTACHMENT_REFUSE
    for row in rows:
        row.state, row.trouble = state.value, trouble[:300]
        row.save(update_fields=["state", "trouble"])
        detail: Detail = {"envelope": row.envelope.digest, "attachment": digest, "place": row.place}
        _log(event, row.envelope.ref, node, now, detail if good else {**detail, "what": trouble[:160]})


@transaction.atomic
def settle_blob(*, blob: int, state: BlobState, trouble: str = "") -> None:
    """Note what a partner said of an attachment of ours: it has it whole, or does not take it."""
    Blob.objects.filter(id=blob, state=BlobState.WAITING.value).update(state=state.value, trouble=trouble[:300])


@transaction.atomic
def postpone_blob(*, blob: int, trouble: str, now: datetime, jitter: float) -> None:
    """An attachment could not be brought over: try it again later, each time twice as late."""
    row = Blob.objects.select_for_update().filter(id=blob, state=BlobState.WAITING.value).first()
    if row is None:
        return
    row.next_at = now + min(FIRST_WAIT * 2 ** min(row.attempts, 12), LONGEST_WAIT) * (0.5 + jitter)
    row.attempts, row.trouble = row.attempts + 1, trouble[:300]
    row.save(update_fields=["next_at", "attempts", "trouble"])


@transaction.atomic
def open_attachment(
    *, envelope: UUID, place: int, reason: str, by: Officer, now: datetime
) -> values.OpenedAttachment | Refused:
    """Open an attachment as a stream; who, when and why go into the log (Directive (EU) 2016/680, article 25).

    Whoever may open the letter may open what is attached to it, and nobody else: what was recalled stays shut.
    """
    if not reason.strip():
        return Refused(ExchangeReason.NO_REASON_GIVEN, ExchangeBasis.LED_25)
    row = openable(envelope, by, now)
    if isinstance(row, Refused):
        return row
    blob = Blob.objects.filter(envelope=row, place=place).order_by("node").first()
    if blob is None:
        raise Missing("There is no such attachment.")
    writer = Writer()
    if writer.gated and row.mechanism != Mechanism.RESCUE.value:
        return Refused(ExchangeReason.LEDGER_BEHIND, ExchangeBasis.LEDGER)
    here = blob.state == BlobState.HERE.value or blob.direction == Direction.OUT.value
    me = own()
    if not here or blob.state == BlobState.ERASED.value or me.store.size(blob.digest) is None:
        return Refused(ExchangeReason.ATTACHMENT_AWAITED, ExchangeBasis.HOUSE)
    keys = seal.kept(bytes(row.keys), me.storage, bytes.fromhex(row.digest))
    head, parts = attaching.clear(me.store, seal.parse(bytes(row.raw)), keys, place)
    detail: Detail = {
        "envelope": row.digest,
        "attachment": blob.digest,
        "place": place,
        "reason": canon.clean(reason.strip())[:200],
    }
    read = Happening(EntryType.READ, Permission.ATTACHMENT_OPEN.value, row.ref, by.signature, now, detail)
    writer.append([read])
    writer.close()
    return values.OpenedAttachment(head.name, head.kind, blob.length - head.size, parts)


@transaction.atomic
def erase_attachments(*, envelope: UUID, by: str, now: datetime) -> int:
    """Erase what is attached to a letter, with the letter: the files go when the transaction is done.

    A file goes only where no other letter of this node names it. Answers how many attachments there were.
    """
    rows = list(Blob.objects.select_for_update().filter(envelope__ref=envelope).exclude(state=BlobState.ERASED.value))
    store = own().store
    for digest in {row.digest for row in rows}:
        others = Blob.objects.filter(digest=digest).exclude(envelope__ref=envelope)
        if not others.exclude(state=BlobState.ERASED.value).exists():
            transaction.on_commit(partial(store.forget, digest))
    Blob.objects.filter(id__in=[row.id for row in rows]).update(state=BlobState.ERASED.value, trouble="")
    places = {row.place for row in rows}
    if places:
        _log(Permission.ATTACHMENT_ERASE, envelope, by, now, {"attachments": len(places)})
    return len(places)


@transaction.atomic
def tidy_attachments(*, now: datetime) -> None:
    """Take away what nobody needs: files handed in for letters that were not sent, and files that no letter names.

    What waits for a partner that refused the letter, or to which it could not be brought in time, waits no more.
    """
    store = own().store
    for upload in Upload.objects.filter(at__lt=now - UNSENT).values_list("id", flat=True):
        store.drop(upload)
    Upload.objects.filter(at__lt=now - UNSENT).delete()
    store.sweep(now - UNSENT, UNFINISHED)
    _forget_unnamed(store, now)
    untaken = Delivery.objects.filter(
        envelope=OuterRef("envelope"),
        node=OuterRef("node"),
        thing="envelope",
        state__in=(DeliveryState.REFUSED.value, DeliveryState.EXPIRED.value),
    )
    waiting = Blob.objects.filter(Exists(untaken), direction=Direction.OUT.value, state=BlobState.WAITING.value)
    waiting.update(state=BlobState.REFUSED.value, trouble="The letter was not taken.")


def _forget_unnamed(store: Store, now: datetime) -> None:
    for digest in store.stale(now - UNSENT):
        if not Blob.objects.filter(digest=digest).exclude(state=BlobState.ERASED.value).exists():
            store.forget(digest)


def _log(
    event: Permission,
    thing: UUID,
    by: str,
    now: datetime,
    detail: Detail,
) -> None:
    writer = Writer()
    writer.append([Happening(EntryType.EVENT, event.value, thing or NODE, by, now, detail)])
    writer.close()
