"""Drift runs and plans as they are kept: the same question gets the same answer, and what is missing is said."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.conf import LazySettings
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from tansiq.ground.errors import Malformed, Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty
from tansiq.rescue import acts, cloud, models, reads
from tansiq.rescue.drift import DriftResult, Seed, simulate
from tansiq.rescue.forcing import open_forcing
from tansiq.rescue.values import DriftRun, Reason, Search, TaskState
from tests import shared, world
from tests.rescue import cases
from tests.rescue.cases import NOW, OURS


@pytest.mark.django_db
def test_a_drift_is_kept_with_all_that_it_rests_on(home: Path) -> None:
    case = cases.case()

    run = cases.drift(case)

    kept = reads.case(case=case.id, reader=OURS).drift
    assert kept == run
    assert (run.start, run.hours, run.particles, run.mixture) == (case.at, 12, 2_000, case.mixture)
    assert {each.vector for each in run.forcing} == {"current", "wind"}
    assert run.forcing_ends is None
    assert len(run.datums) == 13
    assert run.datums[0].lat == pytest.approx(case.lat, abs=0.01)
    assert run.datums[0].radius_50_m == pytest.approx(1.1774 * case.radius_m, rel=0.1)
    assert run.datums[-1].radius_50_m > run.datums[0].radius_50_m


@pytest.mark.django_db
def test_the_same_question_gets_the_same_answer(home: Path) -> None:
    case = cases.case()

    one, same = cases.drift(case), cases.drift(case)
    other = acts.run_drift(case=case.id, hours=12, particles=2_000, seed=5, forcing=cases.CALM, by=OURS, now=NOW)

    assert isinstance(other, DriftRun)
    assert one.digest == same.digest != other.digest


@pytest.mark.django_db
def test_the_page_gets_a_raster_for_every_hour(home: Path) -> None:
    run = cases.drift(cases.case())

    for hour in (0, 6, 12, 99):
        raster = reads.raster(drift=run.id, hour=hour, reader=OURS)
        assert raster.at == run.start + timedelta(hours=min(hour, 12))
        assert sum(cell[2] for cell in raster.cells) == pytest.approx(raster.afloat, abs=2e-3)
        assert all(0 <= column < raster.columns and 0 <= row < raster.rows for column, row, _ in raster.cells)
        assert all(ring[0] == ring[-1] for ring in (*raster.half, *raster.most))
    with pytest.raises(Missing):
        reads.raster(drift=run.id, hour=0, reader=world.stranger(Duty.RESCUE_COORDINATOR, world.THIRD))
    with pytest.raises(Missing):
        reads.raster(drift=uuid4(), hour=0, reader=OURS)


REFUSED = {
    "no time at all": ({"hours": 0}, Reason.TOO_LARGE),
    "a month": ({"hours": 24 * 30}, Reason.TOO_LARGE),
    "ten million particles": ({"particles": 10_000_000}, Reason.TOO_LARGE),
}


@pytest.mark.django_db
@pytest.mark.parametrize("story", REFUSED.values(), ids=REFUSED.keys())
def test_what_a_node_cannot_bear_is_refused(story: tuple[dict[str, float], Reason], home: Path) -> None:
    changes, reason = story

    answer = acts.run_drift(case=cases.case().id, forcing=cases.CALM, by=OURS, now=NOW, **changes)

    assert isinstance(answer, Refused)
    assert answer.reason == reason


@pytest.mark.django_db
def test_a_node_without_forcing_says_so_and_keeps_the_circular_datum(home: Path, settings: LazySettings) -> None:
    case = cases.case()
    settings.TANSIQ_HOME = None

    answer = acts.run_drift(case=case.id, by=OURS, now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == Reason.NO_FORCING
    file = reads.case(case=case.id, reader=OURS)
    assert file.drift is None
    assert file.case.radius_m == 1500


@pytest.mark.django_db
def test_forcing_of_another_time_is_refused(home: Path) -> None:
    folder = home / "forcing"
    folder.mkdir()
    current, wind = algeria()
    (folder / "current.nc").symlink_to(current)
    (folder / "wind.nc").symlink_to(wind)

    answer = acts.run_drift(case=cases.case().id, by=OURS, now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == Reason.NOT_COVERED


def algeria() -> tuple[Path, Path]:
    """Recorded current and wind off Algeria, August 2008."""
    found = shared.data("forcing")
    return found / "algeria_cur.nc", found / "algeria_wind.nc"


@pytest.mark.django_db
def test_a_run_ends_where_the_forcing_ends_and_says_so(home: Path) -> None:
    forcing = open_forcing(*([path] for path in algeria()))
    now = datetime(2008, 8, 6, 12, tzinfo=UTC)
    case = cases.case(lat=38.0, lon=6.0, at=now, now=now)

    run = acts.run_drift(case=case.id, hours=200, particles=500, forcing=forcing, by=OURS, now=now)

    assert isinstance(run, DriftRun)
    assert run.asked_hours == 200
    assert run.hours < 200
    assert run.forcing_ends is not None
    assert timedelta(0) <= run.forcing_ends - run.end < timedelta(hours=1)


@pytest.mark.django_db
def test_nothing_is_computed_while_a_transaction_is_open(home: Path) -> None:
    case = cases.case()

    with transaction.atomic(), pytest.raises(RuntimeError):
        cases.drift(case)


@pytest.mark.django_db
def test_a_search_stands_on_a_drift(home: Path) -> None:
    answer = acts.plan_search(case=cases.case().id, **cases.boat())

    assert isinstance(answer, Refused)
    assert answer.reason == Reason.NO_DRIFT


@pytest.mark.django_db
def test_a_plan_is_kept_and_repeats_itself(home: Path) -> None:
    case = cases.case()
    cases.drift(case)

    one = acts.plan_search(case=case.id, **cases.boat())
    same = acts.plan_search(case=case.id, **cases.boat(now=NOW + timedelta(minutes=1)))

    assert isinstance(one, Search)
    assert isinstance(same, Search)
    assert (one.corners, one.waypoints, one.pos) == (same.corners, same.waypoints, same.pos)
    assert reads.case(case=case.id, reader=OURS).searches == (same, one)
    assert 0.3 < one.pos < one.ideal_pos < 1


UNFIT = {
    "it does not move": ({"search_speed": 0.0}, Reason.BAD_UNIT),
    "it has no name": ({"unit": " "}, Reason.BAD_UNIT),
    "it lies nowhere": ({"lat": float("nan")}, Reason.BAD_UNIT),
    "it comes after the run": ({"available_at": NOW + timedelta(days=2)}, Reason.NOT_IN_TIME),
    "it is too far away": ({"lat": 28.0, "lon": -15.0}, Reason.NOT_IN_TIME),
    "it cannot see by night": ({"night": False, "endurance_hours": 2.0}, Reason.NOT_IN_TIME),
}


@pytest.mark.django_db
@pytest.mark.parametrize("story", UNFIT.values(), ids=UNFIT.keys())
def test_units_that_cannot_search(story: tuple[dict[str, object], Reason], home: Path) -> None:
    changes, reason = story
    case = cases.case()
    cases.drift(case)

    answer = acts.plan_search(case=case.id, **cases.boat(**changes))

    assert isinstance(answer, Refused)
    assert answer.reason == reason


@pytest.mark.django_db
def test_the_next_search_knows_what_was_flown(home: Path) -> None:
    case = cases.case()
    first = cases.search(case)
    (task,) = acts.send_task(search=first.id, to=("ma.gendarmerie",), by=OURS, now=NOW)
    by = world.stranger(Duty.PATROL_COMMANDER, "ma.gendarmerie")
    for answer in (TaskState.ACCEPTED, TaskState.SEARCHING, TaskState.DONE):
        acts.answer_task(task=task.id, answer=answer, by=by, now=NOW)

    second = acts.plan_search(case=case.id, **cases.boat())

    assert isinstance(second, Search)
    assert second.pos < first.pos
    assert second.cumulative_pos == pytest.approx(first.pos + second.pos, abs=0.01)


@pytest.mark.django_db
def test_the_raster_is_lowered_by_what_was_searched(home: Path) -> None:
    case = cases.case()
    search = cases.search(case)
    run = reads.case(case=case.id, reader=OURS).drift
    assert run is not None
    before = reads.rasters(drift=run.id, reader=OURS)
    (task,) = acts.send_task(search=search.id, to=("ma.gendarmerie",), by=OURS, now=NOW)
    by = world.stranger(Duty.PATROL_COMMANDER, "ma.gendarmerie")
    for answer in (TaskState.ACCEPTED, TaskState.DONE):
        acts.answer_task(task=task.id, answer=answer, by=by, now=NOW)

    after = reads.rasters(drift=run.id, reader=OURS)

    assert after[0] == before[0]
    assert after[-1].unfound == pytest.approx(1 - search.pos, abs=0.01)
    assert sum(cell[2] for cell in after[-1].cells) == pytest.approx(1 - search.pos, abs=0.02)
    assert after[-1].half != before[-1].half


def result(particles: int = 3_000) -> DriftResult:
    """A run of two classes."""
    seed = Seed(lat=36.0, lon=-4.0, time=NOW, classes=((27, 0.75), (1, 0.25)), radius_m=2_000, particles=particles)
    return simulate(seed=seed, forcing=cases.CALM, hours=6, rng=1)


def test_particles_are_kept_to_the_bit() -> None:
    kept = cloud.keep(result(), np.random.default_rng(0))

    again = cloud.unpack(cloud.pack(kept.tracks))

    assert again.start == kept.tracks.start
    for one, same in zip(kept.tracks[1:], again[1:], strict=True):
        np.testing.assert_array_equal(one, same)


def test_a_sample_keeps_every_class_in_its_share() -> None:
    tracks = cloud.keep(result(60_000), np.random.default_rng(0)).tracks

    assert tracks.lon.shape == (7, cloud.KEPT)
    assert tracks.weight.sum() == pytest.approx(1)
    assert tracks.weight[tracks.object_class == 27].sum() == pytest.approx(0.75, abs=0.01)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_particles_are_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        cloud.unpack(content)


@pytest.mark.parametrize("cut", [0, 3, 40, 500, -1])
def test_a_truncated_run_is_malformed(cut: int) -> None:
    whole = cloud.pack(cloud.keep(result(), np.random.default_rng(0)).tracks)

    with pytest.raises(Malformed):
        cloud.unpack(whole[:cut])


@pytest.mark.django_db
def test_lists_do_not_load_the_particles(home: Path, django_assert_num_queries: object) -> None:
    cases.drift(cases.case())

    assert models.Cloud.objects.count() == 1
    with django_assert_num_queries(1):
        models.Drift.objects.get()
