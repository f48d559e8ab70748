"""How channels fare, in numbers drawn from what was signed: times to receive, read and answer; what each side owes.

A time is measured from the moment a letter was sealed here to the moment that the partner's own receipt names, so both
clocks stand in it: they may differ by five minutes (`transport.SKEW_MS`), and a negative time counts as none at all.
Medians and 90th percentiles are nearest-rank (ISO 3534-1), which needs no assumption about the distribution.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from tansiq.exchange.agreements.standing import AgreementState

WINDOW = 2_000
"""How many of the newest letters of either direction the times are measured over."""

SILENCE = timedelta(minutes=3)
"""A partner that answered nothing for so long is cut off: its head is asked for every half minute, letters or none."""

OWED = frozenset({"task", "request", "release-request"})
"""The kinds of letter that ask for an answer, whether or not one came."""


class Spread(Struct, frozen=True):
    """Times in seconds: how many were measured, the median and the 90th percentile; both 0 where there is none."""

    count: int = 0
    median: float = 0.0
    p90: float = 0.0


class Times(Struct, frozen=True):
    """How long letters take on a channel: until received, until read, until answered."""

    receive: Spread = Spread()
    read: Spread = Spread()
    answer: Spread = Spread()


class ChannelMeasure(Struct, frozen=True, kw_only=True):
    """One agreement with one partner node, as it fares now.

    `seen_at` is when the partner last answered us, whatever it was asked; `waiting` letters under this agreement wait
    for it, the oldest since `oldest`. `cut` says that the partner does not answer.
    """

    agreement: str
    mechanism: str
    title: dict[str, str]
    node: str
    parties: tuple[str, ...]
    state: AgreementState
    seen_at: datetime | None
    trouble: str
    waiting: int
    oldest: datetime | None
    cut: bool
    times: Times


class Fallback(Struct, frozen=True):
    """A channel in force that would take letters which wait for a partner that is cut off, and who would get them."""

    node: str
    agreement: str
    mechanism: str
    title: dict[str, str]
    to: tuple[str, ...]
    letters: int


class Sending(Struct, frozen=True, gc=False):
    """One letter between this node and one other, as it is counted: `ours` where we sent it."""

    node: str
    agreement: str
    ours: bool
    kind: str
    urgency: str
    digest: str
    in_reply_to: str
    at: datetime


class Owing(Struct, frozen=True):
    """Answers owed by one side: letters that asked, how many were answered, how many of those within the time owed."""

    asked: int = 0
    answered: int = 0
    in_time: int = 0


class Reciprocity(Struct, frozen=True, kw_only=True):
    """What passed between this node and a partner under one agreement in a period.

    `refused_there` are our letters that the partner refused, by reason; `refused_here` theirs that we refused. `theirs`
    is what the partner answered of what we asked, `ours` what we answered of what it asked.
    """

    node: str
    agreement: str
    mechanism: str
    sent: int
    received: int
    refused_there: dict[str, int]
    refused_here: dict[str, int]
    theirs: Owing
    ours: Owing


def spread(seconds: Iterable[float]) -> Spread:
    """The spread of some times; negative ones, which two clocks may make, count as none at all."""
    ordered = sorted(max(each, 0.0) for each in seconds)
    if not ordered:
        return Spread()
    return Spread(len(ordered), _rank(ordered, 0.5), _rank(ordered, 0.9))


def _rank(ordered: Sequence[float], part: float) -> float:
    return ordered[max(math.ceil(part * len(ordered)) - 1, 0)]


def is_cut(seen_at: datetime | None, now: datetime) -> bool:
    """Whether a partner has been silent for too long."""
    return seen_at is None or now - seen_at > SILENCE


class Answers:
    """The first answer to each letter, by the digest that it answers and the node between which it passed."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, str, bool], datetime] = {}

    def note(self, letter: Sending) -> None:
        """Take a letter into account, if it answers another."""
        if letter.in_reply_to:
            key = (letter.node, letter.in_reply_to, letter.ours)
            self.first[key] = min(letter.at, self.first.get(key, letter.at))

    def to(self, letter: Sending) -> datetime | None:
        """When the other side first answered this letter."""
        return self.first.get((letter.node, letter.digest, not letter.ours))


def reciprocity(
    letters: Iterable[Sending],
    answers: Answers,
    *,
    refused: Mapping[tuple[str, str, bool], Mapping[str, int]],
    hours: Mapping[str, Mapping[str, int]],
    mechanisms: Mapping[str, str],
) -> tuple[Reciprocity, ...]:
    """The figures of every partner and agreement between which anything passed.

    `refused` maps (node, agreement, ours) to reasons and counts; `hours` maps an agreement to the hours within which
    each urgency is owed an answer.
    """
    passed = Counter[tuple[str, str, bool]]()
    owing: dict[tuple[str, str, bool], list[int]] = defaultdict(lambda: [0, 0, 0])
    for letter in letters:
        key = (letter.node, letter.agreement, letter.ours)
        passed[key] += 1
        at = answers.to(letter)
        if at is None and letter.kind not in OWED:
            continue
        within = timedelta(hours=hours.get(letter.agreement, {}).get(letter.urgency, 0))
        counts = owing[key]
        counts[0] += 1
        counts[1] += at is not None
        counts[2] += at is not None and at - letter.at <= within
    pairs = sorted({(node, agreement) for node, agreement, _ in {*passed, *refused}})
    return tuple(
        Reciprocity(
            node=node,
            agreement=agreement,
            mechanism=mechanisms.get(agreement, ""),
            sent=passed[node, agreement, True],
            received=passed[node, agreement, False],
            refused_there=dict(refused.get((node, agreement, True), {})),
            refused_here=dict(refused.get((node, agreement, False), {})),
            theirs=Owing(*owing.get((node, agreement, True), (0, 0, 0))),
            ours=Owing(*owing.get((node, agreement, False), (0, 0, 0))),
        )
        for node, agreement in pairs
    )
