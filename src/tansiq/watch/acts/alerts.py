"""Raise by form, acknowledge, close, receive and link alerts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from tansiq.exchange import acts as exchange
from tansiq.exchange.canon import clean
from tansiq.exchange.kinds.watch import AlertLetter, Because
from tansiq.exchange.reads import letters as envelopes
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import Detail
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.watch import models, rules
from tansiq.watch.acts import telling
from tansiq.watch.fusion.picture import alert_id
from tansiq.watch.signs import Sign
from tansiq.watch.values import Alert, Code, Priority, Situation


def _locked(alert: UUID) -> models.Alert:
    """The row of an alert, locked. Raises Missing."""
    row = models.Alert.objects.select_for_update().filter(id=alert).first()
    if row is None:
        raise Missing("There is no such alert.", "Go back to the duty room.")
    return row


@transaction.atomic
def raise_alert(
    *,
    lat: float,
    lon: float,
    radius_m: float,
    seen_at: datetime,
    text: str,
    persons: int | None = None,
    mmsi: int | None = None,
    priority: int = Priority.EMERGENCY,
    by: Officer,
    now: datetime,
) -> Alert | Refused:
    """Enter what somebody reported by voice or on paper; an emergency is told to partners at once.

    The same report entered twice (a form sent again) is one alert.
    """
    words = clean(text).strip()
    verdict = rules.may_raise(
        lat=lat, lon=lon, radius_m=radius_m, seen_at=seen_at, text=words, priority=priority, by=by, now=now
    )
    if isinstance(verdict, Refused):
        return verdict
    content = f"{Situation.REPORTED}/{lat:.5f}/{lon:.5f}/{persons}/{by.signature}/{words}"
    named = alert_id(telling.named_by(), content, mmsi or 0, seen_at.timestamp())
    there = models.Alert.objects.whole().filter(id=named).first()
    if there is not None:
        return there.value(now)
    row = models.Alert(id=named, situation=Situation.REPORTED.value, priority=int(priority), lat=lat, lon=lon)
    row.radius_m, row.seen_at, row.raised_at, row.source = radius_m, seen_at, now, by.signature
    row.mmsi, row.persons, row.text, row.exercise = mmsi, persons, words, models.exercise()
    row.reasons = [models.said(Because(Code.REPORT, {"by": by.signature}))]
    telling.tell(row, by=by, now=now)
    row.save(force_insert=True)
    if mmsi is not None:
        row.senders.create(mmsi=mmsi, first_at=seen_at, last_at=seen_at, reports=1)
    where = {"lat": round(lat, 5), "lon": round(lon, 5)}
    detail: Detail = {"situation": row.situation, "priority": row.priority, **where}
    exchange.record(event=Permission.ALERT_RAISE, thing=named, by=by, now=now, detail=detail)
    return row.value(now)


@transaction.atomic
def acknowledge_alert(*, alert: UUID, by: Officer, now: datetime) -> Alert | Refused:
    """Say that someone has seen it and acts. A partner's alert is answered with a signed "acted"."""
    row = _locked(alert)
    verdict = rules.may_acknowledge(row.value(now), by)
    if isinstance(verdict, Refused):
        return verdict
    twins = models.Alert.objects.select_for_update().filter(same_as=row.id, acknowledged_at=None, closed_at=None)
    for each in (row, *twins):
        each.acknowledged_by, each.acknowledged_at = by.signature, now
        each.save(update_fields=["acknowledged_by", "acknowledged_at"])
        if each.sender and each.envelope is not None:
            exchange.attest(envelope=each.envelope, state=ReceiptState.ACTED, by=by, now=now)
        exchange.record(event=Permission.ALERT_ACKNOWLEDGE, thing=each.id, by=by, now=now)
    if row.rectified_at is not None:
        row.closed_at, row.closed_by, row.closing_reason = now, telling.owner(), str(Code.CONDITION_ENDED)
        row.save(update_fields=["closed_at", "closed_by", "closing_reason"])
        exchange.record(event=Permission.ALERT_CLOSE, thing=row.id, by=telling.owner(), now=now)
    return row.value(now)


@transaction.atomic
def close_alert(*, alert: UUID, reason: str, by: Officer, now: datetime) -> Alert | Refused:
    """End an alert, for a stated reason; partners that were told of it are told that too."""
    row, words = _locked(alert), clean(reason).strip()
    verdict = rules.may_close(row.value(now), words, by)
    if isinstance(verdict, Refused):
        return verdict
    row.closed_by, row.closed_at, row.closing_reason = by.signature, now, words
    if row.sent_at is not None:
        telling.tell(row, by=by, now=now)
    row.save()
    exchange.record(event=Permission.ALERT_CLOSE, thing=row.id, by=by, now=now)
    return row.value(now)


