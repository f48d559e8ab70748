"""Which channel fits a letter that is being written: every channel in force, allowed or refused, and why.

Every decision is the policy's own, as `acts.send` asks it. The number of queries does not grow with the channels.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from tansiq.exchange import cards, choosing, desks, mandates, policy
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.choosing import Choice, Heading
from tansiq.exchange.label import Label
from tansiq.exchange.measures import Spread
from tansiq.exchange.models.channels import Channel, Known, channels, confirmed, facts
from tansiq.exchange.models.mandates import marked, post_by
from tansiq.exchange.models.own import own
from tansiq.exchange.policy import Action
from tansiq.exchange.reads.health import times_to_read
from tansiq.exchange.values import ExchangeReason
from tansiq.ground.verdict import Allowed, Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of


def writable(*, reader: Officer, now: datetime) -> tuple[Choice, ...]:
    """The channels that the reader's agency is party to, in force or suspended, with nothing judged yet."""
    if not reader.holds(Permission.LETTER_SEND):
        return ()
    return tuple(_choice(each, ExchangeReason.NO_RECIPIENT, None) for each in _open(channels(now), reader))


def choices(*, heading: Heading, reader: Officer, now: datetime) -> tuple[Choice, ...]:
    """How each of these channels would take the letter: those that allow it first, then those that carry its kind.

    What is shown as allowed here is what `acts.send` sends, unless something changes in between.
    """
    if not reader.holds(Permission.LETTER_SEND):
        return ()
    every, partners, times = channels(now), confirmed(), times_to_read(reader=reader)
    found = _open(every, reader)
    judged = [_judge(each, every, heading, reader, partners, times.get(each.digest), now) for each in found]
    order = list(Mechanism)
    carries = {each.digest for each in found if heading.kind in each.terms.flows}
    return tuple(
        sorted(
            judged,
            key=lambda each: (
                not each.allowed,
                each.agreement not in carries,
                order.index(Mechanism(each.mechanism)),
                each.agreement,
            ),
        )
    )


def _open(every: Mapping[str, Channel], reader: Officer) -> list[Channel]:
    """The channels of the reader's agency that are in force, and those that are suspended, which is told as why not."""
    states = (AgreementState.IN_FORCE, AgreementState.SUSPENDED)
    mine = [each for each in every.values() if reader.party in each.terms.parties]
    return [each for each in mine if each.state in states]


def _judge(
    channel: Channel,
    every: Mapping[str, Channel],
    heading: Heading,
    by: Officer,
    partners: Mapping[str, Known],
    read: Spread | None,
    now: datetime,
) -> Choice:
    me = own()
    nodes = {node_of(agency) for agency in heading.to} - {me.node}
    if not nodes:
        return _choice(channel, ExchangeReason.NO_RECIPIENT, read)
    said = choosing.label_of(
        heading,
        agreement=channel.digest,
        desk=desks.desk_of(channel.terms),
        sender=by.party,
        duty=by.duty.value,
        exercise=me.exercise,
        now=now,
    )
    said = marked(channel.terms, channel.digest, said, now)
    bound = policy.policy_of(channel.terms, channel.digest)
    known, who = facts(channel, said, every, now), f"{by.party}/{by.duty.value}"
    ruling = policy.decide(bound, said, facts=known, action=Action.SEND, principal=who, now=now)
    excepted = None if ruling.allowed else policy.by_two(bound, said, facts=known, principal=who, now=now)
    ruling = excepted or ruling
    rules = choosing.words_of(ruling, channel.terms)
    if not ruling.allowed:
        return _choice(channel, ruling.reason or policy.Reason.RULE_ERROR, read, rules, heading)
    if isinstance(spoken := _spoken(channel, said, by, now), Refused):
        return _choice(channel, spoken.reason, read, (), heading)
    if not set(heading.to) <= set(channel.terms.parties):
        return _choice(channel, ExchangeReason.NO_AGREEMENT, read, (), heading)
    rescue = channel.terms.mechanism is Mechanism.RESCUE
    nodes |= {node_of(said.desk)} - {"", me.node}
    if not all(node in partners and (rescue or cards.in_date(partners[node].card, now)) for node in nodes):
        return _choice(channel, ExchangeReason.NO_PARTNER, read, (), heading)
    past = desks.fits(channel.terms, said)
    choice = _choice(channel, past.reason if isinstance(past, Refused) else None, read, rules, heading)
    return replace(choice, two_persons=excepted is not None)


def _spoken(channel: Channel, said: Label, by: Officer, now: datetime) -> Allowed | Refused:
    """Whether a liaison officer holds the post by whose mandate a letter would pass."""
    liaison = channel.terms.mechanism is Mechanism.LIAISON
    return mandates.may_speak(post_by(said.mandate), said, by, now) if liaison else Allowed()


def _choice(
    channel: Channel,
    reason: StrEnum | None,
    read: Spread | None,
    rules: tuple[choosing.RuleWords, ...] = (),
    heading: Heading | None = None,
) -> Choice:
    terms = channel.terms
    return Choice(
        agreement=channel.digest,
        mechanism=terms.mechanism.value,
        number=terms.number,
        title=terms.title,
        parties=terms.parties,
        kinds=tuple(terms.flows),
        topics=(*terms.topics, *terms.barred),
        purposes=terms.purposes,
        state=channel.state,
        desk=desks.desk_of(terms),
        hours=terms.answer_hours.get(heading.urgency) if heading else None,
        allowed=reason is None,
        reason=reason,
        rules=rules,
        read=read or Spread(),
    )
