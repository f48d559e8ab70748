"""Exceptions by two persons: a letter that a rule stops is kept sealed until two natural persons approve it, or one no.

Each approves with a key of their own, opened by a phrase that only they know. The recipient checks both signatures, and
that they are two persons, whatever their duties.
"""

import secrets
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from tansiq.exchange import canon, officers, policy, seal
from tansiq.exchange import label as labels
from tansiq.exchange.acts import letters
from tansiq.exchange.keys import Signer
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Exceptional, OfficerKey
from tansiq.exchange.models.channels import channels, confirmed, facts
from tansiq.exchange.models.exceptions import Approved
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.models.own import Own, own
from tansiq.exchange.officers import OfficerCard
from tansiq.exchange.policy import Action
from tansiq.exchange.values import Detail, ExceptionLine, ExceptionState, ExchangeBasis, ExchangeReason
from tansiq.ground.errors import Missing, Untrusted
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer


@transaction.atomic
def approve_exception(*, exception: UUID, phrase: str, by: Officer, now: datetime) -> ExceptionLine | Refused:
    """Approve, with the key that the phrase opens; the first phrase that a person types makes the key.

    The second person's approval seals and sends the letter, where its agreement allows it with two persons.
    """
    row = _waiting(exception, by)
    if isinstance(row, Refused):
        return row
    me, said = own(), labels.read_label(bytes(row.label))
    if said.expires <= canon.millis(now):
        return Refused(policy.Reason.EXPIRED, ExchangeBasis.AGREEMENT)
    given = row.approvals()
    if any(each.person == by.person for each in given):
        return Refused(ExchangeReason.APPROVED_BY_YOU, ExchangeBasis.TWO_APPROVE)
    signer = _key(by.person, phrase, now)
    if isinstance(signer, Refused):
        return signer
    draft = row.draft(me.storage)
    approval = officers.approve(draft, signer, _card(me, by, signer, now))
    mine = Approved(by.person, by.signature, approval.officer, approval.kid.hex(), approval.signature.hex())
    given = (*given, mine)
    row.approved = msgspec.to_builtins(given)
    row.save(update_fields=["approved"])
    _log(Permission.EXCEPTION_APPROVE, row, by, now, {"approved": len(given)})
    if len({each.person for each in given}) >= 2:
        refusal = _send(row, draft, given, by, now)
        if refusal is not None:
            transaction.set_rollback(True)
            return refusal
    return row.value()


@transaction.atomic
def reject_exception(*, exception: UUID, by: Officer, now: datetime) -> ExceptionLine | Refused:
    """Say no: the letter is not sent, and its keys are forgotten."""
    row = _waiting(exception, by)
    if isinstance(row, Refused):
        return row
    row.state, row.keys, row.parts = ExceptionState.REJECTED.value, b"", b""
    row.save(update_fields=["state", "keys", "parts"])
    _log(Permission.EXCEPTION_REJECT, row, by, now, {})
    return row.value()


@transaction.atomic
def rekey_officer(*, by: Officer, now: datetime) -> None:
    """Forget one's own key, whose phrase is lost; the next approval makes another. What it approved before stands."""
    OfficerKey.objects.filter(person=by.person).delete()
    writer = Writer()
    writer.append([Happening(EntryType.EVENT, Permission.EXCEPTION_REKEY.value, by.person, by.signature, now, {})])
    writer.close()


def _waiting(exception: UUID, by: Officer) -> Exceptional | Refused:
    row = Exceptional.objects.select_for_update().filter(ref=exception, sender=by.party).first()
    if row is None:
        raise Missing("There is no such exception.")
    if row.state != ExceptionState.WAITING:
        return Refused(ExchangeReason.DECIDED, ExchangeBasis.TWO_APPROVE)
    return row


def _key(person: UUID, phrase: str, now: datetime) -> Signer | Refused:
    """The person's key; made now where there is none yet."""
    row = OfficerKey.objects.select_for_update().filter(person=person).first()
    if row is None:
        if len(phrase) < officers.LEAST_PHRASE:
            return Refused(ExchangeReason.PHRASE_SHORT, ExchangeBasis.TWO_APPROVE)
        signer = Signer(secrets.token_bytes(32))
        box = officers.lock(signer.seed(), phrase)
        OfficerKey.objects.create(person=person, key=signer.verifier.raw.hex(), box=box, at=now)
        return signer
    try:
        return officers.unlock(bytes(row.box), phrase)
    except Untrusted:
        return Refused(ExchangeReason.WRONG_PHRASE, ExchangeBasis.TWO_APPROVE)


def _card(me: Own, by: Officer, signer: Signer, now: datetime) -> str:
    card = OfficerCard(
        node=me.node,
        agency=by.party,
        duty=by.duty.value,
        person=officers.pseudonym(me.node, by.person),
        key=signer.verifier.raw.hex(),
        at=canon.millis(now),
    )
    return officers.make_card(card, me.keys.signer)


def _send(
    row: Exceptional, draft: seal.Draft, given: tuple[Approved, ...], by: Officer, now: datetime
) -> Refused | None:
    """Ask the rule once more, with two persons; then sign, store, log and queue."""
    me, found, partners = own(), channels(now), confirmed()
    channel, said = found.get(row.agreement), labels.read_label(bytes(row.label))
    if channel is None or not all(node in partners for node, _ in row.nodes):
        return Refused(ExchangeReason.NO_PARTNER, ExchangeBasis.HOUSE)
    ruling = policy.decide(
        policy.policy_of(channel.terms, channel.digest),
        said,
        facts=facts(channel, said, found, now, persons=len(given)),
        action=Action.SEND,
        principal=f"{said.sender}/{said.duty}",
        now=now,
    )
    if not ruling.allowed:
        return ruling.refusal()
    if draft.signer != me.keys.signer.kid:
        return Refused(ExchangeReason.KEY_CHANGED, ExchangeBasis.TWO_APPROVE)
    sealed = seal.finish(draft, me.keys.signer, [each.approval() for each in given])
    to = [(seal.Role[role], partners[node]) for node, role in row.nodes]
    letters.enqueue(me, channel, to, by.signature, now, said, sealed, ",".join(ruling.rule_ids))
    row.state = ExceptionState.SENT.value
    row.save(update_fields=["state"])
    return None


def _log(event: Permission, row: Exceptional, by: Officer, now: datetime, detail: Detail) -> None:
    writer = Writer()
    said: Detail = {"agreement": row.agreement, **detail}
    writer.append([Happening(EntryType.EVENT, event.value, row.ref, by.signature, now, said)])
    writer.close()
