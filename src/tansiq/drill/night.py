"""A night in the Strait: from one seed and a start time to bytes, weather, and a script of what happens when.

    seed, start -> cast (ways) -> transmissions -> NMEA sentences with tag blocks, in the order of their time
                -> weather -> CF NetCDF

What happens: a beacon is tested (no distress), the engine of a fishing boat fails, a person falls from a yacht and the
beacon on the life jacket goes off, a lifeboat sails from Tarifa and finds the person.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

import numpy as np
from msgspec import Struct

from tansiq.drill import ais, cast, waters
from tansiq.drill.ais import Field, NavStatus
from tansiq.drill.cast import Gear, Ship
from tansiq.drill.motion import Place
from tansiq.drill.weather import Weather, levante

NAME = "Night in the Strait"
"""What the exercise is called on every page, label and figure."""

TEST_AT, ENGINE_AT, OVERBOARD_AT = 12 * 60.0, 25 * 60.0, 40 * 60.0
"""Seconds from the start; the same in every night, so that those who watch one know when to look."""

STATIC_EVERY = 360.0
HEARD = 0.93
"""Share of a ship's transmissions that the coast hears."""
BEACON_HEARD = 0.6
"""Share of a beacon's transmissions that the coast hears: its antenna is at the water."""


class Happening(StrEnum):
    """What the script holds."""

    BEACON_TESTED = "drill.happening.beacon-tested"
    ENGINE_FAILED = "drill.happening.engine-failed"
    PERSON_OVERBOARD = "drill.happening.person-overboard"
    LIFEBOAT_SAILED = "drill.happening.lifeboat-sailed"
    PERSON_RECOVERED = "drill.happening.person-recovered"


class Moment(Struct, frozen=True):
    """One line of the script: what happens to whom, when and where."""

    at: datetime
    what: Happening
    mmsi: int
    lat: float
    lon: float


class Transmission(Struct, frozen=True):
    """One message as the coast heard it: when, from whom, its number, and its sentences with tag blocks."""

    at: datetime
    mmsi: int
    message: int
    lines: tuple[bytes, ...]


