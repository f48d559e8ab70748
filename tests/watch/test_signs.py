"""Alert rules: beacons and their tests, statuses, texts, and what is adrift; each story says what should be seen."""

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tansiq.watch.anchorages import ANCHORAGES, Circle
from tansiq.watch.feeds.ais import AisFeed
from tansiq.watch.fusion import motion
from tansiq.watch.fusion.picture import Picture
from tansiq.watch.replay import Replay
from tansiq.watch.signs import Sign, has_ended, signs
from tansiq.watch.values import Code, Observation, Priority, Situation
from tests import shared
from tests.watch.sea import AT, EPIRB, MIDDLE, MOB, OTHER, SART, SHIP, name, position, sail, text

EMERGENCY, ALARM, WARNING, CAUTION = Priority


def seen(observations: Iterable[Observation]) -> list[Sign]:
    """All signs in a run of observations."""
    picture = Picture()
    found = [signs(observation, state, jump) for observation, state, jump in picture.take(observations)]
    return [sign for sign in found if sign is not None]


ELSEWHERE = motion.moved(*MIDDLE, 40_000, 0)


class Story(NamedTuple):
    """What is observed; the situation and priority that come of it, and one of its reasons."""

    given: list[Observation]
    situation: Situation | None = None
    priority: Priority | None = None
    because: Code | None = None


def statuses(*codes: int, every: float = 60.0, mmsi: int = SHIP) -> list[Observation]:
    """One report each, a minute apart, of a vessel that makes 8 knots."""
    return [
        position(
            mmsi=mmsi, at=AT + every * k, place=motion.moved(*MIDDLE, 247.0 * k, 0), status=code, knots=8, course=0
        )
        for k, code in enumerate(codes)
    ]


def drifts(place: tuple[float, float] = MIDDLE, **changed: float | None) -> list[Observation]:
    """A trawler that loses its engine: an hour under way, then 30 minutes at 1.5 knots, beam on."""
    how: dict[str, object] = {
        "minutes": 30,
        "knots": 1.5,
        "course": 90,
        "heading": 350,
        "start": AT + 3630,
        "place": place,
        **changed,
    }
    under_way = sail(minutes=60, knots=8, course=0, heading=0, place=motion.moved(*place, -14_816, 0))
    return [*under_way, *sail(**how)]  # type: ignore[arg-type]  # the stories change any of them


