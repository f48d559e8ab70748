"""Agreements: their text, their signatures, and where they stand."""

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tansiq.exchange import canon
from tansiq.exchange.agreements import standing, templates, terms
from tansiq.exchange.agreements.standing import DAY_MS, AgreementState, PartyAct, Statement
from tansiq.exchange.agreements.terms import LANGUAGES, Agreement, Mechanism, Text
from tansiq.exchange.kinds import Kind
from tansiq.ground.errors import Malformed, Untrusted
from tansiq.parties.duties import Duty
from tests.exchange import sealed
from tests.exchange.sealed import ES, MA, NOW

DIRECT = sealed.agreement(Mechanism.DIRECT)
NAME = terms.digest(DIRECT)
ALL = dict.fromkeys(DIRECT.parties, "token")


@pytest.mark.parametrize("mechanism", Mechanism)
def test_a_template_says_everything_in_four_languages(mechanism: Mechanism) -> None:
    agreement = sealed.agreement(mechanism)
    bases = [text for name, text in agreement.reasons.items() if name.endswith(".basis")]
    reasons = [text for name, text in agreement.reasons.items() if not name.endswith(".basis")]

    for text in (agreement.title, agreement.legal_basis, *agreement.articles, *reasons, *bases):
        said = [text.said(language) for language in LANGUAGES]
        assert all(said)
        assert len(set(said)) == 4 or (text in bases and said[1] == said[3])  # "article 1" is French and English
        assert any("\u0600" <= letter <= "\u06ff" for letter in text.ar)
    assert set(agreement.flows) <= set(Kind)
    duties = {duty for flow in agreement.flows.values() for duty in (*flow.send, *flow.receive)}
    assert duties <= {*Duty, terms.NODE_DUTY}
    assert agreement.answer_hours == {"distress": 1, "urgent": 8, "priority": 72, "routine": 168}
    assert agreement.parties == ("de.bpol", "es.salvamento", "ma.marine")


