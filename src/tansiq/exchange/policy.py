"""What an agreement allows, and why not: Cedar rules (docs.cedarpolicy.com), judged alike at both nodes.

One policy set per agreement digest with the house's forbids, never a union of agreements. Rules are linted and
validated against the schema when an agreement is compiled; every request is checked against the schema; any error in a
decision refuses, because Cedar skips a forbid that errs and so fails open. A refusal names every forbid that fired;
where no permit matched, probes (one always-permit per part of a permit) say which permit was nearest and what it
lacked. Dates are judged here, not in Cedar. Rescue has its own set, without forbids: it passes while suspended, and
what names a person is quarantined by the recipient, not stopped.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from cedarpy import Entities, PolicySet, Schema, is_authorized, validate_policies
from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import canon
from tansiq.exchange.agreements import lint, templates, terms
from tansiq.exchange.agreements.standing import AgreementState, passes
from tansiq.exchange.agreements.terms import NODE_DUTY, Agreement, Mechanism
from tansiq.exchange.label import Claim, Label
from tansiq.ground.errors import Malformed
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Duty

REMEMBERED = 4_096
"""How many decisions are remembered per agreement."""

DAY_MS = 86_400_000

COMPILED = 256
"""How many agreements are kept compiled."""

_ANY = {"op": "All"}
_SCOPE = {
    "principal": "the service is a party to the agreement",
    "action": "the agreement names this action",
    "resource": "the agreement is for this channel",
}


class Reason(StrEnum):
    """Why a letter does not pass."""

    FORBIDDEN = "exchange.reason.forbidden"
    NO_PERMIT = "exchange.reason.no-permit"
    NOT_IN_FORCE = "exchange.reason.not-in-force"
    EXPIRED = "exchange.reason.expired"
    RULE_ERROR = "exchange.reason.rule-error"


class Basis(StrEnum):
    """What a refusal rests on."""

    AGREEMENT = "exchange.basis.agreement"
    HOUSE = "exchange.basis.house"


class Action(StrEnum):
    """What is asked for."""

    SEND = "send"
    RECEIVE = "receive"


class Rule(Struct, frozen=True):
    """A rule that decided: its @id, @reason (English; `Agreement.reasons` has four languages), @basis and @instead."""

    id: str
    reason: str
    basis: str
    instead: str = ""


class Coverage(Struct, frozen=True, kw_only=True):
    """How far a liaison post's mandate, that both sides hold, covers a letter. Without one it covers nothing."""

    in_date: bool = False
    topic: bool = False
    region: bool = False
    case: bool = False


class Facts(Struct, frozen=True, kw_only=True):
    """What the rule must know besides the label, from documents that both sides hold.

    `two_persons`: two natural persons approved the envelope, and both signatures hold. `joint_operation`: the one that
    the label names is in force between the sender and every recipient.
    """

    state: AgreementState
    two_persons: bool = False
    joint_operation: bool = False
    mandate: Coverage = Coverage()


class Ruling(Struct, frozen=True, kw_only=True):
    """The decision.

    `rules` are the permits that allowed it, or every forbid that fired, or the nearest permit; `missing` says which of
    that permit's conditions did not hold (ids "<rule>.when1", also in `Agreement.reasons`). `quarantine` asks the
    recipient to keep the letter's persons from sight while the distress is shown.
    """

    allowed: bool
    rules: tuple[Rule, ...] = ()
    reason: Reason | None = None
    missing: tuple[Rule, ...] = ()
    quarantine: bool = False

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """What goes into the receipt."""
        return tuple(rule.id for rule in self.rules)

    def refusal(self) -> Refused:
        """The refusal as acts answer it."""
        if self.reason is None:
            raise ValueError("the ruling allows")
        house = bool(self.rules) and all(rule.id.startswith("house.") for rule in self.rules)
        return Refused(self.reason, Basis.HOUSE if house else Basis.AGREEMENT)


