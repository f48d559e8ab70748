"""Liaison posts: a mandate with topics, regions and dates, the cases given to it, and who holds it. Pure.

A liaison officer secures a channel for given cases. What they may send and open is delegated: it ends with the mandate,
with the case, or when the next officer takes over, whichever is first, and both nodes judge it by their own clock.
Both hold the mandate, whose digest every letter names. The statement with the highest number stands.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from tansiq.exchange import canon
from tansiq.exchange.canon import Profile
from tansiq.exchange.kinds.posts import CaseOfPost, MandateLetter
from tansiq.exchange.label import Label, pseudonym
from tansiq.exchange.policy import Coverage
from tansiq.ground.verdict import Allowed, Refused, Step
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import NODE, Officer


class PostReason(StrEnum):
    """Why a rule of liaison posts says no."""

    NOT_YOURS = "exchange.reason.post-not-yours"
    PERIOD_EMPTY = "exchange.reason.post-period-empty"
    ENDED = "exchange.reason.post-ended"
    TOPIC = "exchange.reason.post-topic"
    REGION = "exchange.reason.post-region"
    BEYOND_MANDATE = "exchange.reason.post-beyond-mandate"
    ASSIGNED_ALREADY = "exchange.reason.post-assigned-already"
    NOT_ASSIGNED = "exchange.reason.post-not-assigned"
    CASE_ENDED = "exchange.reason.post-case-ended"
    NOT_THE_HOLDER = "exchange.reason.post-not-the-holder"
    SAME_OFFICER = "exchange.reason.post-same-officer"
    NO_LIAISON_OFFICER = "exchange.reason.post-no-liaison-officer"
    NOT_HANDED_TO_YOU = "exchange.reason.post-not-handed-to-you"
    NO_AGREEMENT = "exchange.reason.post-no-agreement"
    ANOTHER_MANDATE = "exchange.reason.post-another-mandate"
    OLDER = "exchange.reason.post-older"


class PostBasis(StrEnum):
    """On what ground."""

    MANDATE = "exchange.basis.mandate"
    TWO_OFFICERS = "exchange.basis.two-officers"


class PostState(StrEnum):
    """Where a post, or a case of it, stands at a moment."""

    COMING = "coming"
    IN_DATE = "in-date"
    ENDED = "ended"


class Mandate(Struct, frozen=True, kw_only=True):
    """What a post may carry: never changed; a wider one is another post."""

    post: UUID
    agreement: str
    sending: str
    host: str
    topics: tuple[str, ...]
    regions: tuple[str, ...]
    since: datetime
    until: datetime

    @property
    def digest(self) -> str:
        """What letters name it by: SHA-256 of its canonical JSON."""
        return canon.digest(canon.write(_Written.of(self), Profile.CODES)).hex()


class _Written(Struct, frozen=True, kw_only=True):
    """A mandate as it is hashed: times in milliseconds."""

    agreement: str
    host: str
    post: UUID
    regions: tuple[str, ...]
    sending: str
    since: int
    topics: tuple[str, ...]
    until: int

    @staticmethod
    def of(mandate: Mandate) -> "_Written":
        return _Written(
            agreement=mandate.agreement,
            host=mandate.host,
            post=mandate.post,
            regions=tuple(sorted(set(mandate.regions))),
            sending=mandate.sending,
            since=canon.millis(mandate.since),
            topics=tuple(sorted(set(mandate.topics))),
            until=canon.millis(mandate.until),
        )


class Handover(Struct, frozen=True):
    """A post offered by its holder to the next officer, who has not taken it over yet."""

    person: UUID
    name: str
    at: datetime


class Post(Struct, frozen=True, kw_only=True):
    """A liaison post as it stands. `person` is its holder where the post is our own, and nobody of ours where not."""

    mandate: Mandate
    n: int
    holder: str
    person: UUID = NODE
    ended: datetime | None = None
    cases: tuple[CaseOfPost, ...] = ()
    handover: Handover | None = None

    @property
    def until(self) -> datetime:
        """When it ends, or ended."""
        return self.mandate.until if self.ended is None else min(self.ended, self.mandate.until)

    def state(self, now: datetime) -> PostState:
        """Where it stands."""
        return _state(self.mandate.since, self.until, now)

    def case_state(self, case: CaseOfPost, now: datetime) -> PostState:
        """Where one of its cases stands: never beyond the post."""
        return _state(max(case.since, self.mandate.since), min(case.until, self.until), now)

    def current(self, now: datetime) -> tuple[CaseOfPost, ...]:
        """The cases that are delegated to it at this moment."""
        return tuple(case for case in self.cases if self.case_state(case, now) is PostState.IN_DATE)

    def letter(self) -> MandateLetter:
        """The post as the host is told of it."""
        return MandateLetter(
            post=self.mandate.post,
            n=self.n,
            sending=self.mandate.sending,
            host=self.mandate.host,
            topics=self.mandate.topics,
            regions=self.mandate.regions,
            since=self.mandate.since,
            until=self.mandate.until,
            holder=self.holder,
            ended=self.ended,
            cases=self.cases,
        )


def _state(since: datetime, until: datetime, now: datetime) -> PostState:
    if now >= until:
        return PostState.ENDED
    return PostState.IN_DATE if now >= since else PostState.COMING


def cover(post: Post | None, said: Label, agreement: str, now: datetime) -> Coverage:
    """How far a post's mandate covers a letter at this moment. It carries nothing but what its two agencies write."""
    if post is None or post.mandate.digest != said.mandate or post.mandate.agreement != agreement:
        return Coverage()
    mandate = post.mandate
    between = {said.sender, *said.recipients} == {mandate.sending, mandate.host}
    given = [case for case in post.current(now) if pseudonym(agreement, case.case) == said.case]
    return Coverage(
        in_date=post.state(now) is PostState.IN_DATE,
        topic=said.topic in mandate.topics,
        region=said.region in mandate.regions,
        case=between and any((each.topic, each.region) == (said.topic, said.region) for each in given),
    )


