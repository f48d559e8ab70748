"""Take a letter back: ask every holder to erase it, answer such a demand, and pass both along the way the letter went.

A recalled letter is shut at once. It is erased when an officer says so, or by the node itself when the time to answer
is over, unless someone retains it on a stated basis until a stated day. All of this passes whatever became of the
agreement under which the letter was sent.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from tansiq.exchange import canon, jws, recalls
from tansiq.exchange.acts.control import tell, way
from tansiq.exchange.acts.erasing import wipe
from tansiq.exchange.acts.letters import attest, is_for
from tansiq.exchange.acts.log import name_of, record
from tansiq.exchange.acts.releasing import held
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.keys import Verifier
from tansiq.exchange.kinds import UNLISTED, Kind
from tansiq.exchange.kinds.originator import RecallLetter, StatementLetter, UseKind
from tansiq.exchange.label import Urgency
from tansiq.exchange.models import Agreement, Envelope, Log, Passing, Recall, RecallAnswer
from tansiq.exchange.models.channels import Channel, Known, channels, confirmed
from tansiq.exchange.models.ledger import Writer
from tansiq.exchange.models.own import Own, own
from tansiq.exchange.models.recalls import copies
from tansiq.exchange.recalls import (
    HolderStatement,
    RecallAnswerCode,
    RecallBasis,
    RecallCause,
    RecallLine,
    RecallReason,
    RecallState,
    RetentionBasis,
    Stated,
)
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import Direction, EnvelopeState, ExchangeBasis, ExchangeReason
from tansiq.ground.errors import Missing, Untrusted
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer, node_of

LABEL_KEYS = 48
"""How long the kept keys are that open a label alone, in bytes."""

TIME_TO_ANSWER = timedelta(days=1)
"""By when a holder answers, where the agreement says nothing of what is urgent."""


@transaction.atomic
def recall_letter(
    *, envelope: UUID, cause: RecallCause, remark: str = "", by: Officer, now: datetime
) -> RecallLine | Refused:
    """Take back a letter that we sent; done again, it asks those again who owe an answer.

    Only someone of the agency that wrote it, in a duty that may write such letters. What was said in a rescue stays.
    """
    row = held(envelope, by)
    if (
        row.direction != Direction.OUT.value
        or by.party != row.sender
        or row.kind in UNLISTED
        or not is_for(row, by, now)
    ):
        return Refused(RecallReason.NOT_OURS, RecallBasis.RECALL)
    if row.mechanism == Mechanism.RESCUE.value:
        return Refused(RecallReason.RESCUE_STAYS, RecallBasis.RESCUE)
    me, found, partners = own(), channels(now), confirmed()
    recall = Recall.objects.select_for_update().filter(digest=row.digest, direction=Direction.OUT.value).first()
    if recall is None:
        recall = _made(row, cause, canon.clean(remark.strip())[:300], by, now, me)
    asked = _ask_all(recall, row, found, partners, by, me, now)
    if not asked and not recall.answers.exists():
        return Refused(RecallReason.NOBODY_HOLDS_IT, RecallBasis.RECALL)
    record(
        event=Permission.LETTER_RECALL, thing=row.ref, by=by, now=now,
        detail={"recall": str(recall.uid), "envelope": row.digest, "cause": recall.cause, "asked": asked},
    )  # fmt: skip
    return recall.line(now)


def _made(row: Envelope, cause: RecallCause, remark: str, by: Officer, now: datetime, me: Own) -> Recall:
    agreement = Agreement.objects.get(digest=row.agreement).terms()
    hours = agreement.answer_hours.get(Urgency.URGENT, 0)
    answer_by = now + (timedelta(hours=hours) if hours else TIME_TO_ANSWER)
    said = recalls.Recall(
        recall=uuid7(now),
        envelope=row.digest,
        originator=row.sender,
        cause=cause.value,
        at=canon.millis(now),
        answer_by=canon.millis(answer_by),
    )
    return _kept(said, recalls.sign_recall(said, me.keys.signer), Direction.OUT, row, remark, by.signature)


def _kept(said: recalls.Recall, token: str, way: Direction, row: Envelope | None, remark: str, by: str) -> Recall:
    writer = Writer()
    made = Recall.objects.create(
        position=writer.number(),
        uid=said.recall,
        direction=way.value,
        envelope=row,
        digest=said.envelope,
        originator=said.originator,
        cause=said.cause,
        remark=remark,
        at=canon.moment(said.at),
        by=by,
        answer_by=canon.moment(said.answer_by),
        token=token,
        state=RecallState.REQUESTED.value if way is Direction.IN else "",
    )
    writer.close()
    return made


def _ask_all(
    recall: Recall,
    row: Envelope,
    found: Mapping[str, Channel],
    partners: Mapping[str, Known],
    by: Officer,
    me: Own,
    now: datetime,
) -> int:
    """Ask every node to which the letter went, and those beyond that an agreement reaches; answers how many."""
    recipients = {*row.said.recipients, row.said.desk} - {""} if row.said else set()
    asked = 0
    for agency in one_per_node(recipients, me):
        asked += _ask(recall, agency, recall.originator, row.agreement, found, partners, by, me, now)
    for step in Passing.objects.filter(digest=recall.digest, how=UseKind.PASSED_ON.value).order_by("position"):
        for agency in one_per_node(step.recipients, me):
            asked += _ask(recall, agency, step.forwarder, "", found, partners, by, me, now)
    return asked


def one_per_node(agencies: Collection[str], me: Own) -> list[str]:
    """One agency of each other node among these."""
    nodes = {node_of(agency): agency for agency in sorted(agencies, reverse=True)}
    return [agency for node, agency in sorted(nodes.items()) if node != me.node]


def _ask(
    recall: Recall,
    agency: str,
    source: str,
    agreement: str,
    found: Mapping[str, Channel],
    partners: Mapping[str, Known],
    by: Officer | str,
    me: Own,
    now: datetime,
) -> int:
    """Ask one holder, unless it has answered; one that no agreement reaches is asked by who passed the letter on."""
    answer = _answer_of(recall, node_of(agency), source, now)
    if answer.state != RecallState.REQUESTED.value:
        return 0
    ours = source if node_of(source) == me.node else recall.originator
    channel = way(found, agreement, ours=ours, theirs=agency, ended=True)
    if channel is None:
        return 0
    letter = RecallLetter(token=recall.token, remark=recall.remark)
    tell(me, channel, partners, kind=Kind.RECALL, letter=letter, to=agency, by=by, sender=ours, now=now)
    return 1


def _answer_of(recall: Recall, holder: str, source: str, now: datetime) -> RecallAnswer:
    answer = RecallAnswer.objects.filter(recall=recall, holder=holder).first()
    if answer is None:
        writer = Writer()
        answer = RecallAnswer.objects.create(
            position=writer.number(),
            recall=recall,
            holder=holder,
            source=source,
            state=RecallState.REQUESTED.value,
            asked_at=now,
        )
        writer.close()
    return answer


def verifier_of(node: str) -> Verifier:
    """The key of a node that is trusted here, our own among them; else Untrusted."""
    me = own()
    if node == me.node:
        return me.keys.signer.verifier
    partner = confirmed().get(node)
    if partner is None:
        raise Untrusted(f"{node} is no confirmed partner.", "Exchange and confirm cards first.")
    return partner.verifier


@transaction.atomic
def receive_recall(*, letter: RecallLetter, sender: str, envelope: UUID, now: datetime) -> RecallLine | Refused:
    """Take a recall from the originator, or from who passed the letter on to us: shut the letter, and pass it on."""
    carrier = Envelope.objects.get(ref=envelope)
    ours = carrier.said.recipients[0] if carrier.said else own().agency
    return take_recall(
        token=letter.token, remark=letter.remark, sender=sender, ours=ours, agreement=carrier.agreement, now=now
    )


@transaction.atomic
def take_recall(
    *, token: str, remark: str, sender: str, ours: str, agreement: str, now: datetime
) -> RecallLine | Refused:
    """Take a recall by its token, whoever shows it. Raises `Untrusted` unless the originator's node signed it."""
    named = jws.unverified(token, recalls.Recall)
    said = recalls.read_recall(token, verifier_of(node_of(named.originator)))
    me, found, partners = own(), channels(now), confirmed()
    if node_of(said.originator) == me.node:
        return Refused(RecallReason.NOT_THE_ORIGINATOR, RecallBasis.RECALL)
    recall = Recall.objects.select_for_update().filter(originator=said.originator, uid=said.recall).first()
    new = recall is None
    rows = copies(said.envelope, said.originator)
    if recall is None:
        recall = _kept(said, token, Direction.IN, rows[0] if rows else None, remark, sender)
        record(
            event=Permission.RECALL_RECEIVE, thing=rows[0].ref if rows else NODE, by=sender, now=now,
            detail={"recall": str(said.recall), "envelope": said.envelope, "cause": said.cause},
        )  # fmt: skip
    recall.askers = {**recall.askers, sender: [ours, agreement]}
    recall.save(update_fields=["askers"])
    for step in Passing.objects.filter(digest=said.envelope, how=UseKind.PASSED_ON.value).order_by("position"):
        if node_of(step.forwarder) == me.node:
            onward_by = step.carrier.agreement if step.carrier else ""
            for agency in one_per_node(step.recipients, me):
                _ask(recall, agency, step.forwarder, onward_by, found, partners, "node", me, now)
    if new and not rows:
        _state(recall, "unknown", by="node", now=now)
    elif new and all(len(row.keys) == LABEL_KEYS for row in rows):
        erase_recalled(recall, rows, by="node", now=now)  # a desk's copy, which holds no letter that somebody may need
    else:
        _tell_askers(recall, recall.statement, found, partners, now, only=sender)
        for answer in recall.answers.exclude(token=""):
            _tell_askers(recall, answer.token, found, partners, now, only=sender)
    return recall.line(now)


