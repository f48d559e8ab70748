"""What a drift run does: seeds, residuals, jibing, land, nesting, and what it refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tansiq.ground.errors import Malformed, NotCovered
from tansiq.rescue.classes import object_class
from tansiq.rescue.drift import DriftResult, Seed, Shape, kernels, run, simulate
from tansiq.rescue.drift.run import Crew
from tansiq.rescue.forcing import Forcing
from tansiq.sea import coast
from tansiq.sea.coast import Coast
from tansiq.sea.geodesy import distances, local

START = datetime(2026, 3, 1, tzinfo=UTC)
HERE = (35.9, -4.5)


def drift(forcing: Forcing | None = None, hours: float = 6, **options: Any) -> DriftResult:
    """A drift in the Alboran sea; options of the seed and of the run are told apart by name."""
    seed_names = set(Seed.__struct_fields__)
    seed = {
        "lat": HERE[0],
        "lon": HERE[1],
        "time": START,
        "classes": ((27, 1.0),),
        "particles": 4000,
        "radius_m": 1000.0,
    }
    seed |= {name: value for name, value in options.items() if name in seed_names}
    others = {name: value for name, value in options.items() if name not in seed_names}
    given = forcing or Forcing.constant((0.2, 0.1), (6.0, 3.0))
    return simulate(seed=Seed(**seed), forcing=given, hours=hours, **others)


def spread(result: DriftResult, hour: int) -> float:
    """The standard deviation of positions in metres, both axes together."""
    east, north = local(result.lat[hour].astype(float), result.lon[hour].astype(float), *HERE)
    return float(np.hypot(east.std(), north.std()))


def test_half_the_particles_of_every_class_start_on_each_side() -> None:
    result = drift(
        Forcing.constant((0, 0), (0, 10)),
        hours=1,
        classes=((76, 1.0), (44, 3.0)),
        radius_m=0,
        errors=False,
        jibing=False,
    )

    for number, share in ((76, 0.25), (44, 0.75)):
        mine = result.object_class == number
        assert result.weight[mine].sum() == pytest.approx(share, abs=1e-6)
        assert mine.mean() == pytest.approx(share, abs=0.01)
        right = (result.lon[-1, mine] > HERE[1]).sum()
        assert right in (mine.sum() // 2, mine.sum() - mine.sum() // 2)


def test_a_rare_class_keeps_its_weight_in_a_few_particles() -> None:
    result = drift(hours=1, classes=((76, 0.0001), (44, 0.9999)), particles=100)

    rare = result.object_class == 76
    assert rare.sum() == 2
    assert result.weight[rare].sum() == pytest.approx(0.0001, rel=1e-4)
    assert result.weight.sum() == pytest.approx(1.0)


def test_no_residual_turns_a_slope_against_the_wind() -> None:
    """Of a person in water a fifth of the residuals is drawn again; the mean of 12 h moves from 4,147 to 4,772 m."""
    wind = Forcing.constant((0, 0), (10.0, 0))
    result = drift(wind, hours=12, classes=((1, 1.0),), radius_m=0, particles=100_000, jibing=False)
    east, _ = local(result.lat[-1].astype(float), result.lon[-1].astype(float), *HERE)

    assert east.mean() == pytest.approx(4772, abs=15)


def test_the_start_is_normal_with_its_radius_per_axis() -> None:
    result = drift(hours=1, radius_m=2000, particles=20_000)
    east, north = local(result.lat[0].astype(float), result.lon[0].astype(float), *HERE)

    for axis in (east, north):
        assert stats.kstest(axis / 2000, "norm").pvalue > 0.01


def test_a_wide_start_lies_on_geodesics() -> None:
    near, far = (drift(hours=1, radius_m=radius, rng=3) for radius in (5_000, 50_000))
    apart = [
        distances(*(np.full(4000, x) for x in HERE), result.lat[0].astype(float), result.lon[0].astype(float))
        for result in (near, far)
    ]

    assert apart[1] == pytest.approx(10 * apart[0], abs=12)


def test_a_disc_is_even_and_ends_at_its_radius() -> None:
    result = drift(hours=1, radius_m=2000, shape=Shape.DISC, particles=20_000)
    east, north = local(result.lat[0].astype(float), result.lon[0].astype(float), *HERE)

    assert np.hypot(east, north).max() < 2001
    assert stats.kstest((east**2 + north**2) / 2000**2, "uniform").pvalue > 0.01


def test_lines_and_areas_are_filled_evenly() -> None:
    line = drift(hours=1, radius_m=0, shape=Shape.LINE, outline=((35.9, -4.6), (35.9, -4.5), (36.0, -4.5)))
    on_leg = np.isclose(line.lat[0], 35.9, atol=1e-5)
    assert on_leg.mean() == pytest.approx(9.02 / (9.02 + 11.1), abs=0.03)

    triangle = ((35.9, -4.6), (35.9, -4.4), (36.1, -4.6))
    area = drift(hours=1, shape=Shape.POLYGON, outline=triangle)
    assert area.lat[0].mean() == pytest.approx(35.9 + 0.2 / 3, abs=0.005)
    assert ((area.lon[0] + 4.6) / 0.2 + (area.lat[0] - 35.9) / 0.2 < 1.0001).all()


def test_a_release_over_time_is_even_and_unseen_before() -> None:
    result = drift(hours=6, until=START + timedelta(hours=4), particles=2000)
    there = (~np.isnan(result.lon)).mean(axis=1)

    assert there == pytest.approx([0.02, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0], abs=0.03)


def test_jibing_brings_the_two_sides_together() -> None:
    north = Forcing.constant((0, 0), (0, 10))
    apart, mixed = (drift(north, hours=48, radius_m=0, errors=False, jibing=jibing) for jibing in (False, True))

    assert np.unique(apart.lon[-1]).size == 2
    right = np.arange(4000) % 2 == 0
    gap = [result.lon[-1, right].mean() - result.lon[-1, ~right].mean() for result in (apart, mixed)]
    # each side keeps exp(-2 r t) of its bias; the offset of the class stays: the mean over 48 h is known
    rate = 2 * -np.log(0.96)
    slope = object_class(27).right.slope * 10
    kept = (slope * (1 - np.exp(-rate * 48)) / (rate * 48) + 1.04) / (slope + 1.04)
    assert gap[1] / gap[0] == pytest.approx(kept, abs=0.02)


def test_a_turning_wind_shrinks_frozen_errors_but_not_wandering_ones() -> None:
    """OpenDrift issue 566: residuals frozen for life let the cloud contract when the wind turns back."""
    turn = START + timedelta(hours=3)
    forcing = Forcing.of_formulas(
        current=lambda lat, lon, when: (0 * lat, 0 * lat),
        wind=lambda lat, lon, when: (0 * lat + (10.0 if when < turn else -10.0), 0 * lat),
        bounds=(-6.0, 35.0, -3.0, 37.0), spacing=0.1, times=[START + timedelta(minutes=m) for m in (0, 179, 180, 480)],
    )  # fmt: skip
    same = {"hours": 6, "radius_m": 100, "classes": ((1, 1.0),), "jibing": False}
    frozen, wandering = drift(forcing, **same), drift(forcing, memory_hours=1.0, **same)

    assert spread(frozen, 6) < 0.35 * spread(frozen, 3)
    assert spread(wandering, 6) > 0.8 * spread(wandering, 3)


def test_wandering_errors_keep_their_distribution() -> None:
    """In a steady wind the speed of any hour is spread as that of the first."""
    east = Forcing.constant((0, 0), (10.0, 0))
    result = drift(east, hours=24, radius_m=0, classes=((1, 1.0),), memory_hours=3.0, jibing=False, particles=20_000)
    first, last = (result.lon[k + 1] - result.lon[k] for k in (0, 23))

    assert last.mean() == pytest.approx(first.mean(), rel=0.02)
    assert last.std() == pytest.approx(first.std(), rel=0.02)
    assert abs(np.corrcoef(first, last)[0, 1]) < 0.05


def test_a_backward_run_undoes_a_constant_one() -> None:
    there = drift(hours=12, radius_m=0, errors=False, jibing=False, particles=2)
    back = drift(
        hours=12, radius_m=0, errors=False, jibing=False, particles=2, backward=True, time=START + timedelta(hours=12),
        lat=float(there.lat[-1, 0]), lon=float(there.lon[-1, 0]),
    )  # fmt: skip

    assert back.times[-1] == START
    assert (back.lat[-1, 0], back.lon[-1, 0]) == pytest.approx(HERE, abs=1e-5)


def wall(thickness: int) -> Coast:
    """A coast of the tiles 4 to 5 W: sea, but for a wall along 4.45 W of so many pixels."""
    bits = np.zeros((1000, 1000), bool)
    bits[:, 550 : 550 + thickness] = True
    kinds = np.zeros((2, 2), np.uint8)
    kinds[0, 0] = kinds[1, 0] = coast.MIXED
    tile = coast.packed(np.packbits(bits, axis=1))
    return Coast("wall", -5, 35, kinds, {(35, -5): tile, (36, -5): tile}, "test")


@pytest.mark.parametrize("thickness", [1, 30])
def test_nobody_jumps_over_thin_land(thickness: int) -> None:
    """Steps of an hour at 2 m/s are 80 pixels long; each ends on the wall's near side."""
    result = drift(Forcing.constant((2.0, 0.3), (0, 0)), hours=12, step_minutes=60, coast=wall(thickness), radius_m=200)

    assert (result.stranded >= 0).all()
    assert result.lon[-1] == pytest.approx(-4.45 + 0.0003, abs=0.0007)
    assert (result.lost < 0).all()
    assert not result.afloat(12).any()


