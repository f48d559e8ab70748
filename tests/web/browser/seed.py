"""Fills the home of a node for the browser: people on their duties, vessels, alerts, a case with a drift and a search.

Run as `python -m tests.web.browser.seed HOME`, in a process of its own, because a node's settings are read once.
"""

import sys
from datetime import timedelta
from pathlib import Path

import numpy as np

from tansiq.cli import django as node


def main(home: Path) -> None:
    """Fill the home."""
    node.setup(home)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tansiq.drill import weather
    from tansiq.ground import clock
    from tansiq.parties import acts as parties
    from tansiq.parties.duties import Duty
    from tansiq.rescue import acts as rescue
    from tansiq.rescue.values import Platform
    from tests import world
    from tests.web import sea
    from tests.web.browser import people

    made = sea.fill(3)
    for name, duty in people.DUTIES.items():
        person = parties.add_person(
            username=name, name=name, agency=world.OURS, password=people.PASSWORD, node=home.name
        )
        parties.appoint(person=person.id, desk="Duty room", duty=duty, since=world.LONG_AGO, until=world.FAR)
        if name == people.WITH_CODE:
            parties.enrol_totp(person=person.id, secret=people.SECRET)
    now = clock.now()
    begin = now.replace(minute=0, second=0, microsecond=0)
    night = weather.levante(np.random.default_rng(1))
    (home / "forcing" / "current.nc").write_bytes(weather.current_file(night, begin, after=30))
    (home / "forcing" / "wind.nc").write_bytes(weather.wind_file(night, begin, after=30))
    officer = world.officer(Duty.RESCUE_COORDINATOR)
    rescue.run_drift(case=made.case, hours=6, particles=500, by=officer, now=now)
    rescue.plan_search(
        case=made.case,
        unit="Lifeboat",
        agency=world.OURS,
        platform=Platform.VESSEL,
        lat=35.7,
        lon=-4.9,
        available_at=now + timedelta(minutes=10),
        transit_speed=12.0,
        search_speed=8.0,
        endurance_hours=4.0,
        height_m=4.0,
        by=officer,
        now=now,
    )
    agree()
    print(made.alert, made.case)


def agree() -> None:
    """A partner that is known and never answers, and the channels to it."""
    from tansiq.exchange.agreements.terms import Mechanism
    from tests import neighbour as neighbours
    from tests import world

    partner = neighbours.Neighbour()
    neighbours.meet(partner, world.MET)
    for mechanism in Mechanism:
        neighbours.agree(mechanism, partner, now=world.MET)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
