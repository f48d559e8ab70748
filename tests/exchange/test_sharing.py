"""Agreements of three parties on three nodes, and the sharing groups in them: ours is real, two neighbours have keys.

Each neighbour opens what waits for it with its own key alone, and signs what it sends with its own.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from tansiq.exchange import acts, canon, cards, reads, receipts
from tansiq.exchange.agreements import standing
from tansiq.exchange.agreements.standing import PartyAct, Statement
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.label import Marks
from tansiq.exchange.papers import Papers
from tansiq.exchange.receipts import Receipt, ReceiptState
from tansiq.exchange.values import Sent
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import FIRST, Neighbour

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OURS, ES, DE = "ma.marine", "es.salvamento", "de.bpol"
GROUPS = {"strait": (ES, OURS), "nobody": ()}
OFFICER = world.stranger(Duty.CASE_OFFICER)
ABOUT = {"topic": "drugs", "purpose": "prevention", "urgency": "routine", "duty": "case-officer"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def de(home: Path) -> Neighbour:
    """A third node."""
    third = Neighbour(node="de", agency=DE)
    neighbours.meet(third, NOW)
    return third


@pytest.fixture
def direct(es: Neighbour, de: Neighbour) -> str:
    """A direct agreement of the three, with sharing groups."""
    return neighbours.agree(Mechanism.DIRECT, es, de, now=NOW, groups=GROUPS)


def sent(*to: str, group: str = "") -> Sent | Refused:
    """A letter of ours."""
    return acts.send(
        kind=Kind.INFORMATION,
        letter=neighbours.information(),
        mechanism="direct",
        to=to,
        topic="drugs",
        purpose="prevention",
        by=OFFICER,
        now=NOW,
        marks=Marks(group=group),
    )


def answered(sender: Neighbour, agreement: str, *to: str, **said: object) -> Receipt:
    """Our receipt for a neighbour's letter."""
    envelope = sender.seal(
        agreement, NOW, kind=Kind.INFORMATION, letter=neighbours.information(), to=to, **{**ABOUT, **said}
    )
    (token,) = acts.receive(parcels=[acts.Parcel(envelope.raw, sender.node)], now=NOW)
    return receipts.read_receipt(token, cards.read_card(reads.own_card()[0]).verifier)


def state(agreement: str) -> str:
    """Where an agreement stands."""
    found = reads.agreements(reader=world.stranger(Duty.AUDITOR), now=NOW)
    return next(line.state.value for line in found if line.digest == agreement)


def says(by: Neighbour, agreement: str, act: PartyAct, seq: int) -> str:
    """A neighbour's statement reaches us; answers where the agreement stands then."""
    statement = Statement(agreement=agreement, party=by.agency, seq=seq, act=act, at=canon.millis(NOW))
    papers = reads.papers(agreement=agreement)
    token = standing.state_act(statement, by.keys.signer)
    acts.receive_agreement(papers=replace(papers, statements=(*papers.statements, token)), sender=by.node, now=NOW)
    return state(agreement)


def test_nothing_passes_until_the_third_party_has_signed(es: Neighbour, de: Neighbour) -> None:
    digest = neighbours.agree(Mechanism.DIRECT, es, de, now=NOW, signed=False)
    document = reads.papers(agreement=digest).document
    acts.sign_agreement(agreement=digest, party=OURS, by=FIRST, now=NOW)
    for signer, expected in ((es, "signed-in-part"), (de, "in-force")):
        assert isinstance(sent(ES), Refused)
        token = standing.sign_agreement(digest, party=signer.agency, now=NOW, signer=signer.keys.signer)
        papers = Papers(document, {signer.agency: token})
        acts.receive_agreement(papers=papers, sender=signer.node, now=NOW)
        assert state(digest) == expected
    assert isinstance(sent(ES), Sent)


