"""Send, open and attest letters."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec
from django.db import transaction
from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import canon, cards, desks, jws, mandates, policy, receipts, seal
from tansiq.exchange import label as labels
from tansiq.exchange.acts.log import name_of
from tansiq.exchange.agreements.terms import NODE_DUTY, Mechanism
from tansiq.exchange.attaching import LIFE, Ready
from tansiq.exchange.kinds import CONTROL, Kind
from tansiq.exchange.kinds.originator import ForwardLetter
from tansiq.exchange.label import PLAIN, Handling, Label, Marks, Route, Urgency
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.mislabelling import contradictions
from tansiq.exchange.models import Agreement, Blob, Delivery, Envelope, Exceptional, Partaker, Passage, Receipt, onward
from tansiq.exchange.models import desks as passages
from tansiq.exchange.models.channels import Channel, Known, channels, confirmed, facts
from tansiq.exchange.models.exceptions import Parts
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.models.letters import partakers
from tansiq.exchange.models.mandates import marked, post_by
from tansiq.exchange.models.own import Own, own
from tansiq.exchange.models.recalls import shut_by
from tansiq.exchange.policy import Action
from tansiq.exchange.recalls import RecallBasis, RecallReason
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import (
    BlobState,
    DeliveryState,
    Detail,
    Direction,
    EnvelopeState,
    ExceptionState,
    ExchangeBasis,
    ExchangeReason,
    Opened,
    Sent,
)
from tansiq.ground.errors import Missing
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Allowed, Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of

ENVELOPE, LABEL = "envelope", "label"
"""What a parcel is to its partner: an envelope for a recipient, or one of which a desk reads the label alone."""

RANKS = {urgency: rank for rank, urgency in enumerate(Urgency)}


@transaction.atomic
def send(
    *,
    kind: Kind,
    letter: Struct,
    to: tuple[str, ...],
    by: Officer | str,
    now: datetime,
    mechanism: str = "",
    topic: str = "",
    purpose: str = "",
    sensitivity: int = 0,
    handling: str = "H0",
    source: str = "X",
    information: int = 4,
    urgency: str = "routine",
    case: UUID | None = None,
    in_reply_to: UUID | None = None,
    persons_named: bool = False,
    exercise: str | None = None,
    marks: Marks = PLAIN,
    agreement: str = "",
    ready: Ready | None = None,
) -> Sent | Refused:
    """Seal a letter under an agreement, named by its digest or as the one in force of a mechanism; queue it for all.

    It belongs to the exercise that this node plays, unless `exercise` says another, or none: what concerns a real
    distress stays real in an exercise too.

    Agencies of this node need no envelope: they read the same database, and only others are delivered to. `ready` are
    attachments that were sealed for this letter beforehand, under the same agreement (`reads.seal_uploads`).
    """
    me = own()
    sender, duty = (by.party, by.duty.value) if isinstance(by, Officer) else (me.agency, NODE_DUTY)
    nodes = sorted({node_of(agency) for agency in to} - {me.node})
    if not nodes:
        return Refused(ExchangeReason.NO_RECIPIENT, ExchangeBasis.HOUSE)
    found = channels(now)
    channel = _channel(found, agreement, mechanism, {sender, *to})
    if channel is None or (ready is not None and ready.route.agr != channel.digest):
        return Refused(ExchangeReason.NO_AGREEMENT, ExchangeBasis.AGREEMENT)
    partners = confirmed()
    rescue = channel.terms.mechanism is Mechanism.RESCUE
    desk = desks.desk_of(channel.terms)
    past = {node_of(desk)} - {"", me.node, *nodes}
    if not all(node in partners and (rescue or cards.in_date(partners[node].card, now)) for node in (*nodes, *past)):
        return Refused(ExchangeReason.NO_PARTNER, ExchangeBasis.HOUSE)
    raw = canon.write_letter(letter)
    said = Label(
        kind=kind,
        sender=sender,
        duty=duty,
        desk=desk,
        recipients=tuple(sorted(set(to))),
        purpose=purpose,
        topic=topic,
        sensitivity=sensitivity,
        handling=Handling(handling),
        source=source,  # type: ignore[arg-type]  # what is none of the four cannot be sealed
        information=information,  # type: ignore[arg-type]  # likewise
        urgency=Urgency(urgency),
        case=labels.pseudonym(channel.digest, case) if case else "",
        in_reply_to=_digest_of(in_reply_to),
        sent=canon.millis(now),
        expires=ready.route.exp if ready else canon.millis(now + LIFE[Urgency(urgency)]),
        letter=labels.part_of(raw),
        attachments=ready.attached.parts if ready else (),
        persons_named=persons_named,
        exercise=canon.clean(me.exercise if exercise is None else exercise),
    )
    said = marked(channel.terms, channel.digest, marks.on(said), now)
    bound, known = policy.policy_of(channel.terms, channel.digest), facts(channel, said, found, now)
    who = f"{sender}/{duty}"
    ruling = policy.decide(
        bound, judged_as(said, letter), facts=known, action=Action.SEND, principal=who, now=now
    )  # fmt: skip
    excepted = not ruling.allowed and ready is None and policy.by_two(bound, said, facts=known, principal=who, now=now)
    if not ruling.allowed and not excepted:
        return ruling.refusal()
    for verdict in (desks.fits(channel.terms, said), _delegated(channel.terms.mechanism, said, by, now)):
        if isinstance(verdict, Refused):
            return verdict
    readers = [
        *((seal.Role.ALL, partners[node]) for node in nodes),
        *((seal.Role.LABEL, partners[node]) for node in past),
    ]
    if excepted:
        return _ask(me, channel, readers, name_of(by), now, said, raw)
    seal_it = partial(post, me, channel, readers, name_of(by), now)
    return seal_it(said, raw, ",".join(ruling.rule_ids), ready)


def _ask(
    me: Own, channel: Channel, to: list[tuple[seal.Role, Known]], by: str, now: datetime, said: Label, raw: bytes
) -> Sent:
    """Keep a letter sealed until two persons approve the exception. It stands outside the order of its case."""
    writer = Writer()
    route = route_of(channel.digest, said, now)
    readers = [(role, partner.reader) for role, partner in to]
    draft = seal.prepare(route=route, label=said, letter=raw, readers=readers, signer=me.keys.signer.kid)
    detail: Detail = {"agreement": channel.digest}
    writer.append([Happening(EntryType.EVENT, Permission.EXCEPTION_ASK.value, route.id, by, now, detail)])
    Exceptional.objects.create(
        position=writer.number(),
        ref=route.id,
        agreement=channel.digest,
        sender=said.sender,
        label=draft.label_raw,
        parts=msgspec.msgpack.encode(Parts.of(draft)),
        keys=seal.keep(draft.keys, me.storage, canon.digest(draft.commitment)),
        nodes=[(partner.card.node, role.name) for role, partner in to],
        asked_by=by,
        asked_at=now,
        state=ExceptionState.WAITING.value,
    )
    writer.close()
    return Sent(envelope=route.id, agreement=channel.digest, to=said.recipients, awaits=True)


def judged_as(said: Label, letter: Struct) -> Label:
    """The label that an agreement's rule looks at: what is passed on is judged by its own kind."""
    return replace(said, kind=Kind(letter.kind)) if isinstance(letter, ForwardLetter) else said


