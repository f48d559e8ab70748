"""Whether what was received may be passed on: the originator's consent, and the rules around it. Pure.

An onward step needs the originator's signed yes unless the agreement of the letter says `freely`; no answer means no.
A consent names the envelope, who may pass it on, under which agreement, to whom, for what and until when; `once` means
one onward step. The handling codes H2 and H3 (Europol) ask for consent whatever the agreement says. The node that
passes on and the node that receives judge by the same functions here.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from msgspec import Struct

from tansiq.exchange import canon, jws
from tansiq.exchange.agreements.terms import Onward
from tansiq.exchange.keys import Signer, Verifier
from tansiq.exchange.kinds.originator import Agencies, Agency, CodeOrNone, Digest, Nonce, UseKind
from tansiq.exchange.label import Handling, Label, Millis
from tansiq.ground.verdict import Allowed, Refused, Step, Verdict
from tansiq.parties.duties import Permission

RULE = "house.originator"
"""The rule that a receipt names where a letter passed, or not, by these rules and by no agreement's."""

NO_CONSENT = bytes(32)
"""What stands in a forwarded envelope in place of a consent, where the agreement asks for none."""


class ReleaseState(StrEnum):
    """Where a request for release stands. Lapsed means no, like denied."""

    REQUESTED = "requested"
    GRANTED = "granted"
    DENIED = "denied"
    LAPSED = "lapsed"
    USED = "used"


class OnwardReason(StrEnum):
    """Why something is not passed on, not asked for, or not answered."""

    NEVER = "exchange.reason.onward-never"
    NO_RELEASE = "exchange.reason.no-release"
    RELEASE_LAPSED = "exchange.reason.release-lapsed"
    RELEASE_USED = "exchange.reason.release-used"
    RELEASE_OTHER = "exchange.reason.release-other"
    NOT_NEEDED = "exchange.reason.release-not-needed"
    OWN_LETTER = "exchange.reason.own-letter"
    NO_WAY_TO_ORIGINATOR = "exchange.reason.no-way-to-originator"
    UNKNOWN_ORIGINATOR = "exchange.reason.unknown-originator"
    UNKNOWN_ORIGINAL = "exchange.reason.unknown-original"
    ANSWERED = "exchange.reason.release-answered"
    UNTIL_PAST = "exchange.reason.until-past"
    WEAKER_LABEL = "exchange.reason.weaker-label"
    NOTICE = "exchange.reason.notice-stays"
    ATTACHMENTS = "exchange.reason.attachments-stay"
    TOO_LARGE = "exchange.reason.too-large-to-forward"


class OnwardBasis(StrEnum):
    """On what ground."""

    ORIGINATOR = "exchange.basis.originator"
    ONWARD = "exchange.basis.onward"
    HANDLING = "exchange.basis.handling"


class Consent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The originator's yes to one kind of onward step, signed by its node."""

    envelope: Digest
    originator: Agency
    forwarder: Agency
    onward: Digest
    recipients: Agencies
    purpose: CodeOrNone
    nonce: Nonce
    once: bool
    until: Millis
    at: Millis
    kind: Literal["consent"] = "consent"
    v: Literal[1] = 1


class OnwardStep(Struct, frozen=True, kw_only=True):
    """One onward step as somebody wants to make it, or made it."""

    envelope: str
    originator: str
    forwarder: str
    onward: str
    recipients: tuple[str, ...]
    purpose: str


def sign_consent(consent: Consent, signer: Signer) -> str:
    """The consent as a token."""
    return jws.sign(consent, signer)


def read_consent(token: str, verifier: Verifier) -> Consent:
    """The consent of a token signed by the originator's key; else Malformed or Untrusted."""
    return jws.read(token, Consent, verifier)


def standing(state: ReleaseState, *, answer_by: datetime, until: datetime | None, now: datetime) -> ReleaseState:
    """Where a request stands now: what nobody answered in time, and a yes whose time is over, have lapsed."""
    if state is ReleaseState.REQUESTED and now >= answer_by:
        return ReleaseState.LAPSED
    if state is ReleaseState.GRANTED and until is not None and now >= until:
        return ReleaseState.LAPSED
    return state


def needs_consent(rule: Onward, handling: Handling) -> bool:
    """Whether an onward step needs the originator's yes."""
    return rule is not Onward.FREELY or handling in (Handling.H2, Handling.H3)


def may_ask(rule: Onward, handling: Handling) -> Verdict:
    """A release is asked for where one can be given, and where one is needed."""
    if rule is Onward.NEVER:
        return Refused(OnwardReason.NEVER, OnwardBasis.ONWARD)
    if not needs_consent(rule, handling):
        return Refused(OnwardReason.NOT_NEEDED, OnwardBasis.ONWARD, Step(Permission.LETTER_FORWARD))
    return Allowed()


