"""Rules: what passes, what does not and why, and that nothing slips past them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tansiq.exchange import policy
from tansiq.exchange.agreements import templates
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import Flow, Mechanism
from tansiq.exchange.label import Label, attachment_of, part_of
from tansiq.exchange.policy import Action, Basis, Facts, Policy, Reason, Ruling
from tansiq.ground.errors import Malformed
from tests.exchange import sealed
from tests.exchange.sealed import NOW, SENT

POLICIES = {mechanism: policy.policy_of(sealed.agreement(mechanism)) for mechanism in Mechanism}
IN_FORCE = Facts(state=AgreementState.IN_FORCE)


def about(kind: str, duty: str, **fields: object) -> Label:
    """A label of Morocco's marine to Spain's rescue service."""
    plain = Label(
        kind=kind,
        sender="ma.marine",
        duty=duty,
        recipients=("es.salvamento",),
        sent=SENT,
        expires=SENT + 86_400_000,
        letter=part_of(b""),
    )
    return replace(plain, **fields)


INFORMATION = about("information", "case-officer", topic="drugs", purpose="prevention", sensitivity=3)
PICTURE = about("picture", "watch-officer")
CLAIM = about("claim", "report-writer")
ALERT = about("alert", "node")


def ruled(mechanism: Mechanism, label: Label, facts: Facts = IN_FORCE, **fields: object) -> Ruling:
    """The ruling on sending, and that the recipient's is the same."""
    plain = {"facts": facts, "now": NOW}
    sends = {"action": Action.SEND, "principal": f"{label.sender}/{label.duty}", **plain, **fields}
    receives = {"action": Action.RECEIVE, "principal": f"{label.recipients[0]}/node", **plain, **fields}
    ruling = policy.decide(POLICIES[mechanism], label, **sends)  # type: ignore[arg-type]  # one table of stories
    if not fields:
        other = policy.decide(POLICIES[mechanism], label, **receives)  # type: ignore[arg-type]  # as above
        assert (other.allowed, other.reason) == (ruling.allowed, ruling.reason)
    return ruling


PASSES = {
    "an alert of the node under rescue": (Mechanism.RESCUE, ALERT, ("rescue.may",)),
    "an outcome under rescue": (Mechanism.RESCUE, about("outcome", "rescue-coordinator"), ("rescue.may",)),
    "a picture": (Mechanism.PICTURE, PICTURE, ("picture.may",)),
    "a picture to two parties": (
        Mechanism.PICTURE, replace(PICTURE, recipients=("de.bpol", "es.salvamento")), ("picture.may",),
    ),
    "a picture of listed topic and purpose": (
        Mechanism.PICTURE, replace(PICTURE, topic="safety", purpose="situational-awareness"), ("picture.may",),
    ),
    "a figure": (Mechanism.STATISTICS, CLAIM, ("statistics.may",)),
    "a letter between services": (Mechanism.DIRECT, INFORMATION, ("direct.may",)),
    "a letter that names persons": (Mechanism.DIRECT, replace(INFORMATION, persons_named=True), ("direct.may",)),
}  # fmt: skip


@pytest.mark.parametrize("story", PASSES)
def test_what_is_agreed_passes(story: str) -> None:
    mechanism, label, rules = PASSES[story]
    ruling = ruled(mechanism, label)

    assert (ruling.allowed, ruling.rule_ids, ruling.reason) == (True, rules, None)
    with pytest.raises(ValueError, match="allows"):
        ruling.refusal()