class Night(Struct, frozen=True):
    """The whole of a drill."""

    seed: int
    start: datetime
    end: datetime
    weather: Weather
    ships: tuple[Ship, ...]
    script: tuple[Moment, ...]
    transmissions: tuple[Transmission, ...]

    @property
    def nmea(self) -> bytes:
        """Everything that the coast heard, in the order of its time."""
        return b"".join(line for heard in self.transmissions for line in heard.lines)

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes: the same for the same seed, start and length."""
        return sha256(self.nmea).hexdigest()

    def moment(self, what: Happening) -> Moment:
        """The moment at which something happens."""
        return next(moment for moment in self.script if moment.what == what)

    def place(self, ship: Ship, at: datetime) -> Place:
        """Where a ship truly is."""
        return ship.way.at((at - self.start).total_seconds())


def play(*, seed: int, start: datetime, hours: float = 2.5, ships_per_hour: float = 3.0) -> Night:
    """The night of a seed. `start` is UTC, whole seconds; `ships_per_hour` come through each lane."""
    start, seconds = start.replace(microsecond=0), hours * 3600
    weather = levante(np.random.default_rng([seed, 1]))
    register = cast.Register()
    rng = np.random.default_rng([seed, 2])
    boat = cast.loses_engine(rng, register, weather=weather, fails=ENGINE_AT, seconds=seconds)
    yacht, beacon, lifeboat, recovered = cast.overboard(
        rng, register, weather=weather, falls=OVERBOARD_AT, seconds=seconds
    )
    tested = Ship(mmsi=972_999_002, gear=Gear.BEACON, way=yacht.way)
    ships = (
        boat, yacht, beacon, lifeboat,
        *cast.ferries(rng, register, seconds=seconds),
        *cast.fishing_boats(rng, register, seconds=seconds),
        *cast.yachts(rng, register),
        *cast.at_anchor(rng, register, seconds=seconds),
        *cast.through_traffic(rng, register, seconds=seconds, per_hour=ships_per_hour),
    )  # fmt: skip
    happenings = (
        (TEST_AT, Happening.BEACON_TESTED, tested),
        (ENGINE_AT, Happening.ENGINE_FAILED, boat),
        (OVERBOARD_AT, Happening.PERSON_OVERBOARD, beacon),
        (OVERBOARD_AT + 35 * 60, Happening.LIFEBOAT_SAILED, lifeboat),
        (recovered, Happening.PERSON_RECOVERED, beacon),
    )
    ether = np.random.default_rng([seed, 3])
    said = [*_beacon_test(ether, tested), *_stations(start, seconds)]
    for ship in ships:
        said.extend(_distress(ether, ship) if ship.gear is Gear.BEACON else _routine(ether, ship, seconds))
    return Night(
        seed=seed,
        start=start,
        end=start + timedelta(seconds=seconds),
        weather=weather,
        ships=ships,
        script=tuple(_moment(start, *happening) for happening in happenings if happening[0] < seconds),
        transmissions=_heard(start, seconds, said),
    )


Said = tuple[float, int, tuple[Field, ...]]
"""Seconds from the start, MMSI, message."""


def _moment(start: datetime, time: float, what: Happening, ship: Ship) -> Moment:
    place = ship.way.at(time)
    return Moment(start + timedelta(seconds=round(time)), what, ship.mmsi, place.lat, place.lon)


def _heard(start: datetime, seconds: float, said: list[Said]) -> tuple[Transmission, ...]:
    """What was said, in order, as sentences of the station that is nearer by turns."""
    heard = []
    stations = tuple(waters.STATIONS)
    within = sorted((what for what in said if 0 <= what[0] < seconds), key=lambda what: what[:2])
    for number, (time, mmsi, fields) in enumerate(within):
        at = start + timedelta(seconds=int(time))
        tag = ais.tag_block(stations[mmsi % len(stations)], at)
        lines = ais.sentences(fields, channel="AB"[number % 2], sequence=number % 10, tag=tag, group=number % 10_000)
        heard.append(Transmission(at, mmsi, int(fields[0][0]), lines))
    return tuple(heard)


def _routine(ether: np.random.Generator, ship: Ship, seconds: float) -> Iterator[Said]:
    """The positions and the static data of a ship, from when it appears until it leaves."""
    start, end = max(0.0, ship.way.start), min(seconds, ship.way.end)
    for time in np.arange(start + ether.uniform(0, ship.every), end, ship.every).tolist():
        if ether.uniform() < HEARD:
            yield time, ship.mmsi, _position(ether, ship, float(int(time)))
    for time in np.arange(start + ether.uniform(0, STATIC_EVERY / 4), end, STATIC_EVERY).tolist():
        for fields in _static(ship):
            yield time, ship.mmsi, fields


def _position(ether: np.random.Generator, ship: Ship, time: float) -> tuple[Field, ...]:
    """A position as a receiver aboard gives it, a few metres off."""
    place = ship.way.at(time)
    lat, lon = waters.offset((place.lat, place.lon), *ether.normal(0, 4, 2).tolist())
    knots, course = max(0.0, place.knots + float(ether.normal(0, 0.05))), place.course + float(ether.normal(0, 0.5))
    second = int(time) % 60
    if ship.gear is Gear.CLASS_B:
        return ais.position_b(mmsi=ship.mmsi, lat=lat, lon=lon, knots=knots, course=course % 360, second=second)
    status = ship.status(time)
    adrift = status is NavStatus.NOT_UNDER_COMMAND
    return ais.position_a(
        mmsi=ship.mmsi, lat=lat, lon=lon, knots=knots, course=course % 360, status=status, second=second,
        kind=3 if adrift else 1, heading=170.0 if adrift else None if place.knots < 0.2 else place.course,
    )  # fmt: skip


def _static(ship: Ship) -> tuple[tuple[Field, ...], ...]:
    if ship.gear is Gear.CLASS_B:
        return ais.static_b(
            mmsi=ship.mmsi, name=ship.name, callsign=ship.callsign, ship_type=ship.ship_type, length=ship.length,
            beam=ship.beam,
        )  # fmt: skip
    return (
        ais.voyage(
            mmsi=ship.mmsi, imo=0, callsign=ship.callsign, name=ship.name, ship_type=ship.ship_type,
            length=ship.length, beam=ship.beam, draught=ship.draught, destination=ship.destination,
        ),
    )  # fmt: skip


def _distress(ether: np.random.Generator, ship: Ship) -> Iterator[Said]:
    """An active beacon: each minute a burst of eight; in every fourth minute two of them say "MOB ACTIVE"."""
    for minute, burst in enumerate(np.arange(ship.way.start, ship.way.end, ship.every).tolist()):
        yield from _burst(ether, ship, burst, NavStatus.BEACON_ACTIVE, "MOB ACTIVE" if minute % 4 == 0 else "")


def _beacon_test(ether: np.random.Generator, ship: Ship) -> Iterator[Said]:
    """A test is one burst with status 15 and "MOB TEST" (IEC 61097-14)."""
    yield from _burst(ether, ship, TEST_AT, NavStatus.UNDEFINED, "MOB TEST")


def _burst(ether: np.random.Generator, ship: Ship, time: float, status: NavStatus, text: str) -> Iterator[Said]:
    for slot in range(8):
        at = time + slot * 2
        if ether.uniform() > BEACON_HEARD:
            continue
        if text and slot in (4, 5):
            yield at, ship.mmsi, ais.safety_text(mmsi=ship.mmsi, text=text)
            continue
        place = ship.way.at(at)
        yield at, ship.mmsi, ais.position_a(
            mmsi=ship.mmsi, lat=place.lat, lon=place.lon, knots=place.knots, course=place.course, status=status,
            second=int(at) % 60,
        )  # fmt: skip


def _stations(start: datetime, seconds: float) -> Iterator[Said]:
    """The coast stations' own reports, every five minutes."""
    for mmsi, lat, lon in waters.STATIONS.values():
        for time in np.arange(0.0, seconds, 300.0).tolist():
            at = start + timedelta(seconds=time)
            yield time, mmsi, ais.base_station(mmsi=mmsi, lat=lat, lon=lon, at=at)
