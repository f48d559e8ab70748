"""Tracks: the filter against its textbook form, late reports against replay, jumps, and restarts from what is kept."""

from collections.abc import Iterable, Sequence
from math import hypot

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.sea import geodesy
from tansiq.sea.units import KNOT
from tansiq.watch.fusion import motion
from tansiq.watch.fusion.picture import Picture, alert_id, track_id
from tansiq.watch.fusion.state import TrackState
from tansiq.watch.fusion.tracks import Jump, is_confirmed
from tansiq.watch.values import Observation
from tests import shared
from tests.watch.sea import AT, MIDDLE, MOB, SHIP, name, position, sail, text

lats = st.floats(-80, 80)
lons = st.floats(-180, 180)


def after(observations: Iterable[Observation]) -> tuple[TrackState, list[Jump]]:
    """The state of the one ship after its reports, and the jumps that they confirmed."""
    picture = Picture()
    jumps = [jump for _, _, jump in picture.take(observations) if jump is not None]
    return next(iter(picture.states.values())), jumps


@given(lats, lons, st.floats(-20_000, 20_000), st.floats(-20_000, 20_000))
def test_moving_and_measuring_agree(lat: float, lon: float, north: float, east: float) -> None:
    there = motion.moved(lat, lon, north, east)

    assert motion.offset(lat, lon, *there) == pytest.approx((north, east), rel=0.02, abs=0.5)