@transaction.atomic
def answer_recall(
    *,
    recall: int,
    answer: RecallAnswerCode,
    basis: RetentionBasis | None = None,
    days: int = 0,
    by: Officer,
    now: datetime,
) -> RecallLine | Refused:
    """Say what becomes of a recalled letter here: erased now, or retained on a basis for so many days.

    Only someone of an agency that the letter was for, in a duty that may open such letters.
    """
    row = Recall.objects.select_for_update().filter(position=recall, direction=Direction.IN.value).first()
    if row is None:
        raise Missing("There is no such recall.")
    rows = copies(row.digest, row.originator)
    if rows and not any(is_for(each, by, now) for each in rows):
        return Refused(ExchangeReason.NOT_ADDRESSED, ExchangeBasis.AGREEMENT)
    until = now + timedelta(days=days) if days > 0 and answer is RecallAnswerCode.RETAINED else None
    verdict = recalls.may_answer(row.said, answer=answer, basis=basis, until=until, now=now)
    if isinstance(verdict, Refused):
        return verdict
    if answer is RecallAnswerCode.RETAINED and basis is not None:
        _state(row, "retained", basis=basis.value, until=until, by=by, now=now)
        for each in rows:
            if each.direction == Direction.IN.value:
                attest(envelope=each.ref, state=ReceiptState.RETAINED, by=by, now=now)
    else:
        erase_recalled(row, rows, by=by, now=now)
    record(
        event=Permission.RECALL_ANSWER, thing=row.envelope.ref if row.envelope else NODE, by=by, now=now,
        detail={"recall": str(row.uid), "envelope": row.digest, "state": row.state, "basis": row.basis},
    )  # fmt: skip
    return row.line(now)