def may_answer(state: ReleaseState, *, granted: bool, until: datetime | None, now: datetime) -> Verdict:
    """A request is answered once, in time, and a yes ends at a later moment."""
    if state is ReleaseState.LAPSED:
        return Refused(OnwardReason.RELEASE_LAPSED, OnwardBasis.ORIGINATOR)
    if state is not ReleaseState.REQUESTED:
        return Refused(OnwardReason.ANSWERED, OnwardBasis.ORIGINATOR)
    if granted and (until is None or until <= now):
        return Refused(OnwardReason.UNTIL_PAST, OnwardBasis.ORIGINATOR)
    return Allowed()


def covers(consent: Consent, step: OnwardStep) -> bool:
    """Whether a consent speaks of this step: the same letter, hands, agreement and purpose, and no recipient more."""
    said = (consent.envelope, consent.originator, consent.forwarder, consent.onward, consent.purpose)
    wanted = (step.envelope, step.originator, step.forwarder, step.onward, step.purpose)
    return said == wanted and bool(step.recipients) and set(step.recipients) <= set(consent.recipients)


def may_forward(
    step: OnwardStep,
    *,
    rule: Onward | None,
    handling: Handling,
    consent: Consent | None,
    used: bool,
    at: datetime,
) -> Verdict:
    """Whether this step may be made at `at`.

    `rule` is what the agreement of the original says, None where this node does not hold it: then nothing passes
    without a consent. `used` says that an onward step was made with this consent before.
    """
    if rule is Onward.NEVER:
        return Refused(OnwardReason.NEVER, OnwardBasis.ONWARD)
    if consent is None:
        if rule is not None and not needs_consent(rule, handling):
            return Allowed()
        basis = OnwardBasis.HANDLING if rule is Onward.FREELY else OnwardBasis.ORIGINATOR
        return Refused(OnwardReason.NO_RELEASE, basis, Step(Permission.RELEASE_ASK))
    if not covers(consent, step):
        return Refused(OnwardReason.RELEASE_OTHER, OnwardBasis.ORIGINATOR, Step(Permission.RELEASE_ASK))
    if canon.millis(at) >= consent.until:
        return Refused(OnwardReason.RELEASE_LAPSED, OnwardBasis.ORIGINATOR, Step(Permission.RELEASE_ASK))
    if used and consent.once:
        return Refused(OnwardReason.RELEASE_USED, OnwardBasis.ORIGINATOR, Step(Permission.RELEASE_ASK))
    return Allowed()


def weaker(outer: Label, inner: Label) -> str:
    """The first field in which who passes a letter on promises less care than its originator asked; empty for none."""
    handling = list(Handling)
    pairs = (
        ("topic", outer.topic == inner.topic),
        ("sensitivity", outer.sensitivity >= inner.sensitivity),
        ("handling", handling.index(outer.handling) >= handling.index(inner.handling)),
        ("persons", outer.persons_named >= inner.persons_named),
        ("exercise", outer.exercise == inner.exercise),
    )
    return next((name for name, holds in pairs if not holds), "")


def best(consents: Sequence[tuple[Consent, bool]], step: OnwardStep, at: datetime) -> int:
    """The place of the first consent, each with whether it was used, by which the step may be made; -1 for none."""
    for place, (consent, used) in enumerate(consents):
        if covers(consent, step) and canon.millis(at) < consent.until and not (used and consent.once):
            return place
    return -1


class ReleaseLine(Struct, frozen=True, kw_only=True):
    """One request for release as shown: what for, who asks whom, and where it stands. `ours` says that we asked."""

    position: int
    id: UUID
    ours: bool
    letter: UUID
    kind: str
    envelope: str
    originator: str
    asker: str
    recipients: tuple[str, ...]
    onward: str
    mechanism: str
    purpose: str
    reason: str
    state: ReleaseState
    once: bool
    asked_at: datetime
    asked_by: str
    answer_by: datetime
    answered_at: datetime | None
    answered_by: str
    answer: str
    until: datetime | None


class Passed(Struct, frozen=True, kw_only=True):
    """One onward step as known here: who passed whose letter on to whom, or cited it, and by what consent."""

    at: datetime
    how: UseKind
    originator: str
    forwarder: str
    recipients: tuple[str, ...]
    envelope: str
    carrier: str
    consent: str
    kind: str


class Holder(Struct, frozen=True, kw_only=True):
    """Who holds a letter, from whom it came there, and what it last said of it. `depth` counts onward steps."""

    agency: str
    source: str
    depth: int
    state: str
    at: datetime | None


class Edge(Struct, frozen=True):
    """One way that a letter took: from whom, to whom, and what the taker last said of it, by code."""

    source: str
    agency: str
    state: str
    at: datetime | None


def tree(originator: str, edges: Sequence[Edge]) -> tuple[Holder, ...]:
    """Who holds a letter, in the order of its ways, each once, beginning with those who had it from its originator."""
    found: list[Holder] = []
    seen = {originator}

    def follow(source: str, depth: int) -> None:
        for edge in edges:
            if edge.source == source and edge.agency not in seen:
                seen.add(edge.agency)
                found.append(Holder(agency=edge.agency, source=source, depth=depth, state=edge.state, at=edge.at))
                follow(edge.agency, depth + 1)

    follow(originator, 0)
    return tuple(found)