@given(lats, lons, st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_distances_are_those_of_the_geodesic(lat: float, lon: float, up: float, right: float) -> None:
    other = (lat + up, (lon + right + 180) % 360 - 180)

    assert motion.distance(lat, lon, *other) == pytest.approx(geodesy.leg(lat, lon, *other).distance, rel=1e-3, abs=0.1)


def textbook(reports: Sequence[tuple[float, float, float]], sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """The four-dimensional filter as it is taught, over (seconds, north, east); state and covariance at the end."""
    x, p, t = np.array([reports[0][1], reports[0][2], 0, 0]), np.diag([sigma**2] * 2 + [motion.BIRTH_SPEED**2] * 2), 0.0
    h = np.eye(2, 4)
    for at, north, east in reports[1:]:
        d = at - t
        f = np.eye(4) + d * np.eye(4, k=2)
        q = motion.Q * np.kron([[d**3 / 3, d**2 / 2], [d**2 / 2, d]], np.eye(2))
        x, p, t = f @ x, f @ p @ f.T + q, at
        k = p @ h.T @ np.linalg.inv(h @ p @ h.T + sigma**2 * np.eye(2))
        x, p = x + k @ (np.array([north, east]) - h @ x), (np.eye(4) - k @ h) @ p
    return x, p


def test_the_filter_is_the_textbook_one() -> None:
    rng = np.random.default_rng(7)
    reports = [(10.0 * k, 50.0 * k + rng.normal(0, 10), -20.0 * k + rng.normal(0, 10)) for k in range(30)]
    state, _ = after(
        position(at=AT + t, place=motion.moved(*MIDDLE, north, east), knots=None) for t, north, east in reports
    )
    x, p = textbook(reports, 10.0)

    assert motion.offset(*MIDDLE, state.lat or 0, state.lon or 0) == pytest.approx(x[:2], abs=1.5)
    assert (state.north, state.east) == pytest.approx(x[2:], abs=0.05)
    assert state.spread == pytest.approx((p[0, 0], p[0, 2], p[2, 2]), rel=1e-6)


def test_smoothing_is_better_than_the_reports() -> None:
    rng = np.random.default_rng(3)
    errors, raw = [], []
    picture = Picture()
    for k in range(200):
        truth = motion.moved(*MIDDLE, 60.0 * k, 0.0)
        noise = rng.normal(0, 30, 2)
        seen = position(at=AT + 10 * k, place=motion.moved(*truth, *noise), radius=30.0, knots=None)
        ((_, state, _),) = picture.take([seen])
        errors.append(motion.distance(state.lat or 0, state.lon or 0, *truth))
        raw.append(hypot(*noise))

    assert np.mean(errors[20:]) < 0.7 * np.mean(raw[20:])


def test_a_late_report_is_worth_nearly_as_much_as_in_its_place() -> None:
    rng = np.random.default_rng(11)
    reports = [
        position(at=AT + 10 * k, place=motion.moved(*MIDDLE, 60 * k + rng.normal(0, 10), rng.normal(0, 10)), knots=12)
        for k in range(40)
    ]
    late = [*reports[:35], *reports[36:40], reports[35]]
    in_order, _ = after(reports)
    out_of_order, jumps = after(late)
    without, _ = after([*reports[:35], *reports[36:]])

    def off(state: TrackState) -> float:
        return motion.distance(in_order.lat or 0, in_order.lon or 0, state.lat or 0, state.lon or 0)

    assert not jumps
    assert off(out_of_order) < max(0.5, off(without))
    assert out_of_order.at == in_order.at
    assert out_of_order.pp <= without.pp


def test_a_report_that_is_very_late_changes_nothing() -> None:
    reports = list(sail(minutes=20, knots=12))
    there, _ = after(reports)
    again, _ = after([*reports, reports[2]])

    assert (again.lat, again.lon, again.at, again.spread) == (there.lat, there.lon, there.at, there.spread)


def test_the_same_report_by_two_receivers_counts_once() -> None:
    reports = list(sail(minutes=5, knots=12))
    once, _ = after(reports)
    twice, _ = after(report for report in reports for _ in range(2))

    assert (once.reports, once.spread) == (twice.reports, twice.spread)


def test_what_is_told_again_changes_nothing() -> None:
    story = [name("EX OLEA"), *sail(minutes=40, knots=1, course=90, heading=0, status=2)]
    once, _ = after(story)
    for cut in (1, 17, 40, len(story)):
        again, jumps = after([*story[:cut], *story])
        assert again == once
        assert not jumps


def test_texts_that_are_told_again_are_no_news() -> None:
    picture = Picture()
    words = [text("MOB ACTIVE", at=AT + 8 * k) for k in range(40)]

    assert len(list(picture.take(words))) == 40
    assert list(picture.take(words)) == []


def test_a_turn_keeps_the_track() -> None:
    leg = list(sail(minutes=10, knots=30, every=10))
    last = leg[-1]
    back = sail(minutes=10, knots=30, course=270, every=10, start=last.at + 10, place=(last.lat or 0, last.lon or 0))
    state, jumps = after([*leg, *back])

    assert not jumps
    assert motion.way(state.north, state.east) == pytest.approx((30 * KNOT, 270), rel=0.02)


FAR = motion.moved(*MIDDLE, 40_000, 0)


def test_one_wrong_position_does_not_move_a_track() -> None:
    reports = list(sail(minutes=10, knots=12))
    state, jumps = after([*reports[:10], position(at=reports[10].at - 5, place=FAR, knots=12), *reports[10:]])
    straight, _ = after(reports)

    assert not jumps
    assert motion.distance(state.lat or 0, state.lon or 0, straight.lat or 0, straight.lon or 0) < 1


def test_a_vessel_that_goes_on_elsewhere_has_jumped() -> None:
    here = list(sail(minutes=10, knots=12))
    state, jumps = after([*here, *sail(minutes=5, knots=12, start=AT + 630, place=FAR)])

    assert [round(jump.metres / 1000) for jump in jumps] == [40]
    assert state.jumps == 1
    assert motion.distance(state.lat or 0, state.lon or 0, *FAR) < 2000


def test_two_vessels_with_one_identity_are_noticed() -> None:
    one, two = sail(minutes=30, knots=12), sail(minutes=30, knots=12, start=AT + 5, place=FAR)
    _, jumps = after(sorted([*one, *two], key=lambda each: each.at))

    assert jumps


def test_a_long_silence_is_no_jump() -> None:
    _, jumps = after([*sail(minutes=5, knots=12), *sail(minutes=5, knots=12, start=AT + 7200, place=FAR)])

    assert not jumps


def test_an_aircraft_is_fast() -> None:
    legs = [
        position(mmsi=111224501, at=AT + 10 * k, place=motion.moved(*MIDDLE, 1000.0 * k, 0), knots=194)
        for k in range(9)
    ]
    _, jumps = after(legs)

    assert not jumps


def test_a_recording_without_a_clock_knows_no_jumps() -> None:
    _, jumps = after(position(timed=False, at=0, place=motion.moved(*MIDDLE, 5000.0 * k, 0)) for k in range(9))

    assert not jumps


CONFIRMED = {
    "one report": ([position()], False),
    "two reports": ([position(), position(at=AT + 10)], True),
    "two reports that cannot be of one": ([position(), position(at=AT + 10, place=FAR)], False),
    "a beacon": ([position(mmsi=MOB)], True),
    "a name": ([name("EX OLEA")], False),
    "a report without a position": ([position(place=None)] * 3, False),
}


@pytest.mark.parametrize(("reports", "confirmed"), CONFIRMED.values(), ids=CONFIRMED.keys())
def test_what_makes_a_track(reports: list[Observation], confirmed: bool) -> None:
    state, _ = after(reports)

    assert is_confirmed(state) is confirmed


def test_a_track_goes_on_from_what_is_kept() -> None:
    reports = [name("EX OLEA"), *sail(minutes=40, knots=1, course=90, heading=0)]
    whole, _ = after(reports)
    picture = Picture()
    for report in reports:
        kept = [msgspec.json.decode(msgspec.json.encode(each), type=TrackState) for each in picture.states.values()]
        picture = Picture(kept)
        list(picture.take([report]))

    assert picture.states[SHIP] == whole


@given(st.lists(st.tuples(st.floats(0, 1e5), lats, lons, st.floats(0, 100) | st.none()), max_size=30))
def test_nothing_that_a_sensor_says_breaks_a_track(reports: list[tuple[float, float, float, float | None]]) -> None:
    picture = Picture()
    list(picture.take(position(at=AT + t, place=(lat, lon), knots=knots) for t, lat, lon, knots in reports))

    for state in picture.states.values():
        assert -90 <= (state.lat or 0) <= 90
        assert -180 <= (state.lon or 0) <= 180
        assert state.pp > 0
        assert state.pp * state.vv >= state.pv**2 * 0.999


def test_ids_are_the_same_in_every_run_and_differ_by_owner() -> None:
    assert track_id("ma.marine", SHIP) == track_id("ma.marine", SHIP) != track_id("es.salvamento", SHIP)
    assert alert_id("ma.marine", "mob", MOB, AT) == alert_id("ma.marine", "mob", MOB, AT)
    assert alert_id("ma.marine", "mob", MOB, AT) != alert_id("ma.marine", "mob", MOB, AT + 1)


def test_a_real_day_on_a_river_gives_its_vessels_and_no_jumps() -> None:
    from tansiq.watch.feeds.ais import AisFeed

    feed, picture = AisFeed("vernon"), Picture()
    found = feed.feed(shared.data("ais", "ais_vernon_20160410.log").read_bytes())
    jumps = [jump for _, _, jump in picture.take(found) if jump is not None]

    assert len(picture.confirmed()) == 30
    assert not jumps
