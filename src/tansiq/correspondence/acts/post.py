"""Send a letter under the heading that its writer gave it, by the channel that was chosen."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from tansiq.exchange import acts as exchange
from tansiq.exchange.choosing import Heading
from tansiq.exchange.values import Sent
from tansiq.ground.verdict import Refused
from tansiq.parties.values import Officer


def post(
    *,
    heading: Heading,
    letter: Struct,
    agreement: str,
    by: Officer,
    now: datetime,
    in_reply_to: UUID | None = None,
) -> Sent | Refused:
    """Seal and queue it, with what is attached; nothing is sent when it is refused."""
    sent = exchange.send(
        kind=heading.kind,
        letter=letter,
        agreement=agreement,
        to=heading.to,
        topic=heading.topic,
        purpose=heading.purpose,
        sensitivity=heading.sensitivity,
        handling=heading.handling.value,
        source=heading.source,
        information=heading.information,
        urgency=heading.urgency.value,
        case=heading.case,
        in_reply_to=in_reply_to,
        persons_named=heading.persons_named,
        marks=heading.marks,
        by=by,
        now=now,
        ready=heading.ready,
    )
    if isinstance(sent, Sent) and heading.ready is not None:
        exchange.drop_uploads(uploads=tuple(file.id for file in heading.ready.files), by=by)
    return sent
