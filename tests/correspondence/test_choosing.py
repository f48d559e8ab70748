"""Which channel fits: every channel in force is told, allowed or refused in the rule's words, and sending agrees."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tansiq.exchange import acts, choosing, reads
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import LANGUAGES, Mechanism
from tansiq.exchange.choosing import Choice, Heading
from tansiq.exchange.kinds import Kind
from tansiq.exchange.label import Handling, Urgency
from tansiq.exchange.models import Envelope, Receipt
from tansiq.exchange.policy import Reason
from tansiq.exchange.values import ExchangeReason, Sent
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty
from tests import neighbour as neighbours
from tests.neighbour import Neighbour
from tests.world import NOW, OURS, THEIRS, stranger

OFFICER = stranger(Duty.SERVICE_OFFICER)
DRUGS = Heading(
    kind=Kind.INFORMATION, to=(THEIRS,), topic="drugs", purpose="investigation", sensitivity=2, urgency=Urgency.URGENT
)

REFUSED = {
    "a topic that is barred": (replace(DRUGS, topic="political"), "direct.topic-barred"),
    "no topic": (replace(DRUGS, topic=""), "direct.topic"),
    "no purpose": (replace(DRUGS, purpose=""), "direct.purpose"),
}


def told(heading: Heading, mechanism: Mechanism = Mechanism.DIRECT) -> Choice:
    """What is said of the one channel of a mechanism."""
    (found,) = (each for each in reads.choices(heading=heading, reader=OFFICER, now=NOW) if each.mechanism == mechanism)
    return found


def send(heading: Heading, agreement: str) -> Sent | Refused:
    """Send it by that channel."""
    return acts.send(
        kind=heading.kind, letter=neighbours.information(), agreement=agreement, to=heading.to, topic=heading.topic,
        purpose=heading.purpose, sensitivity=heading.sensitivity, handling=heading.handling.value,
        urgency=heading.urgency.value, persons_named=heading.persons_named, case=heading.case, by=OFFICER, now=NOW,
    )  # fmt: skip


@pytest.fixture
def agreed(es: Neighbour) -> dict[Mechanism, str]:
    """A channel of each of the first mechanisms."""
    some = (Mechanism.RESCUE, Mechanism.PICTURE, Mechanism.STATISTICS, Mechanism.DIRECT)
    return {each: neighbours.agree(each, es, now=NOW) for each in some}


@pytest.mark.django_db
def test_every_channel_in_force_is_told_and_those_that_fit_come_first(agreed: dict[Mechanism, str]) -> None:
    found = reads.choices(heading=DRUGS, reader=OFFICER, now=NOW)

    assert {each.agreement for each in found} == set(agreed.values())
    assert [each.mechanism for each in found if each.allowed] == [Mechanism.DIRECT]
    assert found[0].allowed
    assert (found[0].hours, found[0].desk) == (8, "")


@pytest.mark.django_db
@pytest.mark.parametrize("story", REFUSED)
def test_a_refusal_is_told_in_the_rule_s_words(story: str, agreed: dict[Mechanism, str]) -> None:
    heading, rule = REFUSED[story]

    said = told(heading)

    assert not said.allowed
    assert rule in {each.id for each in said.rules}
    for each in said.rules:
        assert each.said is not None
        assert len({each.said.said(language) for language in LANGUAGES}) == len(LANGUAGES)
        assert each.basis is not None


@pytest.mark.django_db
def test_a_channel_that_no_rule_opens_says_what_was_lacking(agreed: dict[Mechanism, str]) -> None:
    said = told(DRUGS, Mechanism.STATISTICS)

    assert said.reason in (Reason.NO_PERMIT, Reason.FORBIDDEN)
    assert said.rules


@pytest.mark.django_db
def test_nobody_named_means_nobody(agreed: dict[Mechanism, str]) -> None:
    found = reads.choices(heading=replace(DRUGS, to=()), reader=OFFICER, now=NOW)

    assert {each.reason for each in found} == {ExchangeReason.NO_RECIPIENT}


@pytest.mark.django_db
def test_a_suspended_channel_is_told_with_its_reason_and_an_ended_one_is_not(agreed: dict[Mechanism, str]) -> None:
    acts.suspend_agreement(agreement=agreed[Mechanism.DIRECT], party=OURS, reason="", by=OFFICER, now=NOW)
    suspended = told(DRUGS)
    acts.end_agreement(agreement=agreed[Mechanism.DIRECT], party=OURS, reason="", by=OFFICER, now=NOW)
    found = reads.choices(heading=DRUGS, reader=OFFICER, now=NOW)

    assert (suspended.state, suspended.allowed) == (AgreementState.SUSPENDED, False)
    assert "house.state" in {each.id for each in suspended.rules}
    assert Mechanism.DIRECT not in {each.mechanism for each in found}


@pytest.mark.django_db
def test_who_writes_no_letters_is_told_of_no_channel(agreed: dict[Mechanism, str]) -> None:
    for duty in (Duty.AUDITOR, Duty.WATCH_OFFICER, Duty.NODE_ADMINISTRATOR):
        assert reads.choices(heading=DRUGS, reader=stranger(duty), now=NOW) == ()
    assert reads.choices(heading=DRUGS, reader=stranger(Duty.SERVICE_OFFICER, "ma.gendarmerie"), now=NOW) == ()


@pytest.mark.django_db
@pytest.mark.parametrize("topic", ["drugs", "terrorism", "political", "", "unlisted"])
@pytest.mark.parametrize("sensitivity", [0, 3])
@pytest.mark.parametrize("kind", [Kind.INFORMATION, Kind.TASK])
def test_what_is_told_is_what_is_sent(topic: str, sensitivity: int, kind: Kind, agreed: dict[Mechanism, str]) -> None:
    heading = replace(DRUGS, topic=topic, sensitivity=sensitivity, kind=kind)

    for each in reads.choices(heading=heading, reader=OFFICER, now=NOW):
        answer = send(heading, each.agreement)
        assert isinstance(answer, Sent) is each.allowed, each
        if isinstance(answer, Refused):
            assert answer.reason == each.reason


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [Kind.INFORMATION, Kind.REQUEST, Kind.TASK])
@pytest.mark.parametrize("more", [{}, {"sensitivity": 0, "case": UUID(int=5)}, {"topic": "terrorism"}])
def test_what_is_told_of_every_mechanism_is_what_is_sent(kind: Kind, more: dict[str, Any], es: Neighbour) -> None:
    for mechanism in Mechanism:
        neighbours.agree(mechanism, es, now=NOW)
    heading = replace(DRUGS, kind=kind, **more)

    told = reads.choices(heading=heading, reader=OFFICER, now=NOW)

    assert len(told) == len(Mechanism)
    for each in told:
        answer = send(heading, each.agreement)
        assert isinstance(answer, Sent) is each.allowed, (each, answer)


@pytest.mark.django_db
def test_how_long_letters_take_to_be_read_is_measured_from_receipts(agreed: dict[Mechanism, str]) -> None:
    digest = agreed[Mechanism.DIRECT]
    before = told(DRUGS).read
    for number, minutes in enumerate((1, 2, 4, 8, 60), 1):
        sent = send(DRUGS, digest)
        assert isinstance(sent, Sent)
        row = Envelope.objects.get(ref=sent.envelope)
        Receipt.objects.create(
            id=10_000 + number, envelope=row, digest=row.digest, direction="in", signer="es", n=1, state="read",
            at=row.stored + timedelta(minutes=minutes), token=str(number),
        )  # fmt: skip

    assert before.count == 0
    assert told(DRUGS).read == choosing.Spread(5, 240.0, 3600.0)


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_channels(es: Neighbour) -> None:
    counts = []
    for _ in range(2):
        for mechanism in (Mechanism.DIRECT, Mechanism.RESCUE):
            neighbours.agree(mechanism, es, now=NOW, until=NOW + timedelta(days=1 + len(counts)))
        reads.choices(heading=DRUGS, reader=OFFICER, now=NOW)
        with CaptureQueriesContext(connection) as queries:
            reads.choices(heading=DRUGS, reader=OFFICER, now=NOW)
        counts.append(len(queries))

    assert counts[0] == counts[1]


@given(st.lists(st.tuples(st.sampled_from("ABCX"), st.integers(1, 4))))
def test_a_label_carries_the_weakest_of_its_statements(grades: list[tuple[str, int]]) -> None:
    source, information = choosing.weakest(grades)

    assert all(choosing.SOURCES.index(each) <= choosing.SOURCES.index(source) for each, _ in grades)
    assert all(each <= information for _, each in grades)
    assert not grades or ({source}, {information}) <= ({each for each, _ in grades}, {each for _, each in grades})


def test_a_label_is_made_of_what_is_known() -> None:
    said = choosing.label_of(
        replace(DRUGS, to=(THEIRS, THEIRS), handling=Handling.H2), agreement="0" * 64, desk="", sender=OURS,
        duty="service-officer", exercise="", now=NOW,
    )  # fmt: skip

    assert (said.recipients, said.handling, said.case) == ((THEIRS,), Handling.H2, "")
