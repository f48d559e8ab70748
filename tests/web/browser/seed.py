"""Fills the home of a node for the browser: people on their duties, vessels, alerts, a case with a drift and a search.

Run as `python -m tests.web.browser.seed HOME`, in a process of its own, because a node's settings are read once.
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tansiq.cli import django as node
from tansiq.ground.ids import uuid7

if TYPE_CHECKING:
    from tests.neighbour import Neighbour


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
    partner = agree()
    past_the_desk(partner, now)
    post(now)
    print(made.alert, made.case)


def agree() -> "Neighbour":
    """A partner that is known and never answers, and the channels to it."""
    from tansiq.exchange.agreements.terms import Mechanism
    from tests import neighbour as neighbours
    from tests import world

    partner = neighbours.Neighbour()
    neighbours.meet(partner, world.MET)
    for mechanism in Mechanism:
        neighbours.agree(mechanism, partner, now=world.MET)
    ask()
    return partner


def ask() -> None:
    """A notice that two persons are asked to let pass."""
    from tansiq.exchange import acts, canon
    from tansiq.exchange.kinds import Kind
    from tansiq.exchange.kinds.notices import Ask, NoticeLetter
    from tansiq.exchange.label import Claim, Marks, Notice
    from tansiq.ground import clock
    from tansiq.parties.duties import Duty
    from tests import world

    now = clock.now()
    claims = {Claim.EXCEPTION: 1, Claim.DANGER_ASSESSED: 1}
    acts.send(
        kind=Kind.NOTICE,
        letter=NoticeLetter(subject="A source", ask=Ask.INFORM, statements=()),
        mechanism="interpol",
        to=(world.THEIRS,),
        topic="drugs",
        purpose="prevention",
        sensitivity=1,
        by=world.officer(Duty.CASE_OFFICER),
        now=now,
        marks=Marks(notice=Notice.GREEN, review_by=canon.millis(now) + 10**10, claims=claims),
    )


def past_the_desk(partner: "Neighbour", now: datetime) -> None:
    """Letters between two partners that pass a desk of ours, some of them overdue, and an official at it."""
    from django.conf import settings

    from tansiq.parties import acts as parties
    from tansiq.parties.duties import Duty
    from tests import world
    from tests.exchange import past_a_desk
    from tests.web.browser import people

    clerk = parties.add_person(
        username=people.CLERK, name="A Clerk", agency=past_a_desk.OUR_DESK, password=people.PASSWORD, node="ma"
    )
    parties.appoint(
        person=clerk.id, desk="Bureau", duty=Duty.BUREAU_CLERK, since=world.LONG_AGO, until=world.FAR
    )  # fmt: skip
    third = past_a_desk.third_desk(partner)
    for hours, urgency, topic in (
        (80, "priority", "drugs"), (9, "urgent", "smuggling"), (5, "priority", "terrorism"), (3, "routine", "drugs"),
        (2, "priority", "trafficking"), (1, "routine", "document-fraud"),
    ):  # fmt: skip
        at = now - timedelta(hours=hours)
        receipt, _ = past_a_desk.to_the_desk(
            third, now=at, urgency=urgency, topic=topic, exercise=settings.TANSIQ_EXERCISE
        )  # fmt: skip
        assert receipt.state == "accepted", receipt


def post(now: datetime) -> None:
    """A liaison post of ours at the partner, with two cases."""
    from tansiq.exchange import acts
    from tansiq.parties import reads
    from tansiq.parties.duties import Duty
    from tests import world

    held = {each.name: each for each in reads.officers(duty=Duty.LIAISON_OFFICER, now=now)}
    chief = reads.officers(duty=Duty.CASE_OFFICER, now=now)[0]
    opened = acts.open_post(
        sending=world.OURS, host=world.THEIRS, topics=("drugs", "smuggling"), regions=("strait", "rif"),
        since=now - timedelta(days=20), until=now + timedelta(days=160), officer=held["liaison"],
        by=world.officer(Duty.NODE_ADMINISTRATOR), now=now,
    )  # fmt: skip
    for days, reference in ((30, "Harbour 7"), (2, "Night boats")):
        acts.assign_case(
            post=opened.mandate.post, case=uuid7(now), reference=reference, topic="drugs", region="strait",
            until=now + timedelta(days=days), by=chief, now=now,
        )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
