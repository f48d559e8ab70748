"""Pass a letter on, take one that was passed on, and tell the originator that its item was used.

What is passed on stays sealed by its originator: the same keys are wrapped for the third party (`exchange.forward`),
and go in a letter of their own, `forward`, under the onward agreement. Both nodes judge the step by `exchange.onward`.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from msgspec import Struct

from tansiq.exchange import canon, content, forward, jws, onward, seal
from tansiq.exchange.acts.control import tell, way
from tansiq.exchange.acts.letters import is_for, send
from tansiq.exchange.acts.log import record
from tansiq.exchange.acts.releasing import held, holds
from tansiq.exchange.keys import Opener, Verifier
from tansiq.exchange.kinds import SCHEMAS, UNLISTED, Kind
from tansiq.exchange.kinds.originator import ForwardLetter, UseKind, UseLetter
from tansiq.exchange.label import COLOURED, Label, Urgency
from tansiq.exchange.models import Agreement, Envelope, Partner, Passing, Recall, Release
from tansiq.exchange.models.channels import Channel, Known, channels, confirmed, known
from tansiq.exchange.models.ledger import Writer
from tansiq.exchange.models.onward import Original, original_of
from tansiq.exchange.models.own import Own, own
from tansiq.exchange.models.recalls import shut_by
from tansiq.exchange.onward import Consent, OnwardBasis, OnwardReason, OnwardStep, Passed, ReleaseState
from tansiq.exchange.recalls import RecallBasis, RecallReason
from tansiq.exchange.values import Direction, ExchangeBasis, ExchangeReason, Sent
from tansiq.ground.errors import Fault, Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of

MOST_FORWARD = 3 << 20
"""The largest original that goes into a letter of its own, in bytes."""


@transaction.atomic
def forward_letter(
    *,
    envelope: UUID,
    onward_by: str,
    to: tuple[str, ...],
    purpose: str,
    urgency: str = "routine",
    by: Officer,
    now: datetime,
) -> Sent | Refused:
    """Pass a letter that we received on to `to`, under the agreement `onward_by` (its digest).

    The originator is told. A consent that was given once is used by this.
    """
    row = held(envelope, by)
    if not is_for(row, by, now):
        return Refused(ExchangeReason.NOT_ADDRESSED, ExchangeBasis.AGREEMENT)
    if row.direction != Direction.IN.value:
        return Refused(OnwardReason.OWN_LETTER, OnwardBasis.ORIGINATOR)
    if why := shut_by(row, by.party, now):
        return Refused(why, RecallBasis.RECALL)
    me, found, partners = own(), channels(now), confirmed()
    channel, nodes = found.get(onward_by), sorted({node_of(agency) for agency in to} - {me.node})
    if channel is None:
        return Refused(ExchangeReason.NO_AGREEMENT, ExchangeBasis.AGREEMENT)
    if not nodes or not all(node in partners for node in nodes):
        return Refused(ExchangeReason.NO_PARTNER, ExchangeBasis.HOUSE)
    original = original_of(row, me.storage)
    if original.label.attachments:
        return Refused(OnwardReason.ATTACHMENTS, OnwardBasis.ORIGINATOR)
    if original.kind in COLOURED:
        return Refused(OnwardReason.NOTICE, OnwardBasis.ONWARD)
    if len(original.sealed.raw) > MOST_FORWARD:
        return Refused(OnwardReason.TOO_LARGE, OnwardBasis.ORIGINATOR)
    step = OnwardStep(
        envelope=original.digest,
        originator=original.originator,
        forwarder=by.party,
        onward=channel.digest,
        recipients=tuple(sorted(set(to))),
        purpose=purpose,
    )
    release, consent = _consent_for(step, now)
    agreed = Agreement.objects.filter(digest=original.sealed.route.agr).first()
    verdict = onward.may_forward(
        step,
        rule=agreed.terms().onward if agreed else None,
        handling=original.label.handling,
        consent=consent,
        used=release is not None and release.state == ReleaseState.USED.value,
        at=now,
    )
    if isinstance(verdict, Refused):
        return verdict
    token = release.token if release is not None and consent is not None else ""
    passed = forward.forward(
        original.sealed,
        original.keys,
        readers=[(seal.Role.ALL, partners[node].reader) for node in nodes],
        release=bytes.fromhex(jws.digest(token)) if token else onward.NO_CONSENT,
        signer=me.keys.signer,
    )
    sent = _send(
        original,
        ForwardLetter(kind=original.kind.value, passed=passed.raw, consent=token),
        channel,
        step,
        urgency,
        by,
        now,
    )
    if isinstance(sent, Refused):
        return sent
    if release is not None and token and release.once:
        release.state = ReleaseState.USED.value
        release.save(update_fields=["state"])
    made = _kept(original, step, Envelope.objects.get(ref=sent.envelope), row, token, me, now)
    _tell_originator(made, original, by, found, partners, me, now)
    record(
        event=Permission.LETTER_FORWARD, thing=row.ref, by=by, now=now,
        detail={"envelope": made.digest, "carrier": made.carried, "consent": made.consent},
    )  # fmt: skip
    return sent


def _consent_for(step: OnwardStep, now: datetime) -> tuple[Release | None, Consent | None]:
    """The release by which the step may be made; or else the newest one of that letter, to say why it does not."""
    rows = Release.objects.select_for_update().filter(
        digest=step.envelope, direction=Direction.OUT.value, asker=step.forwarder
    )
    given = [(row, consent) for row in rows.order_by("position") if (consent := row.consent()) is not None]
    place = onward.best([(consent, row.state == ReleaseState.USED.value) for row, consent in given], step, now)
    if given:
        return given[place]
    return None, None


def _send(
    original: Original,
    letter: ForwardLetter,
    channel: Channel,
    step: OnwardStep,
    urgency: str,
    by: Officer,
    now: datetime,
) -> Sent | Refused:
    said = original.label
    return send(
        kind=Kind.FORWARD,
        letter=letter,
        mechanism=channel.terms.mechanism.value,
        agreement=channel.digest,
        to=step.recipients,
        by=by,
        now=now,
        topic=said.topic,
        purpose=step.purpose,
        sensitivity=said.sensitivity,
        handling=said.handling.value,
        urgency=urgency,
        persons_named=said.persons_named,
        exercise=said.exercise,
    )


def _kept(
    original: Original, step: OnwardStep, carrier: Envelope, row: Envelope | None, token: str, me: Own, now: datetime
) -> Passing:
    writer = Writer()
    made = Passing.objects.create(
        position=writer.number(),
        digest=original.digest,
        carried=carrier.digest,
        how=UseKind.PASSED_ON.value,
        original=row,
        carrier=carrier,
        kind=original.kind.value,
        originator=step.originator,
        forwarder=step.forwarder,
        recipients=list(step.recipients),
        consent=jws.digest(token) if token else "",
        keys=content.keep(original.keys, me.storage, original.sealed.identity),
        at=now,
    )
    writer.close()
    return made


def _tell_originator(
    step: Passing,
    original: Original,
    by: Officer,
    found: Mapping[str, Channel],
    partners: Mapping[str, Known],
    me: Own,
    now: datetime,
) -> None:
    channel = way(found, original.sealed.route.agr, ours=step.forwarder, theirs=step.originator)
    if channel is None:
        return
    letter = UseLetter(
        envelope=step.digest,
        how=UseKind(step.how),
        carrier=step.carried,
        recipients=tuple(step.recipients),
        consent=step.consent,
        at=canon.moment(canon.millis(now)),
    )
    tell(
        me, channel, partners, kind=Kind.USE, letter=letter, to=step.originator, by=by, sender=step.forwarder, now=now,
        urgency=Urgency.PRIORITY,
    )  # fmt: skip


class Arrived(Struct, frozen=True, kw_only=True):
    """What was passed on to us, checked: the original, the step, and the consent's token."""

    original: Original
    step: OnwardStep
    token: str


