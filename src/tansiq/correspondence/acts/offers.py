"""Keep what programs offer, and what an officer does with it: take it up as drafts of letters, or discard it.

Nothing that a program offers is a letter. It becomes one when an officer has read it, completed it and sent it in
their own name, under the agreement's rules for their duty.
"""

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction
from msgspec.structs import replace

from tansiq.correspondence import box, models, rules
from tansiq.correspondence.acts.drafts import keep_draft
from tansiq.correspondence.values import (
    Fate,
    Fields,
    Offered,
    OfferReceipt,
    OfferState,
    OfferStatus,
    Proposal,
)
from tansiq.exchange import canon, jws
from tansiq.exchange.acts.log import record
from tansiq.exchange.kinds import Kind
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import bulk
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.models.own import own
from tansiq.exchange.values import Detail
from tansiq.ground.errors import Missing
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer

REPEATED = "offered before"


@transaction.atomic
def receive_offers(*, offers: Sequence[Offered], now: datetime) -> tuple[OfferStatus, ...]:
    """Keep some offers together: sealed, logged and receipted. What was offered before adds nothing."""
    known = _known({_key(offer, fate) for offer in offers for fate in offer.fates if not fate.why})
    fresh, keys = list[Offered](), list[tuple[str, object]]()
    for offer in offers:
        repeated = set[str]()
        for fate in offer.fates:
            key = _key(offer, fate)
            if fate.why:
                continue
            if key in known:
                repeated.add(fate.name)
            else:
                known.add(key)
                keys.append((key, bulk.uuid(offer.id)))
        fresh.append(_without(offer, repeated))
    writer = Writer()
    leaves = writer.append([_happening(offer, now) for offer in fresh])
    me, rows, told = own(), list[tuple[object, ...]](), list[OfferStatus]()
    stored = bulk.time(now)
    for offer, leaf in zip(fresh, leaves, strict=True):
        receipt = OfferReceipt(
            offer=offer.id, digest=offer.digest, node=me.node, objects=len(offer.fates), at=canon.millis(now), leaf=leaf
        )
        token = jws.sign(receipt, me.keys.signer)
        left_out = sum(1 for fate in offer.fates if fate.why)
        count = len(offer.proposal.statements)
        rows.append(
            (
                bulk.uuid(offer.id),
                offer.agreement,
                offer.by.party,
                bulk.uuid(offer.by.person),
                offer.by.name,
                stored,
                count,
                left_out,
                (OfferState.WAITING if count else OfferState.DISCARDED).value,
                msgspec.json.encode(offer.fates).decode(),
                token,
                box.close_proposal(offer.proposal, storage=me.storage, offer=offer.id),
            )
        )
        told.append(OfferStatus(id=offer.id, at=now, fates=offer.fates, receipt=token))
    bulk.insert(models.Offer, models.Offer.COLUMNS, rows)
    bulk.insert(models.OfferedObject, ("key", "offer"), keys)
    writer.close()
    return tuple(told)


@transaction.atomic
def take_offer(*, offer: UUID, by: Officer, now: datetime) -> tuple[UUID, ...] | Refused:
    """Take an offer up: drafts of the officer's own, each as long as the form of a letter; answers their ids."""
    row = _waiting(offer, by)
    verdict = rules.may_settle(OfferState(row.state))
    if isinstance(verdict, Refused):
        return verdict
    made = list[UUID]()
    for fields in as_fields(row.proposal(own().storage), row.agreement):
        draft = uuid7(now, os.urandom(10))
        refused = keep_draft(draft=draft, kind=Kind.INFORMATION.value, fields=fields, by=by, now=now)
        if isinstance(refused, Refused):
            transaction.set_rollback(True)
            return refused
        made.append(draft)
    _settle(row, OfferState.TAKEN)
    record(event=Permission.OFFER_TAKE, thing=offer, by=by, now=now, detail={"drafts": len(made)})
    return tuple(made)


@transaction.atomic
def discard_offer(*, offer: UUID, by: Officer, now: datetime) -> Refused | None:
    """Make no letter of an offer. Its content is erased; that it came stays in the ledger."""
    row = _waiting(offer, by)
    verdict = rules.may_settle(OfferState(row.state))
    if isinstance(verdict, Refused):
        return verdict
    _settle(row, OfferState.DISCARDED)
    record(event=Permission.OFFER_DISCARD, thing=offer, by=by, now=now)
    return None


def as_fields(proposal: Proposal, agreement: str = "") -> tuple[Fields, ...]:
    """A proposal as an officer would have typed it, in as many letters as it takes."""
    most = rules.MOST_ROWS
    parts = [proposal.statements[at : at + most] for at in range(0, len(proposal.statements), most)]
    found = []
    for number, part in enumerate(parts, 1):
        subject = f"{proposal.subject} ({number}/{len(parts)})" if len(parts) > 1 else proposal.subject
        fields: Fields = {"subject": [subject], "handling": [proposal.handling], "rows": [str(len(part))]}
        if agreement:
            fields["agreement"] = [agreement]
        for place, statement in enumerate(part, 1):
            fields |= {
                f"text_{place}": [statement.text],
                f"nature_{place}": [statement.nature.value],
                f"source_{place}": [statement.source],
                f"grade_{place}": [str(statement.information)],
            }
        found.append(fields)
    return tuple(found)


def _waiting(offer: UUID, by: Officer) -> models.Offer:
    row = models.Offer.objects.select_for_update().filter(id=offer, agency=by.party).first()
    if row is None:
        raise Missing("There is no such offer.")
    return row


def _settle(row: models.Offer, state: OfferState) -> None:
    row.state, row.box = state.value, b""
    row.save(update_fields=["state", "box"])


def _key(offer: Offered, fate: Fate) -> str:
    said = f"{offer.agreement}|{offer.by.party}|{fate.name}|{fate.version}"
    return hashlib.sha256(said.encode()).hexdigest()


def _known(keys: set[str]) -> set[str]:
    return {key for (key,) in bulk.select(models.OfferedObject, ("key",), key=[*keys])} if keys else set()


def _without(offer: Offered, repeated: set[str]) -> Offered:
    """The offer without what was offered before; its objects still count as kept."""
    if not repeated:
        return offer
    kept = [place not in repeated or not place for place in offer.places]
    statements = tuple(each for each, stays in zip(offer.proposal.statements, kept, strict=True) if stays)
    places = tuple(each for each, stays in zip(offer.places, kept, strict=True) if stays)
    if not any(places):
        statements = places = ()
    return replace(offer, proposal=replace(offer.proposal, statements=statements), places=places)


def _happening(offer: Offered, now: datetime) -> Happening:
    detail: Detail = {"digest": offer.digest, "agreement": offer.agreement, "objects": len(offer.fates)}
    return Happening(EntryType.EVENT, Permission.OFFER_RECEIVE.value, offer.id, offer.by.signature, now, detail)
