"""The hard limits of each mechanism, whatever an agreement's own rules say: shapes that must never pass.

An agreement that would let one of them pass is not taken, neither from a person nor from a partner, so that nobody
signs away what its mechanism stands for. Interpol's limits rest on article 3 of its Constitution and on articles 49,
50, 83 and 84 of its Rules on the Processing of Data; the picture's on Regulation (EU) 2019/1896, article 89(2).
"""

from collections.abc import Iterator
from enum import StrEnum

from tansiq.exchange.agreements.terms import Agreement, Mechanism

STRANGER = "zz.stranger"
"""An agency that is party to nothing."""

FIVE_YEARS = 1_827
"""Days, two of them leap days."""

Shape = dict[str, str | int | bool | tuple[str, ...]]


class Limit(StrEnum):
    """What a mechanism never does."""

    PARTIES_ALONE = "parties-alone"
    KINDS = "kinds"
    NOTHING_SENSITIVE = "nothing-sensitive"
    NO_TERRORISM = "no-terrorism"
    ARTICLE_3 = "article-3"
    ASYLUM = "asylum"
    WARRANT = "warrant"
    PENALTY = "penalty"
    REVIEW = "review"
    DESK = "desk"
    NO_DESK = "no-desk"
    JOINT_OPERATION = "joint-operation"
    CASE = "case"
    MANDATE = "mandate"
    NO_PERSONS = "no-persons"
    NO_ATTACHMENTS = "no-attachments"
    NO_CASE = "no-case"
    NON_REFOULEMENT = "non-refoulement"
    ALWAYS_OPEN = "always-open"


CARRIES: dict[Mechanism, frozenset[str]] = {
    Mechanism.RESCUE: frozenset({"alert", "sitrep", "task", "answer", "outcome"}),
    Mechanism.PICTURE: frozenset({"alert", "picture"}),
    Mechanism.STATISTICS: frozenset({"claim"}),
    Mechanism.INTERPOL: frozenset({"notice", "diffusion", "request", "reply"}),
}
"""The kinds of letter that a mechanism may carry at all; who is not here may carry any."""


def never(agreement: Agreement) -> Iterator[tuple[Limit, Shape]]:
    """Shapes that must not pass under an agreement of this mechanism, each with the limit that it would break."""
    mechanism = agreement.mechanism
    if mechanism is not Mechanism.RESCUE:
        yield Limit.PARTIES_ALONE, {"label.sender": STRANGER}
        yield Limit.PARTIES_ALONE, {"label.recipients": (agreement.parties[1], STRANGER)}
        yield Limit.ASYLUM, {"label.claims.asylum": 1}
    if mechanism is Mechanism.EMBASSY_BUREAU:
        for kind in sorted(set(agreement.flows) - {"steering"}):
            yield Limit.DESK, {"label.kind": kind, "label.desk": ""}
            yield Limit.DESK, {"label.kind": kind, "label.desk": STRANGER}
    yield from _NEVER.get(mechanism, ())


_BARRED: tuple[tuple[Limit, Shape], ...] = tuple(
    (Limit.ARTICLE_3, {"label.topic": topic}) for topic in ("political", "military", "religious", "racial")
)
_BELOW: Shape = {
    "label.kind": "notice",
    "label.notice": "red",
    "label.claims.penalty_months": 23,
    "label.claims.sentence_months": 5,
}

_NEVER: dict[Mechanism, tuple[tuple[Limit, Shape], ...]] = {
    Mechanism.INTERPOL: (
        (Limit.NOTHING_SENSITIVE, {"label.sensitivity": 1, "facts.two_persons": False}),
        (Limit.NOTHING_SENSITIVE, {"label.sensitivity": 2}),
        (Limit.NOTHING_SENSITIVE, {"label.sensitivity": 3}),
        (Limit.NO_TERRORISM, {"label.topic": "terrorism"}),
        (Limit.ARTICLE_3, {"label.claims.article_3": 1}),
        *_BARRED,
        (Limit.WARRANT, {"label.notice": "red", "label.claims.warrant": 0}),
        (Limit.PENALTY, _BELOW),
        (Limit.REVIEW, {"label.kind": "notice", "label.review_days": 0}),
        (Limit.REVIEW, {"label.kind": "notice", "label.review_days": FIVE_YEARS + 1}),
        (Limit.REVIEW, {"label.kind": "diffusion", "label.review_days": 0}),
        (Limit.REVIEW, {"label.kind": "diffusion", "label.review_days": FIVE_YEARS + 1}),
    ),
    Mechanism.EMBASSY_BUREAU: ((Limit.JOINT_OPERATION, {"label.operational": True, "facts.joint_operation": False}),),
    Mechanism.LIAISON: (
        (Limit.CASE, {"label.has_case": False}),
        (Limit.MANDATE, {"facts.mandate_in_date": False}),
        (Limit.MANDATE, {"facts.mandate_topic": False}),
        (Limit.MANDATE, {"facts.mandate_region": False}),
        (Limit.MANDATE, {"facts.mandate_case": False}),
    ),
    Mechanism.DIRECT: ((Limit.NO_DESK, {"label.desk": STRANGER}),),
    Mechanism.PICTURE: (
        (Limit.NO_PERSONS, {"label.persons_named": True}),
        (Limit.NO_ATTACHMENTS, {"label.has_attachments": True}),
    ),
    Mechanism.STATISTICS: (
        (Limit.NO_PERSONS, {"label.persons_named": True}),
        (Limit.NO_CASE, {"label.has_case": True}),
        (Limit.NO_ATTACHMENTS, {"label.has_attachments": True}),
    ),
    Mechanism.RETURNS: (
        (Limit.CASE, {"label.has_case": False}),
        (Limit.NON_REFOULEMENT, {"label.claims.non_refoulement": 0}),
    ),
}