def _channel(found: Mapping[str, Channel], agreement: str, mechanism: str, agencies: set[str]) -> Channel | None:
    """The agreement that was named, or that letters of this mechanism pass by: the newest where there are more."""
    fit = [each for each in found.values() if agencies <= set(each.terms.parties)]
    if agreement:
        return next((each for each in fit if each.digest == agreement), None)
    fit = [each for each in fit if each.terms.mechanism == Mechanism(mechanism)]
    passing = sorted((each for each in fit if each.passes), key=lambda each: (each.terms.since, each.digest))
    return passing[-1] if passing else None


def _digest_of(envelope: UUID | None) -> str:
    if envelope is None:
        return ""
    return Envelope.objects.values_list("digest", flat=True).filter(ref=envelope).first() or ""


def post(
    me: Own,
    channel: Channel,
    partners: list[tuple[seal.Role, Known]],
    by: str,
    now: datetime,
    said: Label,
    raw: bytes,
    rule: str,
    ready: Ready | None = None,
) -> Sent:
    """Seal, sign, store, log and queue, under the log's lock so that a case's numbers follow each other."""
    writer = Writer()
    said = _numbered(said)
    route = ready.route if ready else route_of(channel.digest, said, now)
    readers = [(role, partner.reader) for role, partner in partners]
    attached = ready.attached if ready else None
    draft = seal.prepare(
        route=route, label=said, letter=raw, readers=readers, signer=me.keys.signer.kid, attached=attached
    )
    return enqueue(me, channel, partners, by, now, said, seal.finish(draft, me.keys.signer), rule, ready, writer=writer)