def knows(post: Post, said: Label) -> bool:
    """Whether a post was ever given the case that a letter is about."""
    return any(pseudonym(post.mandate.agreement, case.case) == said.case for case in post.cases)


def may_speak(post: Post | None, said: Label, by: Officer, now: datetime) -> Allowed | Refused:
    """A liaison officer sends and opens letters of the post that they hold, while it and the case are in date.

    Other duties have their own right, by the agreement; the delegation is the liaison officer's alone.
    """
    if by.duty is not Duty.LIAISON_OFFICER:
        return Allowed()
    if post is None or post.person != by.person or by.party != post.mandate.sending:
        return Refused(PostReason.NOT_THE_HOLDER, PostBasis.MANDATE)
    if post.state(now) is not PostState.IN_DATE:
        return Refused(PostReason.ENDED, PostBasis.MANDATE)
    if not any(pseudonym(post.mandate.agreement, case.case) == said.case for case in post.current(now)):
        return Refused(PostReason.CASE_ENDED if knows(post, said) else PostReason.NOT_ASSIGNED, PostBasis.MANDATE)
    return Allowed()


# What may be done with a post of ours


def may_open(mandate: Mandate, allowed: Iterable[str], now: datetime) -> Allowed | Refused:
    """A post is opened for a time to come, for topics that the agreement lists (`allowed`)."""
    if mandate.since >= mandate.until or mandate.until <= now:
        return Refused(PostReason.PERIOD_EMPTY, PostBasis.MANDATE, Step(Permission.LIAISON_OPEN))
    if not {*mandate.topics} <= {*allowed}:
        return Refused(PostReason.TOPIC, PostBasis.MANDATE, Step(Permission.LIAISON_OPEN))
    return Allowed()