STORIES = {
    "a person overboard": Story([position(mmsi=MOB, status=14)], Situation.MOB, EMERGENCY, Code.BEACON),
    "a radar transponder": Story([position(mmsi=SART, status=14)], Situation.SART, EMERGENCY, Code.BEACON),
    "an emergency beacon": Story([position(mmsi=EPIRB, status=14)], Situation.EPIRB, EMERGENCY, Code.BEACON),
    "a beacon without a fix yet": Story([position(mmsi=MOB, status=14, place=None)], Situation.MOB, EMERGENCY),
    "a beacon with an odd status": Story([position(mmsi=MOB, status=0)], Situation.MOB, EMERGENCY),
    "a beacon's text": Story([text("MOB ACTIVE")], Situation.MOB, EMERGENCY, Code.TEXT_DISTRESS),
    "a beacon under test": Story([position(mmsi=MOB, status=15), text("MOB TEST")]),
    "a test in small letters": Story([text("sart test", mmsi=SART)]),
    "an active beacon whose text says test": Story(
        [text("MOB TEST"), position(mmsi=MOB, status=14)], Situation.MOB, EMERGENCY, Code.TEXT_SAYS_TEST
    ),
    "a ship's text": Story([text("MAYDAY SINKING", mmsi=SHIP)], Situation.DISTRESS, EMERGENCY, Code.TEXT_DISTRESS),
    "a ship reports a person overboard": Story(
        [text("MAN OVERBOARD 35-57N 5-45W", mmsi=SHIP)], Situation.DISTRESS, EMERGENCY
    ),
    "a ship talks of the weather": Story([text("GALE WARNING", mmsi=SHIP)]),
    "a ship's exercise": Story([text("TEST MAYDAY TEST", mmsi=SHIP)]),
    "a ship changes to 14": Story(statuses(0, 0, 14), Situation.DISTRESS, EMERGENCY, Code.STATUS_CHANGED),
    "a ship was always on 14": Story(statuses(14, 14, 14), Situation.DISTRESS, ALARM, Code.STATUS_DISTRESS),
    "a ship sent 14 once": Story(statuses(14)),
    "not under command": Story(
        statuses(0, 2, 2), Situation.NOT_UNDER_COMMAND, WARNING, Code.STATUS_NOT_UNDER_COMMAND
    ),
    "not under command for one report": Story(statuses(0, 2, 0, 2, 0)),
    "goes aground": Story(statuses(0, 6, 6), Situation.AGROUND, WARNING, Code.STATUS_AGROUND),
    "was aground when first heard": Story(statuses(6, 6, 6)),
    "moored": Story(statuses(0, 5, 5)),
    "adrift, beam on": Story(drifts(), Situation.ADRIFT, WARNING, Code.DRIFTING_BEAM_ON),
    "adrift, no heading": Story(drifts(heading=None), Situation.ADRIFT, WARNING, Code.DRIFTING_LOST_WAY),
    "adrift, class B": Story(drifts(heading=None, status=None), Situation.ADRIFT, WARNING),
    "adrift for ten minutes": Story(drifts(minutes=10)),
    "no heading, 18 minutes": Story(drifts(heading=None, minutes=18)),
    "slow, under command": Story(drifts(heading=92)),
    "slow at anchor": Story(drifts(status=1)),
    "slow while fishing": Story(drifts(status=7)),
    "still at a berth": Story(drifts(knots=0.1)),
    "at five knots": Story(drifts(knots=5)),
    "slow from the first, no heading": Story(list(sail(minutes=60, knots=1.5))),
    "an identity that is elsewhere too": Story(
        [*sail(minutes=10, knots=12), *sail(minutes=5, knots=12, start=AT + 630, place=ELSEWHERE)],
        Situation.JUMP, CAUTION, Code.UNREACHABLE,
    ),
    "a coast station": Story([position(mmsi=2241001, status=14)] * 3),
    "a damaged identity that looks like a beacon": Story(
        AisFeed("coast").feed(b"!AIVDM,1,1,,B,4>O7m7Iu@<9qUfbtm`vSnwvH20S8,0*46\n")
    ),
    "an ordinary passage": Story([name("EX OLEA"), *sail(minutes=60, knots=14, heading=90)]),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_signs(story: Story) -> None:
    found = seen(story.given)

    if story.situation is None:
        assert found == []
        return
    assert found
    assert {(sign.situation, sign.priority) for sign in found} == {(story.situation, story.priority)}
    if story.because is not None:
        assert story.because in {reason.code for reason in found[-1].because}


@pytest.mark.parametrize("circle", ANCHORAGES, ids=lambda circle: circle.name)
def test_nobody_is_adrift_on_a_roadstead(circle: Circle) -> None:
    assert seen(drifts((circle.lat, circle.lon))) == []


def test_one_that_wanders_is_not_adrift() -> None:
    to_and_fro = [
        report
        for leg in range(6)
        for report in sail(minutes=9, knots=1.5, course=90 + 180 * (leg % 2), heading=0, start=AT + leg * 570)
    ]

    assert not seen(to_and_fro)


def test_a_sign_says_what_it_rests_on() -> None:
    sign = seen(drifts())[-1]
    (because,) = sign.because

    assert because.values["knots"] == 1.5
    assert because.values["share"] == 1.0
    assert 15 <= float(because.values["minutes"]) <= 31
    assert sign.evidence


ENDS = {
    "under command again": (Situation.NOT_UNDER_COMMAND, statuses(0, 2, 2, 0, 0), True),
    "still not under command": (Situation.NOT_UNDER_COMMAND, statuses(0, 2, 2), False),
    "under command for one report": (Situation.NOT_UNDER_COMMAND, statuses(0, 2, 2, 0), False),
    "afloat again": (Situation.AGROUND, statuses(0, 6, 6, 0, 0), True),
    "makes way again": (Situation.ADRIFT, [*drifts(), *sail(minutes=1, knots=8, start=AT + 6000)], True),
    "anchored": (Situation.ADRIFT, [*drifts(), *sail(minutes=1, knots=0, status=1, start=AT + 6000)], True),
    "drifts on": (Situation.ADRIFT, drifts(), False),
    "a distress never ends by itself": (Situation.MOB, [position(mmsi=MOB, status=15)] * 3, False),
}


@pytest.mark.parametrize(("situation", "given", "ended"), ENDS.values(), ids=ENDS.keys())
def test_ends(situation: Situation, given: list[Observation], ended: bool) -> None:
    picture = Picture()
    list(picture.take(given))
    (state,) = picture.states.values()

    assert has_ended(situation, state) is ended


def replayed(*observations: Observation) -> Replay:
    replay = Replay()
    replay.take(observations)
    return replay


def test_the_recorded_activation_is_one_distress_alert() -> None:
    feed, replay = AisFeed("pair"), Replay()
    replay.take(feed.feed(shared.data("ais", "mob_pair.nmea").read_bytes()))

    (alert,) = replay.alerts.values()
    assert (alert.situation, alert.priority, alert.senders) == (Situation.MOB, EMERGENCY, {972072078})


def test_a_real_day_on_a_river_raises_one_alarm_for_a_wrong_status() -> None:
    feed, replay = AisFeed("vernon"), Replay()
    replay.take(feed.feed(shared.data("ais", "ais_vernon_20160410.log").read_bytes()))

    assert [(alert.situation, alert.priority, alert.senders) for alert in replay.alerts.values()] == [
        (Situation.DISTRESS, ALARM, {226001610})
    ]


def test_a_beacon_its_text_and_the_ship_beside_it_are_one() -> None:
    beside = motion.moved(*MIDDLE, 400, 400)
    replay = replayed(
        text("MOB ACTIVE"),
        *(position(mmsi=MOB, status=14, at=AT + k) for k in range(1, 9)),
        text("MAN OVERBOARD", mmsi=SHIP, at=AT + 10),
        position(mmsi=SHIP, place=beside, at=AT + 12, status=0),
        position(mmsi=SHIP, place=beside, at=AT + 20, status=14),
    )
    assert {alert.situation for alert in replay.alerts.values()} >= {Situation.MOB}
    (mob,) = [alert for alert in replay.alerts.values() if alert.situation is Situation.MOB]
    assert MOB in mob.senders


def test_two_beacons_far_apart_are_two() -> None:
    replay = replayed(
        position(mmsi=MOB, status=14),
        position(mmsi=MOB + 1, status=14, place=motion.moved(*MIDDLE, 9000, 0), at=AT + 5),
    )

    assert len(replay.alerts) == 2


def test_two_beacons_side_by_side_are_one() -> None:
    replay = replayed(
        position(mmsi=MOB, status=14), position(mmsi=MOB + 1, status=14, place=motion.moved(*MIDDLE, 90, 0), at=AT + 5)
    )

    (alert,) = replay.alerts.values()
    assert alert.senders == {MOB, MOB + 1}


def test_a_ship_not_under_command_that_calls_distress_is_one_and_graver() -> None:
    replay = replayed(*statuses(0, 2, 2, mmsi=OTHER), text("MAYDAY", mmsi=OTHER, at=AT + 200))

    (alert,) = replay.alerts.values()
    assert (alert.situation, alert.priority) == (Situation.DISTRESS, EMERGENCY)


@given(st.randoms(use_true_random=False), st.integers(0, 700))
@settings(max_examples=40, deadline=None)
def test_a_damaged_recording_stops_nothing(random: Random, start: int) -> None:
    lines = shared.data("ais", "ais-nmea.log").read_bytes().splitlines(keepends=True)[start : start + 60]
    damaged = bytearray(b"".join([*lines, *shared.data("ais", "mob_pair.nmea").read_bytes().splitlines(keepends=True)]))
    for _ in range(random.randrange(30)):
        damaged[random.randrange(len(damaged))] = random.randrange(256)
    feed, replay = AisFeed("damaged"), Replay()
    replay.take(feed.feed(bytes(damaged), AT))
    replay.take(feed.end(AT))

    assert feed.framer.sentences >= feed.messages