def arrive(
    said: Label,
    letter: ForwardLetter,
    *,
    agreement: str,
    partners: Mapping[str, Known],
    forwarder: Verifier,
    opener: Opener,
) -> Arrived | OnwardReason | ExchangeReason:
    """Check what a partner passed on: both signatures, the commitment, that it opens, and that the label is no weaker.

    Whether the step is allowed is for `judge_step`.
    """
    try:
        passed = forward.parse(letter.passed)
        originator = passed.envelope.route.snd
        verifiers = _verifiers(node_of(originator), partners, passed.envelope.signer)
        if verifiers is None:
            return OnwardReason.UNKNOWN_ORIGINATOR
        forward.verify(passed, verifiers, forwarder)
        keys = forward.unwrap(passed, opener)
        inner, raw = seal.open_both(passed.envelope, keys)
        canon.read_letter(raw, SCHEMAS[inner.kind])
    except Fault:
        return ExchangeReason.TAMPERED
    token = jws.digest(letter.consent) if letter.consent else onward.NO_CONSENT.hex()
    if token != passed.release.hex() or inner.kind != letter.kind or inner.kind in UNLISTED:
        return ExchangeReason.TAMPERED
    if onward.weaker(said, inner):
        return OnwardReason.WEAKER_LABEL
    original = Original(
        digest=passed.envelope.identity.hex(),
        originator=originator,
        sealed=passed.envelope,
        keys=keys,
        label=inner,
        letter=raw,
    )
    step = OnwardStep(
        envelope=original.digest,
        originator=originator,
        forwarder=said.sender,
        onward=agreement,
        recipients=said.recipients,
        purpose=said.purpose,
    )
    return Arrived(original=original, step=step, token=letter.consent)