def enqueue(
    me: Own,
    channel: Channel,
    partners: list[tuple[seal.Role, Known]],
    by: str,
    now: datetime,
    said: Label,
    sealed: seal.Sealed,
    rule: str,
    ready: Ready | None = None,
    *,
    writer: Writer | None = None,
) -> Sent:
    """Store, log and queue what was sealed and signed."""
    writer = writer or Writer()
    route, digest = sealed.envelope.route, sealed.envelope.identity.hex()
    happening = Happening(
        EntryType.SENT, Permission.LETTER_SEND.value, route.id, by, now, logged(digest, route, "", rule)
    )
    (leaf,) = writer.append([happening])
    row = Envelope.objects.create(
        position=writer.number(),
        ref=route.id,
        uid=route.id,
        direction=Direction.OUT.value,
        digest=digest,
        agreement=channel.digest,
        mechanism=channel.terms.mechanism.value,
        kind=said.kind.value,
        sender=said.sender,
        case=UUID(said.case) if said.case else None,
        label=labels.write_label(said),
        keys=seal.keep(sealed.keys, me.storage, sealed.envelope.identity),
        state=EnvelopeState.QUEUED.value,
        rule=rule,
        stored=canon.moment(canon.millis(now)),
        leaf=leaf,
        handed=now,
        raw=sealed.envelope.raw,
        erase_at=canon.moment(said.erase_by) if said.erase_by else None,
    )
    ours = partakers(me.node, route, channel.terms.desk)
    Partaker.objects.bulk_create(
        [Partaker(envelope=row, agency=agency, kind=row.kind, direction=row.direction) for agency in ours]
    )
    if desks.passes(said):
        due = desks.due(channel.terms, said)
        passages.enter([passages.Passed(row.position, digest, False, said, due)], now)
    for role, partner in partners:
        Delivery.objects.create(
            node=partner.card.node,
            thing=ENVELOPE if role is seal.Role.ALL else LABEL,
            envelope=row,
            stream=row.case,
            rank=RANKS[said.urgency],
            state=DeliveryState.WAITING.value,
            next_at=now,
            expires=canon.moment(said.expires),
        )
    if ready is not None:
        _attach(row, ready, [partner.card.node for role, partner in partners if role is seal.Role.ALL], now)
    writer.close()
    return Sent(envelope=route.id, agreement=channel.digest, to=said.recipients)


def route_of(agreement: str, said: Label, now: datetime) -> Route:
    """The route of a new envelope with this label."""
    return Route(
        agr=agreement, id=uuid7(now), snd=said.sender, rcp=said.recipients, urg=said.urgency, exp=said.expires
    )  # fmt: skip


def _attach(row: Envelope, ready: Ready, nodes: list[str], now: datetime) -> None:
    """Keep which sealed files the letter names; each goes to each node once the letter is accepted there."""
    attached = zip(ready.attached.blobs, ready.attached.parts, ready.files, strict=True)
    Blob.objects.bulk_create(
        Blob(
            envelope=row,
            place=place,
            node=node,
            direction=Direction.OUT.value,
            digest=blob.digest.hex(),
            size=blob.size,
            length=part.size,
            kind=file.kind,
            state=BlobState.WAITING.value,
            next_at=now,
        )
        for place, (blob, part, file) in enumerate(attached)
        for node in nodes
    )


def logged(digest: str, route: Route, reason: str, rule: str) -> Detail:
    """What the log says of an envelope: no content, and nothing of its label."""
    return {
        "envelope": digest,
        "id": str(route.id),
        "sender": route.snd,
        "agreement": route.agr,
        "reason": reason,
        "rule": rule,
    }


def _numbered(said: Label) -> Label:
    """The label with its place within (case, sender), for the same recipients: what each of them gets has no gaps."""
    if not said.case:
        return said
    before = Envelope.objects.filter(case=UUID(said.case), sender=said.sender, direction=Direction.OUT.value)
    for row in before.order_by("-position").defer("raw", "keys")[:200]:
        last = row.said
        if last is not None and last.recipients == said.recipients:
            return replace(said, seq=last.seq + 1, prev=row.digest)
    return replace(said, seq=1)


