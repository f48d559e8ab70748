"""What a desk in the way of a channel says of a letter whose label alone it reads, and what the sender answers to it.

A desk takes a letter in hand, steers it to a service that it is addressed to, asks its sender for more, or returns it.
Sender and recipients receive the same signed word, so that all know who holds the letter.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

_Agency = Annotated[str, Meta(pattern=r"^[a-z]{2,8}(\.[a-z0-9-]{1,40})?$(?!\n)")]
_AgencyOrNone = Annotated[str, Meta(pattern=r"^([a-z]{2,8}(\.[a-z0-9-]{1,40})?)?$(?!\n)")]


class Step(StrEnum):
    """What is done with a letter at a desk: all by the desk but `tell`, which is the sender's."""

    TAKE = "take"
    STEER = "steer"
    ASK = "ask"
    TELL = "tell"
    RETURN = "return"


class ReturnReason(StrEnum):
    """Why a desk returns a letter."""

    NONE = ""
    OTHER_SERVICE = "other-service"
    OTHER_CHANNEL = "other-channel"
    NO_JOINT_OPERATION = "no-joint-operation"
    LABEL_UNCLEAR = "label-unclear"
    NO_ANSWER = "no-answer"
    SENT_TWICE = "sent-twice"


class SteeringLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step of a letter past a desk.

    `envelope` is the identity of the letter's envelope; `n` counts the desk's steps with it from 1, and a `tell` has
    the number of the question that it answers. `to` are the services that a `steer` names, each a recipient of the
    letter; `reason` is why it is returned; `words` are a question, an answer or a remark. `official` is the service
    that the desk's official comes from.
    """

    envelope: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    n: Annotated[int, Meta(ge=1, le=1_000)]
    step: Step
    to: Annotated[tuple[_Agency, ...], Meta(max_length=64)] = ()
    reason: ReturnReason = ReturnReason.NONE
    words: Annotated[str, Meta(max_length=2_000)] = ""
    official: _AgencyOrNone = ""
    at: datetime