def test_stranded_particles_stay_and_are_dated() -> None:
    result = drift(Forcing.constant((0.5, 0.0), (0, 0)), hours=6, coast=wall(10), radius_m=0, particles=2)
    metres = distances(*(np.array([x]) for x in (35.9, -4.5, 35.9, -4.45)))[0]

    assert result.stranded[0] == int(metres / 300)
    assert result.afloat(2).all()
    assert not result.afloat(3).any()
    assert result.lon[4, 0] == result.lon[6, 0]


def test_seeds_on_land_start_at_the_nearest_sea() -> None:
    result = drift(hours=1, coast=coast.regional(), lat=36.13, lon=-5.345, radius_m=500, particles=500)

    window = coast.regional().window((-6, 36, -5, 37))
    assert not window.land(result.lat[0].astype(float), result.lon[0].astype(float)).any()


def test_particles_that_leave_the_forcing_are_lost_where_they_left_it() -> None:
    forcing = Forcing.of_formulas(
        current=lambda lat, lon, when: (0 * lat + 1.0, 0 * lat), wind=lambda lat, lon, when: (0 * lat, 0 * lat),
        bounds=(-5.0, 35.0, -4.4, 37.0), times=[START, START + timedelta(hours=24)],
    )  # fmt: skip
    result = drift(forcing, hours=24, radius_m=0)

    assert (result.lost > 0).all()
    assert (result.stranded < 0).all()
    assert result.lon[-1] == pytest.approx(-4.4, abs=0.01)