@transaction.atomic
def attest(*, envelope: UUID, state: ReceiptState, by: Officer | str, now: datetime) -> None:
    """Tell the originator, signed, that a letter was read or acted on. What was said before is not said again."""
    writer = Writer()
    row = _received(envelope)
    chain = list(row.receipts.filter(direction=Direction.OUT.value).order_by("n"))
    if any(each.state == state for each in chain) or not chain:
        return
    me, n, prev = own(), len(chain), jws.digest(chain[-1].token)
    detail: Detail = {"envelope": row.digest, "n": n, "state": state.value, "prev": prev}
    happening = Happening(EntryType.RECEIPT, Permission.LETTER_ATTEST.value, row.ref, name_of(by), now, detail)
    (leaf,) = writer.append([happening])
    said = receipts.Receipt(
        envelope=row.digest,
        recipient=me.node,
        n=n,
        prev=prev,
        state=state,
        agreement=row.agreement,
        at=canon.millis(now),
        leaf=max(leaf, 0),
        head="" if leaf < 0 else receipts.sign_head(writer.head(me.node, now), me.keys.log),
    )
    given = keep_given(writer, row, said, receipts.sign_receipt(said, me.keys.signer), leaf)
    post_receipt(row, given, node_of(row.sender), now)
    passage = Passage.objects.filter(envelope=row).first()
    if passage is not None:
        follow_desk(row, passage.desk, now)
        if state is ReceiptState.ACTED:
            passages.acted([row.position], now)
    writer.close()


def post_receipt(row: Envelope, given: Receipt, node: str, now: datetime) -> None:
    """Queue a receipt of ours for a node."""
    Delivery.objects.create(
        node=node,
        thing="receipt",
        receipt=given,
        stream=row.ref,
        rank=RANKS[Urgency.URGENT],
        state=DeliveryState.WAITING.value,
        next_at=now,
    )


def follow_desk(row: Envelope, desk: str, now: datetime) -> None:
    """Tell the desk that a letter passed what became of it here: our receipts for it, as far as it has none of them."""
    node = node_of(desk)
    if node not in {own().node, node_of(row.sender)}:
        for given in passages.given(row, node):
            post_receipt(row, given, node, now)


def keep_given(writer: Writer, row: Envelope, said: receipts.Receipt, token: str, leaf: int) -> Receipt:
    """Keep a receipt of ours, signed as `token`; the envelope's state is what it says."""
    given = Receipt.objects.create(
        id=writer.number(),
        envelope=row,
        digest=said.envelope,
        direction=Direction.OUT.value,
        signer=said.recipient,
        n=said.n,
        state=said.state.value,
        rule=",".join(said.rules)[:200],
        at=canon.moment(said.at),
        leaf=leaf,
        token=token,
    )
    row.state = said.state.value
    row.save(update_fields=["state"])
    return given


@transaction.atomic
def attest_acted(*, envelope: UUID, by: Officer, now: datetime) -> Refused | None:
    """Attest on a person's word that a letter was acted on.

    Only someone of an agency that it was written to says so: agencies that share a node do not speak for each other.
    """
    if not Envelope.objects.seen_by(by).filter(ref=envelope).exists():
        raise Missing("There is no such letter.")
    said = _received(envelope).said
    if said is None or by.party not in said.recipients:
        return Refused(ExchangeReason.NOT_ADDRESSED, ExchangeBasis.AGREEMENT)
    attest(envelope=envelope, state=ReceiptState.ACTED, by=by, now=now)
    return None


@transaction.atomic
def open_letter(*, envelope: UUID, reason: str, by: Officer, now: datetime) -> Opened | Refused:
    """Open a letter in memory; who, when and why go into the log (Directive (EU) 2016/680, article 25).

    Only a party to the letter opens it, in a duty that the agreement lists for its kind: agencies that share a node
    share no letters. The sender of a received letter is told, signed, that it was read. What was recalled stays shut;
    so does, but for rescue, all that stands in an old backup: what was recalled since is not known there until partners
    were asked.
    """
    if not reason.strip():
        return Refused(ExchangeReason.NO_REASON_GIVEN, ExchangeBasis.LED_25)
    row = openable(envelope, by, now)
    if isinstance(row, Refused):
        return row
    writer = Writer()
    if writer.gated and row.mechanism != Mechanism.RESCUE.value:
        return Refused(ExchangeReason.LEDGER_BEHIND, ExchangeBasis.LEDGER)
    opened = onward.opened(row, own().storage)
    writer.append(
        [
            Happening(
                EntryType.READ,
                Permission.LETTER_OPEN.value,
                row.ref,
                by.signature,
                now,
                {"envelope": row.digest, "reason": canon.clean(reason.strip())[:200]},
            )
        ]
    )
    writer.close()
    if (row.direction, row.state) == (Direction.IN.value, EnvelopeState.ACCEPTED.value):
        attest(envelope=envelope, state=ReceiptState.READ, by=by, now=now)
    return _compared(row, opened, by, now)


