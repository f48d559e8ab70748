"""Requests as a machine of states: two sides act, letters cross, are late, come twice, and both come to one state."""

from datetime import timedelta
from itertools import permutations, product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from tansiq.correspondence import rules
from tansiq.correspondence.values import OPEN, Progress, Reason, Request, RequestState
from tansiq.exchange.kinds.requests import RefusalReason, ReplyStep, RequestStep
from tansiq.exchange.values import EnvelopeState
from tansiq.ground.verdict import Allowed, Refused
from tests.world import NOW, OURS, THEIRS

ABOVE, STRANGER = "es.interior", "ma.gendarmerie"
DUE = NOW + timedelta(hours=8)
LATE = DUE + timedelta(minutes=1)
STEPS = (*RequestStep, *ReplyStep)
REQUEST = Request(id=UUID(int=1), asker=OURS, asked=THEIRS, state=RequestState.ASKED, at=NOW, due=DUE)


def made(**changes: object) -> Request:
    return replace(REQUEST, **changes)


REFUSED = {
    "a stranger reminds": (rules.may_remind(REQUEST, STRANGER, LATE), Reason.NOT_THE_ASKER),
    "who was asked reminds": (rules.may_remind(REQUEST, THEIRS, LATE), Reason.NOT_THE_ASKER),
    "a reminder before the time is over": (rules.may_remind(REQUEST, OURS, NOW), Reason.NOT_DUE),
    "a reminder of what was answered": (
        rules.may_remind(made(state=RequestState.ANSWERED), OURS, LATE), Reason.CLOSED,
    ),
    "escalating before a reminder": (
        rules.may_escalate(REQUEST, OURS, ABOVE, (ABOVE,), LATE), Reason.NOT_REMINDED,
    ),
    "escalating to nobody's superior": (
        rules.may_escalate(made(reminded=1), OURS, STRANGER, (ABOVE,), LATE), Reason.NOT_ABOVE,
    ),
    "withdrawing what another asked": (rules.may_withdraw(REQUEST, THEIRS), Reason.NOT_THE_ASKER),
    "withdrawing twice": (rules.may_withdraw(made(state=RequestState.WITHDRAWN), OURS), Reason.CLOSED),
    "the asker answers itself": (rules.may_answer(REQUEST, OURS), Reason.NOT_THE_ASKED),
    "the one above answers before it was told": (rules.may_answer(REQUEST, ABOVE), Reason.NOT_THE_ASKED),
    "answering what was withdrawn": (rules.may_answer(made(state=RequestState.WITHDRAWN), THEIRS), Reason.CLOSED),
    "taking twice": (rules.may_take(made(state=RequestState.IN_WORK), THEIRS), Reason.TAKEN),
    "refusing without a reason": (rules.may_refuse(REQUEST, THEIRS, ""), Reason.NO_REASON),
    "asking nobody": (rules.may_ask(()), Reason.ONE_ASKED),
    "asking two": (rules.may_ask((THEIRS, ABOVE)), Reason.ONE_ASKED),
    "a reply of another": (rules.may_hear_reply(REQUEST, ABOVE), Reason.UNKNOWN_REQUEST),
    "a reply to nothing": (rules.may_hear_reply(None, THEIRS), Reason.UNKNOWN_REQUEST),
    "a reminder of another": (rules.may_hear_asker(REQUEST, THEIRS), Reason.UNKNOWN_REQUEST),
}  # fmt: skip


@pytest.mark.parametrize("story", REFUSED)
def test_what_is_refused(story: str) -> None:
    verdict, reason = REFUSED[story]

    assert isinstance(verdict, Refused)
    assert verdict.reason == reason


@pytest.mark.parametrize("state", RequestState)
def test_who_was_told_that_no_answer_came_may_answer_too(state: RequestState) -> None:
    verdict = rules.may_answer(made(state=state, escalated_to=ABOVE), ABOVE)

    assert isinstance(verdict, Allowed) is (state in OPEN)


def test_time_limits_are_the_agreement_s_or_those_of_the_directive() -> None:
    assert rules.due_of(NOW, "urgent", 4) == NOW + timedelta(hours=4)
    bands = {urgency: rules.due_of(NOW, urgency, None) - NOW for urgency in ("urgent", "priority", "routine")}
    assert bands == {"urgent": timedelta(hours=8), "priority": timedelta(days=3), "routine": timedelta(days=7)}


def test_the_asker_sees_receipts_until_something_is_said() -> None:
    seen = {state: rules.progress(REQUEST, state) for state in (None, *EnvelopeState)}

    assert seen[None] == seen[EnvelopeState.QUEUED] == seen[EnvelopeState.SENT] == Progress.SENT
    assert seen[EnvelopeState.ACCEPTED] == Progress.RECEIVED
    assert seen[EnvelopeState.READ] == seen[EnvelopeState.ACTED] == Progress.READ
    assert seen[EnvelopeState.REFUSED] == seen[EnvelopeState.EXPIRED] == Progress.NOT_TAKEN
    for state, letter in product(RequestState, (None, *EnvelopeState)):
        if state is not RequestState.ASKED:
            assert rules.progress(made(state=state), letter) == Progress(state.value)