@transaction.atomic
def receive_alert(*, letter: AlertLetter, sender: str, envelope: UUID, now: datetime) -> Alert | Refused:
    """Enter an alert that a partner tells, or how it went on; the same letter twice changes nothing."""
    letter = rules.readable(letter)
    row = models.Alert.objects.select_for_update().filter(id=letter.alert).first()
    originator = (row.sender or telling.owner()) if row is not None else None
    verdict = rules.may_receive(sender, originator)
    if isinstance(verdict, Refused):
        return verdict
    if row is not None and (row.envelope == envelope or letter.seen_at < row.seen_at):
        return row.value(now)
    if row is None:
        row = _first_told(letter, sender, envelopes.exercise_of(envelope=envelope))
    elif _priority(letter) < row.priority:
        row.acknowledged_at, row.acknowledged_by = None, ""
    _take_over(row, letter, envelope)
    if letter.closed and row.closed_at is None:
        row.closed_at, row.closed_by, row.closing_reason = now, sender, letter.closed
    row.save()
    if letter.mmsi is not None:
        row.senders.get_or_create(
            mmsi=letter.mmsi, defaults={"first_at": letter.seen_at, "last_at": letter.seen_at, "reports": 1}
        )
    exchange.record(event=Permission.ALERT_RECEIVE, thing=row.id, by=sender, now=now)
    return row.value(now)


def _first_told(letter: AlertLetter, sender: str, exercise: str) -> models.Alert:
    """A new row; a telling of what we see ourselves is put beside our own alert, not over it.

    A real distress that reaches a node in an exercise stays real.
    """
    sign = Sign(
        situation=_situation(letter),
        priority=_priority(letter),
        mmsi=letter.mmsi or 0,
        at=letter.seen_at.timestamp(),
        lat=letter.lat,
        lon=letter.lon,
        radius=letter.radius_m,
        because=letter.reasons,
        source=sender,
    )
    open_ = models.Alert.objects.of(exercise).filter(sender="", closed_at=None)
    ours = open_.prefetch_related("senders").order_by("-raised_at")
    step = rules.assess(sign, [one.known(frozenset(who.mmsi for who in one.senders.all())) for one in ours])
    row = models.Alert(id=letter.alert, raised_at=letter.raised_at, sender=sender, exercise=exercise)
    if isinstance(step, rules.Join):
        row.same_as = step.alert
        own = models.Alert.objects.select_for_update().get(id=step.alert)
        own.add_reasons(Because(Code.PARTNER, {"party": sender, "mmsi": letter.mmsi or 0}))
        own.save(update_fields=["reasons"])
    return row


def _take_over(row: models.Alert, letter: AlertLetter, envelope: UUID) -> None:
    row.situation, row.priority = _situation(letter).value, int(_priority(letter))
    row.lat, row.lon, row.radius_m = letter.lat, letter.lon, letter.radius_m
    row.seen_at, row.source, row.mmsi = letter.seen_at, letter.source, letter.mmsi
    row.persons, row.text, row.envelope = letter.persons, letter.text, envelope
    row.reasons = [models.said(reason) for reason in letter.reasons[:20]]
    if row.situation != letter.situation:
        row.add_reasons(Because(Code.PARTNER, {"situation": letter.situation}))


def _situation(letter: AlertLetter) -> Situation:
    """A partner's situation; one that this version has no word for is still a report that someone has to read."""
    return Situation(letter.situation) if letter.situation in set(Situation) else Situation.REPORTED


def _priority(letter: AlertLetter) -> Priority:
    """A partner's priority; one that is not among the four is taken for the nearest."""
    return Priority(min(max(letter.priority, Priority.EMERGENCY), Priority.CAUTION))


@transaction.atomic
def link_case(*, thing: UUID, detail: Mapping[str, Any], now: datetime) -> Alert | Refused | None:
    """Remember the rescue case that was opened for an alert; nothing to do for a case without one."""
    named = detail.get("alert")
    if not named:
        return None
    row = models.Alert.objects.select_for_update().filter(id=UUID(str(named))).first()
    if row is None:
        return None
    verdict = rules.may_link(row.value(now), thing)
    if isinstance(verdict, Refused):
        return verdict
    row.case = thing
    row.save(update_fields=["case"])
    return row.value(now)


@transaction.atomic
def end_with_case(*, thing: UUID, detail: Mapping[str, Any], now: datetime) -> tuple[Alert, ...]:
    """Close the alerts of a case that has ended. Both sides hear of the end by the case's own letters."""
    rows = list(models.Alert.objects.select_for_update().filter(case=thing, closed_at=None))
    for row in rows:
        row.closed_at, row.closed_by, row.closing_reason = now, telling.owner(), str(Code.CASE_ENDED)
        row.save(update_fields=["closed_at", "closed_by", "closing_reason"])
        exchange.record(event=Permission.ALERT_CLOSE, thing=row.id, by=telling.owner(), now=now)
    return tuple(row.value(now) for row in rows)
