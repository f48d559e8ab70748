"""The colour family that each state is shown in. Pure."""

from enum import Enum

from tansiq.correspondence.values import Progress
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.desks import PassageState
from tansiq.exchange.mandates import PostState
from tansiq.exchange.onward import ReleaseState
from tansiq.exchange.recalls import RecallState
from tansiq.exchange.values import BlobState, EnvelopeState, ExceptionState, PartnerState
from tansiq.rescue.values import Phase, TaskState
from tansiq.watch.values import FeedState

TONES: dict[tuple[type[Enum], str], str] = {
    (type(state), str(state)): family
    for state, family in (
        (Phase.UNCERTAINTY, "caution"),
        (Phase.ALERT, "warning"),
        (Phase.DISTRESS, "emergency"),
        (TaskState.SENT, "caution"),
        (TaskState.ACCEPTED, "action"),
        (TaskState.SEARCHING, "action"),
        (TaskState.DONE, "ok"),
        (TaskState.REFUSED, "no"),
        (EnvelopeState.QUEUED, "caution"),
        (EnvelopeState.SENT, "caution"),
        (EnvelopeState.ACCEPTED, "action"),
        (EnvelopeState.READ, "ok"),
        (EnvelopeState.ACTED, "ok"),
        (EnvelopeState.MISLABELLED, "no"),
        (EnvelopeState.REFUSED, "no"),
        (EnvelopeState.EXPIRED, "no"),
        (RecallState.REQUESTED, "caution"),
        (RecallState.OVERDUE, "no"),
        (RecallState.ERASED, "ok"),
        (RecallState.RETAINED, "warning"),
        (ReleaseState.REQUESTED, "caution"),
        (ReleaseState.GRANTED, "ok"),
        (ReleaseState.USED, "action"),
        (ReleaseState.DENIED, "no"),
        (BlobState.WAITING, "caution"),
        (BlobState.HERE, "ok"),
        (BlobState.REFUSED, "no"),
        (PostState.COMING, "caution"),
        (PostState.IN_DATE, "ok"),
        (PassageState.AT_DESK, "caution"),
        (PassageState.WITH_SENDER, "warning"),
        (PassageState.WITH_SERVICE, "action"),
        (PassageState.RETURNED, "no"),
        (PassageState.ANSWERED, "ok"),
        (PassageState.DONE, "ok"),
        (ExceptionState.WAITING, "caution"),
        (ExceptionState.SENT, "ok"),
        (ExceptionState.REJECTED, "no"),
        (AgreementState.IN_FORCE, "ok"),
        (AgreementState.SIGNED, "action"),
        (AgreementState.SIGNED_IN_PART, "caution"),
        (AgreementState.SUSPENDED, "no"),
        (PartnerState.CONFIRMED, "ok"),
        (PartnerState.PENDING, "caution"),
        (Progress.SENT, "caution"),
        (Progress.NOT_TAKEN, "no"),
        (Progress.RECEIVED, "action"),
        (Progress.READ, "action"),
        (Progress.IN_WORK, "action"),
        (Progress.PART, "action"),
        (Progress.REFUSED, "no"),
        (Progress.ANSWERED, "ok"),
        (FeedState.RECEIVING, "good"),
        (FeedState.CONNECTING, "fair"),
        (FeedState.WAITING, "fair"),
        (FeedState.SILENT, "fair"),
        (FeedState.ENDED, "fair"),
        (FeedState.FAILED, "poor"),
    )
}
"""The colour family of a state; the word always stands beside it."""
