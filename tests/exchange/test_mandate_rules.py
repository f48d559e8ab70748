"""Liaison posts, for any mandate, case and moment: nothing is delegated beyond the mandate, the case or the officer."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tansiq.exchange import mandates
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.posts import CaseOfPost
from tansiq.exchange.label import Label, part_of, pseudonym
from tansiq.exchange.mandates import Handover, Mandate, Post, PostState
from tansiq.ground.verdict import Allowed
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer

DAY = datetime(2026, 3, 1, tzinfo=UTC)
AGREEMENT = "a" * 64
SENDING, HOST, STRANGER = "es.dci", "ma.dgsn", "de.bpol"
TOPICS, REGIONS = ("drugs", "terrorism"), ("strait", "rif")
FIRST = Officer("first", SENDING, Duty.LIAISON_OFFICER, UUID(int=1))
NEXT = Officer("next", SENDING, Duty.LIAISON_OFFICER, UUID(int=2))

days = st.integers(-5, 40).map(lambda count: DAY + timedelta(days=count))
codes = st.sampled_from([*TOPICS, "drugs"])
case = st.builds(
    CaseOfPost,
    case=st.integers(1, 3).map(lambda number: UUID(int=number)),
    reference=st.just("x"),
    topic=st.sampled_from(TOPICS),
    region=st.sampled_from(REGIONS),
    since=days,
    until=days,
)
post = st.builds(
    Post,
    mandate=st.builds(
        Mandate,
        post=st.just(UUID(int=9)),
        agreement=st.just(AGREEMENT),
        sending=st.just(SENDING),
        host=st.just(HOST),
        topics=st.sets(st.sampled_from(TOPICS), min_size=1).map(lambda some: tuple(sorted(some))),
        regions=st.sets(st.sampled_from(REGIONS), min_size=1).map(lambda some: tuple(sorted(some))),
        since=days,
        until=days,
    ),
    n=st.integers(1, 9),
    holder=st.just("first"),
    person=st.just(FIRST.person),
    ended=st.none() | days,
    cases=st.lists(case, max_size=3, unique_by=lambda one: one.case).map(tuple),
    handover=st.none() | st.just(Handover(NEXT.person, NEXT.name, DAY)),
)


def label(of: Post, number: int, **fields: object) -> Label:
    plain = Label(
        kind=Kind.INFORMATION,
        sender=SENDING,
        duty="liaison-officer",
        recipients=(HOST,),
        topic="drugs",
        region="strait",
        mandate=of.mandate.digest,
        case=pseudonym(AGREEMENT, UUID(int=number)),
        sent=0,
        expires=1,
        letter=part_of(b""),
    )
    return replace(plain, **fields)


@given(post, days, st.integers(1, 4), st.sampled_from(TOPICS), st.sampled_from(REGIONS))
def test_nothing_is_covered_beyond_the_mandate_and_the_case(
    of: Post, now: datetime, number: int, topic: str, region: str
) -> None:
    said = label(of, number, topic=topic, region=region)
    coverage = mandates.cover(of, said, AGREEMENT, now)

    given_case = [
        one
        for one in of.cases
        if one.case == UUID(int=number) and one.since <= now < one.until and (one.topic, one.region) == (topic, region)
    ]
    in_date = of.mandate.since <= now < of.mandate.until and (of.ended is None or now < of.ended)
    assert coverage.in_date == in_date
    assert coverage.topic == (topic in of.mandate.topics)
    assert coverage.region == (region in of.mandate.regions)
    assert coverage.case == (in_date and bool(given_case))


@given(post, days, st.integers(1, 3))
def test_a_post_carries_nothing_but_between_its_two_agencies(of: Post, now: datetime, number: int) -> None:
    for fields in (
        {"recipients": (STRANGER,)},
        {"recipients": (STRANGER, HOST)},
        {"sender": STRANGER},
        {"sender": HOST},
    ):
        assert not mandates.cover(of, label(of, number, **fields), AGREEMENT, now).case
    assert mandates.cover(of, label(of, number, mandate="b" * 64), AGREEMENT, now) == mandates.Coverage()
    assert mandates.cover(of, label(of, number), "b" * 64, now) == mandates.Coverage()


@given(post, days, st.integers(1, 3))
def test_a_liaison_officer_speaks_only_as_holder_and_in_date(of: Post, now: datetime, number: int) -> None:
    said = label(of, number)
    delegated = any(pseudonym(AGREEMENT, one.case) == said.case for one in of.current(now))

    assert isinstance(mandates.may_speak(of, said, FIRST, now), Allowed) == delegated
    assert not isinstance(mandates.may_speak(of, said, NEXT, now), Allowed)
    assert not isinstance(mandates.may_speak(None, said, FIRST, now), Allowed)


@given(post, days)
def test_at_any_moment_one_officer_has_the_post(of: Post, now: datetime) -> None:
    if isinstance(mandates.may_take_over(of, NEXT, now), Allowed):
        taken = replace(of, person=NEXT.person, holder=NEXT.name, handover=None)
        for one in taken.current(now):
            said = label(taken, one.case.int)
            assert isinstance(mandates.may_speak(taken, said, NEXT, now), Allowed)
            assert not isinstance(mandates.may_speak(taken, said, FIRST, now), Allowed)
        assert not isinstance(mandates.may_take_over(taken, NEXT, now), Allowed), "once"
    assert not isinstance(mandates.may_take_over(of, FIRST, now), Allowed)


@given(post, case, days)
def test_what_may_be_assigned_is_within_the_mandate(of: Post, one: CaseOfPost, now: datetime) -> None:
    if not isinstance(mandates.may_assign(of, one, now), Allowed):
        return
    assert one.topic in of.mandate.topics
    assert one.region in of.mandate.regions
    assert one.until <= of.until
    others = tuple(each for each in of.cases if each.case != one.case)
    given_it = replace(of, cases=(*others, one))
    begun = max(one.since, of.mandate.since, now)
    if begun < one.until:
        assert given_it.case_state(one, begun) is PostState.IN_DATE
    assert given_it.case_state(one, one.until) is PostState.ENDED


@given(post, post)
def test_a_statement_that_is_not_newer_changes_nothing(known: Post, told: Post) -> None:
    taken = mandates.may_receive(known, told, SENDING, (SENDING, HOST))

    if isinstance(taken, Allowed):
        assert told.n > known.n
        assert told.mandate.digest == known.mandate.digest
    assert not isinstance(mandates.may_receive(None, told, HOST, (SENDING, HOST)), Allowed)
    assert not isinstance(mandates.may_receive(None, told, SENDING, (SENDING, STRANGER)), Allowed)


@given(post)
def test_a_mandate_is_named_by_all_that_it_says(of: Post) -> None:
    mandate = of.mandate
    others = (
        replace(mandate, host=STRANGER),
        replace(mandate, topics=("cyber",)),
        replace(mandate, regions=("sahel",)),
        replace(mandate, until=mandate.until + timedelta(milliseconds=1)),
        replace(mandate, agreement="b" * 64),
    )
    assert mandate.digest not in {other.digest for other in others}
    assert replace(mandate, topics=mandate.topics[::-1]).digest == mandate.digest
