"""What is done in reporting: claim figures towards partners, and receive theirs."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from tansiq.exchange import acts as exchange
from tansiq.exchange import reads as channels
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.reporting import ClaimLetter
from tansiq.exchange.reads import letters as envelopes
from tansiq.exchange.values import Detail
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.reporting import counting, letters, models, rules
from tansiq.reporting.cards import cards
from tansiq.reporting.gathering import Asked, Rooms, records
from tansiq.reporting.values import Claim, CountUnit, Figure, Indicator, Qualifier
from tansiq.rescue import reads as rescue
from tansiq.watch import reads as watch

ROOMS = Rooms(rescue.outcome_records, rescue.case_records, watch.alert_records, envelopes.envelope_records)


@transaction.atomic
def send_claims(*, start: datetime, end: datetime, by: Officer, now: datetime) -> tuple[Claim, ...] | Refused:
    """Claim this node's figures of a period (end not included) towards every party of the statistics agreement.

    A figure that was claimed before with the same records is not claimed again.
    """
    to = channels.parties_of(mechanism=letters.MECHANISM)
    verdict = rules.may_claim(start, end, to, now)
    if isinstance(verdict, Refused):
        return verdict
    exercise = str(settings.TANSIQ_EXERCISE)
    asked = Asked(start, end, exercise, by)
    claims = []
    for indicator in (each.indicator for each in cards() if each.claimable):
        found = records(indicator, ROOMS, asked)
        figure = counting.figure(indicator, found, start=start, end=end, body=by.party, exercise=exercise)
        claim = _said_before(figure) or _claim(figure, to, by, now)
        if isinstance(claim, Refused):
            transaction.set_rollback(True)  # all are claimed, or none
            return claim
        claims.append(claim)
    return tuple(claims)


@transaction.atomic
def receive_claim(*, letter: ClaimLetter, sender: str, envelope: UUID, now: datetime) -> Claim | Refused:
    """Enter a figure that a partner claims; the same letter twice changes nothing."""
    verdict = rules.may_receive(letter, sender)
    if isinstance(verdict, Refused):
        return verdict
    if (there := models.Claim.objects.filter(id=letter.claim).first()) is not None:
        return there.value()
    claim = Claim(
        id=letter.claim,
        indicator=Indicator(letter.indicator),
        unit=CountUnit(letter.unit),
        qualifier=Qualifier(letter.qualifier),
        start=letter.start,
        end=letter.end,
        value=letter.value,
        breakdown=letter.breakdown,
        records=letter.records,
        body=letter.body,
        ours=False,
        at=now,
        envelope=envelope,
        exercise=str(settings.TANSIQ_EXERCISE),
    )
    _keep(claim)
    detail: Detail = {"indicator": letter.indicator, "body": letter.body}
    exchange.record(event=Permission.CLAIM_RECEIVE, thing=claim.id, by=sender, now=now, detail=detail)
    return claim


def _said_before(figure: Figure) -> Claim | None:
    """Our last claim for the same period, when it says the same."""
    row = models.Claim.objects.filter(
        indicator=figure.indicator.value, start=figure.start, end=figure.end, body=figure.body, exercise=figure.exercise
    ).first()
    last = row.value() if row else None
    same = last is not None and last.ours and (last.value, last.records) == (figure.value, figure.records)
    return last if same else None


def _claim(figure: Figure, to: tuple[str, ...], by: Officer, now: datetime) -> Claim | Refused:
    """Send one figure and keep it as said."""
    number = uuid7(now)
    sent = exchange.send(
        kind=Kind.CLAIM,
        letter=letters.write_claim(number, figure),
        mechanism=letters.MECHANISM,
        to=to,
        purpose=letters.PURPOSE,
        by=by,
        now=now,
    )
    if isinstance(sent, Refused):
        return sent
    claim = Claim(
        id=number,
        indicator=figure.indicator,
        unit=figure.unit,
        qualifier=figure.qualifier,
        start=figure.start,
        end=figure.end,
        value=figure.value,
        breakdown=figure.breakdown,
        records=figure.records,
        body=figure.body,
        ours=True,
        at=now,
        envelope=sent.envelope,
        exercise=figure.exercise,
    )
    _keep(claim)
    detail: Detail = {"indicator": figure.indicator.value, "value": figure.value}
    exchange.record(event=Permission.CLAIM_SEND, thing=number, by=by, now=now, detail=detail)
    return claim


def _keep(claim: Claim) -> None:
    models.Claim.objects.create(
        id=claim.id,
        indicator=claim.indicator.value,
        body=claim.body,
        start=claim.start,
        end=claim.end,
        at=claim.at,
        exercise=claim.exercise,
        document=models.Claim.said(claim),
    )
