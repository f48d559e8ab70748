"""The planner against what can be known beforehand: published squares, invariances, a unit's limits, the legs."""

import math
from datetime import timedelta

import msgspec
import numpy as np
import pytest

from tansiq.ground.errors import NotCovered
from tansiq.rescue.search import belief, legs, order, planner
from tansiq.rescue.search.field import STEP, Field, field
from tansiq.rescue.search.rectangle import Able, Asked, overlap, pods, sortie
from tansiq.rescue.values import Platform, Search, SearchPlan, SearchUnit
from tests.rescue.fields import MORNING, SIGMA, able, circular_normal, tracks

SQUARES = {0.25: 0.0881, 0.5: 0.1535, 1: 0.2542, 2: 0.3944, 4: 0.5649, 9: 0.7646}
"""Best single uniform square on a circular normal, by effort over pi sigma squared: max of erf^2 (1 - exp(-Z/A))."""


def planned(of: Field, unit: Able, seed: int = 0) -> float:
    """POS of the plan."""
    chosen = planner.plan(of, unit, rng=np.random.default_rng(seed))
    assert chosen is not None
    return belief.success(of.weight, pods(of, chosen))


@pytest.mark.parametrize(("ratio", "best"), SQUARES.items())
def test_one_rectangle_on_a_circular_normal_is_as_good_as_the_best_square(ratio: float, best: float) -> None:
    cloud = circular_normal()
    effort = ratio * math.pi * SIGMA**2

    found = planned(cloud, able(width=effort / (0.85 * 10 * cloud.horizon)))

    assert found == pytest.approx(best, abs=0.003)


MOVED = {
    "moved": {"shift": 40_000.0},
    "turned": {"turn": 0.7},
    "turned by a right angle": {"turn": math.pi / 2},
    "moved and turned": {"shift": -25_000.0, "turn": 2.4},
}


@pytest.mark.parametrize("story", MOVED.values(), ids=MOVED.keys())
def test_a_plan_does_not_care_where_north_is(story: dict[str, float]) -> None:
    unit = able(width=3_000)
    usual = planned(circular_normal(stretch=2.5, drift=(0.4, 0.2)), unit)

    found = planned(circular_normal(stretch=2.5, drift=(0.4, 0.2), **story), unit)

    assert found == pytest.approx(usual, abs=0.004)


def test_the_same_seed_gives_the_same_plan() -> None:
    cloud = circular_normal(drift=(0.5, 0))
    one, same = (planner.plan(cloud, able(width=2_000), rng=np.random.default_rng(7)) for _ in range(2))

    assert one is not None
    assert same is not None
    assert one[:8] == same[:8]


def test_legs_follow_an_elongated_cloud() -> None:
    cloud = circular_normal(stretch=4.0, turn=0.5)
    chosen = planner.plan(cloud, able(width=2_000), rng=np.random.default_rng(0))

    assert chosen is not None
    long_side = chosen.angle if chosen.length > chosen.width else chosen.angle + math.pi / 2
    assert abs(math.remainder(long_side - 0.5, math.pi)) < 0.15


def test_what_was_searched_is_not_searched_again() -> None:
    cloud = circular_normal(stretch=3.0)
    unit = able(width=1_500)
    first = planner.plan(cloud, unit, rng=np.random.default_rng(0))
    assert first is not None
    rest = cloud.weighted(belief.after(cloud.weight, pods(cloud, first)))

    again = belief.success(rest.weight, pods(rest, first))

    assert planned(rest, unit) > again * 1.02


LIMITS = {
    "too far for its endurance": {"x": 200_000.0, "transit_speed": 10.0, "endurance": 4 * 3600.0},
    "ready after the last hour": {"ready": 5 * 3600.0},
    "not by night": {"night": False},
}


@pytest.mark.parametrize("story", LIMITS.values(), ids=LIMITS.keys())
def test_a_unit_that_cannot_be_there_has_no_plan(story: dict[str, object]) -> None:
    cloud = circular_normal(particles=2_000)
    dark = cloud._replace(light=np.zeros(cloud.nodes))
    unit = able(width=2_000)._replace(**story)

    assert planner.plan(dark, unit, rng=np.random.default_rng(0)) is None


@pytest.mark.parametrize("size", [9.0, 10.0, 11.0])
def test_every_rectangle_asked_for_is_made_feasible(size: float) -> None:
    cloud = circular_normal(particles=2_000)
    unit = able(width=2_000)._replace(least_spacing=500.0, largest_spacing=3_000.0, ready=600.0)

    found = sortie(cloud, unit, Asked(0, 0, size, size, 0.3))

    assert found is not None
    assert 500 - 1e-6 <= found.spacing <= 3_000 + 1e-6
    assert found.spacing * 0.85 * unit.search_speed * found.searched == pytest.approx(found.area, rel=1e-4)
    assert found.leave - found.arrive == pytest.approx(found.searched, rel=1e-3)


def test_overlap_is_none_when_apart_and_symmetric() -> None:
    cloud = circular_normal(particles=2_000)
    one = sortie(cloud, able(width=1_000), Asked(0, 0, math.log(10_000), math.log(10_000), 0.2))
    other = sortie(cloud, able(width=1_000), Asked(8_000, 0, math.log(10_000), math.log(10_000), 1.0))
    away = sortie(cloud, able(width=1_000), Asked(80_000, 0, math.log(10_000), math.log(10_000), 1.0))
    assert one is not None
    assert other is not None
    assert away is not None

    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert overlap(one, other) > 0
    assert overlap(one, away) == 0


