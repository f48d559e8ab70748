"""The way past a desk, for any steps in any order: it adds no reader, and time only goes forward."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tansiq.exchange import desks
from tansiq.exchange.desks import ENDED, PassageState, Said, Way
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.desks import ReturnReason, Step
from tansiq.exchange.label import Label, part_of
from tansiq.ground.verdict import Allowed

BEGUN = datetime(2026, 3, 1, 12, tzinfo=UTC)
DESK, SENDER, STRANGER = "es.bureau-rabat", "ma.dgsn", "de.bpol"
RECIPIENTS = ("es.cgi", "es.cgpj")
LABEL = Label(
    kind=Kind.INFORMATION,
    sender=SENDER,
    duty="service-officer",
    desk=DESK,
    recipients=RECIPIENTS,
    sent=0,
    expires=1,
    letter=part_of(b""),
)
AGENCIES = (DESK, SENDER, STRANGER, *RECIPIENTS)

steps = st.lists(
    st.builds(
        Said,
        envelope=st.just("0" * 64),
        n=st.integers(1, 8),
        step=st.sampled_from(Step),
        teller=st.sampled_from(AGENCIES),
        to=st.lists(st.sampled_from(AGENCIES), max_size=3).map(tuple),
        reason=st.sampled_from(ReturnReason),
        words=st.just("?"),
        by=st.sampled_from(["one", "other"]),
        at=st.integers(-60, 600).map(lambda minutes: BEGUN + timedelta(minutes=minutes)),
    ),
    max_size=10,
    unique_by=lambda step: (step.teller, step.n),
)


def follow(said: list[Said]) -> Way:
    return desks.follow(LABEL, said, begun=BEGUN)


@given(steps)
def test_no_step_adds_a_reader(said: list[Said]) -> None:
    way = follow(said)

    assert {*way.services} <= {*RECIPIENTS}
    for agency in AGENCIES:
        assert isinstance(desks.may_open(way, agency), Allowed) == (agency in way.services)


@given(steps)
def test_only_the_desk_and_the_sender_move_a_letter(said: list[Said]) -> None:
    heard = [step for step in said if step.teller == (SENDER if step.step is Step.TELL else DESK)]

    assert follow(said) == follow(heard)


@given(steps, st.randoms())
def test_the_order_in_which_steps_come_is_the_same_to_all(said: list[Said], random: object) -> None:
    other = [*said]
    random.shuffle(other)  # type: ignore[attr-defined]  # hypothesis' own Random

    assert follow(other) == follow(said)


@given(steps)
def test_one_stay_follows_another_without_a_gap_and_time_goes_forward(said: list[Said]) -> None:
    stays = follow(said).stays

    assert stays[0].since == BEGUN
    assert [stay.until for stay in stays[:-1]] == [stay.since for stay in stays[1:]]
    assert stays[-1].until is None
    assert sorted(stay.since for stay in stays) == [stay.since for stay in stays]
    assert not {stay.state for stay in stays[:-1]} & ENDED


@given(steps)
def test_a_returned_letter_is_for_nobody(said: list[Said]) -> None:
    way = follow(said)

    if way.now.state is PassageState.RETURNED:
        assert way.services == ()
        assert isinstance(desks.may_return(way, ReturnReason.OTHER_SERVICE), desks.Refused)
        assert isinstance(desks.may_take(way, "x"), desks.Refused)


@given(steps, st.lists(st.sampled_from(AGENCIES), max_size=3))
def test_what_a_desk_may_say_comes_about(said: list[Said], to: list[str]) -> None:
    way, at = follow(said), BEGUN + timedelta(days=1)

    def then(step: Step, teller: str = DESK, **more: object) -> Way:
        n = way.question if step is Step.TELL else way.last + 1
        return follow([*said, Said(envelope="0" * 64, n=n, step=step, teller=teller, at=at, **more)])

    if isinstance(desks.may_steer(way, to), Allowed):
        assert then(Step.STEER, to=tuple(to)).services == tuple(sorted({*to}))
    if isinstance(desks.may_ask(way, "?"), Allowed):
        asked = then(Step.ASK)
        assert (asked.now.state, asked.now.holders) == (PassageState.WITH_SENDER, (SENDER,))
    if isinstance(desks.may_return(way, ReturnReason.SENT_TWICE), Allowed):
        assert then(Step.RETURN).now.state is PassageState.RETURNED
    if isinstance(desks.may_tell(way, "!"), Allowed):
        assert then(Step.TELL, SENDER).now.holders == (DESK,)


@given(steps, st.sampled_from([PassageState.ANSWERED, PassageState.DONE]))
def test_an_end_is_an_end(said: list[Said], state: PassageState) -> None:
    way = desks.end(follow(said), state, BEGUN + timedelta(days=1))

    assert not way.open
    assert desks.end(way, state, BEGUN + timedelta(days=2)) == way
    for verdict in (desks.may_take(way, "x"), desks.may_steer(way, RECIPIENTS), desks.may_ask(way, "?")):
        assert not isinstance(verdict, Allowed)