class Policy:
    """An agreement's rules, compiled once per digest. Get it from `policy_of`."""

    def __init__(self, agreement: Agreement, digest: str) -> None:
        """Lint, validate and compile; rules that do not pass raise Malformed."""
        self.agreement, self.digest = agreement, digest
        faults = check(agreement)
        if faults:
            raise Malformed(f"The agreement's rules: {faults[0]}.", "Amend the rules and sign again.")
        self.text = _text(agreement)
        document = lint.document(self.text)
        self._rules = PolicySet.from_str(self.text)
        self._notes = {note["id"]: note for note in (rule["annotations"] for rule in document)}
        probes = _probes(document)
        self._probe_ids = frozenset(probes)
        self._probes = PolicySet.from_json_str(
            json.dumps({"staticPolicies": probes, "templates": {}, "templateLinks": []})
        )
        self.entities = _entities(agreement)
        self.terms = {
            "parties": list(agreement.parties),
            "kinds": list(agreement.flows),
            "purposes": list(agreement.purposes),
            "topics": list(agreement.topics),
            "barred": list(agreement.barred),
            "sensitivity": agreement.sensitivity,
            "case_required": agreement.case_required,
            "desk": agreement.desk,
            "attachment_types": list(agreement.attachment_types),
        }
        self._memory: dict[tuple[object, ...], Ruling] = {}

    def judge(self, label: Label, facts: Facts, action: Action, principal: str) -> Ruling:
        """The rules' word on a label shape, dates aside; remembered."""
        key = (action, principal, facts, self._attachments_fit(label), *_shape(label))
        known = self._memory.get(key)
        if known is None:
            known = self._judge(label, facts, action, principal)
            if len(self._memory) >= REMEMBERED:
                self._memory.clear()
            self._memory[key] = known
        return known

    def may_send(self, kind: str, duty: str) -> bool:
        """Whether a sender in this duty may send a letter of this kind."""
        flow = self.agreement.flows.get(kind)
        return flow is not None and duty in flow.send

    def may_open(self, kind: str, duty: str) -> bool:
        """Whether a recipient in this duty may open a letter of this kind."""
        flow = self.agreement.flows.get(kind)
        return flow is not None and duty in flow.receive

    def _judge(self, label: Label, facts: Facts, action: Action, principal: str) -> Ruling:
        request = {
            "principal": {"type": "Duty", "id": principal},
            "action": {"type": "Action", "id": action.value},
            "resource": {"type": "Channel", "id": self.agreement.mechanism.value},
            "context": {
                "label": context_of(label),
                "terms": self.terms,
                "facts": {
                    "state": facts.state.value,
                    "duty_may": self._duty_may(label, action, principal),
                    "acts_for_itself": _acts_for_itself(label, action, principal),
                    "two_persons": facts.two_persons,
                    "in_group": self._in_group(label),
                    "attachments_fit": self._attachments_fit(label),
                    "joint_operation": facts.joint_operation,
                    **{f"mandate_{name}": getattr(facts.mandate, name) for name in _COVERAGE},
                },
            },
        }
        answer = is_authorized(request, self._rules, self.entities, schema())
        if answer.diagnostics.errors:
            return Ruling(allowed=False, reason=Reason.RULE_ERROR)
        fired = tuple(self._rule(name) for name in sorted(answer.diagnostics.id_annotations_by_reason.values()))
        if answer.allowed:
            rescue = self.agreement.mechanism is Mechanism.RESCUE
            return Ruling(allowed=True, rules=fired, quarantine=rescue and label.persons_named)
        if fired:
            state = any(rule.id == "house.state" for rule in fired)
            return Ruling(allowed=False, rules=fired, reason=Reason.NOT_IN_FORCE if state else Reason.FORBIDDEN)
        return self._nearest(request)

    def _nearest(self, request: dict[str, Any]) -> Ruling:
        """The permit that lacked least, and what it lacked."""
        answer = is_authorized(request, self._probes, self.entities, schema())
        if answer.diagnostics.errors:
            return Ruling(allowed=False, reason=Reason.RULE_ERROR)
        false = sorted(self._probe_ids - set(answer.diagnostics.id_annotations_by_reason.values()))
        lacking = Counter(probe.partition("|")[0] for probe in false)
        if not lacking:
            return Ruling(allowed=False, reason=Reason.NO_PERMIT)
        nearest = min(sorted(lacking), key=lacking.__getitem__)
        missing = (probe.partition("|")[2] for probe in false if probe.partition("|")[0] == nearest)
        rule = self._rule(nearest)
        lacked = tuple(
            Rule(f"{nearest}.{part}", self._notes[nearest].get(part) or _SCOPE[part], rule.basis) for part in missing
        )
        return Ruling(allowed=False, rules=(rule,), reason=Reason.NO_PERMIT, missing=lacked)

    def _rule(self, name: str) -> Rule:
        note = self._notes[name]
        return Rule(name, note["reason"], note["basis"], note.get("instead", ""))

    def _duty_may(self, label: Label, action: Action, principal: str) -> bool:
        """Whether the sender's duty may send this kind and, on receiving, somebody's may receive it."""
        flow = self.agreement.flows.get(label.kind)
        if flow is None or label.duty not in flow.send or not flow.receive:
            return False
        duty = principal.partition("/")[2]
        return duty == label.duty if action is Action.SEND else duty == NODE_DUTY or duty in flow.receive

    def _in_group(self, label: Label) -> bool:
        """Whether a letter to a sharing group stays in it. A group that the agreement does not name is nobody."""
        return not label.group or {label.sender, *label.recipients} <= set(self.agreement.groups.get(label.group, ()))

    def _attachments_fit(self, label: Label) -> bool:
        most = self.agreement.attachment_bytes
        return all(attached.size <= most for attached in label.attachments)


