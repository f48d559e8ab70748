"""A case over the real exchange: sealed, sent under the rescue agreement, opened by the partner, and answered."""

from tansiq.exchange import reads as exchange
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.values import ExchangeReason
from tansiq.ground.verdict import Refused
from tansiq.rescue import acts, reads
from tansiq.rescue.values import Outcome, OutcomeKind, Sitrep
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import Neighbour
from tests.rescue import cases
from tests.rescue.cases import NOW, OURS


def test_every_letter_of_a_case_passes_under_the_rescue_agreement(agreed: Neighbour, rescue: str) -> None:
    case = cases.case()

    sitrep = acts.send_sitrep(case=case.id, situation="Boat sinking", by=OURS, now=NOW)
    task = cases.task(case)
    outcome = acts.record_outcome(
        case=case.id, outcome=OutcomeKind.FOUND_ALIVE, persons={"alive.male.adult": 3}, by=OURS, now=NOW
    )

    assert isinstance(sitrep, Sitrep)
    assert isinstance(outcome, Outcome)
    lines = exchange.envelopes(reader=OURS, agreement=rescue)
    assert {line.kind: line.id for line in lines} == {
        Kind.SITREP: sitrep.envelope,
        Kind.TASK: task.envelope,
        Kind.OUTCOME: outcome.envelope,
    }
    assert all(line.to == (world.THEIRS,) for line in lines)
    names = {event.name for event in exchange.events(after=0, reader=OURS)}
    assert {"rescue.case.open", "rescue.drift.run", "rescue.task.send", "rescue.outcome.record"} <= names


def test_without_an_agreement_nobody_else_is_asked(es: Neighbour) -> None:
    case = cases.case()
    search = cases.search(case)

    answer = acts.send_task(search=search.id, to=(world.THEIRS,), by=OURS, now=NOW)
    sitrep = acts.send_sitrep(case=case.id, situation="Boat sinking", by=OURS, now=NOW)

    assert isinstance(answer, Refused)
    assert answer.reason == ExchangeReason.NO_AGREEMENT
    assert isinstance(sitrep, Sitrep)
    assert sitrep.envelope is None
    assert reads.case(case=case.id, reader=OURS).tasks == ()


def test_two_agreements_carry_one_sitrep_to_both_partners(agreed: Neighbour) -> None:
    other = Neighbour("pt", "pt.marinha")
    neighbours.meet(other, NOW)
    neighbours.agree(Mechanism.RESCUE, other, now=NOW)
    case = cases.case()

    sitrep = acts.send_sitrep(case=case.id, situation="Boat sinking", by=OURS, now=NOW)

    assert isinstance(sitrep, Sitrep)
    assert {line.to for line in exchange.envelopes(reader=OURS)} == {(world.THEIRS,), ("pt.marinha",)}
    parties = reads.case(case=case.id, reader=OURS).case.parties
    assert set(parties) == {world.OURS, world.THEIRS, "pt.marinha"}
