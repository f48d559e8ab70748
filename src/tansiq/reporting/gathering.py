"""The records behind each indicator, asked of the rooms that hold them. Pure: the rooms' reads are handed in."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tansiq.parties.values import Officer
from tansiq.reporting.values import Indicator, Origin, Record

Read = Callable[..., tuple[Any, ...]]
"""A read that takes start, end, exercise and reader, and answers the things of that period."""


class Rooms(NamedTuple):
    """The reads that figures rest on."""

    outcomes: Read
    cases: Read
    alerts: Read
    envelopes: Read


class Asked(NamedTuple):
    """A period (end not included), whose records, and by whom they are asked for."""

    start: datetime
    end: datetime
    exercise: str
    reader: Officer


def records(indicator: Indicator, rooms: Rooms, asked: Asked) -> tuple[Record, ...]:
    """The records of an indicator, oldest first."""
    found = _GATHER[indicator](rooms, asked)
    return tuple(sorted(found, key=lambda record: (record.at, record.id, record.part)))


def _rescued(rooms: Rooms, asked: Asked) -> list[Record]:
    """One record for each sex and age group of those rescued in each case."""
    return [
        Record(
            origin=Origin.CASE,
            id=each.case,
            reference=each.reference,
            at=each.at,
            count=count,
            part=key.partition(".")[2],
            body=each.coordinator,
        )
        for each in rooms.outcomes(**asked._asdict())
        if each.rescued
        for key, count in each.persons.items()
        if key.startswith("alive.")
    ]


def _cases(rooms: Rooms, asked: Asked) -> list[Record]:
    return [
        _one(Origin.CASE, each.case, each.reference, each.opened_at, each.coordinator, each.coordinator)
        for each in rooms.cases(**asked._asdict())
    ]


def _alerts(rooms: Rooms, asked: Asked) -> list[Record]:
    return [
        _one(Origin.ALERT, each.id, each.id.hex[-4:].upper(), each.raised_at, str(each.situation), "")
        for each in rooms.alerts(**asked._asdict())
    ]


def _envelopes(rooms: Rooms, asked: Asked) -> list[Record]:
    return [
        _one(Origin.ENVELOPE, each.id, each.id.hex[-4:].upper(), each.stored, each.agreement, each.sender)
        for each in rooms.envelopes(**asked._asdict())
    ]


def _one(origin: Origin, id: UUID, reference: str, at: datetime, part: str, body: str) -> Record:
    """A record that counts one."""
    return Record(origin=origin, id=id, reference=reference, at=at, count=1, part=part, body=body)


_GATHER: dict[Indicator, Callable[[Rooms, Asked], list[Record]]] = {
    Indicator.PERSONS_RESCUED: _rescued,
    Indicator.CASES: _cases,
    Indicator.ALERTS: _alerts,
    Indicator.ENVELOPES: _envelopes,
}
