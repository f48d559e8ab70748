"""Onward steps as seen: requests for release, who passed a letter on, and who holds it."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.corrections import Corrected
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.originator import UseKind
from tansiq.exchange.models import Agreement, Correction, Envelope, Event, Passing, Recall, Release, Retention
from tansiq.exchange.models.channels import channels
from tansiq.exchange.onward import Edge, Holder, Passed, ReleaseLine, ReleaseState, tree
from tansiq.exchange.recalls import Answer, RecallLine
from tansiq.exchange.retention import Dates, dates
from tansiq.exchange.values import Direction
from tansiq.ground import clock
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of

_CLOSED = frozenset({Mechanism.RESCUE, Mechanism.PICTURE, Mechanism.STATISTICS})
"""Mechanisms by which no letter of somebody else goes on."""


class Path(Struct, frozen=True, kw_only=True):
    """One letter's way: whose it is, who holds it as far as is known here, its onward steps and what was asked."""

    originator: str
    digest: str
    own: bool
    holders: tuple[Holder, ...]
    steps: tuple[Passed, ...]
    releases: tuple[ReleaseLine, ...]
    recall: RecallLine | None
    corrected: tuple[Corrected, ...]
    dates: Dates


class Way(Struct, frozen=True, kw_only=True):
    """An agreement by which a letter could go on, and to whom."""

    agreement: str
    title: dict[str, str]
    parties: tuple[str, ...]
    purposes: tuple[str, ...]


def releases(
    *, reader: Officer, now: datetime | None = None, before: int | None = None, limit: int = 100
) -> tuple[ReleaseLine, ...]:
    """Requests for release that concern the reader's agency, or any for who audits the node; the newest first."""
    if not reader.holds(Permission.RELEASE_VIEW):
        return ()
    rows = Release.objects.select_related("envelope").defer("envelope__raw", "envelope__keys", "envelope__label")
    if not reader.oversees:
        rows = rows.filter(Q(originator=reader.party) | Q(asker=reader.party))
    if before is not None:
        rows = rows.filter(position__lt=before)
    return tuple(row.line(now or clock.now()) for row in rows.order_by("-position")[:limit])


def release(*, release: int, reader: Officer, now: datetime | None = None) -> ReleaseLine:
    """One request."""
    row = Release.objects.select_related("envelope").filter(position=release).first()
    concerned = row is not None and reader.party in (row.originator, row.asker)
    if row is None or not reader.holds(Permission.RELEASE_VIEW) or not (concerned or reader.oversees):
        raise Missing("There is no such request.")
    return row.line(now or clock.now())


def pending_releases(*, reader: Officer, now: datetime | None = None) -> int:
    """How many requests wait for an answer of the reader's agency."""
    if not reader.holds(Permission.RELEASE_ANSWER):
        return 0
    waiting = Release.objects.filter(direction=Direction.IN.value, state=ReleaseState.REQUESTED.value)
    return waiting.filter(originator=reader.party, answer_by__gt=now or clock.now()).count()


def newest_erasure() -> int:
    """The position of the newest event by which a letter was erased: for the node, which then clears its database."""
    newest = Event.objects.filter(name=Permission.LETTER_ERASE.value).order_by("-id").values_list("id", flat=True)
    return newest.first() or 0


def path(*, envelope: UUID, reader: Officer, now: datetime | None = None) -> Path:
    """Where one letter came from and went, as far as is known here."""
    rows = Envelope.objects.seen_by(reader).defer("raw", "keys").prefetch_related("receipts")
    row = rows.filter(ref=envelope).first()
    if row is None or not reader.holds(Permission.ENVELOPE_VIEW):
        raise Missing("There is no such envelope.")
    carried = Passing.objects.filter(carrier=row).first() if row.kind == Kind.FORWARD.value else None
    digest = carried.digest if carried else row.digest
    originator = carried.originator if carried else row.sender
    steps = list(Passing.objects.filter(digest=digest).prefetch_related("carrier__receipts").order_by("position"))
    recall = Recall.objects.filter(digest=digest, originator=originator).prefetch_related("answers").first()
    line = _recall_line(recall, now or clock.now())
    asked = Release.objects.select_related("envelope").filter(digest=digest).order_by("-position")
    if not reader.oversees:
        asked = asked.filter(Q(originator=reader.party) | Q(asker=reader.party))
    return Path(
        originator=originator,
        digest=digest,
        own=carried is None and row.direction == Direction.OUT.value,
        holders=tree(originator, _recalled(_edges(row, originator, carried, steps), line)),
        steps=tuple(step.value() for step in steps),
        releases=tuple(each.line(now or clock.now()) for each in asked if reader.holds(Permission.RELEASE_VIEW)),
        recall=line,
        corrected=_corrections(row, digest),
        dates=_dates(row, now or clock.now()),
    )


