"""What each mechanism carries and what it never does: one row for each limit, judged alike by sender and recipient."""

import pytest
from msgspec.structs import replace

from tansiq.exchange import policy
from tansiq.exchange.agreements import lint, templates
from tansiq.exchange.agreements.standing import AgreementState
from tansiq.exchange.agreements.terms import Agreement, Mechanism
from tansiq.exchange.label import Claim, Label, Notice, attachment_of, part_of
from tansiq.exchange.policy import DAY_MS, Action, Coverage, Facts, Reason, Ruling
from tests.exchange import sealed
from tests.exchange.sealed import NOW, SENT

CASE, OPERATION, MANDATE = "0" * 32, "b" * 64, "c" * 64
BUREAU = "es.bureau-rabat"
FIVE_YEARS = SENT + 1_827 * DAY_MS
COVERED = Coverage(in_date=True, topic=True, region=True, case=True)
PDF = attachment_of(b"%PDF", "application/pdf")
GROUPS = {"strait": ("es.salvamento", "ma.marine"), "nobody": ()}


def agreed(mechanism: Mechanism) -> Agreement:
    """The built-in agreement, with a desk where the mechanism needs one, and two sharing groups."""
    desk = BUREAU if mechanism is Mechanism.EMBASSY_BUREAU else ""
    parties = tuple(sorted({*sealed.agreement(mechanism).parties, desk or "ma.marine"}))
    return sealed.agreement(mechanism, desk=desk, groups=GROUPS, parties=parties)


POLICIES = {mechanism: policy.policy_of(agreed(mechanism)) for mechanism in Mechanism}


def about(kind: str, **fields: object) -> Label:
    """A label of a Moroccan case officer to Spain's rescue service."""
    plain = Label(
        kind=kind,
        sender="ma.marine",
        duty="case-officer",
        recipients=("es.salvamento",),
        sent=SENT,
        expires=SENT + DAY_MS,
        letter=part_of(b""),
    )
    return replace(plain, **fields)


RED: dict[str, object] = {
    "notice": Notice.RED,
    "topic": "drugs",
    "purpose": "extradition",
    "persons_named": True,
    "review_by": FIVE_YEARS,
    "claims": {Claim.WARRANT: 1, Claim.EXTRADITION: 1, Claim.PENALTY_MONTHS: 24},
}


def notice(colour: Notice, *claims: Claim, **fields: object) -> Label:
    """A notice of a colour with its claims."""
    plain = {"notice": colour, "topic": "drugs", "purpose": "investigation", "review_by": FIVE_YEARS}
    return about("notice", **{**plain, "claims": dict.fromkeys(claims, 1), **fields})


def claiming(label: Label, **claims: int) -> Label:
    """The label with claims; 0 takes one away."""
    new = {**label.claims, **{Claim(name.replace("_", "-")): value for name, value in claims.items()}}
    return replace(label, claims={name: value for name, value in new.items() if value})


BASE: dict[Mechanism, Label] = {
    Mechanism.RESCUE: about("alert", duty="node"),
    Mechanism.PICTURE: about("picture", duty="watch-officer"),
    Mechanism.STATISTICS: about("claim", duty="report-writer"),
    Mechanism.DIRECT: about("information", topic="drugs", purpose="prevention", sensitivity=3, operational=True),
    Mechanism.INTERPOL: about("notice", **RED),
    Mechanism.EMBASSY_BUREAU: about(
        "information", topic="terrorism", purpose="prevention", sensitivity=3, desk=BUREAU
    ),
    Mechanism.LIAISON: about(
        "information", topic="terrorism", purpose="investigation", sensitivity=3, case=CASE, mandate=MANDATE,
        region="ma-01",
    ),
    Mechanism.JOINT_OPERATION: about("information", topic="smuggling", purpose="joint-operation", case=CASE),
    Mechanism.RETURNS: about(
        "information", topic="returns", purpose="readmission", case=CASE, claims={Claim.NON_REFOULEMENT: 1}
    ),
}  # fmt: skip
"""For each mechanism a letter that it carries."""

FACTS = Facts(state=AgreementState.IN_FORCE, mandate=COVERED)
TWO = replace(FACTS, two_persons=True)
JOINED = replace(FACTS, joint_operation=True)


