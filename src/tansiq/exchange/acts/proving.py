"""What is written of proofs: who took one out, and the timestamps of heads."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tansiq.exchange import canon, jws
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Timestamp
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.receipts import SignedHead
from tansiq.exchange.values import Detail
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer


@transaction.atomic
def record_export(*, about: str, by: Officer, now: datetime, envelope: UUID | None = None, agreement: str = "") -> None:
    """Log that a proof file was taken out, and of what."""
    detail: Detail = {"about": about, **({"agreement": agreement} if agreement else {})}
    _log(Permission.PROOF_EXPORT, envelope or NODE, by.signature, now, detail)


@transaction.atomic
def keep_timestamp(*, head: str, authority: str, response: bytes, stamped: datetime, now: datetime) -> None:
    """Keep an authority's timestamp over a head of ours; it was checked."""
    said = jws.unverified(head, SignedHead)
    Timestamp.objects.create(
        epoch=said.epoch, size=said.size, head=head, authority=authority[:300], response=response, at=now
    )
    detail: Detail = {"size": said.size, "root": said.root, "authority": authority[:160], "at": canon.millis(stamped)}
    _log(Permission.HEAD_STAMP, NODE, "node", now, detail)


def _log(event: Permission, thing: UUID, by: str, now: datetime, detail: Detail) -> None:
    writer = Writer()
    writer.append([Happening(EntryType.EVENT, event.value, thing, by, now, detail)])
    writer.close()
