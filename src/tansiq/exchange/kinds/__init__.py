"""The kinds of letter and their schemas: the one definition of what goes over the wire, one file per room's letters."""

from enum import StrEnum

from msgspec import Struct

from tansiq.exchange.kinds.information import InformationLetter
from tansiq.exchange.kinds.notices import DiffusionLetter, NoticeLetter
from tansiq.exchange.kinds.reporting import ClaimLetter
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
    NOTICE = "notice"
    DIFFUSION = "diffusion"
    CLAIM = "claim"


SCHEMAS: dict[Kind, type[Struct]] = {
    Kind.ALERT: AlertLetter,
    Kind.PICTURE: PictureLetter,
    Kind.SITREP: SitrepLetter,
    Kind.TASK: TaskLetter,
    Kind.ANSWER: TaskAnswerLetter,
    Kind.OUTCOME: OutcomeLetter,
    Kind.INFORMATION: InformationLetter,
    Kind.NOTICE: NoticeLetter,
    Kind.DIFFUSION: DiffusionLetter,
    Kind.CLAIM: ClaimLetter,
}
