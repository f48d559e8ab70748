"""Hands stored letters to their rooms (`flows.ON_RECEIVE`), and tells rooms what happened in others (`flows.ON_EVENT`).

Intake has answered for a letter long before it comes here: what a room makes of it can fail, and be tried again,
without the partner noticing. A letter and the mark that it was handed stand in one transaction, so a crash between them
hands it over again and never twice. Letters of one case go in the order in which they came: while one of them fails,
those behind it wait; after MOST_TRIES it is set aside, with what stood in the way, for people to see.

Some letters go together in one transaction, each within a savepoint of its own, since SQLite lets one write at a time
and intake writes too. Where such a transaction fails as a whole (a bad reference shows at its end) each goes alone.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from msgspec.structs import replace

from tansiq import flows
from tansiq.exchange import acts as exchange
from tansiq.exchange import reads
from tansiq.exchange.acts.following import follow
from tansiq.exchange.acts.letters import mark_all_handed
from tansiq.exchange.reads.following import unfollowed
from tansiq.exchange.values import Event, Unhanded
from tansiq.ground import clock
from tansiq.ground.errors import Fault
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission

log = logging.getLogger(__name__)

MOST_TRIES = 5
AT_ONCE = 500
"""How many letters or events are looked at in one round."""

TOGETHER, LONGEST, BREATH = 50, 0.1, 0.02
"""How many letters share a transaction, for how many seconds it takes more, and how long others may write after it."""

FREE_TEXT = ("text", "casualty", "description", "more")
"""Fields of rescue letters in which a person may be named."""


class HandOver:
    """One round after another; keeps in memory only how often something failed."""

    def __init__(self) -> None:
        self._tries: Counter[UUID | int] = Counter()

    def round(self) -> bool:
        """Hand over what waits; True when something moved, so that another round is worth its while."""
        letters = reads.unhanded(limit=AT_ONCE)
        idle = [letter.envelope for letter in letters if letter.kind not in flows.ON_RECEIVE]
        if idle:
            mark_all_handed(envelopes=idle, now=clock.now())
        moved = self._together([letter for letter in letters if letter.kind in flows.ON_RECEIVE])
        return self._follow() or moved or bool(idle)

    def _together(self, letters: Sequence[Unhanded]) -> bool:
        """Hand over the first of these letters, which are in the order in which they came."""
        if not letters:
            return False
        try:
            with transaction.atomic():
                moved = self._in_order(letters)
        except Exception:
            log.exception("letters were not handed over together: each goes alone")
            moved = self._in_order(letters)
        if moved:
            sleep(BREATH)
        return moved

    def _in_order(self, letters: Sequence[Unhanded]) -> bool:
        """Hand over some letters, but none behind one of its case that failed; True when something moved."""
        moved, stuck, until = 0, set[UUID](), monotonic() + LONGEST
        for letter in letters:
            if letter.case is not None and letter.case in stuck:
                continue
            if self._hand(letter):
                moved += 1
            elif letter.case is not None:
                stuck.add(letter.case)
            if moved == TOGETHER or (moved and monotonic() > until):
                break
        return moved > 0

    def _follow(self) -> bool:
        """Do what follows the next events; an event whose follow-ups keep failing is logged and left behind."""
        events = unfollowed(names=[event.value for event in flows.ON_EVENT], limit=AT_ONCE)
        for event in events:
            try:
                with transaction.atomic():
                    if follow(upto=event.id):
                        self._after(event)
            except Exception:
                self._tries[event.id] += 1
                log.exception("what follows event %d failed (try %d)", event.id, self._tries[event.id])
                if self._tries[event.id] < MOST_TRIES:
                    return False
                follow(upto=event.id)
            self._tries.pop(event.id, None)
        return bool(events)

    def _after(self, event: Event) -> None:
        if "refused" in event.detail:
            return  # it was tried and not done
        for act in flows.ON_EVENT[Permission(event.name)]:
            answer = act(thing=event.thing, detail=event.detail, now=clock.now())
            if isinstance(answer, Refused):
                log.warning("what follows event %d was refused: %s", event.id, answer.reason)

    def _hand(self, letter: Unhanded) -> bool:
        try:
            with transaction.atomic():
                trouble = self._to_its_room(letter)
                exchange.mark_handed(envelope=letter.envelope, now=clock.now(), trouble=trouble)
        except Exception as error:
            if connection.needs_rollback:  # more is lost than this letter's savepoint
                raise
            self._tries[letter.envelope] += 1
            log.exception("letter %s was not handed over (try %d)", letter.envelope, self._tries[letter.envelope])
            if self._tries[letter.envelope] < MOST_TRIES and not isinstance(error, Fault):
                return False
            exchange.mark_handed(envelope=letter.envelope, now=clock.now(), trouble=f"{type(error).__name__}: {error}")
        self._tries.pop(letter.envelope, None)
        return True

    def _to_its_room(self, letter: Unhanded) -> str:
        opened = reads.letter(envelope=letter.envelope)
        said = _without_persons(opened.letter) if letter.quarantined else opened.letter
        answer = flows.ON_RECEIVE[letter.kind](
            letter=said, sender=opened.sender, envelope=letter.envelope, now=clock.now()
        )
        if isinstance(answer, Refused):
            log.warning("letter %s was refused by its room: %s", letter.envelope, answer.reason)
            return str(answer.reason)
        return ""


def _without_persons(letter: Any) -> Any:
    """The letter without what was written freely: distress is shown at once, and an identity in it is not.

    Who needs the words opens the sealed letter, for a reason that the ledger keeps.
    """
    return replace(letter, **{name: "" for name in FREE_TEXT if hasattr(letter, name)})
