"""Ask the originator for release, answer, and take what a partner asks or answers.

A request is bound to one letter, one onward agreement, its recipients and a nonce; the answer is the originator's
signed consent, or a no. What is not answered in time has lapsed, and is a no.
"""

import os
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from tansiq.exchange import canon, onward
from tansiq.exchange.acts.control import tell, way
from tansiq.exchange.acts.letters import is_for
from tansiq.exchange.acts.log import record
from tansiq.exchange.agreements.terms import Onward
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.originator import ReleaseAnswer, ReleaseLetter, ReleaseRequestLetter
from tansiq.exchange.label import COLOURED
from tansiq.exchange.models import Agreement, Envelope, Passing, Recall, Release
from tansiq.exchange.models.channels import channels, confirmed
from tansiq.exchange.models.ledger import Writer
from tansiq.exchange.models.onward import original_of
from tansiq.exchange.models.own import Own, own
from tansiq.exchange.models.recalls import shut_by
from tansiq.exchange.onward import Consent, OnwardBasis, OnwardReason, OnwardStep, ReleaseLine, ReleaseState
from tansiq.exchange.recalls import RecallBasis, RecallReason
from tansiq.exchange.values import Detail, Direction, EnvelopeState, ExchangeBasis, ExchangeReason
from tansiq.ground.errors import Missing, Untrusted
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of


@transaction.atomic
def ask_release(
    *, envelope: UUID, onward_by: str, to: tuple[str, ...], purpose: str, reason: str, by: Officer, now: datetime
) -> ReleaseLine | Refused:
    """Ask the originator whether a letter that we hold may go on to `to` under the agreement `onward_by` (its digest).

    By when an answer is owed is what the agreement with the originator says for the letter's urgency.
    """
    row = held(envelope, by)
    if not is_for(row, by, now) or row.direction != Direction.IN.value:
        return Refused(ExchangeReason.NOT_ADDRESSED, ExchangeBasis.AGREEMENT)
    if why := shut_by(row, by.party, now):
        return Refused(why, RecallBasis.RECALL)
    me, found = own(), channels(now)
    original = original_of(row, me.storage)
    if original.kind in COLOURED:
        return Refused(OnwardReason.NOTICE, OnwardBasis.ONWARD)
    agreed = Agreement.objects.filter(digest=original.sealed.route.agr).first()
    rule = agreed.terms().onward if agreed else Onward.ON_RELEASE
    verdict = onward.may_ask(rule, original.label.handling)
    if isinstance(verdict, Refused):
        return verdict
    channel = found.get(onward_by)
    if channel is None or not channel.passes or not {by.party, *to} <= set(channel.terms.parties) or not to:
        return Refused(ExchangeReason.NO_AGREEMENT, ExchangeBasis.AGREEMENT)
    asked = way(found, original.sealed.route.agr, ours=by.party, theirs=original.originator)
    if asked is None or node_of(original.originator) not in confirmed():
        return Refused(OnwardReason.NO_WAY_TO_ORIGINATOR, OnwardBasis.ORIGINATOR)
    answer_by = now + timedelta(hours=asked.terms.answer_hours.get(original.label.urgency, 168) or 168)
    letter = ReleaseRequestLetter(
        release=uuid7(now),
        envelope=original.digest,
        onward=channel.digest,
        mechanism=channel.terms.mechanism.value,
        recipients=tuple(sorted(set(to))),
        purpose=purpose,
        nonce=os.urandom(16).hex(),
        until=answer_by,
        reason=canon.clean(reason.strip())[:300],
    )
    tell(
        me, asked, confirmed(), kind=Kind.RELEASE_REQUEST, letter=letter, to=original.originator, by=by,
        sender=by.party, now=now, urgency=original.label.urgency,
    )  # fmt: skip
    made = _kept(letter, row, Direction.OUT, original.originator, by.party, by.signature, now)
    _log(Permission.RELEASE_ASK, made, by, now)
    return made.line(now)


