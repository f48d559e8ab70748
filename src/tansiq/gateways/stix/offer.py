"""What a program sends, as an offer: its draft, and each object's fate in words that the program can log."""

import hashlib
from datetime import datetime

from tansiq.correspondence.values import Fate, Offered, Proposal
from tansiq.gateways.stix import read
from tansiq.gateways.stix.draft import SAID, Draft, draft
from tansiq.ground.ids import uuid7
from tansiq.parties.values import Officer


def offered(raw: bytes, agreement: str, by: Officer, now: datetime) -> Offered:
    """The offer in these bytes, or Malformed."""
    made = draft(read.objects(raw), title=f"STIX 2.1: {by.name}")
    return Offered(
        id=uuid7(now),
        agreement=agreement,
        digest=hashlib.sha256(raw).hexdigest(),
        proposal=proposal(made),
        places=places(made),
        fates=tuple(Fate(each.name, each.version, SAID[each.reason] if each.reason else "") for each in made.outcomes),
        by=by,
    )


def proposal(made: Draft) -> Proposal:
    """The letter that a draft proposes."""
    return Proposal(subject=made.subject, handling=made.handling.value, statements=made.statements)


def places(made: Draft) -> tuple[str, ...]:
    """The object behind each statement of a draft; empty for a statement that tells of a marking."""
    told = [each.name for each in made.outcomes if each.statement]
    return (*told, *[""] * (len(made.statements) - len(told)))
