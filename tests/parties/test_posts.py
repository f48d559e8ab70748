"""People and their posts: who may be added, what a post gives, and when it ends."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties import acts, reads
from tansiq.parties.duties import HELD, Duty, Permission
from tansiq.parties.values import Officer, Person, Post, Reason, node_of
from tests import world

pytestmark = pytest.mark.django_db


def add(username: str = "new", agency: str = world.OURS, node: str = "ma") -> Person | Refused:
    world.agencies()
    return acts.add_person(username=username, name="New Officer", agency=agency, password=world.PASSWORD, node=node)


def reason(outcome: object) -> Reason:
    assert isinstance(outcome, Refused), outcome
    assert isinstance(outcome.reason, Reason)
    return outcome.reason


def test_a_node_adds_its_own_people_under_one_name_each() -> None:
    assert isinstance(add(), Person)
    assert reason(add("NEW")) == Reason.NAME_TAKEN
    assert reason(add("other", agency=world.THEIRS)) == Reason.NOT_OURS


def test_an_agency_that_is_not_there_is_missing() -> None:
    with pytest.raises(Missing):
        add(agency="ma.nowhere")


def test_without_a_post_someone_is_no_officer() -> None:
    person = add()
    assert isinstance(person, Person)

    assert reads.officer(person=person.id, post=None, now=world.NOW) is None


def test_a_post_gives_its_duty_until_it_ends() -> None:
    person = world.person(Duty.RESCUE_COORDINATOR)
    [post] = reads.posts_of(person=person.id, now=world.NOW)

    officer = reads.officer(person=person.id, post=post.id, now=world.NOW)
    assert officer is not None
    assert officer.holds(Permission.DRIFT_RUN)
    assert not officer.holds(Permission.LEDGER_VERIFY)
    assert isinstance(acts.relieve(post=post.id, now=world.NOW), Post)
    assert reads.officer(person=person.id, post=post.id, now=world.later(1)) is None
    assert reason(acts.relieve(post=post.id, now=world.later(1))) == Reason.ALREADY_ENDED


def test_a_liaison_post_has_an_end() -> None:
    person = add()
    assert isinstance(person, Person)

    refused = acts.appoint(person=person.id, desk="Tangier", duty=Duty.LIAISON_OFFICER, since=world.NOW)
    backwards = acts.appoint(
        person=person.id,
        desk="Tangier",
        duty=Duty.LIAISON_OFFICER,
        since=world.NOW,
        until=world.NOW - timedelta(days=1),
    )
    post = acts.appoint(
        person=person.id, desk="Tangier", duty=Duty.LIAISON_OFFICER, since=world.NOW, until=world.FAR, region="Tangier"
    )

    assert reason(refused) == Reason.MANDATE_OPEN
    assert reason(backwards) == Reason.PERIOD_EMPTY
    assert isinstance(post, Post)
    assert post.current(world.NOW)
    assert not post.current(world.FAR)


def test_nobody_blocks_their_own_account_and_a_blocked_person_holds_nothing() -> None:
    administrator = world.officer(Duty.NODE_ADMINISTRATOR)
    watch = world.person(Duty.WATCH_OFFICER)

    assert reason(acts.block_person(person=administrator.person, by=administrator)) == Reason.OWN_ACCOUNT
    blocked = acts.block_person(person=watch.id, by=administrator)
    assert isinstance(blocked, Person)
    assert not blocked.active
    assert reads.posts_of(person=watch.id, now=world.NOW) == ()
    late = acts.appoint(person=watch.id, desk="x", duty=Duty.DUTY_OFFICER, since=world.NOW)
    assert reason(late) == Reason.PERSON_BLOCKED


def test_an_agency_keeps_an_english_name() -> None:
    world.agencies()

    assert reason(acts.edit_agency(agency="ma.marine", names={"en": " "}, functions=())) == Reason.NO_ENGLISH_NAME


def test_a_form_counts_once() -> None:
    token = uuid4()

    assert acts.once(token=token, now=world.NOW)
    assert not acts.once(token=token, now=world.later(1))
    assert acts.forget_submissions(before=world.later(2)) == 1
    assert acts.once(token=token, now=world.later(3))


def test_a_duty_that_is_not_listed_holds_nothing() -> None:
    officer = Officer(name="x", party="ma.marine", duty="no-such-duty")  # type: ignore[arg-type]  # as if from outside

    assert not [permission for permission in Permission if officer.holds(permission)]
    assert node_of("unhcr") == "unhcr"
    assert HELD[Duty.PROTECTION_OFFICER] == {Permission.DIRECTORY_VIEW}