def erase_recalled(row: Recall, rows: Sequence[Envelope], *, by: Officer | str, now: datetime) -> None:
    """Destroy what we hold of a recalled letter, and state it."""
    wipe(rows, detail={"cause": "recall", "recall": str(row.uid)}, by=by, now=now)
    _state(row, "erased", by=by, now=now)


def _state(
    row: Recall,
    state: Stated,
    *,
    basis: str = "",
    until: datetime | None = None,
    by: Officer | str,
    now: datetime,
) -> None:
    """Sign what we say of a recalled letter, keep it, and tell everybody who asked."""
    me, found, partners = own(), channels(now), confirmed()
    steps = Passing.objects.filter(digest=row.digest, how=UseKind.PASSED_ON.value)
    mine = [step.recipients for step in steps if node_of(step.forwarder) == me.node]
    passed_to = {node_of(agency) for recipients in mine for agency in recipients} - {me.node}
    row.state, row.basis, row.until = state, basis, until
    row.answered_at, row.answered_by = now, name_of(by)
    row.statement = recalls.sign_statement(
        HolderStatement(
            recall=row.uid,
            envelope=row.digest,
            holder=me.node,
            state=state,
            at=canon.millis(now),
            basis=basis,
            until=canon.millis(until) if until else 0,
            passed_to=tuple(sorted(passed_to)),
        ),
        me.keys.signer,
    )
    row.save()
    _tell_askers(row, row.statement, found, partners, now)


def _tell_askers(
    row: Recall,
    token: str,
    found: Mapping[str, Channel],
    partners: Mapping[str, Known],
    now: datetime,
    only: str = "",
) -> None:
    """Send a statement to everybody who asked, or to one of them."""
    if not token:
        return
    me = own()
    for asker, (ours, agreement) in row.askers.items():
        channel = way(found, agreement, ours=ours, theirs=asker, ended=True)
        if channel is not None and only in ("", asker):
            letter = StatementLetter(token=token)
            tell(me, channel, partners, kind=Kind.STATEMENT, letter=letter, to=asker, by="node", sender=ours, now=now)


@transaction.atomic
def receive_statement(*, letter: StatementLetter, sender: str, envelope: UUID, now: datetime) -> RecallLine | Refused:
    """Take what a holder states of a letter that was recalled, and pass it back to who asked us."""
    said = jws.unverified(letter.token, HolderStatement)
    recall = Recall.objects.select_for_update().filter(uid=said.recall, digest=said.envelope).first()
    if recall is None:
        return Refused(RecallReason.NOT_OURS, RecallBasis.RECALL)
    return take_statement(recall, letter.token, sender, now)