def _kept(
    letter: ReleaseRequestLetter, row: Envelope, way: Direction, originator: str, asker: str, by: str, now: datetime
) -> Release:
    writer = Writer()
    made = Release.objects.create(
        position=writer.number(),
        uid=letter.release,
        direction=way.value,
        envelope=row,
        digest=letter.envelope,
        originator=originator,
        asker=asker,
        onward=letter.onward,
        mechanism=letter.mechanism,
        recipients=list(letter.recipients),
        purpose=letter.purpose,
        nonce=letter.nonce,
        reason=letter.reason,
        state=ReleaseState.REQUESTED.value,
        asked_at=now,
        asked_by=by,
        answer_by=letter.until,
    )
    writer.close()
    return made


def _log(event: Permission, row: Release, by: Officer | str, now: datetime) -> None:
    detail: Detail = {"release": str(row.uid), "envelope": row.digest, "onward": row.onward, "state": row.state}
    record(event=event, thing=row.envelope.ref, by=by, now=now, detail=detail)


def held(envelope: UUID, by: Officer) -> Envelope:
    """A letter that is here, that its reader may know of and that was not refused, locked."""
    rows = Envelope.objects.seen_by(by).select_for_update(of=("self",)).filter(ref=envelope)
    row = rows.exclude(state=EnvelopeState.REFUSED.value, direction=Direction.IN.value).first()
    if row is None:
        raise Missing("There is no such letter.")
    return row


@transaction.atomic
def answer_release(
    *,
    release: int,
    answer: ReleaseAnswer,
    days: int = 0,
    once: bool = True,
    reason: str = "",
    by: Officer,
    now: datetime,
) -> ReleaseLine | Refused:
    """Answer a request for release of a letter that we wrote: yes for so many days, once or as often, or no.

    Only someone of the agency that wrote it answers, in a duty that the agreement lets write such letters.
    """
    row = Release.objects.select_for_update(of=("self",)).select_related("envelope").filter(position=release).first()
    if row is None or row.direction != Direction.IN.value:
        raise Missing("There is no such request.")
    if by.party != row.originator or not is_for(row.envelope, by, now):
        return Refused(ExchangeReason.NOT_ADDRESSED, ExchangeBasis.AGREEMENT)
    granted = answer is ReleaseAnswer.GRANTED
    if granted and Recall.objects.filter(digest=row.digest, direction=Direction.OUT.value).exists():
        return Refused(RecallReason.RECALLED, RecallBasis.RECALL)
    until = now + timedelta(days=days) if granted and days > 0 else None
    verdict = onward.may_answer(row.standing(now), granted=granted, until=until, now=now)
    if isinstance(verdict, Refused):
        return verdict
    me = own()
    row.state = ReleaseState(answer.value).value
    row.once, row.until, row.answer = once, until, canon.clean(reason.strip())[:300]
    row.answered_at, row.answered_by = now, by.signature
    row.token = onward.sign_consent(_consent(row, now), me.keys.signer) if granted else ""
    row.save()
    _say(me, row, by, now)
    _log(Permission.RELEASE_ANSWER, row, by, now)
    return row.line(now)


def _consent(row: Release, now: datetime) -> Consent:
    return Consent(
        envelope=row.digest,
        originator=row.originator,
        forwarder=row.asker,
        onward=row.onward,
        recipients=tuple(row.recipients),
        purpose=row.purpose,
        nonce=row.nonce,
        once=row.once,
        until=canon.millis(row.until or now),
        at=canon.millis(now),
    )


def _say(me: Own, row: Release, by: Officer | str, now: datetime) -> None:
    letter = ReleaseLetter(
        release=row.uid,
        envelope=row.digest,
        nonce=row.nonce,
        answer=ReleaseAnswer(row.state),
        consent=row.token,
        reason=row.answer,
    )
    channel = way(channels(now), row.envelope.agreement, ours=row.originator, theirs=row.asker)
    if channel is not None:
        tell(
            me, channel, confirmed(), kind=Kind.RELEASE, letter=letter, to=row.asker, by=by, sender=row.originator,
            now=now,
        )  # fmt: skip


