"""What passes between an originator and who holds its letters: queued under an agreement that no flow needs to list.

Every agreement lets these letters pass between its parties. Those that must outlive it (`OUTLIVING`) pass after its end
and while it is suspended too.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from tansiq.exchange import canon
from tansiq.exchange import label as labels
from tansiq.exchange.acts.letters import post
from tansiq.exchange.acts.log import name_of
from tansiq.exchange.agreements.terms import NODE_DUTY, Mechanism
from tansiq.exchange.attaching import LIFE
from tansiq.exchange.kinds import Kind
from tansiq.exchange.label import Label, Urgency
from tansiq.exchange.models.channels import Channel, Known
from tansiq.exchange.models.own import Own
from tansiq.exchange.onward import RULE
from tansiq.exchange.seal import Role
from tansiq.exchange.values import Sent
from tansiq.parties.values import Officer, node_of


def tell(
    me: Own,
    channel: Channel,
    partners: Mapping[str, Known],
    *,
    kind: Kind,
    letter: Struct,
    to: str,
    by: Officer | str,
    sender: str,
    now: datetime,
    urgency: Urgency = Urgency.URGENT,
) -> Sent | None:
    """Queue one such letter from an agency of ours to a partner's; None where the partner is not known here."""
    partner = partners.get(node_of(to))
    if partner is None:
        return None
    raw = canon.write_letter(letter)
    said = Label(
        kind=kind,
        sender=sender,
        duty=by.duty.value if isinstance(by, Officer) else NODE_DUTY,
        recipients=(to,),
        urgency=urgency,
        sent=canon.millis(now),
        expires=canon.millis(now + LIFE[urgency]),
        letter=labels.part_of(raw),
        exercise=canon.clean(me.exercise),
    )
    return post(me, channel, [(Role.ALL, partner)], name_of(by), now, said, raw, RULE)


def way(found: Mapping[str, Channel], first: str, *, ours: str, theirs: str, ended: bool = False) -> Channel | None:
    """The agreement by which an agency of ours speaks to a partner's: `first` where it can be, or else the newest.

    `ended` takes one that does not pass any more.
    """
    both = {ours, theirs}
    fit = [each for each in found.values() if both <= set(each.terms.parties)]
    named = [each for each in fit if each.digest == first and (each.passes or ended)]
    passing = [each for each in fit if each.passes and each.terms.mechanism is not Mechanism.RESCUE]
    newest = sorted(passing, key=lambda each: (each.terms.since, each.digest))
    chosen = named or newest[-1:]
    return chosen[0] if chosen else None