def test_hours_taken_at_once_or_one_by_one_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release over time, land on one side and the forcing's end on the other, in a run that ends within an hour."""
    forcing = Forcing.of_formulas(
        current=lambda lat, lon, when: (lat - 35.85, 0 * lat + 0.2), wind=lambda lat, lon, when: (0 * lat, lat / 9),
        bounds=(-4.9, 35.4, -4.2, 36.4), times=[START, START + timedelta(hours=36)],
    )  # fmt: skip
    common = {"hours": 33.5, "until": START + timedelta(hours=9), "coast": wall(20), "radius_m": 9000.0}

    many = drift(forcing, **common)
    monkeypatch.setattr(run, "SMALL", 0)
    single = drift(forcing, **common)

    assert many.lon.shape == (35, 4000)
    assert 0 < (many.stranded >= 0).sum() < 4000
    assert 0 < (many.lost >= 0).sum() < 4000
    assert many.lon == pytest.approx(single.lon, abs=1e-5, nan_ok=True)
    assert many.lat == pytest.approx(single.lat, abs=1e-5, nan_ok=True)
    assert (many.stranded == single.stranded).mean() > 0.999
    assert (many.lost == single.lost).mean() > 0.999


def test_a_finer_current_inside_a_coarser_one_is_preferred_and_left() -> None:
    times = [START, START + timedelta(hours=24)]

    def steady(speed: float, bounds: tuple[float, float, float, float], spacing: float) -> Forcing:
        return Forcing.of_formulas(
            current=lambda lat, lon, when: (0 * lat + speed, 0 * lat), wind=lambda lat, lon, when: (0 * lat, 0 * lat),
            bounds=bounds, spacing=spacing, times=times, name=f"{speed}",
        )  # fmt: skip

    fine, wide = steady(0.5, (-4.6, 35.5, -4.4, 36.5), 0.02), steady(1.0, (-6.0, 34.0, -2.0, 38.0), 0.25)
    result = drift(Forcing((*fine.currents, *wide.currents), wide.winds), hours=24, radius_m=0, particles=2)
    speed = np.diff(result.lon[:, 0]) * 90_190 / 3600

    assert speed[:4] == pytest.approx(0.5, abs=0.01)
    assert speed[-4:] == pytest.approx(1.0, abs=0.01)
    assert [used.name for used in result.forcing_used] == ["0.5", "1.0", "1.0"]