def _compared(row: Envelope, opened: Opened, by: Officer, now: datetime) -> Opened:
    """What was opened, with what its label said otherwise; the sender is told, signed, that it was mislabelled."""
    said = row.said
    if said is None or row.direction == Direction.OUT.value or said.kind is Kind.FORWARD:
        return opened
    wrong = contradictions(said, opened.letter)
    if wrong:
        attest(envelope=row.ref, state=ReceiptState.MISLABELLED, by=by, now=now)
    return replace(opened, mislabelled=wrong)


def openable(envelope: UUID, by: Officer, now: datetime) -> Envelope | Refused:
    """The envelope whose letter, or what is attached to it, an officer may open now; or why not."""
    rows = Envelope.objects.seen_by(by).filter(ref=envelope)
    row = rows.exclude(state=EnvelopeState.REFUSED.value, direction="in").first()
    if row is None:
        raise Missing("There is no such letter.")
    if row.erased is not None:
        return Refused(RecallReason.ERASED, RecallBasis.RECALL)
    if not _is_addressed(row, by):
        return Refused(ExchangeReason.NOT_ADDRESSED, ExchangeBasis.AGREEMENT)
    for closed in (_at_desk(row, by), _delegated(row.mechanism, row.said, by, now)):
        if isinstance(closed, Refused):
            return closed
    why = shut_by(row, by.party, now)
    return row if why is None else Refused(why, RecallBasis.RECALL)


def _at_desk(row: Envelope, by: Officer) -> Refused | None:
    """Why a letter that passes a desk is not for this reader yet; its sender reads it again at any time."""
    passage = Passage.objects.filter(envelope=row).first()
    said = row.said
    if passage is None or said is None or by.party == said.sender:
        return None
    verdict = desks.may_open(passage.way(said, passages.steps_of(row.digest)), by.party)
    return verdict if isinstance(verdict, Refused) else None


def _delegated(mechanism: str, said: Label | None, by: Officer | str, now: datetime) -> Allowed | Refused:
    """A liaison officer sends and opens letters of the post that they hold, while it and the case are in date."""
    if mechanism != Mechanism.LIAISON or said is None or not isinstance(by, Officer) or said.kind in CONTROL:
        return Allowed()
    return mandates.may_speak(post_by(said.mandate), said, by, now)


def is_for(row: Envelope, by: Officer, now: datetime) -> bool:
    """Whether an officer may open a letter: a party to it, in a duty that the agreement lists for what it is about.

    Where a desk stands in the way, it must have steered the letter there; a liaison officer's right is delegated.
    """
    delegated = _delegated(row.mechanism, row.said, by, now)
    return _is_addressed(row, by) and _at_desk(row, by) is None and not isinstance(delegated, Refused)


def _is_addressed(row: Envelope, by: Officer) -> bool:
    said, agreement = row.said, Agreement.objects.filter(digest=row.agreement).first()
    kind = onward.kind_of(row)
    if said is None or agreement is None or not kind:
        return False
    bound = policy.policy_of(agreement.terms(), agreement.digest)
    if row.direction == Direction.OUT.value and by.party == row.sender:
        return bound.may_send(kind, by.duty) or bound.may_open(kind, by.duty)
    return by.party in said.recipients and bound.may_open(kind, by.duty)


@transaction.atomic
def mark_handed(*, envelope: UUID, now: datetime, trouble: str = "") -> None:
    """Say that a stored letter was handed to its room, or what stood in the way; with trouble it is tried no more."""
    Envelope.objects.filter(ref=envelope).update(handed=now, trouble=trouble[:300])


@transaction.atomic
def mark_all_handed(*, envelopes: Collection[UUID], now: datetime) -> None:
    """Say of many stored letters that no room waits for them."""
    Envelope.objects.filter(ref__in=envelopes).update(handed=now)


def _received(envelope: UUID) -> Envelope:
    row = Envelope.objects.select_for_update().filter(ref=envelope, direction=Direction.IN.value).first()
    if row is None:
        raise Missing("There is no such letter.")
    return row
