"""Send a letter by the channel that its writer chose; what was kept of it as a draft is then dropped."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from msgspec import Struct

from tansiq.correspondence.acts.drafts import drop_draft
from tansiq.correspondence.acts.post import post
from tansiq.exchange.choosing import Heading
from tansiq.exchange.values import Sent
from tansiq.ground.verdict import Refused
from tansiq.parties.values import Officer


@transaction.atomic
def write_letter(
    *, draft: UUID, heading: Heading, letter: Struct, agreement: str, by: Officer, now: datetime
) -> Sent | Refused:
    """Seal a letter and send it under the agreement that its writer chose. A refused one stays a draft."""
    sent = post(heading=heading, letter=letter, agreement=agreement, by=by, now=now)
    if isinstance(sent, Sent):
        drop_draft(draft=draft, by=by, now=now)
    return sent
