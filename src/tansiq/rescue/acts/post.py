"""Send this room's letters under the rescue agreement, or under several where no single one has all recipients."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from tansiq.exchange import acts as exchange
from tansiq.exchange.kinds import Kind
from tansiq.exchange.values import ExchangeReason, Sent
from tansiq.ground.verdict import Refused
from tansiq.parties.values import Officer
from tansiq.rescue import letters


def post(
    *,
    kind: Kind,
    letter: Struct,
    to: tuple[str, ...],
    urgency: str,
    case: UUID,
    exercise: str,
    by: Officer,
    now: datetime,
    in_reply_to: UUID | None = None,
) -> Sent | Refused:
    """One envelope to all, or one to each party that some agreement reaches: the answer then names all of those.

    Nothing is sent when it is refused.
    """

    def send(recipients: tuple[str, ...]) -> Sent | Refused:
        return exchange.send(
            kind=kind,
            letter=letter,
            mechanism=letters.MECHANISM,
            to=recipients,
            topic=letters.TOPIC,
            purpose=letters.PURPOSE,
            urgency=urgency,
            case=case,
            in_reply_to=in_reply_to,
            exercise=exercise,
            by=by,
            now=now,
        )

    sent = send(to)
    if isinstance(sent, Sent) or sent.reason != ExchangeReason.NO_AGREEMENT or len(to) == 1:
        return sent
    reached = [each for each in map(send, ((agency,) for agency in to)) if isinstance(each, Sent)]
    if not reached:
        return sent
    return msgspec.structs.replace(reached[0], to=tuple(agency for each in reached for agency in each.to))
