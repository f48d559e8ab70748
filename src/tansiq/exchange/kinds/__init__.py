"""The kinds of letter and their schemas: the one definition of what goes over the wire, one file per room's letters."""

from enum import StrEnum

from msgspec import Struct

from tansiq.exchange.kinds.desks import SteeringLetter
from tansiq.exchange.kinds.information import InformationLetter
from tansiq.exchange.kinds.notices import DiffusionLetter, NoticeLetter
from tansiq.exchange.kinds.originator import (
    CorrectionLetter,
    ForwardLetter,
    RecallLetter,
    ReleaseLetter,
    ReleaseRequestLetter,
    StatementLetter,
    UseLetter,
)
from tansiq.exchange.kinds.posts import MandateLetter
from tansiq.exchange.kinds.reporting import ClaimLetter
from tansiq.exchange.kinds.requests import ReplyLetter, RequestLetter
from tansiq.exchange.kinds.rescue import OutcomeLetter, SitrepLetter, TaskAnswerLetter, TaskLetter
from tansiq.exchange.kinds.watch import AlertLetter, PictureLetter


class Kind(StrEnum):
    """What a letter is about."""

    ALERT = "alert"
    PICTURE = "picture"
    SITREP = "sitrep"
    TASK = "task"
    ANSWER = "answer"
    OUTCOME = "outcome"
    INFORMATION = "information"
    REQUEST = "request"
    REPLY = "reply"
    NOTICE = "notice"
    DIFFUSION = "diffusion"
    CLAIM = "claim"
    RELEASE_REQUEST = "release-request"
    RELEASE = "release"
    FORWARD = "forward"
    USE = "use"
    STEERING = "steering"
    MANDATE = "mandate"
    RECALL = "recall"
    STATEMENT = "statement"
    CORRECTION = "correction"


OUTLIVING = frozenset({Kind.RECALL, Kind.STATEMENT, Kind.CORRECTION})
"""Letters that pass after the agreement's end, and while it is suspended: what was sent under it is still there."""

CONTROL = OUTLIVING | {Kind.RELEASE_REQUEST, Kind.RELEASE, Kind.USE, Kind.MANDATE}
"""Letters between an originator and who holds its letters, and what is told of a liaison post.

No agreement lists them, every agreement lets them pass between its parties.
"""

UNLISTED = CONTROL | {Kind.FORWARD}
"""Kinds that no agreement lists: of what is passed on it is the original's kind that counts."""

SCHEMAS: dict[Kind, type[Struct]] = {
    Kind.ALERT: AlertLetter,
    Kind.PICTURE: PictureLetter,
    Kind.SITREP: SitrepLetter,
    Kind.TASK: TaskLetter,
    Kind.ANSWER: TaskAnswerLetter,
    Kind.OUTCOME: OutcomeLetter,
    Kind.INFORMATION: InformationLetter,
    Kind.REQUEST: RequestLetter,
    Kind.REPLY: ReplyLetter,
    Kind.NOTICE: NoticeLetter,
    Kind.DIFFUSION: DiffusionLetter,
    Kind.CLAIM: ClaimLetter,
    Kind.RELEASE_REQUEST: ReleaseRequestLetter,
    Kind.RELEASE: ReleaseLetter,
    Kind.FORWARD: ForwardLetter,
    Kind.USE: UseLetter,
    Kind.STEERING: SteeringLetter,
    Kind.MANDATE: MandateLetter,
    Kind.RECALL: RecallLetter,
    Kind.STATEMENT: StatementLetter,
    Kind.CORRECTION: CorrectionLetter,
}