def test_a_letter_to_two_is_one_envelope_that_each_opens_with_its_own_key(
    es: Neighbour, de: Neighbour, direct: str
) -> None:
    answer = sent(ES, DE)
    assert isinstance(answer, Sent)
    (to_es,), (to_de,) = neighbours.opened(es), neighbours.opened(de)

    assert to_es.envelope == to_de.envelope == answer.envelope
    assert to_es.letter == to_de.letter
    assert to_es.label.recipients == (DE, ES)


def test_a_letter_to_one_reaches_nobody_else(es: Neighbour, de: Neighbour, direct: str) -> None:
    sent(ES)
    assert len(neighbours.opened(es)) == 1
    assert neighbours.opened(de) == []


def test_a_sharing_group_keeps_its_letters(es: Neighbour, de: Neighbour, direct: str) -> None:
    assert isinstance(sent(ES, group="strait"), Sent)
    for to in ((DE,), (ES, DE)):
        assert isinstance(sent(*to, group="strait"), Refused)
    assert [each.label.group for each in neighbours.opened(es)] == ["strait"]
    assert neighbours.opened(de) == []


@pytest.mark.parametrize("group", ["nobody", "ocean"])
def test_an_empty_or_unknown_group_is_nobody(es: Neighbour, de: Neighbour, direct: str, group: str) -> None:
    assert isinstance(sent(ES, group=group), Refused)
    receipt = answered(es, direct, OURS, group=group)
    assert (receipt.state, receipt.rules) == (ReceiptState.REFUSED, ("house.group",))
    assert neighbours.opened(es) == []


def test_a_partner_that_sends_beyond_its_group_is_refused_by_the_same_rule(
    es: Neighbour, de: Neighbour, direct: str
) -> None:
    assert answered(es, direct, OURS, group="strait").state is ReceiptState.ACCEPTED
    receipt = answered(es, direct, DE, OURS, group="strait")
    assert (receipt.state, receipt.rules) == (ReceiptState.REFUSED, ("house.group",))
    outsider = answered(de, direct, OURS, group="strait")
    assert (outsider.state, outsider.rules) == (ReceiptState.REFUSED, ("house.group",))


def test_any_of_three_suspends_for_all_and_only_that_one_lifts(es: Neighbour, de: Neighbour, direct: str) -> None:
    assert says(de, direct, PartyAct.SUSPEND, 1) == "suspended"
    assert isinstance(sent(ES), Refused), "between us and es too"
    answer = acts.lift_agreement(agreement=direct, party=OURS, by=FIRST, now=NOW)
    assert isinstance(answer, Refused)
    assert says(de, direct, PartyAct.LIFT, 2) == "in-force"
    assert says(es, direct, PartyAct.END, 1) == "ended"
    assert isinstance(sent(DE), Refused)


def test_two_of_three_cannot_supersede_what_the_third_is_party_to(es: Neighbour, de: Neighbour, direct: str) -> None:
    without = neighbours.agree(Mechanism.DIRECT, es, now=NOW, supersedes=direct)
    assert (state(without), state(direct)) == ("in-force", "in-force")
    heir = neighbours.agree(Mechanism.DIRECT, es, de, now=NOW, supersedes=direct, number="3/2026", signed=False)
    assert state(direct) == "in-force"
    neighbours.sign(heir, es, de, now=NOW)
    assert (state(heir), state(direct)) == ("in-force", "superseded")
    assert answered(de, direct, OURS).reason == "exchange.reason.not-in-force"
    assert answered(de, heir, OURS).state is ReceiptState.ACCEPTED


def test_the_old_one_passes_beside_the_new_for_the_overlap(es: Neighbour, de: Neighbour, direct: str) -> None:
    heir = neighbours.agree(
        Mechanism.DIRECT, es, de, now=NOW, since=NOW.replace(day=1, hour=0), supersedes=direct, overlap_days=2
    )
    assert (state(heir), state(direct)) == ("in-force", "in-force")
    for agreement in (direct, heir):
        assert answered(es, agreement, OURS).state is ReceiptState.ACCEPTED
    answer = sent(ES)
    assert isinstance(answer, Sent)
    assert answer.agreement == heir, "we write under the newer one"
