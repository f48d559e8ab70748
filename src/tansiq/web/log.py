"""How the log is read at a glance: what nodes do by themselves many times over is folded into one line. Pure.

A watch reads the log to see what people did. Receipts and envelopes come by the dozen beside each act; a run of them is
one line with its number, which opens to every line. Nothing is left out, and alerts, cases and refusals never fold.
"""

from collections.abc import Iterable
from itertools import groupby

from tansiq.exchange.values import Event
from tansiq.parties.duties import Permission

MECHANICAL = frozenset({
    Permission.ENVELOPE_RECEIVE, Permission.LETTER_ATTEST, Permission.HEAD_WITNESS, Permission.AGREEMENT_RECEIVE,
    Permission.PICTURE_RECEIVE, Permission.CLAIM_RECEIVE,
})  # fmt: skip
"""What a node does without a person."""


def runs(events: Iterable[Event]) -> list[tuple[Event, ...]]:
    """Events, in their order, with neighbours of one mechanical name together and every other one alone."""

    def fold(event: Event) -> str:
        return event.name if event.name in MECHANICAL and "/" not in event.by else str(event.id)

    return [tuple(run) for _, run in groupby(events, key=fold)]
