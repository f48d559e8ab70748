"""The built-in agreements, one for each mechanism, as data that a lawyer can read and amend."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import canon
from tansiq.exchange.agreements.terms import Agreement, Flow, Mechanism, Onward, Text
from tansiq.exchange.label import Urgency


class Template(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An agreement without parties and dates."""

    title: Text
    flows: dict[str, Flow]
    purposes: tuple[str, ...]
    sensitivity: int
    topics: tuple[str, ...]
    barred: tuple[str, ...]
    case_required: bool
    attachment_bytes: int
    attachment_types: tuple[str, ...]
    onward: Onward
    answer_hours: dict[Urgency, int]
    retention_days: int
    legal_basis: Text
    articles: tuple[Text, ...]
    reasons: dict[str, Text]


@cache
def template(mechanism: Mechanism) -> Template:
    """The template of a mechanism."""
    return msgspec.json.decode(_file(f"{mechanism}.json"), type=Template)


@cache
def rules(mechanism: Mechanism) -> str:
    """The Cedar rules of a mechanism."""
    return _file(f"{mechanism}.cedar").decode()


@cache
def house_rules() -> str:
    """The Cedar rules that a node adds to every agreement but rescue: forbids alone."""
    return _file("house.cedar").decode()


@cache
def schema() -> str:
    """The Cedar schema that all rules are validated against."""
    return _file("tansiq.cedarschema").decode()


def propose(
    mechanism: Mechanism,
    *,
    parties: Sequence[str],
    number: str,
    since: datetime,
    until: datetime,
    desk: str = "",
    groups: Mapping[str, Sequence[str]] | None = None,
    supersedes: str = "",
    overlap_days: int = 0,
) -> Agreement:
    """A draft agreement between these parties (agency codes, in any order) from the built-in template.

    The agency whose desk stands in the way signs too, since it speaks of the letters that pass.
    """
    form = template(mechanism)
    return Agreement(
        title=form.title,
        mechanism=mechanism,
        number=number,
        parties=tuple(sorted({*parties, *([desk] if desk else [])})),
        flows=form.flows,
        purposes=form.purposes,
        sensitivity=form.sensitivity,
        topics=form.topics,
        barred=form.barred,
        case_required=form.case_required,
        attachment_bytes=form.attachment_bytes,
        attachment_types=form.attachment_types,
        desk=desk,
        groups={name: tuple(sorted(set(members))) for name, members in (groups or {}).items()},
        onward=form.onward,
        answer_hours=form.answer_hours,
        retention_days=form.retention_days,
        legal_basis=form.legal_basis,
        articles=form.articles,
        reasons=form.reasons,
        cedar=rules(mechanism),
        since=canon.millis(since),
        until=canon.millis(until),
        supersedes=supersedes,
        overlap_days=overlap_days,
    )


def renew(
    old: Agreement, *, name: str, number: str, since: datetime, until: datetime, overlap_days: int = 0, afresh: bool
) -> Agreement:
    """A draft that takes the place of the agreement called `name` (its digest): the same parties, desk and groups.

    It says what the old one says, or, `afresh`, what the built-in template says today.
    """
    if afresh:
        return propose(
            old.mechanism,
            parties=old.parties,
            number=number,
            since=since,
            until=until,
            desk=old.desk,
            groups=old.groups,
            supersedes=name,
            overlap_days=overlap_days,
        )
    return replace(
        old,
        number=number,
        since=canon.millis(since),
        until=canon.millis(until),
        supersedes=name,
        overlap_days=overlap_days,
    )


def _file(name: str) -> bytes:
    return (resources.files("tansiq.exchange.agreements") / name).read_bytes()