_COVERAGE = Coverage.__struct_fields__

_compiled: dict[str, Policy] = {}


def policy_of(agreement: Agreement, digest: str | None = None) -> Policy:
    """The compiled rules of an agreement, kept for later. Give `digest` where it is known: computing it costs time."""
    name = digest or terms.digest(agreement)
    policy = _compiled.get(name)
    if policy is None:
        policy = Policy(agreement, name)
        if len(_compiled) >= COMPILED:
            _compiled.clear()
        _compiled[name] = policy
    return policy


def decide(policy: Policy, label: Label, *, facts: Facts, action: Action, principal: str, now: datetime) -> Ruling:
    """Whether the letter under this label may be sent or received.

    `principal` is "agency/duty": for SEND who sends ("ma.marine/rescue-coordinator", "ma.marine/node"), for RECEIVE
    the receiving agency's node ("es.salvamento/node"). Remembered per label shape; dates are judged each time.
    """
    agreement = policy.agreement
    rescue = agreement.mechanism is Mechanism.RESCUE
    state = facts.state
    if not rescue and state is AgreementState.IN_FORCE and not terms.in_date(agreement, now):
        state = AgreementState.ENDED
    if rescue and not passes(agreement.mechanism, state):
        return Ruling(allowed=False, reason=Reason.NOT_IN_FORCE)
    ruling = policy.judge(label, facts if state is facts.state else replace(facts, state=state), action, principal)
    if ruling.allowed and not rescue and label.expires <= canon.millis(now):
        return Ruling(allowed=False, reason=Reason.EXPIRED)
    return ruling


def by_two(policy: Policy, label: Label, *, facts: Facts, principal: str, now: datetime) -> Ruling | None:
    """The ruling that lets a letter go once two persons approve; None where none is asked for, or none would help."""
    if Claim.EXCEPTION not in label.claims:
        return None
    ruling = decide(
        policy, label, facts=replace(facts, two_persons=True), action=Action.SEND, principal=principal, now=now
    )
    return ruling if ruling.allowed else None


def check(agreement: Agreement) -> list[str]:
    """What is wrong with an agreement's rules, one line each; empty when they can be compiled."""
    try:
        faults = lint.lint(agreement.cedar, agreement.mechanism)
    except ValueError as error:
        return [f"Cedar cannot read them: {str(error).partition(chr(10))[0][:200]}"]
    if faults:
        return faults
    verdict = validate_policies(_text(agreement), schema())
    if not verdict.validation_passed:
        return [f"Cedar: {str(error)[:200]}" for error in verdict.errors]
    wanted = {name for rule in lint.document(agreement.cedar) for name in _said(rule)}
    return [f"{name} has no reason in four languages" for name in sorted(wanted - set(agreement.reasons))]


