"""AIS decoding: against pyais message by message, against gpsd on real recordings, and on damaged payloads."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pyais
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyais.bit_vector import bit_vector
from pyais.messages import MSG_CLASS

from tansiq.sea.units import KNOT
from tansiq.watch.feeds.ais import AisFeed
from tansiq.watch.feeds.armour import bits_of, position_report
from tansiq.watch.feeds.nmea import Flaw
from tansiq.watch.mmsi import Station, station_of
from tansiq.watch.values import Observation, Said
from tests import shared
from tests.watch.sea import AT, SHIP, message, sentence, tag

ARMOUR = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"
payloads = st.text(ARMOUR, min_size=1, max_size=80)


def told(raw: bytes, now: float | None = AT) -> tuple[list[Observation], AisFeed]:
    feed = AisFeed("coast", sightings=True)
    return feed.feed(raw, now) + feed.end(now), feed


@given(payloads)
def test_the_bits_are_those_of_the_armour(payload: str) -> None:
    value = 0
    for each in payload:
        value = value << 6 | ARMOUR.index(each)

    assert bits_of(payload.encode()) == value


@given(st.sampled_from("1234;B"), st.text(ARMOUR, min_size=27, max_size=27))
def test_a_position_report_reads_as_pyais_reads_it(kind: str, rest: str) -> None:
    payload = (kind + rest).encode()
    theirs: Any = MSG_CLASS[ARMOUR.index(kind)].from_vector(bit_vector(payload, 0))
    ours = position_report(payload)

    assert ours is not None
    assert (ours.message, ours.mmsi, ours.accurate) == (theirs.msg_type, theirs.mmsi, bool(theirs.accuracy))
    assert ours.status == (int(theirs.status) if kind in "123" else None)
    known = (
        ours.placed and not (theirs.lat == 0 and theirs.lon == 0) and abs(theirs.lat) <= 90 and abs(theirs.lon) <= 180
    )
    if known:
        assert (ours.lat, ours.lon) == pytest.approx((theirs.lat, theirs.lon), abs=2e-6)
    else:
        assert (ours.lat, ours.lon) == (None, None)
    if kind in "4;":
        assert (ours.speed, ours.course, ours.heading) == (None, None, None)
        return
    assert ours.speed == (pytest.approx(theirs.speed * KNOT) if theirs.speed < 102.3 else None)
    assert ours.course == (pytest.approx(theirs.course) if theirs.course < 360 else None)
    assert ours.heading == (theirs.heading if theirs.heading < 360 else None)


class Told(NamedTuple):
    """A message, and what is observed."""

    raw: bytes
    said: tuple[Said, ...]
    fields: dict[str, object] = {}


MESSAGES = {
    "class A": Told(
        message(type=1, mmsi=SHIP, lat=35.9, lon=-5.6, speed=12.0, course=85.5, heading=86, status=0),
        (Said.POSITION,), {"lat": 35.9, "lon": -5.6, "course": 85.5, "heading": 86.0, "status": 0},
    ),
    "nothing known": Told(
        message(type=1, mmsi=SHIP, lat=91, lon=181, speed=102.3, course=360, heading=511, status=15),
        (Said.POSITION,), {"lat": None, "lon": None, "speed": None, "course": None, "heading": None},
    ),
    "the point where the equator meets Greenwich": Told(
        message(type=1, mmsi=SHIP, lat=0, lon=0, speed=0), (Said.POSITION,), {"lat": None}
    ),
    "class B": Told(message(type=18, mmsi=SHIP, lat=35.9, lon=-5.6, speed=5.0), (Said.POSITION,), {"status": None}),
    "class B extended": Told(
        message(type=19, mmsi=SHIP, lat=35.9, lon=-5.6, speed=5.0, shipname="EX ARGAN"),
        (Said.POSITION, Said.PARTICULARS), {"name": "EX ARGAN"},
    ),
    "long range": Told(
        message(type=27, mmsi=SHIP, lat=35.9, lon=-5.6, speed=11, course=85), (Said.POSITION,), {"radius": 60.0}
    ),
    "an aircraft": Told(
        message(type=9, mmsi=111224501, lat=35.9, lon=-5.6, speed=120, alt=300), (Said.POSITION,),
        {"speed": 120 * KNOT},
    ),
    "a coast station": Told(message(type=4, mmsi=2241001, lat=36.0, lon=-5.6), (Said.POSITION,), {"speed": None}),
    "a mark": Told(
        message(type=21, mmsi=992241001, lat=36.0, lon=-5.6, name="EX BUOY"), (Said.POSITION, Said.PARTICULARS),
        {"name": "EX BUOY"},
    ),
    "a voyage": Told(
        message(type=5, mmsi=SHIP, shipname="EX OLEA", callsign="EX001", ship_type=70, imo=9999999),
        (Said.PARTICULARS,), {"name": "EX OLEA", "call_sign": "EX001", "ship_type": 70, "imo": 9999999},
    ),
    "a name": Told(message(type=24, partno=0, mmsi=SHIP, shipname="EX IRIS"), (Said.PARTICULARS,), {"name": "EX IRIS"}),
    "a safety text": Told(message(type=14, mmsi=SHIP, text="MAYDAY"), (Said.TEXT,), {"text": "MAYDAY"}),
    "an addressed safety text": Told(
        message(type=12, mmsi=SHIP, dest_mmsi=2241001, text="MOB"), (Said.TEXT,), {"text": "MOB"}
    ),
    "a binary message": Told(message(type=8, mmsi=SHIP, dac=200, fid=10, data=b"\x01\x02"), ()),
}  # fmt: skip


@pytest.mark.parametrize("story", MESSAGES.values(), ids=MESSAGES.keys())
def test_messages(story: Told) -> None:
    found, feed = told(story.raw)

    assert tuple(each.said for each in found) == story.said
    assert feed.messages == 1
    assert not feed.framer.flaws
    for field, value in story.fields.items():
        there = getattr(found[-1], field)
        assert there == (pytest.approx(value, abs=1e-5) if isinstance(value, float) else value), field


FLAWED = {
    "an empty payload": (sentence("AIVDM,1,1,,A,,0"), Flaw.EMPTY_PAYLOAD),
    "too short for an identity": (sentence("AIVDM,1,1,,A,13HOI,0"), Flaw.SHORT),
    "type 24, part 3": (sentence("AIVDM,1,1,,A,H3KLehdt00000000?6ekkjm000000,0"), Flaw.UNKNOWN_PART),
    "type 37": (sentence("AIVDM,1,1,,A,U31<0OOP000CshrMdl600?wP00SL,0"), Flaw.UNKNOWN_TYPE),
    "off the globe": (sentence("AIVDM,1,1,,B,4>O7m7Iu@<9qUfbtm`vSnwvH20S8,0"), Flaw.POSITION),
    "a clock that runs ahead": (
        sentence("AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0", tag("c:1999999999")),
        Flaw.CLOCK,
    ),
}


@pytest.mark.parametrize(("raw", "flaw"), FLAWED.values(), ids=FLAWED.keys())
def test_flawed_messages_are_counted_and_the_feed_goes_on(raw: bytes, flaw: Flaw) -> None:
    found, feed = told(raw + sentence("AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0"))

    assert feed.framer.flaws[flaw] == 1
    assert found[-1].mmsi == 227006760


@given(st.text(ARMOUR, max_size=90), st.integers(0, 5))
def test_no_payload_stops_the_feed(payload: str, fill: int) -> None:
    told(sentence(f"AIVDM,1,1,,A,{payload},{fill}"))


def test_a_truncated_position_report_has_no_position() -> None:
    found, _ = told(sentence("AIVDM,1,1,,A,13HOI:0P0000,0"))

    assert [(each.mmsi, each.lat) for each in found] == [(227006760, None)]


class Clock(NamedTuple):
    """What the line says, when it arrives, and when it was so."""

    lead: str
    now: float | None
    at: float
    timed: bool


CLOCKS = {
    "live, without a time": Clock("", AT, AT, True),
    "live, with a time": Clock(tag(f"c:{int(AT) - 3}"), AT, AT - 3, True),
    "live, late by a day": Clock(tag(f"c:{int(AT) - 86400}"), AT, AT - 86400, True),
    "a recording with times": Clock(tag(f"c:{int(AT)}"), None, AT, True),
    "a recording without": Clock("", None, 0.0, False),
}


@pytest.mark.parametrize("story", CLOCKS.values(), ids=CLOCKS.keys())
def test_clocks(story: Clock) -> None:
    found, _ = told(sentence("AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0", story.lead), story.now)

    assert (found[0].at, found[0].timed) == (story.at, story.timed)


def expected(path: Path) -> set[tuple[int, int]]:
    """Type and MMSI of every message that gpsd read, from its JSON or its pipe-separated lines."""
    found = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("{"):
            report = json.loads(line)
            if report["class"] == "AIS":
                found.add((report["type"], report["mmsi"]))
        elif "|" in line:
            kind, _, mmsi, *_ = line.split("|")
            found.add((int(kind), int(mmsi)))
    return found


@pytest.mark.parametrize("name", ["ais-nmea.log", "ais-18-27.log", "sample.aivdm"])
def test_a_recording_reads_as_gpsd_reads_it(name: str) -> None:
    _, feed = told(shared.data("ais", name).read_bytes(), None)
    theirs = expected(shared.data("ais", f"{name}.chk"))

    assert feed.heard is not None
    assert theirs
    assert theirs <= feed.heard
    assert {kind for kind, _ in feed.heard - theirs} <= {24}, "gpsd reports a type 24 only when it has both parts"


def test_positions_of_a_recording_are_those_of_gpsd() -> None:
    found, _ = told(shared.data("ais", "ais-18-27.log").read_bytes(), None)
    lines = shared.data("ais", "ais-18-27.log.chk").read_text(encoding="utf-8").splitlines()
    reports = [json.loads(line) for line in lines if line.startswith("{")]
    theirs = [(each["mmsi"], each["lat"] / 6e5, each["lon"] / 6e5) for each in reports if each.get("type") == 18]
    ours = [(each.mmsi, each.lat, each.lon) for each in found if each.message == 18]

    assert len(ours) == len(theirs) == 69
    for one, other in zip(ours, theirs, strict=True):
        assert one == pytest.approx(other, abs=2e-6)


def test_every_message_that_pyais_reads_is_read() -> None:
    raw = shared.data("ais", "ais_vernon_20160410.log").read_bytes()[:400_000]
    _, feed = told(raw, None)
    theirs = pyais.stream.IterMessages([line.partition(b", ")[2] for line in raw.split(b"\n")])
    whole = [each for each in theirs if each.is_valid]

    assert feed.messages == len(whole)


STATIONS = {
    224123456: Station.SHIP, 242000001: Station.SHIP, 2241001: Station.COAST, 22412345: Station.GROUP,
    111224501: Station.AIRCRAFT, 992241001: Station.MARK, 982241001: Station.CRAFT, 824100001: Station.HANDHELD,
    970012345: Station.SART, 972072078: Station.MOB, 974012345: Station.EPIRB, 753767: Station.UNKNOWN,
    0: Station.UNKNOWN, 1073741823: Station.UNKNOWN, 999999999: Station.UNKNOWN,
}  # fmt: skip


@pytest.mark.parametrize(("mmsi", "station"), STATIONS.items())
def test_identities_say_what_kind_of_station_they_are(mmsi: int, station: Station) -> None:
    assert station_of(mmsi) is station


@given(st.integers(0, 2**30 - 1))
def test_every_identity_has_a_kind(mmsi: int) -> None:
    assert station_of(mmsi) in Station