@pytest.mark.parametrize("steps", [*permutations((ReplyStep.PART, ReplyStep.WHOLE, RequestStep.WITHDRAW))])
def test_letters_that_cross_come_to_one_state(steps: tuple[RequestStep | ReplyStep, ...]) -> None:
    state = RequestState.ASKED
    for step in steps:
        state = rules.after(state, step)

    assert state is RequestState.ANSWERED


@given(st.lists(st.sampled_from(STEPS)), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(steps: list[RequestStep | ReplyStep], random: object) -> None:
    def end(order: list[RequestStep | ReplyStep]) -> RequestState:
        state = RequestState.ASKED
        for step in order:
            state = rules.after(state, step)
        return state

    shuffled = [*steps, *steps]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's Random
    assert end(steps) == end(shuffled)


class TwoSides(RuleBasedStateMachine):
    """An asker and an asked who act by the rules; letters arrive late, in any order, more than once."""

    @initialize()
    def ask(self) -> None:
        """Both know of the request; nothing has been said."""
        self.sides = {OURS: REQUEST, THEIRS: REQUEST}
        self.bags: dict[str, list[RequestStep | ReplyStep]] = {OURS: [], THEIRS: []}
        self.said: set[RequestStep | ReplyStep] = set()
        self.now = NOW

    def _do(self, party: str, step: RequestStep | ReplyStep, verdict: object) -> None:
        before = self.sides[party]
        if isinstance(verdict, Refused):
            return
        self.sides[party] = self._with(before, step)
        self.bags[THEIRS if party == OURS else OURS].append(step)
        self.said.add(step)

    def _with(self, request: Request, step: RequestStep | ReplyStep) -> Request:
        more = {"reminded": request.reminded + (step is RequestStep.REMIND)}
        if step is RequestStep.ESCALATE:
            more["escalated_to"] = ABOVE  # type: ignore[assignment]
        return replace(request, state=rules.after(request.state, step), **more)

    @rule(party=st.sampled_from([OURS, THEIRS]))
    def remind(self, party: str) -> None:
        """Somebody tries to remind."""
        self._do(party, RequestStep.REMIND, rules.may_remind(self.sides[party], party, self.now))

    @rule()
    def escalate(self) -> None:
        """The asker tries to escalate."""
        verdict = rules.may_escalate(self.sides[OURS], OURS, ABOVE, (ABOVE,), self.now)
        self._do(OURS, RequestStep.ESCALATE, verdict)

    @rule(party=st.sampled_from([OURS, THEIRS]))
    def withdraw(self, party: str) -> None:
        """Somebody tries to withdraw."""
        self._do(party, RequestStep.WITHDRAW, rules.may_withdraw(self.sides[party], party))

    @rule(party=st.sampled_from([OURS, THEIRS]), step=st.sampled_from(ReplyStep))
    def reply(self, party: str, step: ReplyStep) -> None:
        """Somebody tries to take, answer or refuse."""
        request = self.sides[party]
        verdict = {
            ReplyStep.TAKE: rules.may_take(request, party),
            ReplyStep.REFUSE: rules.may_refuse(request, party, RefusalReason.SECURITY),
        }.get(step, rules.may_answer(request, party))
        self._do(party, step, verdict)

    @rule(hours=st.integers(1, 200))
    def wait(self, hours: int) -> None:
        """Time passes."""
        self.now += timedelta(hours=hours)

    @rule(party=st.sampled_from([OURS, THEIRS]), data=st.data())
    def deliver(self, party: str, data: st.DataObject) -> None:
        """One letter of the bag arrives, and may stay in it to come again."""
        bag = self.bags[party]
        if bag:
            step = bag[data.draw(st.integers(0, len(bag) - 1))]
            self.sides[party] = self._with(self.sides[party], step)
            if data.draw(st.booleans()):
                bag.remove(step)

    @invariant()
    def both_come_to_one_state(self) -> None:
        """Whatever is still on its way, once all of it has come both sides agree, and nothing is answered by itself."""
        if not hasattr(self, "sides"):
            return
        ends = []
        for party, request in self.sides.items():
            state = request.state
            for step in self.bags[party]:
                state = rules.after(state, step)
            ends.append(state)
        assert ends[0] == ends[1]
        assert (ends[0] is RequestState.ANSWERED) is (ReplyStep.WHOLE in self.said)
        assert self.sides[OURS].escalated_to == "" or RequestStep.REMIND in self.said


TestTwoSides = TwoSides.TestCase
