"""Recall: the originator's demand to erase, and what each holder states. Pure.

A recall is a token that the originator's node signs, so that whoever passed the letter on passes the recall on as it
is. Each holder answers with a statement of its own: erased, retained (on what basis, until when) or unknown. It is a
statement and no proof: nobody can prove that a copy is gone. What is not answered in time is overdue.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from tansiq.exchange import jws
from tansiq.exchange.keys import Signer, Verifier
from tansiq.exchange.kinds.originator import Agency, Code, CodeOrNone, Digest
from tansiq.exchange.label import Millis
from tansiq.ground.verdict import Allowed, Refused, Verdict

Stated = Literal["erased", "retained", "unknown"]
"""What a holder can state."""

Nodes = Annotated[tuple[Agency, ...], Meta(max_length=64)]


class RecallCause(StrEnum):
    """Why an originator takes a letter back."""

    ERROR = "error"
    RISK = "risk"
    UNLAWFUL = "unlawful"
    ORDER = "order"
    NO_LONGER_NEEDED = "no-longer-needed"


class RecallState(StrEnum):
    """Where a recall stands at one holder."""

    REQUESTED = "requested"
    ERASED = "erased"
    RETAINED = "retained"
    UNKNOWN = "unknown"
    OVERDUE = "overdue"


class RecallAnswerCode(StrEnum):
    """What a holder's officer can say."""

    ERASED = "erased"
    RETAINED = "retained"


class RetentionBasis(StrEnum):
    """On what a holder keeps a letter that was recalled, or whose time is over."""

    PROCEEDINGS = "proceedings"
    LAW = "law"
    LIFE = "life"


class RecallReason(StrEnum):
    """Why something about a recall is refused."""

    RECALLED = "exchange.reason.recalled"
    ERASED = "exchange.reason.erased"
    NOT_OURS = "exchange.reason.not-ours-to-recall"
    RESCUE_STAYS = "exchange.reason.rescue-stays"
    NOBODY_HOLDS_IT = "exchange.reason.nobody-holds-it"
    ANSWERED = "exchange.reason.recall-answered"
    NO_BASIS = "exchange.reason.no-basis"
    NOT_THE_ORIGINATOR = "exchange.reason.not-the-originator"


class RecallBasis(StrEnum):
    """On what ground."""

    RECALL = "exchange.basis.recall"
    RESCUE = "exchange.basis.rescue-record"
    RETENTION = "exchange.basis.retention"


class Recall(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The demand: erase `envelope`, and state by `answer_by` what became of it."""

    recall: UUID
    envelope: Digest
    originator: Agency
    cause: Code
    at: Millis
    answer_by: Millis
    kind: Literal["recall"] = "recall"
    v: Literal[1] = 1


class HolderStatement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a holder's node says of a recalled letter, and to which nodes it had passed it on.

    `basis` and `until` belong to `retained` alone.
    """

    recall: UUID
    envelope: Digest
    holder: Agency
    state: Stated
    at: Millis
    basis: CodeOrNone = ""
    until: Millis = 0
    passed_to: Nodes = ()
    kind: Literal["statement"] = "statement"
    v: Literal[1] = 1


class Answer(Struct, frozen=True, kw_only=True):
    """One holder as the asking side knows it. `checked` says that its own signature was checked here."""

    holder: str
    source: str
    state: RecallState
    asked_at: datetime
    at: datetime | None
    basis: str
    until: datetime | None
    checked: bool


class RecallLine(Struct, frozen=True, kw_only=True):
    """One recall as shown. `ours` says that we wrote the letter; else `state` is what we said of it."""

    position: int
    id: UUID
    ours: bool
    letter: UUID | None
    kind: str
    envelope: str
    originator: str
    cause: str
    remark: str
    at: datetime
    by: str
    answer_by: datetime
    state: RecallState
    basis: str
    until: datetime | None
    answered_at: datetime | None
    answered_by: str
    answers: tuple[Answer, ...]

    @property
    def open(self) -> bool:
        """Whether somebody still owes an answer."""
        waiting = (RecallState.REQUESTED, RecallState.OVERDUE)
        return any(each.state in waiting for each in self.answers) if self.ours else self.state in waiting


def sign_recall(recall: Recall, signer: Signer) -> str:
    """The recall as a token."""
    return jws.sign(recall, signer)


def read_recall(token: str, verifier: Verifier) -> Recall:
    """The recall of a token signed by the originator's key; else Malformed or Untrusted."""
    return jws.read(token, Recall, verifier)


def sign_statement(statement: HolderStatement, signer: Signer) -> str:
    """The statement as a token."""
    return jws.sign(statement, signer)


def read_statement(token: str, verifier: Verifier) -> HolderStatement:
    """The statement of a token signed by the holder's key; else Malformed or Untrusted."""
    return jws.read(token, HolderStatement, verifier)


def standing(state: RecallState, answer_by: datetime, now: datetime) -> RecallState:
    """Where a recall stands at a holder now."""
    return RecallState.OVERDUE if state is RecallState.REQUESTED and now >= answer_by else state


def shut(state: RecallState, until: datetime | None, now: datetime) -> bool:
    """Whether a recalled letter stays shut at a holder: always, but while it is retained on a basis."""
    return not (state is RecallState.RETAINED and until is not None and now < until)


def may_answer(
    state: RecallState, *, answer: RecallAnswerCode, basis: RetentionBasis | None, until: datetime | None, now: datetime
) -> Verdict:
    """A holder answers once; it may erase later what it retained. Who retains says on what basis and until when."""
    if state in (RecallState.ERASED, RecallState.UNKNOWN):
        return Refused(RecallReason.ANSWERED, RecallBasis.RECALL)
    if answer is RecallAnswerCode.RETAINED and (basis is None or until is None or until <= now):
        return Refused(RecallReason.NO_BASIS, RecallBasis.RECALL)
    return Allowed()


def newer(held: RecallState, said: str) -> bool:
    """Whether a holder's word goes further than what is held of it: what was erased is not un-erased by a later one."""
    order = (RecallState.REQUESTED, RecallState.UNKNOWN, RecallState.RETAINED, RecallState.ERASED)
    return order.index(RecallState(said)) >= order.index(held if held in order else RecallState.REQUESTED)