@pytest.mark.parametrize("mechanism", Mechanism)
def test_the_name_of_an_agreement_covers_all_of_it(mechanism: Mechanism) -> None:
    agreement = sealed.agreement(mechanism)
    raw = terms.write_agreement(agreement)

    assert terms.read_agreement(raw) == agreement
    assert terms.digest(agreement) == terms.digest(terms.read_agreement(raw))
    assert json.dumps(json.loads(raw), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() == raw
    changed = [
        replace(agreement, cedar=agreement.cedar + "\n"),
        replace(agreement, sensitivity=agreement.sensitivity ^ 1),
        replace(agreement, parties=("es.salvamento", "ma.marine")),
        replace(agreement, title=replace(agreement.title, ar="غيره")),
    ]
    assert len({terms.digest(other) for other in (agreement, *changed)}) == 5


UNSIGNABLE: dict[str, dict[str, object]] = {
    "one party": {"parties": ("ma.marine",)},
    "nobody": {"parties": ()},
    "a party twice": {"parties": ("ma.marine", "ma.marine")},
    "parties not sorted": {"parties": ("ma.marine", "es.salvamento")},
    "no kind": {"flows": {}},
    "ends before it begins": {"until": 0},
    "an unseen character": {"cedar": DIRECT.cedar + "\u202e"},
    "a desk of nobody": {"desk": "pt.gnr"},
    "a group of strangers": {"groups": {"x": ("pt.gnr",)}},
    "a group that is not sorted": {"groups": {"x": ("ma.marine", "es.salvamento")}},
    "an overlap with nothing": {"overlap_days": 3},
    "text not in NFC": {"title": Text(ar="e\u0301", fr="a", es="a", en="a")},
}


@pytest.mark.parametrize("story", UNSIGNABLE)
def test_what_cannot_be_agreed_is_not_written(story: str) -> None:
    with pytest.raises(Malformed):
        terms.write_agreement(replace(DIRECT, **UNSIGNABLE[story]))


@pytest.mark.parametrize("old", [b"ma.marine", b"drugs", b"prevention", b"duty-officer"])
def test_a_code_with_a_line_break_behind_it_is_no_code(old: bytes) -> None:
    raw = terms.write_agreement(DIRECT)
    with pytest.raises(Malformed):
        terms.read_agreement(raw.replace(b'"' + old + b'"', b'"' + old + b'\\n"'))


def test_a_text_that_lacks_a_language_is_refused() -> None:
    with pytest.raises(Malformed):
        terms.write_agreement(replace(DIRECT, title=replace(DIRECT.title, fr="")))


@given(st.binary(max_size=200))
def test_any_bytes_are_an_agreement_or_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        terms.read_agreement(raw)


def test_a_party_signs_one_agreement() -> None:
    token = standing.sign_agreement(NAME, party="ma.marine", now=NOW, signer=MA.signer)

    assert standing.read_signature(token, NAME, MA.signer.verifier).party == "ma.marine"
    with pytest.raises(Untrusted, match="another agreement"):
        standing.read_signature(token, "b" * 64, MA.signer.verifier)
    with pytest.raises(Untrusted):
        standing.read_signature(token, NAME, ES.signer.verifier)


def says(party: str, seq: int, act: PartyAct, name: str = NAME) -> Statement:
    """A statement of a party."""
    return Statement(agreement=name, party=party, seq=seq, act=act, at=sealed.SENT)


SUSPENDED = says("ma.marine", 1, PartyAct.SUSPEND)
LIFTED = says("ma.marine", 2, PartyAct.LIFT)
ENDED = says("es.salvamento", 1, PartyAct.END)
YEAR = timedelta(days=365)

STATES: dict[str, tuple[dict[str, str], list[Statement], datetime, AgreementState]] = {
    "nobody signed": ({}, [], NOW, AgreementState.DRAFT),
    "a stranger signed": ({"pt.gnr": ""}, [], NOW, AgreementState.DRAFT),
    "one of three signed": ({"ma.marine": ""}, [], NOW, AgreementState.SIGNED_IN_PART),
    "all signed, before its day": (ALL, [], NOW - YEAR, AgreementState.SIGNED),
    "all signed": (ALL, [], NOW, AgreementState.IN_FORCE),
    "suspended by one": (ALL, [SUSPENDED], NOW, AgreementState.SUSPENDED),
    "suspended and lifted": (ALL, [LIFTED, SUSPENDED], NOW, AgreementState.IN_FORCE),
    "suspended by two, lifted by one": (
        ALL, [SUSPENDED, says("de.bpol", 1, PartyAct.SUSPEND), LIFTED], NOW, AgreementState.SUSPENDED,
    ),
    "ended": (ALL, [ENDED], NOW, AgreementState.ENDED),
    "past its day": (ALL, [], NOW + YEAR, AgreementState.ENDED),
}  # fmt: skip


@pytest.mark.parametrize("story", STATES)
def test_an_agreement_stands_where_its_parties_put_it(story: str) -> None:
    signed, statements, now, state = STATES[story]
    assert standing.state(DIRECT, signed, statements, now) is state


HEIR = replace(DIRECT, number="2/2026", supersedes=NAME, since=DIRECT.since + 40 * DAY_MS, overlap_days=10)
HEIRS: dict[str, tuple[Agreement, dict[str, str], int | None]] = {
    "signed by all": (HEIR, ALL, HEIR.since + 10 * DAY_MS),
    "without overlap": (replace(HEIR, overlap_days=0), ALL, HEIR.since),
    "with one more party": (
        replace(HEIR, parties=(*HEIR.parties, "pt.gnr")), {**ALL, "pt.gnr": ""}, HEIR.since + 10 * DAY_MS,
    ),
    "with one more party, that has not signed": (replace(HEIR, parties=(*HEIR.parties, "pt.gnr")), ALL, None),
    "signed by some": (HEIR, {"ma.marine": "", "es.salvamento": ""}, None),
    "behind the back of a party": (
        replace(HEIR, parties=("es.salvamento", "ma.marine")), {"ma.marine": "", "es.salvamento": ""}, None,
    ),
    "of another mechanism": (replace(HEIR, mechanism=Mechanism.LIAISON), ALL, None),
    "of another agreement": (replace(HEIR, supersedes="b" * 64), ALL, None),
    "of none": (replace(HEIR, supersedes=""), ALL, None),
}  # fmt: skip


@pytest.mark.parametrize("story", HEIRS)
def test_an_agreement_is_superseded_by_one_that_all_its_parties_signed(story: str) -> None:
    heir, signed, at = HEIRS[story]
    assert standing.replaced_at(NAME, DIRECT, heir, signed) == at


@pytest.mark.parametrize(
    ("days", "statements", "state"),
    [
        (39, [], AgreementState.IN_FORCE),
        (45, [], AgreementState.IN_FORCE),
        (50, [], AgreementState.SUPERSEDED),
        (45, [SUSPENDED], AgreementState.SUSPENDED),
        (50, [SUSPENDED], AgreementState.SUPERSEDED),
        (45, [ENDED], AgreementState.ENDED),
    ],
)
def test_both_stand_side_by_side_for_the_overlap_and_then_the_new_one_alone(
    days: int, statements: list[Statement], state: AgreementState
) -> None:
    at = standing.replaced_at(NAME, DIRECT, HEIR, ALL)
    now = canon.moment(DIRECT.since + days * DAY_MS)
    assert standing.state(DIRECT, ALL, statements, now, at) is state


def test_a_rescue_agreement_does_not_lapse_with_its_date() -> None:
    rescue = sealed.agreement(Mechanism.RESCUE)
    ended = replace(ENDED, agreement=terms.digest(rescue))

    assert standing.state(rescue, ALL, [], NOW + YEAR) is AgreementState.IN_FORCE
    assert standing.state(rescue, ALL, [ended], NOW) is AgreementState.ENDED


REFUSED: dict[str, tuple[list[Statement], Statement]] = {
    "story 16: an old suspension played again": ([SUSPENDED, LIFTED], SUSPENDED),
    "an old lift played again": ([SUSPENDED, LIFTED, says("ma.marine", 3, PartyAct.SUSPEND)], LIFTED),
    "a lift by another party": ([SUSPENDED], says("es.salvamento", 1, PartyAct.LIFT)),
    "a lift of nothing": ([], says("ma.marine", 1, PartyAct.LIFT)),
    "a suspension twice": ([SUSPENDED], says("ma.marine", 2, PartyAct.SUSPEND)),
    "a number left out": ([], says("ma.marine", 2, PartyAct.SUSPEND)),
    "anything after the end": ([ENDED], SUSPENDED),
    "a stranger": ([], says("pt.gnr", 1, PartyAct.SUSPEND)),
    "of another agreement": ([], says("ma.marine", 1, PartyAct.SUSPEND, "b" * 64)),
}


@pytest.mark.parametrize("story", REFUSED)
def test_a_statement_that_does_not_follow_is_refused(story: str) -> None:
    held, new = REFUSED[story]
    with pytest.raises(Untrusted):
        standing.check_statement(DIRECT, NAME, held, new)


@pytest.mark.parametrize(
    ("held", "new"), [([], SUSPENDED), ([SUSPENDED], LIFTED), ([SUSPENDED], ENDED), ([SUSPENDED, LIFTED], ENDED)]
)
def test_a_statement_that_follows_is_taken(held: list[Statement], new: Statement) -> None:
    standing.check_statement(DIRECT, NAME, held, new)
    signer = {"ma.marine": MA, "es.salvamento": ES}[new.party].signer
    assert standing.read_statement(standing.state_act(new, signer), signer.verifier) == new


def test_distress_passes_while_suspended_and_nothing_else_does() -> None:
    for mechanism in Mechanism:
        assert standing.passes(mechanism, AgreementState.IN_FORCE)
        assert standing.passes(mechanism, AgreementState.SUSPENDED) is (mechanism is Mechanism.RESCUE)
        for state in (AgreementState.DRAFT, AgreementState.SIGNED_IN_PART, AgreementState.ENDED):
            assert not standing.passes(mechanism, state)


def test_templates_name_their_mechanism() -> None:
    assert {mechanism: templates.rules(mechanism).count("permit") >= 1 for mechanism in Mechanism} == dict.fromkeys(
        Mechanism, True
    )
    assert isinstance(DIRECT, Agreement)
