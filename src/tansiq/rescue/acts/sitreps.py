"""Send and receive situation reports; with them both sides hold the same case."""

from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Max

from tansiq.exchange import acts as exchange
from tansiq.exchange import reads as channels
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.rescue import SitrepLetter
from tansiq.exchange.values import Detail
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.rescue import letters, models, rules
from tansiq.rescue.acts import kept
from tansiq.rescue.acts.cases import enter, told_by_sitrep
from tansiq.rescue.acts.post import post
from tansiq.rescue.values import Basis, Phase, Reason, Sitrep


@transaction.atomic
def send_sitrep(
    *,
    case: UUID,
    situation: str,
    phase: Phase | None = None,
    priority: str = "",
    casualty: str = "",
    position: str = "",
    persons: int | None = None,
    assistance: str = "",
    description: str = "",
    weather: str = "",
    actions: str = "",
    search_area: str = "",
    instructions: str = "",
    plans: str = "",
    more: str = "",
    lat: float | None = None,
    lon: float | None = None,
    by: Officer,
    now: datetime,
) -> Sitrep | Refused:
    """Report on a case to every partner under the rescue agreement; what is left out is said as the case has it.

    `phase`, `persons`, `lat` and `lon` change the case as well. Without any partner the report is kept here alone.
    """
    row = kept.case_of(case, by)
    known = row.value()
    verdict = rules.may_report(known, by.party, situation)
    if isinstance(verdict, Refused):
        return verdict
    place = (known.lat if lat is None else lat, known.lon if lon is None else lon)
    if not rules.on_earth(*place):
        return Refused(Reason.NO_POSITION, Basis.COORDINATION)
    to = channels.parties_of(mechanism=letters.MECHANISM)
    sitrep = Sitrep(
        id=uuid7(now),
        case=row.id,
        serial=next_serial(row),
        priority=priority or letters.urgency(phase or known.phase),
        phase=phase or known.phase,
        at=now,
        sender=by.party,
        receiver=", ".join(to),
        lat=place[0],
        lon=place[1],
        casualty=casualty or known.text,
        position=position or f"{place[0]:.4f} {place[1]:.4f}",
        situation=situation,
        persons=known.persons if persons is None else persons,
        assistance=assistance,
        coordinator=known.coordinator,
        description=description,
        weather=weather,
        actions=actions,
        search_area=search_area,
        instructions=instructions,
        plans=plans,
        more=more,
        envelope=None,
    )
    told = _tell(row, sitrep, to, by, now) if to else sitrep
    if isinstance(told, Refused):
        return told
    _write(row, told)
    detail: Detail = {"case": str(row.id), "serial": told.serial}
    exchange.record(event=Permission.SITREP_SEND, thing=told.id, by=by, now=now, detail=detail)
    return told


@transaction.atomic
def receive_sitrep(*, letter: SitrepLetter, sender: str, envelope: UUID, now: datetime) -> Sitrep | Refused:
    """Enter a partner's SITREP: it opens the case here, or brings it up to date; the same one twice changes nothing."""
    row = kept.known_case(letter.case)
    verdict = rules.may_receive_sitrep(row.value() if row else None, sender, letter)
    if isinstance(verdict, Refused):
        return verdict
    if row is not None and (there := row.sitreps.filter(serial=letter.serial).first()) is not None:
        return there.value()
    row = row or enter(told_by_sitrep(letter, sender, channels.exercise_of(envelope=envelope)), by=sender, now=now)
    named = letters.receivers(letter)
    row.join(sender, *kept.own_agencies(named), *named)
    fields = {name: getattr(letter, name) for name in letter.__struct_fields__ if name in Sitrep.__struct_fields__}
    sitrep = Sitrep(**fields | {"id": uuid7(now), "phase": Phase(letter.phase), "sender": sender, "envelope": envelope})
    latest = sitrep.serial >= next_serial(row)
    _write(row, sitrep, update=latest)
    if latest:
        _learn(row, letter)
    detail: Detail = {"case": str(row.id), "serial": sitrep.serial}
    exchange.record(event=Permission.SITREP_RECEIVE, thing=sitrep.id, by=sender, now=now, detail=detail)
    return sitrep


def _tell(row: models.Case, sitrep: Sitrep, to: tuple[str, ...], by: Officer, now: datetime) -> Sitrep | Refused:
    """Send the report to these partners, who take part in the case from then on."""
    sent = post(
        kind=Kind.SITREP,
        letter=letters.write_sitrep(row.value(), sitrep),
        to=to,
        urgency=letters.urgency(sitrep.phase),
        case=row.id,
        exercise=row.exercise,
        by=by,
        now=now,
    )
    if isinstance(sent, Refused):
        return sent
    row.join(*sent.to)
    return msgspec.structs.replace(sitrep, envelope=sent.envelope)


def next_serial(row: models.Case) -> int:
    """The serial of the case's next SITREP."""
    return int(row.sitreps.aggregate(last=Max("serial"))["last"] or 0) + 1


def _write(row: models.Case, sitrep: Sitrep, *, update: bool = True) -> None:
    """Keep a report; the latest one also says how the case stands. A closed case stays closed."""
    models.Sitrep.objects.create(id=sitrep.id, case=row, serial=sitrep.serial, document=models.Sitrep.said(sitrep))
    if not update:
        return
    if row.phase != Phase.CLOSED.value:
        row.phase = sitrep.phase.value
        row.closed_at = sitrep.at if sitrep.phase == Phase.CLOSED else None
    row.persons = sitrep.persons
    row.save(update_fields=["phase", "closed_at", "persons"])


def _learn(row: models.Case, letter: SitrepLetter) -> None:
    """Take over where and what the coordinator now says the object is."""
    row.lat, row.lon = letter.lat, letter.lon
    row.at = letter.seen_at or row.at
    row.radius_m = letter.radius_m or row.radius_m
    row.mixture = [list(each) for each in letter.mixture] or row.mixture
    row.alert = row.alert or letter.alert
    row.save(update_fields=["lat", "lon", "at", "radius_m", "mixture", "alert"])