def _edges(row: Envelope, originator: str, carried: Passing | None, steps: list[Passing]) -> list[Edge]:
    """The ways that are known: those of the letter itself, and those of each step."""
    edges: list[Edge] = []
    if carried is None and row.said is not None:
        edges += [Edge(originator, agency, *_last(row, agency)) for agency in row.said.recipients]
    elif carried is not None:
        edges.append(Edge(originator, carried.forwarder, "", None))
    for step in steps:
        if step.how == UseKind.PASSED_ON.value:
            edges += [Edge(step.forwarder, agency, *_told(step, agency)) for agency in step.recipients]
    return edges


def _corrections(row: Envelope, digest: str) -> tuple[Corrected, ...]:
    """By what a letter was corrected, and what it corrects."""
    found = list(Correction.objects.filter(Q(digest=digest) | Q(by=digest)).order_by("position"))
    wanted = {each.digest for each in found} | {each.by for each in found}
    here = dict(Envelope.objects.filter(digest__in=wanted).values_list("digest", "ref"))
    return tuple(
        Corrected(envelope=each.digest, by=each.by, at=each.at, old=here.get(each.digest), new=here.get(each.by))
        for each in found
    )


def _dates(row: Envelope, now: datetime) -> Dates:
    """How long the letter is kept here."""
    agreement = Agreement.objects.filter(digest=row.agreement).first()
    kept = Retention.objects.filter(envelope=row).first()
    plain = dates(
        stored=row.stored,
        days=agreement.terms().retention_days if agreement else 0,
        said=row.said,
        until=kept.until if kept else None,
        basis=kept.basis if kept else "",
        by=kept.by if kept else "",
        now=now,
    )
    return replace(plain, gone=row.erased)


def _recall_line(recall: Recall | None, now: datetime) -> RecallLine | None:
    return recall.line(now) if recall is not None else None


def _recalled(edges: list[Edge], line: RecallLine | None) -> list[Edge]:
    """The ways, with what was said of a recall at their ends; and holders that are known from a statement alone."""
    if line is None:
        return edges
    said = {each.holder: each for each in line.answers}
    known = {node_of(edge.agency) for edge in edges}
    told = [_answered(edge, said.get(node_of(edge.agency)), line) for edge in edges]
    return told + [
        Edge(each.source, each.holder, each.state.value, each.at) for node, each in said.items() if node not in known
    ]


def _answered(edge: Edge, answer: Answer | None, line: RecallLine) -> Edge:
    if answer is not None:
        return Edge(edge.source, edge.agency, answer.state.value, answer.at or answer.asked_at)
    if not line.ours and node_of(edge.agency) == settings.TANSIQ_NODE:
        return Edge(edge.source, edge.agency, line.state.value, line.answered_at or line.at)
    return edge


def _last(row: Envelope, agency: str) -> tuple[str, datetime | None]:
    """What the node of an agency last said of an envelope; of one that came to us, what we said."""
    said = [each for each in row.receipts.all() if each.signer == node_of(agency)]
    last = max(said, key=lambda each: each.n, default=None)
    return (last.state, last.at) if last is not None else ("", None)


def _told(step: Passing, agency: str) -> tuple[str, datetime | None]:
    if step.carrier is None:
        return UseKind.PASSED_ON.value, step.at
    state, at = _last(step.carrier, agency)
    return (state, at) if state else (UseKind.PASSED_ON.value, step.at)


def ways(*, reader: Officer, now: datetime | None = None) -> tuple[Way, ...]:
    """The agreements by which a letter could go on from the reader's agency now; rescue carries none."""
    if not reader.holds(Permission.LETTER_FORWARD):
        return ()
    found = channels(now or clock.now()).values()
    open_now = [each for each in found if each.passes and reader.party in each.terms.parties]
    return tuple(
        Way(
            agreement=each.digest,
            title={name: each.terms.title.said(name) for name in ("ar", "fr", "es", "en")},
            parties=tuple(party for party in each.terms.parties if party != reader.party),
            purposes=each.terms.purposes,
        )
        for each in sorted(open_now, key=lambda each: each.digest)
        if each.terms.mechanism not in _CLOSED
    )