@transaction.atomic
def receive_release_request(
    *, letter: ReleaseRequestLetter, sender: str, envelope: UUID, now: datetime
) -> ReleaseLine | Refused:
    """Take a holder's request; who does not hold the letter, and who asks for what is not there, get one answer."""
    me = own()
    known = Release.objects.select_related("envelope").filter(asker=sender, uid=letter.release).first()
    if known is not None:
        return known.line(now)
    row = Envelope.objects.filter(digest=letter.envelope, direction=Direction.OUT.value).first()
    if row is None or not holds(row, sender):
        asked = Envelope.objects.get(ref=envelope)
        channel = channels(now).get(asked.agreement)
        denied = ReleaseLetter(
            release=letter.release, envelope=letter.envelope, nonce=letter.nonce, answer=ReleaseAnswer.DENIED
        )
        mine = asked.said.recipients[0] if asked.said else me.agency
        if channel is not None:
            tell(me, channel, confirmed(), kind=Kind.RELEASE, letter=denied, to=sender, by="node", sender=mine, now=now)
        return Refused(OnwardReason.UNKNOWN_ORIGINAL, OnwardBasis.ORIGINATOR)
    made = _kept(letter, row, Direction.IN, row.sender, sender, sender, now)
    _log(Permission.RELEASE_RECEIVE, made, sender, now)
    return made.line(now)


def holds(row: Envelope, agency: str) -> bool:
    """Whether a letter of ours went to an agency, or was passed on to it."""
    if row.said is not None and agency in row.said.recipients:
        return True
    steps = Passing.objects.filter(digest=row.digest).values_list("recipients", flat=True)
    return any(agency in recipients for recipients in steps)


@transaction.atomic
def receive_release(*, letter: ReleaseLetter, sender: str, envelope: UUID, now: datetime) -> ReleaseLine | Refused:
    """Take the originator's answer to our request. A consent that does not say what was asked for is none."""
    row = (
        Release.objects.select_for_update(of=("self",))
        .select_related("envelope")
        .filter(uid=letter.release, direction=Direction.OUT.value, originator=sender, nonce=letter.nonce)
        .first()
    )
    if row is None:
        return Refused(OnwardReason.UNKNOWN_ORIGINAL, OnwardBasis.ORIGINATOR)
    if row.state != ReleaseState.REQUESTED.value:
        return row.line(now)
    consent = _read(letter, row, now) if letter.answer is ReleaseAnswer.GRANTED else None
    row.state = letter.answer.value
    row.answered_at, row.answered_by, row.answer = now, sender, letter.reason
    if consent is not None:
        row.once, row.until, row.token = consent.once, canon.moment(consent.until), letter.consent
    row.save()
    _log(Permission.RELEASE_RECEIVE, row, sender, now)
    return row.line(now)


def _read(letter: ReleaseLetter, row: Release, now: datetime) -> Consent:
    partner = confirmed().get(node_of(row.originator))
    if partner is None:
        raise Untrusted(f"{node_of(row.originator)} is no confirmed partner.", "Exchange and confirm cards first.")
    consent = onward.read_consent(letter.consent, partner.verifier)
    step = OnwardStep(
        envelope=row.digest,
        originator=row.originator,
        forwarder=row.asker,
        onward=row.onward,
        recipients=consent.recipients,
        purpose=row.purpose,
    )
    if (
        not onward.covers(consent, step)
        or consent.nonce != row.nonce
        or not set(consent.recipients) <= {*row.recipients}
    ):
        raise Untrusted("The consent is not to what was asked for.", "Ask the originator again.")
    return consent