def test_a_parcel_goes_round_an_eddy() -> None:
    """Solid rotation: after one period of 24 h a water parcel is back, but for Euler's known outward spiral."""
    omega = 2 * np.pi / 86400

    def eddy(lat: Any, lon: Any, when: datetime) -> tuple[Any, Any]:
        east, north = local(lat, lon, 36.0, -4.5)
        return -omega * north, omega * east

    forcing = Forcing.of_formulas(
        current=eddy, wind=lambda lat, lon, when: (0 * lat, 0 * lat), bounds=(-5.0, 35.5, -4.0, 36.5), spacing=0.05,
        times=[START, START + timedelta(hours=24)],
    )  # fmt: skip
    result = drift(forcing, hours=24, lat=36.0, lon=-4.4, radius_m=0, particles=2)
    east, north = local(result.lat[-1].astype(float), result.lon[-1].astype(float), 36.0, -4.5)
    spiral = (1 + (omega * 600) ** 2) ** (144 / 2)

    assert np.hypot(east, north)[0] == pytest.approx(9019 * spiral, rel=0.01)
    assert abs(np.degrees(np.arctan2(north, east))[0]) < 1.5


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no particles": ({"particles": 0}, "particles"),
    "no class": ({"classes": ()}, "classes"),
    "a weight of nothing": ({"classes": ((27, 0.0),)}, "weights"),
    "an unknown class": ({"classes": ((86, 1.0),)}, "no object class 86"),
    "a pole": ({"lat": 90.0}, "no place"),
    "not a number": ({"lon": float("nan")}, "no place"),
    "a time without a zone": ({"time": datetime(2026, 3, 1)}, "no zone"),  # noqa: DTZ001  # the very fault it tests
    "no hours": ({"hours": 0}, "hours"),
    "a step that does not divide the hour": ({"step_minutes": 7}, "divide the hour"),
    "part of a step": ({"hours": 0.25}, "whole number of steps"),
    "a release that ends before it begins": ({"until": START - timedelta(hours=1)}, "before it begins"),
    "a line of one point": ({"shape": Shape.LINE, "outline": ((1.0, 1.0),)}, "at least 2"),
    "an area of nothing": ({"shape": Shape.POLYGON, "outline": ((36.0, -4.0),) * 3}, "no area"),
    "a negative radius": ({"radius_m": -1.0}, "radius"),
    "a backward release": ({"backward": True, "until": START + timedelta(hours=1)}, "one moment"),
}


@pytest.mark.parametrize("story", WRONG)
def test_starts_that_make_no_sense_are_malformed(story: str) -> None:
    options, said = WRONG[story]

    with pytest.raises(Malformed, match=said):
        drift(**options)


def test_a_coast_that_does_not_reach_the_place_is_not_covered() -> None:
    with pytest.raises(NotCovered, match="coast"):
        drift(coast=coast.regional(), lat=60.0)


def test_a_failing_kernel_is_heard() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def fails(begin: int, end: int) -> None:
        if begin:
            raise ValueError("broken")

    with ThreadPoolExecutor(2) as pool, pytest.raises(ValueError, match="broken"):
        Crew(pool, 2).each(100_000, fails)


def test_phases_and_counts_are_told() -> None:
    ticks = iter(range(100))
    result = drift(hours=2, particles=100, stopwatch=lambda: float(next(ticks)))

    assert list(result.seconds) == ["kernels", "seed", "forcing", "coast", "drift", "digest"]
    assert set(result.seconds.values()) == {1.0}
    assert result.particle_steps == 1200


def test_kernels_compile_where_nothing_can_be_cached() -> None:
    """Code without a file has no folder to cache in, as in a read-only installation without a home."""
    names: dict[str, Any] = {}
    exec("def twice(x):\n    return 2 * x", names)

    assert kernels.compiled(names["twice"])(21) == 42
