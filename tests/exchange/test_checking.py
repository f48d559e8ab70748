"""What an agreement allows, exactly; what another one changes; and that no text signs a mechanism's limits away."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tansiq.exchange import checking, policy, space
from tansiq.exchange.agreements import lint
from tansiq.exchange.agreements.limits import Limit
from tansiq.exchange.agreements.terms import Agreement, Flow, Mechanism
from tansiq.exchange.checking import Finding, Found
from tansiq.exchange.label import Attachment, Claim, Label, part_of
from tansiq.exchange.policy import Action, Coverage, Facts
from tansiq.ground.errors import Malformed
from tests.exchange import sealed
from tests.exchange.sealed import NOW, SENT
from tests.exchange.test_mechanisms import agreed

BUREAU, DIRECT, INTERPOL = (agreed(each) for each in (Mechanism.EMBASSY_BUREAU, Mechanism.DIRECT, Mechanism.INTERPOL))
BOUND = {mechanism: policy.policy_of(agreed(mechanism)) for mechanism in Mechanism}
SPACES = {mechanism: space.space(bound, space.domains([bound])) for mechanism, bound in BOUND.items()}


@pytest.mark.parametrize("mechanism", Mechanism)
def test_every_template_is_well_formed_and_keeps_its_limits(mechanism: Mechanism) -> None:
    checked = checking.check(replace(agreed(mechanism), groups={}))

    assert checked.faults == checked.warnings == ()
    assert all(row.send and row.receive and row.shapes for row in checked.rows)
    assert [row.kind for row in checked.rows] == sorted(agreed(mechanism).flows)


def test_the_table_says_what_each_kind_of_letter_may_be() -> None:
    rows = {row.kind: row for row in checking.check(INTERPOL).rows}
    notice = rows["notice"]

    assert set(notice.topics) == set(INTERPOL.topics)
    assert set(notice.purposes) == set(INTERPOL.purposes)
    assert notice.notices == ("red", "blue", "green", "yellow", "black", "purple", "orange")
    assert notice.sensitivity == 1, "by an exception"
    assert "interpol.red-penalty" in notice.limits
    assert "interpol.red-penalty" not in rows["diffusion"].limits
    assert rows["request"].notices == ()
    assert "interpol.red-warrant" not in rows["request"].limits

    (picture, *_) = checking.check(agreed(Mechanism.PICTURE)).rows
    assert (picture.persons, picture.attachments, picture.case) == ("never", "never", "may")
    (liaison, *_) = checking.check(agreed(Mechanism.LIAISON)).rows
    assert liaison.case == "must"


def test_no_label_shape_slips_past_the_picture() -> None:
    for row in checking.check(sealed.agreement(Mechanism.PICTURE)).rows:
        assert row.kind in {"picture", "alert"}
        assert set(row.topics) == {"", "maritime-traffic", "safety", "smuggling"}
        assert set(row.purposes) == {"", "situational-awareness"}
        assert (row.sensitivity, row.persons, row.attachments) == (1, "never", "never")
        assert row.shapes == 2 * 4 * 2 * 2


def labelled(mechanism: Mechanism, shape: space.Shape) -> tuple[Label, Facts]:
    """A label and facts of a shape."""
    bound = BOUND[mechanism].agreement
    kind = str(shape["label.kind"])
    flow = bound.flows.get(kind, Flow(("case-officer",), ("case-officer",)))
    large = not shape.get("facts.attachments_fit", True)
    types = shape.get("label.attachment_types", ())
    claims = {
        Claim(name.removeprefix("label.claims.").replace("_", "-")): value
        for name, value in shape.items()
        if name.startswith("label.claims.") and value
    }
    days = shape.get("label.review_days", 0)
    assert isinstance(types, tuple)
    assert isinstance(days, int)
    label = Label(
        kind=kind,  # type: ignore[arg-type]  # kinds that no room defines yet are judged too
        duty=flow.send[0],
        sent=SENT,
        expires=SENT + 1,
        letter=part_of(b""),
        claims=claims,  # type: ignore[arg-type]  # numbers
        attachments=tuple(Attachment("0" * 64, (2 << 30) if large else 0, each) for each in types),
        case="0" * 32 if shape.get("label.has_case") else "",
        exercise="x" if shape.get("label.exercise") else "",
        review_by=SENT + days * policy.DAY_MS if days else 0,
        **{
            name.removeprefix("label."): value
            for name, value in shape.items()
            if name.startswith("label.") and name.count(".") == 1 and name.removeprefix("label.") in PLAIN
        },  # type: ignore[arg-type]  # one table of attributes
    )
    coverage = Coverage(**{part: bool(shape.get(f"facts.mandate_{part}")) for part in Coverage.__struct_fields__})
    facts = Facts(
        state=policy.AgreementState.IN_FORCE,
        two_persons=bool(shape.get("facts.two_persons")),
        joint_operation=bool(shape.get("facts.joint_operation")),
        mandate=coverage,
    )
    return label, facts


PLAIN = (
    "topic", "purpose", "region", "notice", "operational", "sensitivity", "urgency", "handling", "source",
    "information", "sender", "recipients", "desk", "persons_named",
)  # fmt: skip


def passes(whole: space.Space, shape: space.Shape) -> bool:
    """What the tables say of a shape."""
    return whole.permits.of(shape) and not any(table.of(shape) for table in (*whole.forbids, *whole.cannot))


@settings(max_examples=150)
@given(st.sampled_from([each for each in Mechanism if each is not Mechanism.RESCUE]), st.data())
def test_the_tables_say_of_any_label_what_the_decision_says(mechanism: Mechanism, data: st.DataObject) -> None:
    whole = SPACES[mechanism]
    shape = {name: data.draw(st.sampled_from(values), name) for name, values in whole.domains.items()}
    if data.draw(st.booleans()):  # start from one that passes, and change a little
        plain = space.search(
            whole, {"label.kind": data.draw(st.sampled_from(sorted(BOUND[mechanism].agreement.flows)))}
        )
        assert plain is not None
        change = data.draw(st.sets(st.sampled_from(sorted(whole.domains)), max_size=2))
        shape = {name: shape[name] if name in change or name not in plain else plain[name] for name in shape}
    shape["facts.in_group"], shape["label.group"] = True, ""
    if any(table.of(shape) for table in whole.cannot) or shape["label.kind"] not in BOUND[mechanism].agreement.flows:
        return
    label, facts = labelled(mechanism, shape)
    ruling = policy.decide(
        BOUND[mechanism],
        label,
        facts=facts,
        action=Action.SEND,
        principal=f"{label.sender}/{label.duty}",
        now=NOW.replace(year=2026, month=2),
    )
    assert ruling.allowed is passes(whole, shape), (ruling, shape)


@settings(max_examples=60)
@given(st.sampled_from(list(Mechanism)), st.data())
def test_what_a_search_finds_passes_and_what_it_does_not_find_is_not_there(
    mechanism: Mechanism, data: st.DataObject
) -> None:
    whole = SPACES[mechanism]
    names = data.draw(st.lists(st.sampled_from(sorted(whole.domains)), max_size=3, unique=True))
    fixed = {name: data.draw(st.sampled_from(whole.domains[name])) for name in names}
    found, (count, seen) = space.search(whole, fixed), space.seen(whole, fixed)

    assert (found is not None) is (count > 0)
    if found is not None:
        plain = {name: values[0] for name, values in whole.domains.items()}
        assert passes(whole, {**plain, **fixed, **found})
        assert all(found[name] == fixed[name] for name in names if name in found)
        assert all(found[name] in seen[name] for name in seen if name in found)


def amended(agreement: Agreement, change: Callable[[str], str] = str, **fields: object) -> Agreement:
    """The agreement with other rules."""
    return replace(agreement, cedar=change(agreement.cedar), **fields)


def dropped(rule: str) -> Callable[[str], str]:
    """The rules without one."""

    def drop(cedar: str) -> str:
        return cedar.replace(lint.texts(cedar)[rule], "")

    return drop


ALL_PARTIES = "context.terms.parties.containsAll(context.label.recipients)"

SIGNED_AWAY: dict[str, tuple[Agreement, set[Limit]]] = {
    "Interpol: sensitive": (amended(INTERPOL, sensitivity=1), {Limit.NOTHING_SENSITIVE}),
    "Interpol: very sensitive by two persons": (
        amended(INTERPOL, dropped("interpol.exception-limit")), {Limit.NOTHING_SENSITIVE},
    ),
    "Interpol: terrorism": (
        amended(
            INTERPOL, dropped("interpol.terrorism"), topics=(*INTERPOL.topics, "terrorism"),
            barred=tuple(each for each in INTERPOL.barred if each != "terrorism"),
        ),
        {Limit.NO_TERRORISM},
    ),
    "Interpol: no warrant": (amended(INTERPOL, dropped("interpol.red-warrant")), {Limit.WARRANT}),
    "Interpol: a lower threshold": (amended(INTERPOL, lambda text: text.replace(">= 24", ">= 12")), {Limit.PENALTY}),
    "Interpol: no review": (amended(INTERPOL, dropped("interpol.review")), {Limit.REVIEW}),
    "Interpol: a review in ten years": (amended(INTERPOL, lambda text: text.replace("1827", "3653")), {Limit.REVIEW}),
    "Interpol: article 3": (amended(INTERPOL, dropped("interpol.article-3")), {Limit.ARTICLE_3}),
    "Interpol: information at large": (
        amended(INTERPOL, flows={**INTERPOL.flows, "information": INTERPOL.flows["notice"]}), {Limit.KINDS},
    ),
    "the bureau: operational": (amended(BUREAU, dropped("embassy-bureau.operational")), {Limit.JOINT_OPERATION}),
    "the bureau: past the desk": (amended(BUREAU, dropped("embassy-bureau.desk")), {Limit.DESK}),
    "liaison: no case": (amended(agreed(Mechanism.LIAISON), dropped("liaison.case")), {Limit.CASE}),
    "liaison: any mandate": (amended(agreed(Mechanism.LIAISON), dropped("liaison.mandate-in-date")), {Limit.MANDATE}),
    "direct: a desk": (amended(DIRECT, dropped("direct.desk")), {Limit.NO_DESK}),
    "direct: to strangers": (
        amended(DIRECT, lambda text: text.replace(f" && {ALL_PARTIES}", "")),
        {Limit.PARTIES_ALONE},
    ),
    "the picture: persons": (amended(agreed(Mechanism.PICTURE), dropped("picture.no-persons")), {Limit.NO_PERSONS}),
    "the picture: attachments": (
        amended(agreed(Mechanism.PICTURE), dropped("picture.no-attachments")), {Limit.NO_ATTACHMENTS},
    ),
    "statistics: one case": (amended(agreed(Mechanism.STATISTICS), dropped("statistics.no-case")), {Limit.NO_CASE}),
    "returns: unchecked": (
        amended(agreed(Mechanism.RETURNS), dropped("returns.non-refoulement")), {Limit.NON_REFOULEMENT},
    ),
    "rescue: alerts alone": (
        amended(agreed(Mechanism.RESCUE), lambda text: text.replace('"task", ', "")), {Limit.ALWAYS_OPEN},
    ),
    "rescue: nothing sensitive": (
        amended(
            agreed(Mechanism.RESCUE),
            lambda text: text.replace("(context.label.kind)", "(context.label.kind) && context.label.sensitivity < 2"),
        ),
        {Limit.ALWAYS_OPEN},
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", SIGNED_AWAY)
def test_no_text_signs_a_mechanisms_limits_away(story: str) -> None:
    agreement, limits = SIGNED_AWAY[story]
    checked = checking.check(agreement)

    assert checked.faults == tuple(Found(Finding.HARD_LIMIT, limit) for limit in sorted(limits))
    with pytest.raises(Malformed, match="never carries"):
        checking.refuse_faults(agreement)


EMPTY = Flow((), ())
WARNED: dict[str, tuple[Agreement, Found]] = {
    "nobody sends": (
        amended(DIRECT, flows={**DIRECT.flows, "alert": replace(DIRECT.flows["alert"], send=())}),
        Found(Finding.KIND_NOBODY, "alert"),
    ),
    "nobody at all": (amended(DIRECT, flows={"alert": EMPTY}), Found(Finding.KIND_NOBODY, "alert")),
    "no topic, so nothing passes": (amended(DIRECT, topics=()), Found(Finding.KIND_NEVER, "information")),
    "a duty that is none": (
        amended(DIRECT, flows={"alert": Flow(("admiral",), ("admiral",))}), Found(Finding.DUTY_UNKNOWN, "admiral"),
    ),
    "a kind that is none": (
        amended(DIRECT, flows={"order": DIRECT.flows["alert"]}), Found(Finding.KIND_UNKNOWN, "order"),
    ),
    "no desk": (sealed.agreement(Mechanism.EMBASSY_BUREAU), Found(Finding.NO_DESK)),
    "a topic listed and barred": (amended(DIRECT, barred=("drugs",)), Found(Finding.TOPIC_BOTH, "drugs")),
    "a group of one": (amended(DIRECT, groups={"alone": ("ma.marine",)}), Found(Finding.GROUP_EMPTY, "alone")),
    "a size without types": (amended(DIRECT, attachment_types=()), Found(Finding.ATTACHMENTS_HALF)),
    "no answer time": (amended(DIRECT, answer_hours={}), Found(Finding.NO_ANSWER_TIME, "distress")),
    "kept for no time": (amended(DIRECT, retention_days=0), Found(Finding.NOT_KEPT)),
    "for ever": (amended(DIRECT, until=SENT + 3_000 * policy.DAY_MS), Found(Finding.LONG)),
    "a rule that stops nothing": (
        amended(DIRECT, lambda text: text.replace('unless { context.label.desk == "" }', "when { false }")),
        Found(Finding.RULE_IDLE, "direct.desk"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", WARNED)
def test_what_is_worth_a_second_look_is_said(story: str) -> None:
    agreement, found = WARNED[story]
    assert found in checking.check(agreement).warnings
    assert checking.line(found)


WIDE = " && ".join(f"context.label.{name} == context.label.{name}" for name in (
    "kind", "topic", "purpose", "notice", "sensitivity", "handling", "urgency", "source",
))  # fmt: skip
NOTED = '\n@id("direct.x") @reason("x") @basis("x")'
UNCLEAR = {
    "the whole label": "context.label == context.label",
    "whether there is a label": "context has label",
    "the duty at the keys": 'principal == Duty::"ma.marine/case-officer"',
    "too much at once": WIDE,
}


@pytest.mark.parametrize("story", UNCLEAR)
def test_a_rule_that_cannot_be_tried_out_is_not_taken(story: str) -> None:
    rule = (
        f'\n@id("direct.x") @reason("x") @basis("x") forbid(principal, action, resource) when {{ {UNCLEAR[story]} }};'
    )
    text = DIRECT.title
    reasons = {**DIRECT.reasons, "direct.x": text, "direct.x.basis": text}
    (fault,) = checking.check(replace(DIRECT, cedar=DIRECT.cedar + rule, reasons=reasons)).faults

    assert fault.finding is Finding.TOO_WIDE
    assert "direct.x" in fault.about


def test_a_rule_for_one_side_alone_stops_the_letter_all_the_same() -> None:
    rule = f'{NOTED} forbid(principal, action == Action::"receive", resource);'
    reasons = {**DIRECT.reasons, "direct.x": DIRECT.title, "direct.x.basis": DIRECT.title}
    checked = checking.check(replace(DIRECT, cedar=DIRECT.cedar + rule, reasons=reasons))

    assert not any(row.shapes for row in checked.rows)


def test_rules_that_do_not_hold_are_faults() -> None:
    (fault, *_) = checking.check(amended(DIRECT, lambda text: text + "\nlet it pass")).faults
    assert fault.finding is Finding.RULES


def test_a_diff_says_what_changes_in_words_in_the_table_and_for_which_letters() -> None:
    other = amended(
        DIRECT,
        dropped("direct.purpose"),
        sensitivity=2,
        topics=(*DIRECT.topics, "firearms"),
        flows={"information": replace(DIRECT.flows["information"], send=("case-officer",)), "alert": EMPTY},
    )
    changed = checking.diff(DIRECT, other)
    words = {change.part: change for change in changed.words}
    rows = {change.part: change for change in changed.rows}

    assert (words["sensitivity"].removed, words["sensitivity"].added) == (("3",), ("2",))
    assert words["topics"].added == ("firearms",)
    assert words["rules.direct.purpose"].added == ()
    assert "purpose" in " ".join(words["rules.direct.purpose"].removed)
    assert words["flows.alert.send"].added == ("nobody",)
    assert rows["information.topics"].added == ("firearms",)
    assert "unlisted" in rows["information.purposes"].added
    assert rows["information.sensitivity"].added == ("2",)
    assert "duty-officer" in rows["information.send"].removed
    assert rows["alert.send"].added == ()
    assert {each.rule for each in changed.opened} == {"direct.topic", "direct.purpose"}
    assert {each.rule for each in changed.closed} == {"direct.sensitivity", ""}
    (closed,) = [each for each in changed.closed if each.rule]
    assert closed.shape["label.sensitivity"] == 3


def test_nothing_changes_between_an_agreement_and_itself() -> None:
    for agreement in (DIRECT, INTERPOL):
        same = checking.diff(agreement, replace(agreement))
        assert same == checking.Diff(words=(), rows=(), opened=(), closed=())
    renamed = checking.diff(DIRECT, replace(DIRECT, number="2/2026"))
    assert [change.part for change in renamed.words] == ["number"]
    assert renamed.opened == renamed.closed == renamed.rows == ()