def _text(agreement: Agreement) -> str:
    return agreement.cedar if agreement.mechanism is Mechanism.RESCUE else templates.house_rules() + agreement.cedar


def _said(rule: dict[str, Any]) -> Iterator[str]:
    """The ids under which an agreement says a rule's reason, basis and conditions in four languages."""
    name = rule["annotations"]["id"]
    yield name
    yield f"{name}.basis"
    if rule["effect"] == "permit":
        yield from (f"{name}.when{i}" for i, _ in enumerate(rule["conditions"], 1))


def _probes(document: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """One policy that permits always but for one part of one permit, for every such part."""
    probes: dict[str, dict[str, Any]] = {}

    def add(name: str, **part: object) -> None:
        open_wide = {"effect": "permit", "principal": _ANY, "action": _ANY, "resource": _ANY, "conditions": []}
        probes[name] = {**open_wide, "annotations": {"id": name}, **part}

    for rule in document:
        if rule["effect"] != "permit":
            continue
        name = rule["annotations"]["id"]
        for part in _SCOPE:
            if rule[part] != _ANY:
                add(f"{name}|{part}", **{part: rule[part]})
        for i, condition in enumerate(rule["conditions"], 1):
            add(f"{name}|when{i}", conditions=[condition])
    return probes


def _entities(agreement: Agreement) -> Entities:
    """The parties and every duty in them; whoever is not here is nobody."""
    rows = [_entity("Agency", "parties", None), *[_entity("Agency", party, "parties") for party in agreement.parties]]
    for party in agreement.parties:
        rows += [_entity("Duty", f"{party}/{duty}", party) for duty in (*Duty, NODE_DUTY)]
    return Entities.from_json_str(json.dumps(rows))


def _entity(kind: str, name: str, parent: str | None) -> dict[str, object]:
    parents = [{"type": "Agency", "id": parent}] if parent else []
    return {"uid": {"type": kind, "id": name}, "attrs": {}, "parents": parents}


def _shape(label: Label) -> tuple[object, ...]:
    """All of a label that a rule can see, and nothing more."""
    return (
        label.kind,
        label.topic,
        label.purpose,
        label.region,
        label.notice,
        label.operational,
        label.sensitivity,
        label.urgency,
        label.handling,
        label.source,
        label.information,
        label.sender,
        label.duty,
        label.recipients,
        label.desk,
        label.group,
        bool(label.case),
        frozenset([attached.type for attached in label.attachments]) if label.attachments else (),
        label.persons_named,
        bool(label.exercise),
        _review_days(label) if label.review_by else 0,
        tuple(sorted(label.claims.items())) if label.claims else (),
    )


def context_of(label: Label) -> dict[str, Any]:
    """All of a label that a rule can see, as Cedar is given it."""
    return {
        "kind": str(label.kind),
        "topic": label.topic,
        "purpose": label.purpose,
        "region": label.region,
        "notice": str(label.notice),
        "operational": label.operational,
        "sensitivity": label.sensitivity,
        "urgency": str(label.urgency),
        "handling": str(label.handling),
        "source": label.source,
        "information": label.information,
        "sender": label.sender,
        "recipients": list(label.recipients),
        "desk": label.desk,
        "group": label.group,
        "has_case": bool(label.case),
        "has_attachments": bool(label.attachments),
        "attachment_types": sorted({attached.type for attached in label.attachments}),
        "persons_named": label.persons_named,
        "exercise": bool(label.exercise),
        "review_days": _review_days(label),
        "claims": {name.replace("-", "_"): label.claims.get(name, 0) for name in Claim},
    }


def _review_days(label: Label) -> int:
    """In how many days from its sending a letter is to be reviewed, a day begun counting whole; 0 where it says not."""
    return -((label.sent - label.review_by) // DAY_MS) if label.review_by else 0


def _acts_for_itself(label: Label, action: Action, principal: str) -> bool:
    agency = principal.partition("/")[0]
    return agency == label.sender if action is Action.SEND else agency in label.recipients


@cache
def schema() -> Schema:
    """The schema that all rules and all requests keep to."""
    return Schema.from_str(templates.schema())