def test_the_legs_spelled_out_agree_with_coverage_on_a_cloud_at_rest() -> None:
    cloud = circular_normal(particles=8_000)
    unit = able(width=1_000)
    chosen = sortie(cloud, unit, Asked(0, 0, math.log(20_000), math.log(20_000), 0.0))
    assert chosen is not None

    by_legs = cloud.weight @ legs.pods(cloud, legs.pattern(chosen, (1, 1)), unit.width)

    by_coverage = belief.success(cloud.weight, pods(cloud, chosen))
    assert by_coverage < by_legs < 1.35 * by_coverage  # parallel sweeps beat random search, and overlook the edges


def test_the_best_variant_of_the_legs_beats_the_worst_when_the_object_drifts() -> None:
    cloud = circular_normal(particles=4_000, drift=(1.0, 0.0))
    unit = able(width=3_000)
    chosen = planner.plan(cloud, unit, rng=np.random.default_rng(0))
    assert chosen is not None
    scores = [
        float(cloud.weight @ legs.pods(cloud, legs.pattern(each, corner), unit.width))
        for each in (chosen, legs.turned(chosen))
        for corner in legs.CORNERS
    ]

    best = float(cloud.weight @ legs.pods(cloud, legs.best(cloud, chosen, unit.width), unit.width))

    assert best == pytest.approx(max(scores))
    assert max(scores) > min(scores) + 0.02


def unit(**changes: object) -> SearchUnit:
    """A lifeboat from Alboran's south."""
    usual = {
        "name": "Guadamar", "agency": "es.salvamento", "platform": Platform.VESSEL, "lat": 35.7, "lon": -4.1,
        "available_at": MORNING + timedelta(hours=1), "transit_speed": 12.0, "search_speed": 8.0,
        "endurance_hours": 8.0, "height_m": 4.0,
    }  # fmt: skip
    return SearchUnit(**usual | changes)


def test_an_order_holds_together() -> None:
    run = tracks()

    found = order.plan(run, unit(), flown=(), not_before=MORNING, rng=np.random.default_rng(0))

    assert found is not None
    assert len(found.corners) == 4
    assert len(found.waypoints) == 2 * found.legs
    assert found.legs * found.track_spacing_m == pytest.approx(min(found.length_m, found.width_m), rel=1e-6) or (
        found.legs * found.track_spacing_m == pytest.approx(max(found.length_m, found.width_m), rel=1e-6)
    )
    assert MORNING + timedelta(hours=1) < found.start < found.end <= MORNING + timedelta(hours=9)
    assert 0 < found.pos < found.ideal_pos < 1
    assert found.pod == pytest.approx(1 - math.exp(-found.coverage))
    assert found.cumulative_pos == pytest.approx(found.pos)


def test_a_second_search_adds_to_the_first() -> None:
    run = tracks()
    first = order.plan(run, unit(), flown=(), not_before=MORNING, rng=np.random.default_rng(0))
    assert first is not None
    flown = search_of(first)

    second = order.plan(run, unit(), flown=(flown,), not_before=MORNING, rng=np.random.default_rng(0))

    assert second is not None
    assert second.cumulative_pos == pytest.approx(first.pos + second.pos, abs=0.01)
    assert second.pos < first.pos


def search_of(found: SearchPlan) -> Search:
    """A plan as the search that was kept."""
    from uuid import UUID

    ids = {"id": UUID(int=1), "case": UUID(int=2), "drift": UUID(int=3)}
    said = msgspec.structs.asdict(found)
    return Search(**ids, unit=unit(), by="", made_at=MORNING, seed=0, seconds=0.0, flown=True, **said)


def test_a_field_is_linear_between_the_hours() -> None:
    run = tracks(particles=16)
    around = field(run, start=MORNING + timedelta(minutes=20), end=MORNING + timedelta(hours=3))

    assert around.nodes == 1 + 160 * 60 // STEP
    east = np.diff(around.x.astype(np.float64), axis=0)
    assert east == pytest.approx(np.full_like(east, 0.5 * STEP), rel=0.02)


@pytest.mark.parametrize("hours", [-1, 12, 30])
def test_a_run_that_does_not_reach_says_so(hours: int) -> None:
    start = MORNING + timedelta(hours=hours)
    with pytest.raises(NotCovered):
        field(tracks(particles=16), start=start, end=start + timedelta(hours=2))


def test_nobody_is_found_ashore() -> None:
    run = tracks()
    stranded = run._replace(afloat=np.where(np.random.default_rng(3).random(4_000) < 0.5, np.inf, 0).astype(np.float32))

    whole = order.plan(run, unit(), flown=(), not_before=MORNING, rng=np.random.default_rng(0))
    half = order.plan(stranded, unit(), flown=(), not_before=MORNING, rng=np.random.default_rng(0))
    none = run._replace(afloat=np.zeros(4_000, np.float32))

    assert whole is not None
    assert half is not None
    assert half.pos == pytest.approx(whole.pos / 2, abs=0.03)
    assert order.plan(none, unit(), flown=(), not_before=MORNING, rng=np.random.default_rng(0)) is None


def test_a_mixture_is_searched_with_each_class_of_its_own_width() -> None:
    mixed = tracks(object_class=1)
    mixed.object_class[::2] = 50

    found = order.plan(mixed, unit(), flown=(), not_before=MORNING, rng=np.random.default_rng(0))

    assert found is not None
    widths = dict(found.sweep_widths)
    assert widths[1] < found.sweep_width_m < widths[50]
