"""Fill collections with what arrived, and read letters out of them; every letter read out leaves its leaf."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count

from django.db import transaction

from tansiq.exchange import values
from tansiq.exchange.kinds.information import InformationLetter
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Collection, Envelope, Item, bulk
from tansiq.exchange.models.channels import channels
from tansiq.exchange.models.collections import allowed, may_see, micros, readable, recalled, received, rows_of
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.models.own import own
from tansiq.ground.errors import Fault
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer

AT_ONCE = 256
"""How many letters are looked through in one transaction."""

Cut = Callable[[values.Outside], Sequence[values.Piece]]
"""Which objects a letter gives."""


@transaction.atomic
def fill_collection(
    *, agreement: str, reader: Officer, front: Callable[[], Sequence[values.Piece]], cut: Cut, now: datetime
) -> bool:
    """Number what arrived for an agency's clients since the last time; True when there is more to look through.

    `front` gives the objects that stand before every letter (who the parties are), `cut` those of a letter. The node
    opens the letters for itself: nothing of them is kept but how many objects they give, and nobody sees one by this.
    """
    found = readable(agreement, reader, now)
    row = _locked(agreement, reader.party)
    rows, channel = list[tuple[object, ...]](), channels(now)[agreement]
    if not row.last:
        _number(rows, row, front(), None, found.terms.since * 1000)
    newest = received(agreement).order_by("-position").values_list("position", flat=True)
    end = newest.first() or 0
    fresh = list(received(agreement).filter(position__gt=row.upto, position__lte=end).order_by("position")[:AT_ONCE])
    storage, shut = own().storage, recalled(fresh, now)
    for letter in fresh:
        may = letter.position not in shut and allowed(channel, letter, reader)
        opened = _opened(letter, storage) if may else None
        if opened is not None:
            _number(rows, row, cut(opened), letter.position, micros(letter.stored))
    bulk.insert(Item, Item.COLUMNS, rows)
    more = len(fresh) == AT_ONCE
    row.upto = fresh[-1].position if more else end
    row.save(update_fields=["upto", "last"])
    return more


@transaction.atomic
def read_collection(
    *, agreement: str, wanted: values.Wanted, reader: Officer, reason: str, now: datetime
) -> values.Page:
    """Items with their letters, opened in memory; who read which letter goes into the log, one leaf for each.

    What may not be read any more, or cannot be opened, is left out without a word.
    """
    readable(agreement, reader, now)
    rows, more = rows_of(agreement, wanted, reader)
    shown = may_see(agreement, {row.envelope_id for row in rows if row.envelope_id}, reader, now)
    storage, letters = own().storage, dict[int, values.Outside]()
    for position, envelope in shown.items():
        opened = _opened(envelope, storage)
        if opened is not None:
            letters[position] = opened
    _log_reads([shown[position] for position in sorted(letters)], reader, reason, now)
    items = [row.value() for row in rows if row.envelope_id is None or row.envelope_id in letters]
    return values.Page(tuple(items), letters, more)


def _locked(agreement: str, agency: str) -> Collection:
    Collection.objects.get_or_create(agreement=agreement, agency=agency)
    return Collection.objects.select_for_update().get(agreement=agreement, agency=agency)


def _number(
    rows: list[tuple[object, ...]],
    collection: Collection,
    pieces: Sequence[values.Piece],
    envelope: int | None,
    at: int,
) -> None:
    """Give each piece the next number: its moment, or just after the last where that moment is taken."""
    for piece, part in zip(pieces, count(), strict=False):
        collection.last = max(at, collection.last + 1)
        version = collection.last if piece.version is None else piece.version
        rows.append((collection.pk, collection.last, piece.name, piece.kind, version, envelope, part))


def _opened(row: Envelope, storage: bytes) -> values.Outside | None:
    """The letter, unless it was erased, cannot be opened, or names persons that its label does not tell of."""
    try:
        letter = row.opened(storage).letter
    except Fault:
        return None
    if row.said is None or not isinstance(letter, InformationLetter) or letter.persons:
        return None
    return values.Outside(row.digest, row.said, letter)


def _log_reads(rows: Sequence[Envelope], reader: Officer, reason: str, now: datetime) -> None:
    if not rows:
        return
    writer, event = Writer(), Permission.COLLECTION_READ.value
    writer.append(
        [
            Happening(EntryType.READ, event, row.ref, reader.signature, now, {"envelope": row.digest, "reason": reason})
            for row in rows
        ]
    )
    writer.close()