def may_assign(post: Post, case: CaseOfPost, now: datetime) -> Allowed | Refused:
    """A case is given once, within the mandate: its topic, its region, its dates."""
    if post.state(now) is PostState.ENDED:
        return Refused(PostReason.ENDED, PostBasis.MANDATE)
    if case.topic not in post.mandate.topics:
        return Refused(PostReason.TOPIC, PostBasis.MANDATE, Step(Permission.LIAISON_ASSIGN))
    if case.region not in post.mandate.regions:
        return Refused(PostReason.REGION, PostBasis.MANDATE, Step(Permission.LIAISON_ASSIGN))
    if not case.since < case.until or case.until <= now:
        return Refused(PostReason.PERIOD_EMPTY, PostBasis.MANDATE, Step(Permission.LIAISON_ASSIGN))
    if case.until > post.until:
        return Refused(PostReason.BEYOND_MANDATE, PostBasis.MANDATE, Step(Permission.LIAISON_ASSIGN))
    if any(each.case == case.case for each in post.current(now)):
        return Refused(PostReason.ASSIGNED_ALREADY, PostBasis.MANDATE)
    return Allowed()


def may_withdraw(post: Post, case: UUID, now: datetime) -> Allowed | Refused:
    """A case that is in date, or still to come, is taken back."""
    given = [each for each in post.cases if each.case == case and post.case_state(each, now) is not PostState.ENDED]
    return Allowed() if given else Refused(PostReason.NOT_ASSIGNED, PostBasis.MANDATE)


def may_end(post: Post, now: datetime) -> Allowed | Refused:
    """A post ends once."""
    return Refused(PostReason.ENDED, PostBasis.MANDATE) if post.state(now) is PostState.ENDED else Allowed()


def may_hand_over(post: Post, by: Officer, to: Sequence[Officer], now: datetime) -> Allowed | Refused:
    """Its holder offers a post in date to another liaison officer; `to` are the duties that the other holds now."""
    if post.person != by.person:
        return Refused(PostReason.NOT_THE_HOLDER, PostBasis.TWO_OFFICERS)
    if post.state(now) is PostState.ENDED:
        return Refused(PostReason.ENDED, PostBasis.MANDATE)
    if any(each.person == by.person for each in to):
        return Refused(PostReason.SAME_OFFICER, PostBasis.TWO_OFFICERS)
    if not any(fits(each, post.mandate) for each in to):
        return Refused(PostReason.NO_LIAISON_OFFICER, PostBasis.MANDATE)
    return Allowed()


def may_take_over(post: Post, by: Officer, now: datetime) -> Allowed | Refused:
    """The next officer takes over what its holder has offered them."""
    if post.state(now) is PostState.ENDED:
        return Refused(PostReason.ENDED, PostBasis.MANDATE)
    if post.handover is None or post.handover.person != by.person:
        return Refused(PostReason.NOT_HANDED_TO_YOU, PostBasis.TWO_OFFICERS)
    return Allowed() if fits(by, post.mandate) else Refused(PostReason.NO_LIAISON_OFFICER, PostBasis.MANDATE)


def fits(officer: Officer, mandate: Mandate) -> bool:
    """Whether somebody is a liaison officer of the agency that sends the post."""
    return officer.duty is Duty.LIAISON_OFFICER and officer.party == mandate.sending


# What a partner may tell of a post of its own


def may_receive(known: Post | None, told: Post, sender: str, parties: Iterable[str]) -> Allowed | Refused:
    """The sending agency tells its host; the mandate of a post never changes, and only a newer statement counts."""
    mandate = told.mandate
    if sender != mandate.sending or not {mandate.sending, mandate.host} <= {*parties}:
        return Refused(PostReason.NOT_YOURS, PostBasis.MANDATE)
    if mandate.since >= mandate.until:
        return Refused(PostReason.PERIOD_EMPTY, PostBasis.MANDATE)
    if any(each.topic not in mandate.topics or each.region not in mandate.regions for each in told.cases):
        return Refused(PostReason.TOPIC, PostBasis.MANDATE)
    if known is not None and known.mandate.digest != mandate.digest:
        return Refused(PostReason.ANOTHER_MANDATE, PostBasis.MANDATE)
    if known is not None and told.n <= known.n:
        return Refused(PostReason.OLDER, PostBasis.MANDATE)
    return Allowed()
