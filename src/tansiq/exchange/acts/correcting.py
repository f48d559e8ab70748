"""Correct a letter of ours: the new one goes to everybody who got the old one, and everybody who holds it is told.

The correction passes, like a recall, whatever became of the agreement. Who passed the letter on passes the notice on.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import canon, corrections, jws, seal
from tansiq.exchange import label as labels
from tansiq.exchange.acts.control import tell, way
from tansiq.exchange.acts.letters import is_for, post
from tansiq.exchange.acts.log import record
from tansiq.exchange.acts.recalling import one_per_node, verifier_of
from tansiq.exchange.acts.releasing import held
from tansiq.exchange.attaching import LIFE
from tansiq.exchange.corrections import Correction
from tansiq.exchange.kinds import UNLISTED, Kind
from tansiq.exchange.kinds.information import InformationLetter
from tansiq.exchange.kinds.originator import CorrectionLetter, UseKind
from tansiq.exchange.label import Label
from tansiq.exchange.models import Correction as Row
from tansiq.exchange.models import Envelope, Passing, Recall
from tansiq.exchange.models.channels import Channel, Known, channels, confirmed
from tansiq.exchange.models.ledger import Writer
from tansiq.exchange.models.own import Own, own
from tansiq.exchange.models.recalls import copies
from tansiq.exchange.onward import RULE, OnwardBasis, OnwardReason
from tansiq.exchange.recalls import RecallBasis, RecallReason
from tansiq.exchange.values import Direction, ExchangeBasis, ExchangeReason, Sent
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer, node_of


@transaction.atomic
def correct_letter(*, envelope: UUID, letter: InformationLetter, by: Officer, now: datetime) -> Sent | Refused:
    """Send a corrected letter to everybody who got this one, and tell every holder which one it replaces.

    Only someone of the agency that wrote it, in a duty that may write such letters.
    """
    row = held(envelope, by)
    said, me, found, partners = row.said, own(), channels(now), confirmed()
    ours = row.direction == Direction.OUT.value and by.party == row.sender and row.kind not in UNLISTED
    if said is None or not ours or not is_for(row, by, now):
        return Refused(RecallReason.NOT_OURS, RecallBasis.RECALL)
    if Recall.objects.filter(digest=row.digest, direction=Direction.OUT.value).exists():
        return Refused(RecallReason.RECALLED, RecallBasis.RECALL)
    channel = found.get(row.agreement)
    readers = _readers(said, partners, me)
    if channel is None or not readers:
        return Refused(ExchangeReason.NO_PARTNER, ExchangeBasis.HOUSE)
    sent = post(me, channel, readers, by.signature, now, *_corrected(said, letter, row.digest, by, now), RULE)
    new = Envelope.objects.get(ref=sent.envelope)
    told = Correction(envelope=row.digest, by=new.digest, originator=row.sender, at=canon.millis(now))
    token = corrections.sign_correction(told, me.keys.signer)
    _kept(told, token)
    for agency in one_per_node(said.recipients, me):
        _tell(token, agency, row.sender, row.agreement, found, partners, by, me, now)
    _pass_on(row.digest, token, row.sender, found, partners, by, me, now)
    record(
        event=Permission.LETTER_CORRECT, thing=row.ref, by=by, now=now,
        detail={"envelope": row.digest, "corrected": new.digest},
    )  # fmt: skip
    return sent


def _readers(said: Label, partners: Mapping[str, Known], me: Own) -> list[tuple[seal.Role, Known]]:
    nodes = sorted({node_of(agency) for agency in said.recipients} - {me.node})
    past = {node_of(said.desk)} - {"", me.node, *nodes}
    return [
        *((seal.Role.ALL, partners[node]) for node in nodes if node in partners),
        *((seal.Role.LABEL, partners[node]) for node in sorted(past) if node in partners),
    ]


def _corrected(said: Label, letter: Struct, digest: str, by: Officer, now: datetime) -> tuple[Label, bytes]:
    raw = canon.write_letter(letter)
    label = replace(
        said,
        duty=by.duty.value,
        supersedes=digest,
        sent=canon.millis(now),
        expires=canon.millis(now + LIFE[said.urgency]),
        letter=labels.part_of(raw),
        attachments=(),
        seq=0,
        prev="",
    )
    return label, raw


def _kept(said: Correction, token: str) -> None:
    writer = Writer()
    Row.objects.create(
        position=writer.number(),
        digest=said.envelope,
        by=said.by,
        originator=said.originator,
        at=canon.moment(said.at),
        token=token,
    )
    writer.close()


def _tell(
    token: str,
    agency: str,
    ours: str,
    agreement: str,
    found: Mapping[str, Channel],
    partners: Mapping[str, Known],
    by: Officer | str,
    me: Own,
    now: datetime,
) -> None:
    channel = way(found, agreement, ours=ours, theirs=agency, ended=True)
    if channel is not None:
        letter = CorrectionLetter(token=token)
        tell(me, channel, partners, kind=Kind.CORRECTION, letter=letter, to=agency, by=by, sender=ours, now=now)


def _pass_on(
    digest: str,
    token: str,
    originator: str,
    found: Mapping[str, Channel],
    partners: Mapping[str, Known],
    by: Officer | str,
    me: Own,
    now: datetime,
) -> None:
    """Tell those to whom the letter was passed on by us, or as its originator those whom an agreement reaches."""
    for step in Passing.objects.filter(digest=digest, how=UseKind.PASSED_ON.value).order_by("position"):
        mine = node_of(step.forwarder) == me.node
        agreement = step.carrier.agreement if step.carrier else ""
        ours = step.forwarder if mine else originator
        if mine or node_of(originator) == me.node:
            for agency in one_per_node(step.recipients, me):
                _tell(token, agency, ours, agreement, found, partners, by, me, now)


@transaction.atomic
def receive_correction(*, letter: CorrectionLetter, sender: str, envelope: UUID, now: datetime) -> str | Refused:
    """Take the originator's word that a letter we hold was corrected, and pass it on. Answers the new one's digest."""
    named = jws.unverified(letter.token, Correction)
    said = corrections.read_correction(letter.token, verifier_of(node_of(named.originator)))
    rows = copies(said.envelope, said.originator)
    if not rows:
        return Refused(OnwardReason.UNKNOWN_ORIGINAL, OnwardBasis.ORIGINATOR)
    if Row.objects.filter(digest=said.envelope, by=said.by).exists():
        return said.by
    _kept(said, letter.token)
    for row in rows:
        record(
            event=Permission.CORRECTION_RECEIVE, thing=row.ref, by=sender, now=now,
            detail={"envelope": said.envelope, "corrected": said.by},
        )  # fmt: skip
    _pass_on(said.envelope, letter.token, said.originator, channels(now), confirmed(), "node", own(), now)
    return said.by