def _verifiers(node: str, partners: Mapping[str, Known], kid: bytes) -> Verifier | None:
    """The originator's key that signed, of today's card or of one before it."""
    partner = partners.get(node)
    if partner is None or partner.verifier.kid == kid:
        return partner.verifier if partner else None
    past = Partner.objects.values_list("past", flat=True).filter(node=node).first() or []
    return next((card.verifier for card in map(known, past) if card.verifier.kid == kid), None)


def judge_step(arrived: Arrived, said: Label, *, carrier: str, found: Mapping[str, Channel]) -> StrEnum | None:
    """Why a step that arrived here is not allowed; None where it is. `carrier` is the envelope that brought it."""
    step, consent = arrived.step, None
    if Recall.objects.filter(digest=step.envelope, originator=step.originator).exists():
        return RecallReason.RECALLED
    verifier = _verifiers(node_of(step.originator), confirmed(), arrived.original.sealed.signer)
    try:
        if arrived.token and verifier is not None:
            consent = onward.read_consent(arrived.token, verifier)
    except Fault:
        return OnwardReason.RELEASE_OTHER
    agreed = found.get(arrived.original.sealed.route.agr)
    before = Passing.objects.filter(consent=jws.digest(arrived.token)) if arrived.token else Passing.objects.none()
    verdict = onward.may_forward(
        step,
        rule=agreed.terms.onward if agreed else None,
        handling=arrived.original.label.handling,
        consent=consent,
        used=before.exclude(carried=carrier).exists(),
        at=canon.moment(said.sent),
    )
    return OnwardReason(verdict.reason) if isinstance(verdict, Refused) else None


def trouble(
    said: Label,
    letter: Struct,
    *,
    agreement: str,
    carrier: str,
    node: str,
    partners: Mapping[str, Known],
    found: Mapping[str, Channel],
    opener: Opener,
) -> StrEnum | None:
    """Why a letter is refused that a partner passed on; None for one that holds, and for every other letter."""
    if not isinstance(letter, ForwardLetter):
        return None
    arrived = arrive(
        said, letter, agreement=agreement, partners=partners, forwarder=partners[node].verifier, opener=opener
    )
    if not isinstance(arrived, Arrived):
        return arrived
    return judge_step(arrived, said, carrier=carrier, found=found)


@transaction.atomic
def receive_forward(*, letter: ForwardLetter, sender: str, envelope: UUID, now: datetime) -> Passed | Refused:
    """Take what was passed on: from here on the original can be opened, under the name of who wrote it."""
    row = Envelope.objects.select_for_update().get(ref=envelope)
    known_step = Passing.objects.filter(carrier=row).first()
    if known_step is not None:
        return known_step.value()
    me, partners, said = own(), confirmed(), row.said
    if said is None:
        raise Missing("There is no such letter.")
    arrived = arrive(
        said, letter, agreement=row.agreement, partners=partners, forwarder=partners[node_of(sender)].verifier,
        opener=me.keys.opener,
    )  # fmt: skip
    if not isinstance(arrived, Arrived):
        return Refused(arrived, OnwardBasis.ORIGINATOR)
    why = judge_step(arrived, said, carrier=row.digest, found=channels(now))
    if why is not None:
        return Refused(why, OnwardBasis.ORIGINATOR)
    made = _kept(arrived.original, arrived.step, row, row, arrived.token, me, now)
    record(
        event=Permission.FORWARD_RECEIVE, thing=row.ref, by=sender, now=now,
        detail={"envelope": made.digest, "originator": made.originator, "consent": made.consent},
    )  # fmt: skip
    return made.value()


@transaction.atomic
def receive_use(*, letter: UseLetter, sender: str, envelope: UUID, now: datetime) -> Passed | Refused:
    """Take a holder's word that it used our letter. Only who holds it can."""
    row = Envelope.objects.filter(digest=letter.envelope, direction=Direction.OUT.value).first()
    if row is None or not holds(row, sender):
        return Refused(OnwardReason.UNKNOWN_ORIGINAL, OnwardBasis.ORIGINATOR)
    known_step = Passing.objects.filter(digest=letter.envelope, carried=letter.carrier).first()
    if known_step is not None:
        return known_step.value()
    writer = Writer()
    made = Passing.objects.create(
        position=writer.number(),
        digest=letter.envelope,
        carried=letter.carrier,
        how=letter.how.value,
        original=row,
        kind=row.kind,
        originator=row.sender,
        forwarder=sender,
        recipients=list(letter.recipients),
        consent=letter.consent,
        at=letter.at,
    )
    writer.close()
    for release in Release.objects.select_for_update().filter(digest=row.digest, asker=sender, once=True):
        if release.token and jws.digest(release.token) == letter.consent:
            release.state = ReleaseState.USED.value
            release.save(update_fields=["state"])
    record(
        event=Permission.USE_RECEIVE, thing=row.ref, by=sender, now=now,
        detail={"envelope": made.digest, "carrier": made.carried, "how": made.how, "consent": made.consent},
    )  # fmt: skip
    return made.value()
