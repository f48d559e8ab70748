"""Who is at sea in a drill: through traffic, ferries, fishing boats, yachts, ships at anchor, and those in trouble.

No identity is real: every MMSI has 999 after its country digits, every name begins with "EX".
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from msgspec import Struct

from tansiq.drill import motion, waters
from tansiq.drill.ais import NavStatus
from tansiq.drill.motion import Way
from tansiq.drill.waters import Box, Line, Point
from tansiq.drill.weather import Weather
from tansiq.sea.units import KNOT

_WORDS = (
    "ARGAN", "ALMENDRO", "ZITOUN", "HEIDE", "CEDRO", "OLEA", "RETAMA", "ERGUEL", "JARA", "THYM", "ADELFA", "LIEGE",
    "NARANJO", "SAPIN", "TAMARIS", "ENEBRO", "ZAATAR", "AHORN", "PALMERA", "GENET", "LENTISCO", "LINDE", "ROMERO",
    "YASMIN", "BREZO", "CYPRES", "HIGUERA", "KIEFER", "LAUREL", "MIMOSA", "NOGAL", "ORME", "PINO", "QUERCUS",
    "ROBLE", "SALVIA", "TILO", "ULMUS", "VERBENA", "WEIDE", "AZAHAR", "BUCHE", "CARDO", "DATTIER", "ESPARTO",
    "FRESNO", "GRANADO", "HINOJO", "IRIS", "JUNCO",
)  # fmt: skip
_FLAGS = (224, 225, 242, 211, 218, 351, 255, 229, 636, 538, 477, 563)


class Gear(StrEnum):
    """What a station at sea transmits with."""

    CLASS_A = "class-a"
    CLASS_B = "class-b"
    BEACON = "beacon"


class Ship(Struct, frozen=True, kw_only=True):
    """A station at sea: what it is, the way it goes, and what it says of itself from when on."""

    mmsi: int
    way: Way
    gear: Gear = Gear.CLASS_A
    name: str = ""
    ship_type: int = 0
    length: int = 12
    beam: int = 4
    draught: float = 1.5
    destination: str = ""
    every: float = 30.0
    """Seconds between positions, as thinned by a shore network."""
    statuses: tuple[tuple[float, NavStatus], ...] = ((float("-inf"), NavStatus.UNDER_WAY),)
    windage: float = 0.0

    def status(self, time: float) -> NavStatus:
        """The navigational status at a time."""
        return [status for since, status in self.statuses if since <= time][-1]

    @property
    def callsign(self) -> str:
        """A call sign that no administration gives out."""
        return f"EX{self.mmsi % 1000:03d}"


class Register:
    """Hands out identities, each once."""

    def __init__(self) -> None:
        self._numbers = iter(range(1, 1000))

    def identity(self, country: int) -> tuple[int, str]:
        """An MMSI of a country that nobody has, and a name to go with it."""
        number = next(self._numbers)
        round_, word = divmod(number - 1, len(_WORDS))
        return country * 1_000_000 + 999_000 + number, f"EX {_WORDS[word]}" + (f" {round_ + 1}" if round_ else "")


def through_traffic(rng: np.random.Generator, register: Register, *, seconds: float, per_hour: float) -> Iterator[Ship]:
    """Ships in both lanes, arriving at random, each at its own speed and its own place across the lane."""
    for line, bound in ((waters.EASTBOUND, "MED"), (waters.WESTBOUND, "ATLANTIC")):
        time = -5 * 3600.0
        while (time := time + float(rng.exponential(3600 / per_hour))) < seconds:
            knots = float(np.clip(rng.normal(14, 2.2), 8.5, 21))
            aside = float(rng.uniform(-1, 1)) * waters.LANE_HALF_WIDTH
            way = motion.sail(waters.beside(line, aside), knots, time)
            if way.end < 0:
                continue
            mmsi, name = register.identity(int(rng.choice(_FLAGS)))
            length = int(rng.integers(90, 340))
            yield Ship(
                mmsi=mmsi, name=name, way=way, ship_type=int(rng.choice((70, 71, 79, 80, 89))), length=length,
                beam=max(14, length // 7), draught=round(float(rng.uniform(5, 15)), 1), destination=bound,
            )  # fmt: skip


def ferries(rng: np.random.Generator, register: Register, *, seconds: float) -> Iterator[Ship]:
    """Two fast ferries on each line, to and fro, an hour in port between."""
    for name, line in waters.FERRY_LINES.items():
        for side, onward in enumerate((line, line[::-1])):
            knots = float(rng.uniform(24, 29))
            start = float(rng.uniform(-40, 0)) * 60 + side * 600
            way = motion.shuttle(onward, knots, start, 2400.0, seconds)
            mmsi, ship = register.identity((224, 242)[side])
            yield Ship(
                mmsi=mmsi, name=ship, way=way, ship_type=40, length=96, beam=26, draught=3.4,
                destination=name, every=20.0,
            )  # fmt: skip


def fishing_boats(rng: np.random.Generator, register: Register, *, seconds: float) -> Iterator[Ship]:
    """Two trawlers on each ground, towing to and fro at 3 to 4.5 knots."""
    for number, ground in enumerate(waters.FISHING_GROUNDS.values()):
        for at in range(2):
            mmsi, name = register.identity((224, 242)[(number + at) % 2])
            yield Ship(
                mmsi=mmsi, name=name, way=_tows(rng, ground, seconds), ship_type=30, length=int(rng.integers(14, 26)),
                beam=6, draught=2.8, destination="FISHING", statuses=((float("-inf"), NavStatus.FISHING),),
            )  # fmt: skip


def yachts(rng: np.random.Generator, register: Register) -> Iterator[Ship]:
    """Class B boats on passage."""
    for line in waters.YACHT_PASSAGES:
        mmsi, name = register.identity(int(rng.choice((211, 224, 232, 242))))
        way = motion.sail(line, float(rng.uniform(5.5, 7.5)), float(rng.uniform(-40, 0)) * 60)
        yield Ship(mmsi=mmsi, name=name, way=way, gear=Gear.CLASS_B, ship_type=36, every=60.0)


def at_anchor(rng: np.random.Generator, register: Register, *, seconds: float) -> Iterator[Ship]:
    """Ships that wait east of the Rock."""
    for _ in range(4):
        mmsi, name = register.identity(int(rng.choice(_FLAGS)))
        place = waters.within(waters.ANCHORAGE, float(rng.uniform()), float(rng.uniform()))
        yield Ship(
            mmsi=mmsi, name=name, way=Way((0.0, seconds), (place, place)), ship_type=80, length=183, beam=32,
            draught=9.5, destination="GIBRALTAR OPL", every=180.0, statuses=((float("-inf"), NavStatus.AT_ANCHOR),),
        )  # fmt: skip


def loses_engine(
    rng: np.random.Generator, register: Register, *, weather: Weather, fails: float, seconds: float
) -> Ship:
    """A fishing boat bound from Spartel to Tarifa whose engine stops: a minute later it says "not under command".

    It drifts with 2.5% of the wind (Allen and Plourde 1999, fishing vessel, general: 2.47%).
    """
    mmsi, name = register.identity(242)
    homeward: Line = ((35.835, -6.040), (35.900, -5.880), (35.995, -5.630))
    there = waters.distance(homeward[0], homeward[1]) / (8.0 * KNOT)
    way = motion.sail(homeward, 8.0, fails - there - float(rng.uniform(60, 300))).until(fails)
    way = way.then(motion.drift(way.points[-1], fails + 1, max(seconds, fails + 60), weather=weather, windage=0.0247))
    return Ship(
        mmsi=mmsi, name=name, way=way, ship_type=30, length=18, beam=6, draught=2.6, destination="TARIFA",
        statuses=((float("-inf"), NavStatus.UNDER_WAY), (fails + 60, NavStatus.NOT_UNDER_COMMAND)),
    )  # fmt: skip


def overboard(
    rng: np.random.Generator, register: Register, *, weather: Weather, falls: float, seconds: float
) -> tuple[Ship, Ship, Ship, float]:
    """A yacht, the person who falls from it, the lifeboat that comes; and when the person is out of the water.

    The person drifts with 1% of the wind (Allen and Plourde 1999, person in water, unknown state: 0.96%).
    """
    passage: Line = ((35.845, -5.880), (35.935, -5.700), (36.060, -5.395))
    to_fall = waters.distance(passage[0], passage[1]) / (6.2 * KNOT)
    way = motion.sail(passage, 6.2, falls - to_fall - float(rng.uniform(0, 240))).until(falls)
    fell_at = way.points[-1]
    adrift = motion.drift(fell_at, falls, falls + 6 * 3600, weather=weather, windage=0.0096)
    sails = falls + 35 * 60
    meets = _meeting(waters.TARIFA_LIFEBOAT, sails, 25.0, adrift)
    recovered = meets + 300
    mmsi, name = register.identity(211)
    yacht = Ship(
        mmsi=mmsi, name=name, gear=Gear.CLASS_B, ship_type=36, every=60.0, length=13,
        way=way.then(_looks(rng, adrift, falls + 240, max(seconds, recovered))),
    )  # fmt: skip
    beacon = Ship(mmsi=972_999_001, gear=Gear.BEACON, way=adrift.until(recovered), every=60.0)
    boat, boat_name = register.identity(224)
    out = motion.sail((waters.TARIFA_LIFEBOAT, _point(adrift, meets)), 25.0, sails)
    alongside = Way((meets + 1, recovered), (_point(adrift, meets + 1), _point(adrift, recovered)))
    home = motion.sail((_point(adrift, recovered), waters.TARIFA_LIFEBOAT), 25.0, recovered + 30)
    lifeboat = Ship(
        mmsi=boat, name=boat_name, ship_type=51, length=21, beam=6, draught=1.4, destination="SAR", every=20.0,
        way=Way((sails - 7200,), (waters.TARIFA_LIFEBOAT,)).then(out).then(alongside).then(home),
    )  # fmt: skip
    return yacht, beacon, lifeboat, recovered


def _tows(rng: np.random.Generator, ground: Box, seconds: float) -> Way:
    points = [waters.within(ground, float(rng.uniform()), float(rng.uniform()))]
    while waters.length(points) < 5.0 * KNOT * seconds or len(points) < 2:
        points.append(waters.within(ground, float(rng.uniform()), float(rng.uniform())))
    return motion.sail(points, float(rng.uniform(3.0, 4.5)), 0.0)


def _looks(rng: np.random.Generator, lost: Way, start: float, end: float) -> Way:
    """A boat that goes to and fro about someone it has lost, at about 5 knots, and does not find them."""
    times, points = [start], [_point(lost, start)]
    while times[-1] < end:
        aim = waters.offset(_point(lost, times[-1]), *map(float, rng.normal(0, 700, 2)))
        lasts = max(60.0, waters.distance(points[-1], aim) / (5.0 * KNOT))
        times.append(times[-1] + lasts)
        points.append(aim)
    return Way(tuple(times), tuple(points))


def _meeting(base: Point, sails: float, knots: float, quarry: Way) -> float:
    """When a boat that sails straight for where the quarry will be meets it."""
    time = sails
    for _ in range(30):
        time = sails + waters.distance(base, _point(quarry, time)) / (knots * KNOT)
    return time


def _point(way: Way, time: float) -> Point:
    place = way.at(time)
    return place.lat, place.lon