def ruled(mechanism: Mechanism, label: Label, facts: Facts = FACTS) -> Ruling:
    """The ruling on sending, and that the recipient's is the same."""
    sends, receives = (
        policy.decide(POLICIES[mechanism], label, facts=facts, action=action, principal=principal, now=NOW)
        for action, principal in (
            (Action.SEND, f"{label.sender}/{label.duty}"),
            (Action.RECEIVE, f"{label.recipients[0]}/node"),
        )
    )
    assert (receives.allowed, receives.reason, receives.rules) == (sends.allowed, sends.reason, sends.rules)
    return sends


@pytest.mark.parametrize("mechanism", Mechanism)
def test_each_mechanism_carries_what_it_is_for(mechanism: Mechanism) -> None:
    assert ruled(mechanism, BASE[mechanism]).rule_ids == (f"{mechanism}.may",)


INTERPOL = BASE[Mechanism.INTERPOL]
DIFFUSION = replace(INTERPOL, kind="diffusion")
ASKED = claiming(replace(INTERPOL, sensitivity=1), exception=1)

PASSES: dict[str, tuple[Mechanism, Label, Facts]] = {
    "red: sentenced to six months": (
        Mechanism.INTERPOL, claiming(INTERPOL, penalty_months=0, sentence_months=6), FACTS,
    ),
    "red diffusion below the threshold": (Mechanism.INTERPOL, claiming(DIFFUSION, penalty_months=0), FACTS),
    "blue, with its case": (Mechanism.INTERPOL, notice(Notice.BLUE, case=CASE), FACTS),
    "green": (Mechanism.INTERPOL, notice(Notice.GREEN, Claim.DANGER_ASSESSED), FACTS),
    "yellow": (
        Mechanism.INTERPOL,
        notice(Notice.YELLOW, Claim.REPORTED_MISSING, topic="missing-persons", purpose="location"),
        FACTS,
    ),
    "black": (Mechanism.INTERPOL, notice(Notice.BLACK, Claim.BODY_FOUND, purpose="identification"), FACTS),
    "purple": (Mechanism.INTERPOL, notice(Notice.PURPLE), FACTS),
    "orange": (Mechanism.INTERPOL, notice(Notice.ORANGE, Claim.IMMINENT_THREAT), FACTS),
    "a review tomorrow": (Mechanism.INTERPOL, replace(INTERPOL, review_by=SENT + DAY_MS), FACTS),
    "what is sensitive, by two persons": (Mechanism.INTERPOL, ASKED, TWO),
    "an attachment that is listed": (Mechanism.INTERPOL, replace(INTERPOL, attachments=(PDF,)), FACTS),
    "the bureau: operational, in a joint operation": (
        Mechanism.EMBASSY_BUREAU,
        replace(BASE[Mechanism.EMBASSY_BUREAU], operational=True, joint_operation=OPERATION),
        JOINED,
    ),
    "the bureau: any topic at all": (
        Mechanism.EMBASSY_BUREAU, replace(BASE[Mechanism.EMBASSY_BUREAU], topic="fisheries"), FACTS,
    ),
    "a joint operation's picture needs no case": (
        Mechanism.JOINT_OPERATION,
        replace(BASE[Mechanism.JOINT_OPERATION], kind="picture", duty="watch-officer", case=""),
        FACTS,
    ),
    "a letter within its sharing group": (
        Mechanism.DIRECT, replace(BASE[Mechanism.DIRECT], group="strait"), FACTS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", PASSES)
def test_what_keeps_within_the_limits_passes(story: str) -> None:
    mechanism, label, facts = PASSES[story]
    assert ruled(mechanism, label, facts).rule_ids == (f"{mechanism}.may",)


def without(facts: Coverage) -> Facts:
    """The facts with another coverage."""
    return replace(FACTS, mandate=facts)


BIG = replace(PDF, size=11 << 20)
EXE = attachment_of(b"MZ", "application/x-msdownload")
I, E, L, D, J, R = (  # noqa: E741  # one letter for each mechanism keeps the table to one line a row
    Mechanism.INTERPOL, Mechanism.EMBASSY_BUREAU, Mechanism.LIAISON, Mechanism.DIRECT, Mechanism.JOINT_OPERATION,
    Mechanism.RETURNS,
)  # fmt: skip

LIMITS: dict[str, tuple[Mechanism, dict[str, object], Facts, set[str]]] = {
    # Interpol
    "sensitive": (I, {"sensitivity": 1}, FACTS, {"sensitive"}),
    "sensitive, with two persons that asked for no exception": (I, {"sensitivity": 1}, TWO, {"sensitive"}),
    "more than sensitive, by two persons": (
        I, {"sensitivity": 2, "claims": {**INTERPOL.claims, Claim.EXCEPTION: 1}}, TWO, {"exception-limit"},
    ),
    "terrorism": (I, {"topic": "terrorism"}, FACTS, {"terrorism", "topic-barred", "topic"}),
    "terrorism, by two persons": (
        I, {"topic": "terrorism", "claims": {**INTERPOL.claims, Claim.EXCEPTION: 1}}, TWO,
        {"terrorism", "topic-barred", "topic"},
    ),
    **{
        f"a {topic} matter": (I, {"topic": topic}, TWO, {"article-3", "topic-barred", "topic"})
        for topic in ("political", "military", "religious", "racial")
    },
    "an ordinary topic of a political character": (
        I, {"claims": {**INTERPOL.claims, Claim.ARTICLE_3: 1}}, TWO, {"article-3"},
    ),
    "red without a warrant": (I, {"claims": {Claim.EXTRADITION: 1, Claim.PENALTY_MONTHS: 24}}, FACTS, {"red-warrant"}),
    "red without extradition": (
        I, {"claims": {Claim.WARRANT: 1, Claim.PENALTY_MONTHS: 24}}, FACTS, {"red-extradition"},
    ),
    "red below the penalty and the sentence": (
        I, {"claims": {**INTERPOL.claims, Claim.PENALTY_MONTHS: 23, Claim.SENTENCE_MONTHS: 5}}, FACTS, {"red-penalty"},
    ),
    "a red diffusion without a warrant": (
        I, {"kind": "diffusion", "claims": {Claim.EXTRADITION: 1}}, FACTS, {"red-warrant"},
    ),
    "blue without a case": (I, {"notice": Notice.BLUE}, FACTS, {"blue-case"}),
    "green without an assessment": (I, {"notice": Notice.GREEN}, FACTS, {"green-danger"}),
    "yellow that the police never recorded": (I, {"notice": Notice.YELLOW}, FACTS, {"yellow-reported"}),
    "black without a body": (I, {"notice": Notice.BLACK}, FACTS, {"black-body"}),
    "purple that names a person": (I, {"notice": Notice.PURPLE}, FACTS, {"purple-persons"}),
    "orange without a threat at hand": (I, {"notice": Notice.ORANGE}, FACTS, {"orange-imminent"}),
    "no review": (I, {"review_by": 0}, FACTS, {"review"}),
    "a review after more than five years": (I, {"review_by": FIVE_YEARS + DAY_MS}, FACTS, {"review"}),
    "a review before it was sent": (I, {"review_by": SENT - DAY_MS}, FACTS, {"review"}),
    "a diffusion without review": (I, {"kind": "diffusion", "review_by": 0}, FACTS, {"review"}),
    "an asylum flag, even by two persons": (
        I, {"claims": {**INTERPOL.claims, Claim.ASYLUM: 1, Claim.EXCEPTION: 1}}, TWO, {"asylum", "house.asylum"},
    ),
    "a purpose that is not listed": (I, {"purpose": "protection"}, FACTS, {"purpose"}),
    "an attachment too large": (I, {"attachments": (BIG,)}, FACTS, {"attachment-size"}),
    "an attachment of a strange type": (I, {"attachments": (PDF, EXE)}, FACTS, {"attachment-type"}),
    # the bureau
    "past the bureau": (E, {"desk": ""}, FACTS, {"desk"}),
    "by another desk": (E, {"desk": "es.dci"}, FACTS, {"desk"}),
    "operational without a joint operation": (E, {"operational": True}, FACTS, {"operational"}),
    "operational with a name that is no joint operation here": (
        E, {"operational": True, "joint_operation": OPERATION}, FACTS, {"operational"},
    ),
    "no topic at the bureau": (E, {"topic": ""}, FACTS, {"topic"}),
    # liaison
    "no case": (L, {"case": ""}, FACTS, {"case"}),
    "a mandate that has run out": (L, {}, without(replace(COVERED, in_date=False)), {"mandate-in-date"}),
    "a mandate for another topic": (L, {}, without(replace(COVERED, topic=False)), {"mandate-topic"}),
    "a mandate for another region": (L, {}, without(replace(COVERED, region=False)), {"mandate-region"}),
    "a mandate for another case": (L, {}, without(replace(COVERED, case=False)), {"mandate-case"}),
    "no mandate at all": (
        L, {}, without(Coverage()), {"mandate-in-date", "mandate-topic", "mandate-region", "mandate-case"},
    ),
    # direct
    "a desk in the way of the direct channel": (D, {"desk": BUREAU}, FACTS, {"desk"}),
    "an asylum flag anywhere": (D, {"claims": {Claim.ASYLUM: 1}}, FACTS, {"house.asylum"}),
    "beyond the sharing group": (
        D, {"group": "strait", "recipients": ("de.bpol", "es.salvamento")}, FACTS, {"house.group"},
    ),
    "a sharing group of nobody": (D, {"group": "nobody"}, FACTS, {"house.group"}),
    "a sharing group that nobody agreed": (D, {"group": "ocean"}, FACTS, {"house.group"}),
    # a joint operation
    "an operational letter without a case": (J, {"case": ""}, FACTS, {"case"}),
    "a figure that names a person": (
        J, {"kind": "claim", "duty": "report-writer", "persons_named": True}, FACTS, {"no-persons"},
    ),
    # returns
    "a return of no one person": (R, {"case": ""}, FACTS, {"case"}),
    "non-refoulement not checked": (R, {"claims": {}}, FACTS, {"non-refoulement"}),
    "a person under protection": (
        R, {"claims": {Claim.NON_REFOULEMENT: 1, Claim.ASYLUM: 1}}, FACTS, {"asylum", "house.asylum"},
    ),
    "for prosecution": (R, {"purpose": "prosecution"}, FACTS, {"purpose"}),
    "very sensitive": (R, {"sensitivity": 2}, FACTS, {"sensitivity"}),
}  # fmt: skip


@pytest.mark.parametrize("story", LIMITS)
def test_every_limit_refuses_by_its_own_rule(story: str) -> None:
    mechanism, changes, facts, rules = LIMITS[story]
    ruling = ruled(mechanism, replace(BASE[mechanism], **changes), facts)

    assert ruling.reason is Reason.FORBIDDEN
    assert set(ruling.rule_ids) == {name if "." in name else f"{mechanism}.{name}" for name in rules}
    said = POLICIES[mechanism].agreement.reasons
    assert all({rule.id, f"{rule.id}.basis"} <= set(said) for rule in ruling.rules if not rule.id.startswith("house."))


@pytest.mark.parametrize("mechanism", [I, E, L, J, R])
def test_every_forbid_of_a_mechanism_has_a_row(mechanism: Mechanism) -> None:
    forbids = {
        rule["annotations"]["id"].removeprefix(f"{mechanism}.")
        for rule in lint.document(templates.rules(mechanism))
        if rule["effect"] == "forbid"
    }
    shared = {"sensitivity", "topic", "topic-barred", "purpose", "attachment-size", "attachment-type"}
    fired = {name for each, _, _, rules in LIMITS.values() if each is mechanism for name in rules}

    assert forbids - shared <= fired
    assert shared <= {name for *_, rules in LIMITS.values() for name in rules}


LACKS = {
    "information by Interpol": (I, {"kind": "information", "notice": Notice.NONE}, ["when1", "when2"]),
    "a picture by the bureau": (E, {"kind": "picture"}, ["when1", "when2"]),
    "a liaison letter by the watch": (L, {"duty": "watch-officer"}, ["when2"]),
    "to one who is no party": (J, {"recipients": ("es.salvamento", "pt.gnr")}, ["when3"]),
}


@pytest.mark.parametrize("story", LACKS)
def test_where_nothing_permits_the_nearest_permit_says_what_it_lacked(story: str) -> None:
    mechanism, changes, parts = LACKS[story]
    ruling = ruled(mechanism, replace(BASE[mechanism], **changes))

    assert ruling.reason is Reason.NO_PERMIT
    assert [rule.id for rule in ruling.missing] == [f"{mechanism}.may.{part}" for part in parts]


def test_a_bureau_that_is_not_named_carries_nothing() -> None:
    nobody = policy.policy_of(sealed.agreement(E))
    for desk in ("", BUREAU):
        label = replace(BASE[E], desk=desk)
        ruling = policy.decide(
            nobody, label, facts=FACTS, action=Action.SEND, principal="ma.marine/case-officer", now=NOW
        )
        assert ruling.rule_ids == ("embassy-bureau.desk",)