def take_statement(recall: Recall, token: str, sender: str, now: datetime) -> RecallLine:
    """Keep a holder's statement where it goes further than what is held of it; its own key must have signed it.

    A holder whose card is not known here cannot be checked: its word is kept, and shown as unchecked.
    """
    said = jws.unverified(token, HolderStatement)
    checked = said.holder in confirmed()
    if checked:
        recalls.read_statement(token, verifier_of(said.holder))
    elif node_of(sender) == said.holder:
        raise Untrusted(f"{said.holder} is no confirmed partner.", "Exchange and confirm cards first.")
    answer = _answer_of(recall, said.holder, sender, now)
    for node in said.passed_to:
        if node != own().node:
            _answer_of(recall, node, said.holder, now)
    if answer.token == token or not recalls.newer(RecallState(answer.state), said.state):
        return recall.line(now)
    answer.state, answer.basis, answer.at = said.state, said.basis, canon.moment(said.at)
    answer.until = canon.moment(said.until) if said.until else None
    answer.checked, answer.token = checked, token
    answer.save()
    record(
        event=Permission.RECALL_RECEIVE, thing=recall.envelope.ref if recall.envelope else NODE, by=sender, now=now,
        detail={"recall": str(recall.uid), "envelope": recall.digest, "holder": said.holder, "state": said.state},
    )  # fmt: skip
    if recall.direction == Direction.IN.value:
        _tell_askers(recall, token, channels(now), confirmed(), now)
    return recall.line(now)


@transaction.atomic
def take_recall_again(*, token: str, node: str, now: datetime) -> None:
    """Take back a recall that an old backup lost, from the partner that holds it: of our letter, or of one we hold."""
    named = jws.unverified(token, recalls.Recall)
    said = recalls.read_recall(token, verifier_of(node_of(named.originator)))
    if Recall.objects.filter(originator=said.originator, uid=said.recall).exists():
        return
    if node_of(said.originator) == own().node:
        row = Envelope.objects.filter(digest=said.envelope, direction=Direction.OUT.value).first()
        recall = _kept(said, token, Direction.OUT, row, "", "node")
        _answer_of(recall, node, said.originator, now)
        return
    for copy in copies(said.envelope, said.originator):
        ours = [agency for agency in (copy.said.recipients if copy.said else ()) if node_of(agency) == own().node]
        if copy.direction == Direction.IN.value and ours:
            take_recall(token=token, remark="", sender=copy.sender, ours=ours[0], agreement=copy.agreement, now=now)


@transaction.atomic
def take_statement_again(*, token: str, node: str, now: datetime) -> None:
    """Take back what a holder stated of our letter; what we stated ourselves is stated anew, once it is true again."""
    said = jws.unverified(token, HolderStatement)
    recall = Recall.objects.select_for_update().filter(uid=said.recall, direction=Direction.OUT.value).first()
    if recall is not None and said.holder != own().node:
        take_statement(recall, token, node, now)


@transaction.atomic
def erase_recalls(*, now: datetime) -> int:
    """Erase what nobody answered in time, what was retained long enough, and what came after its recall.

    For the node itself, which does it again and again, but not while its ledger is behind. Answers how many letters
    are gone.
    """
    if Log.objects.exclude(gate="").exists():
        return 0
    due = Recall.objects.select_for_update().filter(direction=Direction.IN.value)
    gone = 0
    for row in due.filter(state=RecallState.REQUESTED.value, answer_by__lte=now)[:MOST_AT_ONCE]:
        rows = copies(row.digest, row.originator)
        gone += len(rows)
        erase_recalled(row, rows, by="node", now=now)
    for row in due.filter(state=RecallState.RETAINED.value, until__lte=now)[:MOST_AT_ONCE]:
        rows = copies(row.digest, row.originator)
        gone += len(rows)
        erase_recalled(row, rows, by="node", now=now)
    for row in due.filter(state__in=_OVER, digest__in=_still_here())[:MOST_AT_ONCE]:
        rows = copies(row.digest, row.originator)
        before = row.state
        gone += wipe(rows, detail={"cause": "recall", "recall": str(row.uid)}, by="node", now=now)
        if rows and before == RecallState.UNKNOWN.value:
            row.envelope = rows[0]
            _state(row, "erased", by="node", now=now)
    return gone


MOST_AT_ONCE = 100

_OVER = (RecallState.ERASED.value, RecallState.UNKNOWN.value)


def _still_here() -> Any:
    """The digests of letters that we hold whole, as they came or as they were passed on."""
    recalled = Recall.objects.filter(direction=Direction.IN.value, state__in=_OVER).values("digest")
    here = Envelope.objects.filter(erased__isnull=True).exclude(
        state=EnvelopeState.REFUSED.value, direction=Direction.IN.value
    )
    came = here.filter(digest__in=recalled, direction=Direction.IN.value).values("digest")
    return came.union(Passing.objects.filter(digest__in=recalled, carrier__in=here).values("digest"))
