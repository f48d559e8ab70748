"""No sequence of asking, answering, waiting and passing on gets a letter on without a yes; one yes is used once."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tansiq.exchange import canon, onward
from tansiq.exchange.agreements.terms import Onward
from tansiq.exchange.label import Handling
from tansiq.exchange.onward import Consent, OnwardStep, ReleaseState
from tansiq.ground.verdict import Allowed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AGENCIES = st.sampled_from(("de.bpol", "pt.gnr", "fr.douane"))
STEP = OnwardStep(
    envelope="a" * 64, originator="ma.marine", forwarder="es.salvamento", onward="b" * 64, recipients=(), purpose="x"
)


class Asked:
    """One request as both sides keep it."""

    def __init__(self, recipients: tuple[str, ...], answer_by: datetime) -> None:
        self.recipients, self.answer_by = recipients, answer_by
        self.state, self.until, self.once, self.uses = ReleaseState.REQUESTED, NOW, True, 0

    def consent(self) -> Consent | None:
        if self.state not in (ReleaseState.GRANTED, ReleaseState.USED):
            return None
        return Consent(
            envelope=STEP.envelope, originator=STEP.originator, forwarder=STEP.forwarder, onward=STEP.onward,
            recipients=self.recipients, purpose=STEP.purpose, nonce="0" * 32, once=self.once,
            until=canon.millis(self.until), at=0,
        )  # fmt: skip


class OriginatorControl(RuleBasedStateMachine):
    """A holder that tries whatever it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.asked, self.passed = NOW, list[Asked](), list[tuple[str, ...]]()
        self.unasked = 0

    @rule(to=st.lists(AGENCIES, min_size=1, max_size=3, unique=True), hours=st.integers(1, 48))
    def ask(self, to: list[str], hours: int) -> None:
        self.asked.append(Asked(tuple(sorted(to)), self.now + timedelta(hours=hours)))

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 99), yes=st.booleans(), once=st.booleans(), hours=st.integers(-5, 48))
    def answer(self, which: int, yes: bool, once: bool, hours: int) -> None:
        asked = self.asked[which % len(self.asked)]
        state = onward.standing(asked.state, answer_by=asked.answer_by, until=asked.until, now=self.now)
        until = self.now + timedelta(hours=hours)
        if isinstance(onward.may_answer(state, granted=yes, until=until, now=self.now), Allowed):
            assert asked.state is ReleaseState.REQUESTED
            assert self.now < asked.answer_by
            asked.state = ReleaseState.GRANTED if yes else ReleaseState.DENIED
            asked.until, asked.once = until, once

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(
        to=st.lists(AGENCIES, min_size=1, max_size=3, unique=True),
        law=st.sampled_from((*Onward, None)),
        handling=st.sampled_from(Handling),
    )
    def pass_on(self, to: list[str], law: Onward | None, handling: Handling) -> None:
        step = OnwardStep(**{**{f: getattr(STEP, f) for f in STEP.__struct_fields__}, "recipients": tuple(sorted(to))})
        given = [(each, consent) for each in self.asked if (consent := each.consent()) is not None]
        place = onward.best([(c, each.state is ReleaseState.USED) for each, c in given], step, self.now)
        asked, consent = given[place] if given else (None, None)
        used = asked is not None and asked.state is ReleaseState.USED
        verdict = onward.may_forward(step, rule=law, handling=handling, consent=consent, used=used, at=self.now)
        if not isinstance(verdict, Allowed):
            return
        assert law is not Onward.NEVER
        if asked is None:
            assert law is Onward.FREELY
            assert handling in (Handling.H0, Handling.H1)
            return
        assert set(to) <= set(asked.recipients)
        assert self.now < asked.until
        asked.uses += 1
        asked.state = ReleaseState.USED if asked.once else asked.state

    @invariant()
    def one_yes_is_used_once(self) -> None:
        assert all(each.uses <= 1 for each in self.asked if each.once)
        assert all(each.uses == 0 for each in self.asked if each.consent() is None)


TestOriginatorControl = OriginatorControl.TestCase
TestOriginatorControl.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
