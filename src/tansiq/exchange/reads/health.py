"""How the channels fare: what waits, how long letters take, what would carry them when a partner is cut off.

Every read here asks a fixed number of queries. Times are measured over the newest letters (`measures.WINDOW`); labels
are read for their times and answers alone, and no letter is opened.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from django.conf import settings
from django.db.models import Count, Min
from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import measures, policy, receipts
from tansiq.exchange.agreements.standing import OVER
from tansiq.exchange.agreements.terms import LANGUAGES
from tansiq.exchange.label import Label, read_label
from tansiq.exchange.measures import Answers, ChannelMeasure, Fallback, Reciprocity, Sending, Spread, Times
from tansiq.exchange.models import Delivery, Envelope, Partner, Receipt
from tansiq.exchange.models.channels import Channel, channels, facts
from tansiq.exchange.policy import Action
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import DeliveryState, Direction, EnvelopeState, PartnerState
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of

MOST_WAITING = 200
"""How many waiting letters are asked about when a channel is cut: the oldest, whose shapes stand for the rest."""

Key = tuple[str, str]
"""(node, agreement)."""


class _Said(Struct, frozen=True):
    """What is counted of a label; the rest of it is not looked at."""

    recipients: tuple[str, ...] = ()
    in_reply_to: str = ""
    urgency: str = ""


_SAID = msgspec.json.Decoder(_Said)


def channel_measures(*, reader: Officer, now: datetime) -> tuple[ChannelMeasure, ...]:
    """Every agreement that has not ended with every partner that is party to it, as it fares now."""
    if not reader.holds(Permission.CHANNELS_VIEW):
        return ()
    partners = {row.node: row for row in Partner.objects.filter(state=PartnerState.CONFIRMED.value)}
    waiting = _waiting()
    times = _times()
    found = []
    for channel in channels(now).values():
        if channel.state in OVER:
            continue
        for node in sorted(_others(channel) & {*partners}):
            row = partners[node]
            count, oldest = waiting.get((node, channel.digest), (0, None))
            found.append(
                ChannelMeasure(
                    agreement=channel.digest,
                    mechanism=channel.terms.mechanism.value,
                    title=_title(channel),
                    node=node,
                    parties=tuple(party for party in channel.terms.parties if node_of(party) == node),
                    state=channel.state,
                    seen_at=row.seen_at,
                    trouble=row.trouble,
                    waiting=count,
                    oldest=oldest,
                    cut=measures.is_cut(row.seen_at, now),
                    times=times.get((node, channel.digest), Times()),
                )
            )
    return tuple(sorted(found, key=lambda each: (each.node, each.mechanism, each.agreement)))


def times_to_read(*, reader: Officer) -> dict[str, Spread]:
    """How long letters take until they are read, by agreement: for whoever chooses a channel."""
    if not reader.holds(Permission.AGREEMENT_VIEW):
        return {}
    seconds: dict[str, list[float]] = defaultdict(list)
    for (_, agreement), state, taken in _receipted():
        if state == ReceiptState.READ.value:
            seconds[agreement].append(taken)
    return {agreement: measures.spread(taken) for agreement, taken in seconds.items()}


def fallbacks(*, reader: Officer, now: datetime) -> tuple[Fallback, ...]:
    """For each partner that is cut off, the channels in force that would allow what waits for it, by the same rules.

    The same recipients are asked for where they can be reached; else every other party of the channel that can.
    """
    if not reader.holds(Permission.CHANNELS_VIEW):
        return ()
    seen = dict(Partner.objects.filter(state=PartnerState.CONFIRMED.value).values_list("node", "seen_at"))
    cut = {node for node, at in seen.items() if measures.is_cut(at, now)}
    if not cut:
        return ()
    rows = Delivery.objects.filter(node__in=cut, state=DeliveryState.WAITING.value, thing="envelope").order_by("id")
    waiting = [
        (node, agreement, read_label(bytes(label)))
        for node, agreement, label in rows.values_list("node", "envelope__agreement", "envelope__label")[:MOST_WAITING]
    ]
    counted = Counter[tuple[str, str, tuple[str, ...]]]()
    known = channels(now)
    open_now = {digest: each for digest, each in known.items() if each.passes}
    for node, agreement, said in waiting:
        for digest, channel in open_now.items():
            to = _reachable(channel, said, {*seen} - cut)
            if to and digest != agreement and _allows(channel, replace(said, recipients=to), known, now):
                counted[node, digest, to] += 1
    return tuple(
        Fallback(node, digest, open_now[digest].terms.mechanism.value, _title(open_now[digest]), to, letters)
        for (node, digest, to), letters in sorted(counted.items())
    )


def reciprocity(*, start: datetime, end: datetime, reader: Officer) -> tuple[Reciprocity, ...]:
    """What each side sent, refused and answered in a period (end not included), for each partner and agreement.

    An answer counts whenever it came, up to now. Letters are gone through twice, a portion at a time.
    """
    if not reader.holds(Permission.CHANNELS_VIEW):
        return ()
    answers = Answers()
    for letter in _sendings(start, None):
        answers.note(letter)
    agreements = channels(end)
    return measures.reciprocity(
        _sendings(start, end),
        answers,
        refused=_refused(start, end),
        hours={
            digest: {str(urgency): int(hours) for urgency, hours in each.terms.answer_hours.items()}
            for digest, each in agreements.items()
        },
        mechanisms={digest: each.terms.mechanism.value for digest, each in agreements.items()},
    )


def _waiting() -> dict[Key, tuple[int, datetime | None]]:
    """What waits for each partner under each agreement, and since when."""
    rows = (
        Delivery.objects.filter(state=DeliveryState.WAITING.value, thing="envelope")
        .values("node", "envelope__agreement")
        .annotate(count=Count("id"), oldest=Min("envelope__stored"))
        .values_list("node", "envelope__agreement", "count", "oldest")
    )
    return {(node, agreement): (count, oldest) for node, agreement, count, oldest in rows}


def _times() -> dict[Key, Times]:
    """The times of every channel, over the newest letters."""
    taken: dict[tuple[Key, str], list[float]] = defaultdict(list)
    for key, state, seconds in _receipted():
        taken[key, state].append(seconds)
    for key, seconds in _answered():
        taken[key, "answered"].append(seconds)
    spreads = {key: measures.spread(seconds) for key, seconds in taken.items()}
    return {
        key: Times(
            receive=spreads.get((key, ReceiptState.ACCEPTED.value), Spread()),
            read=spreads.get((key, ReceiptState.READ.value), Spread()),
            answer=spreads.get((key, "answered"), Spread()),
        )
        for key, _ in spreads
    }


def _newest(direction: Direction) -> int:
    """The position from which on the newest letters of a direction stand."""
    rows = Envelope.objects.filter(direction=direction.value).order_by("-position")
    positions = rows.values_list("position", flat=True)[measures.WINDOW - 1 : measures.WINDOW]
    return next(iter(positions), 0)


def _receipted() -> Iterator[tuple[Key, str, float]]:
    """How long after a letter was sealed a partner says that it was accepted, or read: channel, state, seconds."""
    rows = Receipt.objects.filter(
        envelope__direction=Direction.OUT.value,
        envelope__position__gte=_newest(Direction.OUT),
        direction=Direction.IN.value,
        state__in=(ReceiptState.ACCEPTED.value, ReceiptState.READ.value),
    )
    columns = ("signer", "envelope__agreement", "state", "at", "envelope__stored")
    for node, agreement, state, at, stored in rows.values_list(*columns):
        yield (node, agreement), state, (at - stored).total_seconds()


def _answered() -> Iterator[tuple[Key, float]]:
    """How long after a letter of ours its first answer was received: channel, seconds."""
    asked: dict[str, tuple[str, datetime]] = {}
    rows = Envelope.objects.filter(direction=Direction.OUT.value, position__gte=_newest(Direction.OUT))
    for digest, agreement, stored in rows.values_list("digest", "agreement", "stored"):
        asked[digest] = agreement, stored
    came = Envelope.objects.filter(direction=Direction.IN.value, position__gte=_newest(Direction.IN))
    done = set[tuple[str, str]]()
    for sender, label, stored in came.order_by("position").values_list("sender", "label", "stored").iterator(500):
        said = _said(label)
        node = node_of(sender)
        if said.in_reply_to in asked and (node, said.in_reply_to) not in done:
            done.add((node, said.in_reply_to))
            agreement, at = asked[said.in_reply_to]
            yield (node, agreement), (stored - at).total_seconds()


def _said(label: bytes | memoryview) -> _Said:
    """What is counted of a stored label; of an envelope that was refused unopened there is none."""
    raw = bytes(label)
    return _SAID.decode(raw) if raw else _Said()


def _sendings(start: datetime, end: datetime | None) -> Iterator[Sending]:
    """Every letter stored from `start` on, once for each other node that it passed between."""
    rows = Envelope.objects.filter(stored__gte=start, **({"stored__lt": end} if end else {})).order_by("position")
    columns = ("direction", "agreement", "kind", "sender", "digest", "label", "stored")
    for direction, agreement, kind, sender, digest, label, stored in rows.values_list(*columns).iterator(1_000):
        said, ours = _said(label), direction == Direction.OUT.value
        nodes = {node_of(each) for each in said.recipients} - {settings.TANSIQ_NODE} if ours else {node_of(sender)}
        for node in sorted(nodes):
            yield Sending(node, agreement, ours, kind, said.urgency, digest, said.in_reply_to, stored)


def _refused(start: datetime, end: datetime) -> dict[tuple[str, str, bool], Counter[str]]:
    """How many letters were refused, by whom and why: (node, agreement, ours)."""
    found: dict[tuple[str, str, bool], Counter[str]] = defaultdict(Counter)
    here = Envelope.objects.filter(
        direction=Direction.IN.value, state=EnvelopeState.REFUSED.value, stored__gte=start, stored__lt=end
    )
    for sender, agreement, reason in here.values_list("sender", "agreement", "reason").iterator(1_000):
        found[node_of(sender), agreement, False][reason] += 1
    there = Receipt.objects.filter(
        direction=Direction.IN.value,
        state=ReceiptState.REFUSED.value,
        envelope__stored__gte=start,
        envelope__stored__lt=end,
    )
    for node, agreement, token in there.values_list("signer", "envelope__agreement", "token").iterator(1_000):
        found[node, agreement, True][receipts.unverified(token).reason] += 1
    return found


def _others(channel: Channel) -> set[str]:
    return {node_of(party) for party in channel.terms.parties} - {settings.TANSIQ_NODE}


def _title(channel: Channel) -> dict[str, str]:
    return {language: channel.terms.title.said(language) for language in LANGUAGES}


def _reachable(channel: Channel, said: Label, reached: Iterable[str]) -> tuple[str, ...]:
    """Whom a letter could go to by this channel: its own recipients if all can be reached, else who else can."""
    parties = [party for party in channel.terms.parties if node_of(party) in {*reached}]
    if said.sender not in channel.terms.parties:
        return ()
    return said.recipients if {*said.recipients} <= {*parties} else tuple(sorted(parties))


def _allows(channel: Channel, said: Label, known: dict[str, Channel], now: datetime) -> bool:
    ruling = policy.decide(
        policy.policy_of(channel.terms, channel.digest),
        said,
        facts=facts(channel, said, known, now),
        action=Action.SEND,
        principal=f"{said.sender}/{said.duty}",
        now=now,
    )
    return ruling.allowed