NO = {
    "persons in the picture": (Mechanism.PICTURE, replace(PICTURE, persons_named=True), {"picture.no-persons"}),
    "every forbid that fired": (
        Mechanism.PICTURE,
        replace(PICTURE, persons_named=True, sensitivity=3, topic="terrorism", attachments=(attachment_of(b""),)),
        {"picture.no-persons", "picture.sensitivity", "picture.topic", "picture.no-attachments"},
    ),
    "an unlisted purpose": (Mechanism.PICTURE, replace(PICTURE, purpose="prosecution"), {"picture.purpose"}),
    "a figure of one case": (Mechanism.STATISTICS, replace(CLAIM, case="0" * 32), {"statistics.no-case"}),
    "a figure with persons": (Mechanism.STATISTICS, replace(CLAIM, persons_named=True), {"statistics.no-persons"}),
    "no topic and no purpose": (
        Mechanism.DIRECT, about("information", "case-officer"), {"direct.topic", "direct.purpose"},
    ),
    "a barred topic": (
        Mechanism.DIRECT, replace(INFORMATION, topic="political"), {"direct.topic-barred", "direct.topic"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", NO)
def test_a_refusal_names_every_rule_that_fired(story: str) -> None:
    mechanism, label, rules = NO[story]
    ruling = ruled(mechanism, label)

    assert not ruling.allowed
    assert ruling.reason is Reason.FORBIDDEN
    assert set(ruling.rule_ids) == rules
    assert all(rule.reason and rule.basis for rule in ruling.rules)
    assert ruling.refusal().basis is Basis.AGREEMENT


LACKS = {
    "a kind that is not listed": (Mechanism.PICTURE, about("claim", "watch-officer"), ["when1", "when2"]),
    "a duty that is not listed": (Mechanism.PICTURE, about("picture", "auditor"), ["when2"]),
    "a duty that does not exist": (Mechanism.PICTURE, about("picture", "admiral"), ["principal", "when2"]),
    "a recipient that is no party": (
        Mechanism.PICTURE,
        replace(PICTURE, recipients=("es.salvamento", "pt.gnr")),
        ["when3"],
    ),
    "an order under rescue": (Mechanism.RESCUE, about("information", "duty-officer"), ["when1"]),
}


@pytest.mark.parametrize("story", LACKS)
def test_where_no_permit_matches_the_nearest_says_what_it_lacked(story: str) -> None:
    mechanism, label, parts = LACKS[story]
    ruling = policy.decide(
        POLICIES[mechanism], label, facts=IN_FORCE, action=Action.SEND, principal=f"ma.marine/{label.duty}", now=NOW
    )

    assert ruling.reason is Reason.NO_PERMIT
    assert ruling.rule_ids == (f"{mechanism}.may",)
    assert [rule.id for rule in ruling.missing] == [f"{mechanism}.may.{part}" for part in parts]
    reasons = POLICIES[mechanism].agreement.reasons
    assert all(rule.id in reasons for rule in ruling.missing if "when" in rule.id)


def test_a_stranger_is_no_party() -> None:
    stranger = replace(PICTURE, sender="pt.gnr")
    ruling = policy.decide(
        POLICIES[Mechanism.PICTURE],
        stranger,
        facts=IN_FORCE,
        action=Action.SEND,
        principal="pt.gnr/watch-officer",
        now=NOW,
    )
    assert [rule.id for rule in ruling.missing] == ["picture.may.principal", "picture.may.when3"]


def test_nobody_sends_in_another_name() -> None:
    for action, principal in (
        (Action.SEND, "es.salvamento/watch-officer"),
        (Action.RECEIVE, "de.bpol/node"),
        (Action.RECEIVE, "ma.marine/node"),
    ):
        ruling = policy.decide(
            POLICIES[Mechanism.PICTURE], PICTURE, facts=IN_FORCE, action=action, principal=principal, now=NOW
        )
        assert ruling.rule_ids == ("house.own-name",)
        assert ruling.refusal().basis is Basis.HOUSE


def test_nobody_sends_in_another_duty() -> None:
    ruling = policy.decide(
        POLICIES[Mechanism.PICTURE], PICTURE, facts=IN_FORCE, action=Action.SEND, principal="ma.marine/node", now=NOW
    )
    assert [rule.id for rule in ruling.missing] == ["picture.may.when2"]


@pytest.mark.parametrize("state", [state for state in AgreementState if state is not AgreementState.IN_FORCE])
def test_nothing_passes_under_an_agreement_that_is_not_in_force(state: AgreementState) -> None:
    for mechanism, label in ((Mechanism.PICTURE, PICTURE), (Mechanism.DIRECT, INFORMATION)):
        ruling = ruled(mechanism, label, Facts(state=state))
        assert ruling.reason is Reason.NOT_IN_FORCE
        assert "house.state" in ruling.rule_ids


@pytest.mark.parametrize("days", [-365, 365])
def test_dates_are_judged_each_time_and_never_remembered(days: int) -> None:
    there = NOW + timedelta(days=days)
    assert ruled(Mechanism.PICTURE, PICTURE).allowed
    assert ruled(Mechanism.PICTURE, PICTURE, now=there).reason is Reason.NOT_IN_FORCE
    assert ruled(Mechanism.PICTURE, PICTURE, now=NOW + timedelta(days=1)).reason is Reason.EXPIRED
    assert ruled(Mechanism.PICTURE, PICTURE).allowed


DISTRESS = {
    "suspended": (ALERT, Facts(state=AgreementState.SUSPENDED), NOW),
    "past its date": (ALERT, IN_FORCE, NOW + timedelta(days=700)),
    "late": (ALERT, IN_FORCE, NOW + timedelta(days=2)),
    "sensitive, off topic, with attachments": (
        replace(ALERT, sensitivity=3, topic="political", attachments=(attachment_of(b""),)), IN_FORCE, NOW,
    ),
    "by any duty": (replace(ALERT, duty="auditor"), IN_FORCE, NOW),
}  # fmt: skip


@pytest.mark.parametrize("story", DISTRESS)
def test_story_12_distress_is_never_stopped(story: str) -> None:
    label, facts, now = DISTRESS[story]
    ruling = ruled(Mechanism.RESCUE, label, facts, now=now)

    assert ruling.allowed
    assert not ruling.quarantine


def test_story_12_distress_that_names_a_person_is_shown_and_the_person_quarantined() -> None:
    ruling = ruled(Mechanism.RESCUE, replace(ALERT, persons_named=True))
    assert ruling.allowed
    assert ruling.quarantine


@pytest.mark.parametrize("state", [AgreementState.DRAFT, AgreementState.SIGNED_IN_PART, AgreementState.ENDED])
def test_a_rescue_agreement_that_nobody_holds_to_carries_nothing(state: AgreementState) -> None:
    assert ruled(Mechanism.RESCUE, ALERT, Facts(state=state)).reason is Reason.NOT_IN_FORCE


def test_empty_means_nobody() -> None:
    agreement = sealed.agreement(Mechanism.PICTURE)
    for flow in (Flow((), ("watch-officer",)), Flow(("watch-officer",), ())):
        closed = policy.policy_of(replace(agreement, flows={"picture": flow}))
        ruling = policy.decide(
            closed, PICTURE, facts=IN_FORCE, action=Action.SEND, principal="ma.marine/watch-officer", now=NOW
        )
        assert [rule.id for rule in ruling.missing] == ["picture.may.when2"]
    nothing = policy.policy_of(replace(sealed.agreement(Mechanism.DIRECT), topics=(), purposes=()))
    ruling = policy.decide(
        nothing, INFORMATION, facts=IN_FORCE, action=Action.SEND, principal="ma.marine/case-officer", now=NOW
    )
    assert set(ruling.rule_ids) == {"direct.topic", "direct.purpose"}


def test_a_required_case_is_required() -> None:
    bound = policy.policy_of(replace(sealed.agreement(Mechanism.DIRECT), case_required=True))
    for case, allowed in (("", False), ("0" * 32, True)):
        ruling = policy.decide(
            bound,
            replace(INFORMATION, case=case),
            facts=IN_FORCE,
            action=Action.SEND,
            principal="ma.marine/case-officer",
            now=NOW,
        )
        assert ruling.allowed is allowed


def test_a_reader_in_a_listed_duty_may_open() -> None:
    picture = POLICIES[Mechanism.PICTURE]
    assert picture.may_open("picture", "patrol-commander")
    assert not picture.may_open("picture", "auditor")
    assert not picture.may_open("claim", "watch-officer")


def amended(change: Callable[[str], str]) -> list[str]:
    """What is wrong with the direct agreement's rules after a change."""
    agreement = sealed.agreement(Mechanism.DIRECT)
    return policy.check(replace(agreement, cedar=change(agreement.cedar)))


def rule(body: str, notes: str = '@id("direct.x") @reason("x") @basis("x")') -> Callable[[str], str]:
    """The direct rules with one more."""
    return lambda cedar: f"{cedar}\n{notes} {body}"


LINT = {
    "story 10: an attribute that the schema does not know": (
        rule("forbid(principal, action, resource) when { context.label.rank > 1 };"), "Cedar:",
    ),
    "no @reason": (rule("forbid(principal, action, resource);", '@id("direct.x") @basis("x")'), "no @reason"),
    "no @id": (rule("forbid(principal, action, resource);", ""), "no @id"),
    "an @id twice": (
        rule("forbid(principal, action, resource);", '@id("direct.case") @reason("x") @basis("x")'), "2 times",
    ),
    "a permit without a condition": (rule("permit(principal, action, resource);"), "without a condition"),
    "a permit with an unnamed condition": (
        rule("permit(principal, action, resource) when { context.label.has_case };"), "@when1",
    ),
    "a permit with an unless": (
        rule(
            "permit(principal, action, resource) unless { context.label.has_case };",
            '@id("direct.x") @reason("x") @basis("x") @when1("x")',
        ),
        "unless",
    ),
    "a rule in the house's name": (
        rule("forbid(principal, action, resource);", '@id("house.x") @reason("x") @basis("x")'), "begin with direct",
    ),
    "arithmetic, which overflows and fails open": (
        rule("forbid(principal, action, resource) when { context.label.sensitivity + 1 > 2 };"), "uses +",
    ),
    "like": (rule('forbid(principal, action, resource) when { context.label.topic like "a*" };'), "uses like"),
    "a template": (rule("forbid(principal == ?principal, action, resource);"), "cannot read"),
    "no permit at all": (lambda cedar: cedar.replace("permit (", "forbid ("), "no permit"),
    "no Cedar": (lambda cedar: "let it pass", "cannot read"),
    "nothing": (lambda cedar: "", "no permit"),
    "parentheses deep enough to end the process": (
        rule(f"forbid(principal, action, resource) when {{ {'(' * 30_000}true{')' * 30_000} }};"), "longer than",
    ),
    "a condition long enough to end the process": (
        rule(f"forbid(principal, action, resource) when {{ true{' && true' * 30_000} }};"), "longer than",
    ),
    "depth hidden behind a string": (
        rule(f"forbid(principal, action, resource) when {{ \";\" == {'[' * 200}\";\"{']' * 200} }};"), "longer than",
    ),
    "more rules than anyone reads": (lambda cedar: cedar + "forbid(principal, action, resource);" * 65, "the most"),
    "no reason in four languages": (rule("forbid(principal, action, resource);"), "direct.x has no reason"),
}  # fmt: skip


@pytest.mark.parametrize("story", LINT)
def test_rules_that_would_fail_open_are_not_compiled(story: str) -> None:
    change, fault = LINT[story]
    faults = amended(change)
    agreement = sealed.agreement(Mechanism.DIRECT)

    assert fault in " ".join(faults)
    with pytest.raises(Malformed):
        Policy(replace(agreement, cedar=change(agreement.cedar)), "0" * 64)


@pytest.mark.parametrize("deep", ["(", "!", "[", "{a:", "true && ", "if true then ", "-", "context.", "a has b."])
@pytest.mark.parametrize("count", [5, 40, 70, 140, 290])
def test_a_rule_of_any_depth_is_read_or_refused(deep: str, count: int) -> None:
    nested = rule(f"forbid(principal, action, resource) when {{ {deep * count}true }};")
    assert amended(nested)
    closed = rule(f"forbid(principal, action, resource) when {{ {'(' * count}true{')' * count} }};")
    assert amended(closed)


def test_rescue_has_no_forbids() -> None:
    agreement = sealed.agreement(Mechanism.RESCUE)
    text = '\n@id("rescue.x") @reason("x") @basis("x") forbid(principal, action, resource);'
    assert policy.check(replace(agreement, cedar=agreement.cedar + text)) == [
        "rescue.x forbids, and rescue has no forbids"
    ]
    assert "forbid (" not in templates.rules(Mechanism.RESCUE)


@pytest.mark.parametrize("mechanism", Mechanism)
def test_every_template_compiles(mechanism: Mechanism) -> None:
    assert policy.check(sealed.agreement(mechanism)) == []
    assert policy.policy_of(sealed.agreement(mechanism)) is POLICIES[mechanism]


def test_an_error_in_a_decision_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "context_of", lambda label: {"kind": "picture"})
    ruling = Policy(sealed.agreement(Mechanism.PICTURE), "0" * 64).judge(
        PICTURE, IN_FORCE, Action.SEND, "ma.marine/watch-officer"
    )
    assert (ruling.allowed, ruling.reason) == (False, Reason.RULE_ERROR)


def test_decisions_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "REMEMBERED", 2)
    fresh = Policy(sealed.agreement(Mechanism.PICTURE), "0" * 64)
    for sensitivity in (0, 1, 2, 3, 0, 1):
        label = replace(PICTURE, sensitivity=sensitivity)
        assert fresh.judge(label, IN_FORCE, Action.SEND, "ma.marine/watch-officer").allowed is (sensitivity < 2)
    assert len(fresh._memory) <= 2
