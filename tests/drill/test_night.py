"""A seeded night: the same seed is the same bytes, and the bytes say what was simulated."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pyais import decode

from tansiq.drill import waters, weather
from tansiq.drill.ais import NavStatus
from tansiq.drill.cast import Gear
from tansiq.drill.night import ENGINE_AT, Happening, Night, play
from tansiq.drill.waters import distance
from tansiq.sea.coast import regional
from tansiq.sea.units import KNOT

START = datetime(2026, 3, 20, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def night() -> Night:
    return play(seed=7, start=START)


def _decoded(transmission):
    return decode(*(line.rpartition(b"\\")[2].strip() for line in transmission.lines))


def test_the_same_seed_is_the_same_night(night):
    again = play(seed=7, start=START)
    assert again.digest == night.digest
    assert again.script == night.script
    assert weather.current_file(again.weather, START) == weather.current_file(night.weather, START)


def test_another_seed_is_another_night(night):
    assert play(seed=8, start=START).digest != night.digest


def test_another_day_moves_the_times_and_nothing_else(night):
    later = play(seed=7, start=START + timedelta(days=40))
    assert [_decoded(heard).asdict() for heard in later.transmissions if heard.message not in (4,)][:500] == [
        _decoded(heard).asdict() for heard in night.transmissions if heard.message not in (4,)
    ][:500]


def test_positions_decode_to_where_the_ships_truly_are(night):
    ships = {ship.mmsi: ship for ship in night.ships}
    checked = 0
    for heard in night.transmissions[::7]:
        if heard.message not in (1, 3, 18) or heard.mmsi not in ships:
            continue
        said, true = _decoded(heard), night.place(ships[heard.mmsi], heard.at)
        assert said.mmsi == heard.mmsi
        assert said.msg_type == heard.message
        moved = 60 if ships[heard.mmsi].gear is Gear.BEACON else 40
        assert distance((said.lat, said.lon), (true.lat, true.lon)) < moved
        assert abs(said.speed - true.knots) < 0.5 or ships[heard.mmsi].gear is Gear.BEACON
        checked += 1
    assert checked > 1500


def test_static_data_and_texts_decode(night):
    ships = {ship.mmsi: ship for ship in night.ships}
    seen = defaultdict(set)
    for heard in night.transmissions:
        if heard.message in (5, 14, 24):
            said = _decoded(heard)
            seen[heard.message].add(heard.mmsi)
            if heard.message == 5:
                ship = ships[heard.mmsi]
                assert (said.shipname, said.ship_type, said.destination) == (
                    ship.name,
                    ship.ship_type,
                    ship.destination,
                )
                assert (said.to_bow + said.to_stern, said.to_port + said.to_starboard) == (ship.length, ship.beam)
                assert said.draught == pytest.approx(ship.draught)
            if heard.message == 24 and said.partno == 0:
                assert said.shipname == ships[heard.mmsi].name
    assert all(len(seen[message]) > 1 for message in (5, 14, 24))


def test_sentences_are_well_formed_and_in_order(night):
    last = 0
    for heard in night.transmissions:
        for line in heard.lines:
            block, _, sentence = line[1:].partition(b"\\")
            assert line.endswith(b"\r\n")
            assert len(sentence) <= 82
            assert _checks(block)
            assert _checks(sentence.strip()[1:])
        at = int(dict(part.split(":") for part in heard.lines[0][1:].split(b"*")[0].decode().split(","))["c"])
        assert datetime.fromtimestamp(at, UTC) == heard.at
        assert at >= last
        last = at


def test_one_beacon_is_in_distress_and_one_is_tested(night):
    active, tested = set(), set()
    for heard in night.transmissions:
        if str(heard.mmsi).startswith("972"):
            said = _decoded(heard)
            if heard.message == 14:
                (active if said.text == "MOB ACTIVE" else tested).add(heard.mmsi)
            else:
                assert said.status in (NavStatus.BEACON_ACTIVE, NavStatus.UNDEFINED)
                (active if said.status == NavStatus.BEACON_ACTIVE else tested).add(heard.mmsi)
    assert active == {night.moment(Happening.PERSON_OVERBOARD).mmsi}
    assert tested == {night.moment(Happening.BEACON_TESTED).mmsi}


def test_the_boat_without_engine_drifts_and_says_so(night):
    boat = night.moment(Happening.ENGINE_FAILED).mmsi
    before, after = [], []
    for heard in night.transmissions:
        if heard.mmsi == boat and heard.message in (1, 3):
            said = _decoded(heard)
            (after if (heard.at - START).total_seconds() > ENGINE_AT + 60 else before).append(said)
    assert {said.status for said in after} == {NavStatus.NOT_UNDER_COMMAND}
    assert all(7 < said.speed < 9 for said in before[:-3])
    assert all(0.1 < said.speed < 5.5 for said in after)


def test_the_lifeboat_reaches_the_person(night):
    recovered = night.moment(Happening.PERSON_RECOVERED)
    lifeboat = next(ship for ship in night.ships if ship.ship_type == 51)
    place = night.place(lifeboat, recovered.at)
    assert distance((place.lat, place.lon), (recovered.lat, recovered.lon)) < 50


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_speeds_are_plausible_and_nothing_jumps(seed):
    for ship in play(seed=seed, start=START, hours=2).ships:
        for (a, at), (b, then) in pairwise(zip(ship.way.points, ship.way.times, strict=True)):
            if then > at:
                assert distance(a, b) / (then - at) / KNOT < 31
            else:
                assert distance(a, b) < 1


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_ships_stay_at_sea(seed):
    sea = regional().window((-7.0, 35.0, -4.0, 37.0))
    night = play(seed=seed, start=START, hours=2.5)
    for ship in night.ships:
        times = np.arange(max(0.0, ship.way.start), min(9000.0, ship.way.end), 60.0)
        places = [ship.way.at(time) for time in times.tolist()]
        land = sea.land(np.array([place.lat for place in places]), np.array([place.lon for place in places]))
        assert not land.any(), (ship.name, ship.destination, places[int(np.argmax(land))])


def test_the_current_is_a_jet_with_a_tide_and_the_wind_a_levante():
    for seed in range(20):
        sky = weather.levante(np.random.default_rng([seed, 1]))
        hours = np.arange(0, 25)
        u, v = sky.current(35.985, -5.4, hours)
        assert 0.5 < u.mean() < 1.3
        assert np.hypot(u, v).max() < 2.2
        u, v = sky.current(35.93, -5.75, hours)
        assert u.min() < 0 < u.max()  # the tide turns the stream over the sill
        wind_u, wind_v = sky.wind(35.95, -5.6, hours)
        assert (wind_u < -6).all()
        assert np.hypot(wind_u, wind_v).max() < 20


def test_the_weather_files_are_cf(night, tmp_path: Path):
    for name, written, fields in (
        (
            "current",
            weather.current_file,
            (("uo", "eastward_sea_water_velocity"), ("vo", "northward_sea_water_velocity")),
        ),
        ("wind", weather.wind_file, (("u10", "eastward_wind"), ("v10", "northward_wind"))),
    ):
        path = tmp_path / f"{name}.nc"
        path.write_bytes(written(night.weather, START))
        with xr.open_dataset(path, engine="netcdf4") as file:
            assert file.attrs["Conventions"] == "CF-1.8"
            assert "EXERCISE" in file.attrs["title"]
            assert file.time.values[0] == np.datetime64("2026-03-20T14:00:00")
            for variable, standard in fields:
                assert file[variable].attrs["standard_name"] == standard
                assert file[variable].attrs["units"] == "m s-1"
                assert file[variable].dims == ("time", "latitude", "longitude")
                assert np.isfinite(file[variable].values).all()
    with xr.open_dataset(tmp_path / "current.nc", engine="netcdf4") as file:
        here = file.interp(latitude=35.95, longitude=-5.5, time=np.datetime64("2026-03-20T23:00:00"))
        true = night.weather.current(35.95, -5.5, 3.0)
        assert (float(here.uo), float(here.vo)) == pytest.approx([float(part) for part in true], abs=0.02)


def test_the_plane_is_close_enough_to_the_ellipsoid():
    from pyproj import Geod

    moved = waters.offset((35.95, -5.6), 3000.0, -4000.0)
    _, _, metres = Geod(ellps="WGS84").inv(-5.6, 35.95, moved[1], moved[0])
    assert metres == pytest.approx(5000, abs=2)


def _checks(sentence: bytes) -> bool:
    body, _, check = sentence.partition(b"*")
    value = 0
    for byte in body:
        value ^= byte
    return value == int(check, 16)
