"""Send a letter by the channel that its writer chose; what was kept of it as a draft is then dropped."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from msgspec import Struct

from tansiq.correspondence.acts.drafts import drop_draft
from tansiq.exchange import acts as exchange
from tansiq.exchange.choosing import Heading
from tansiq.exchange.values import Sent
from tansiq.ground.verdict import Refused
from tansiq.parties.values import Officer


@transaction.atomic
def write_letter(
    *, draft: UUID, heading: Heading, letter: Struct, agreement: str, by: Officer, now: datetime
) -> Sent | Refused:
    """Seal a letter and send it under the agreement that its writer chose. A refused one stays a draft."""
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
        persons_named=heading.persons_named,
        marks=heading.marks,
        by=by,
        now=now,
    )
    if isinstance(sent, Sent):
        drop_draft(draft=draft, by=by, now=now)
    return sent
