"""Agree: propose, sign, suspend, lift, end and supersede channels, and take what partners signed."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from django.db import transaction

from tansiq.exchange import canon, checking, jws, values
from tansiq.exchange.acts.log import name_of
from tansiq.exchange.agreements import standing, templates, terms
from tansiq.exchange.agreements.standing import PartyAct
from tansiq.exchange.keys import Verifier
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Agreement, Delivery, Statement
from tansiq.exchange.models.channels import confirmed
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.models.own import own
from tansiq.exchange.papers import Papers
from tansiq.exchange.values import DeliveryState, ExchangeBasis, ExchangeReason
from tansiq.ground.errors import Fault, Missing, Untrusted
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer, node_of

DOCUMENT_RANK = 1


@transaction.atomic
def propose_agreement(*, document: bytes, by: Officer | str, now: datetime) -> values.Agreement:
    """Keep a new agreement as a draft. Raises `Malformed` for what is none, or would break its mechanism's limits."""
    row = _kept(document, Permission.AGREEMENT_PROPOSE, name_of(by), now)
    return row.value(now)


@transaction.atomic
def supersede_agreement(
    *,
    agreement: str,
    number: str,
    since: datetime,
    until: datetime,
    overlap_days: int,
    afresh: bool,
    by: Officer,
    now: datetime,
) -> values.Agreement | Refused:
    """Draft an agreement in another's place: what that one says, or afresh what the built-in template says today."""
    row = _row(agreement)
    if not any(node_of(party) == own().node for party in row.terms().parties):
        return Refused(ExchangeReason.NOT_A_PARTY, ExchangeBasis.AGREEMENT)
    if row.channel(now).state in standing.OVER:
        return Refused(ExchangeReason.OVER, ExchangeBasis.AGREEMENT)
    draft = templates.renew(
        row.terms(), name=row.digest, number=number, since=since, until=until, overlap_days=overlap_days, afresh=afresh
    )
    document = terms.write_agreement(draft)
    _log(Permission.AGREEMENT_SUPERSEDE, row.digest, by.signature, now, {"by": canon.digest(document).hex()})
    return _kept(document, Permission.AGREEMENT_PROPOSE, by.signature, now).value(now)


@transaction.atomic
def sign_agreement(*, agreement: str, party: str, by: Officer, now: datetime) -> values.Agreement | Refused:
    """Sign for a party that this node speaks for, and send document and signatures to the other parties' nodes."""
    row, me = _row(agreement), own()
    if (refusal := _speaks_for(row, party, by)) is not None:
        return refusal
    if party not in row.signatures:
        token = standing.sign_agreement(row.digest, party=party, now=now, signer=me.keys.signer)
        _log(Permission.AGREEMENT_SIGN, row.digest, by.signature, now, {"party": party, "signature": jws.digest(token)})
        row.signatures = {**row.signatures, party: token}
        row.save(update_fields=["signatures"])
    _circulate(row, now)
    return row.value(now)


@transaction.atomic
def suspend_agreement(
    *, agreement: str, party: str, by: Officer, now: datetime, reason: str = ""
) -> values.Agreement | Refused:
    """Stop an agreement for a while, for a party that this node speaks for."""
    return _say(agreement, party, PartyAct.SUSPEND, Permission.AGREEMENT_SUSPEND, by, now, reason)


@transaction.atomic
def lift_agreement(
    *, agreement: str, party: str, by: Officer, now: datetime, reason: str = ""
) -> values.Agreement | Refused:
    """Let an agreement pass again; only the party that suspended it can."""
    return _say(agreement, party, PartyAct.LIFT, Permission.AGREEMENT_LIFT, by, now, reason)


@transaction.atomic
def end_agreement(
    *, agreement: str, party: str, by: Officer, now: datetime, reason: str = ""
) -> values.Agreement | Refused:
    """End an agreement for good."""
    return _say(agreement, party, PartyAct.END, Permission.AGREEMENT_END, by, now, reason)


@transaction.atomic
def receive_agreement(*, papers: Papers, sender: str, now: datetime) -> values.Agreement:
    """Take an agreement with its signatures and statements from a partner's node, or from a file (`sender` empty).

    Each signature must be by the key of the node that speaks for its party. Raises `Malformed` or `Untrusted`.
    """
    document = papers.document.encode()
    read = terms.read_agreement(document)
    nodes = {node_of(party) for party in read.parties}
    if own().node not in nodes or (sender and sender not in nodes):
        raise Untrusted("This node, or the sender's, is no party to the agreement.", "Send it to its parties.")
    row = _kept(document, Permission.AGREEMENT_RECEIVE, sender or "file", now)
    _take_signatures(row, papers.signatures, sender or "file", now)
    _take_statements(row, papers.statements, sender or "file", now)
    return row.value(now)


def _speaks_for(row: Agreement, party: str, by: Officer) -> Refused | None:
    """Why an officer may not sign or speak for a party, or None.

    One speaks for one's own agency. Who looks after the node speaks for each agency of it; the log names both.
    """
    if party not in row.terms().parties or node_of(party) != own().node:
        return Refused(ExchangeReason.NOT_A_PARTY, ExchangeBasis.AGREEMENT)
    if party != by.party and not by.oversees:
        return Refused(ExchangeReason.OTHER_AGENCY, ExchangeBasis.HOUSE)
    return None


def _row(agreement: str) -> Agreement:
    row = Agreement.objects.select_for_update().filter(digest=agreement).first()
    if row is None:
        raise Missing("There is no such agreement.")
    return row


def _kept(document: bytes, event: Permission, by: str, now: datetime) -> Agreement:
    read = terms.read_agreement(document)
    name = canon.digest(document).hex()
    row = Agreement.objects.select_for_update().filter(digest=name).first()
    if row is None:
        checking.refuse_faults(read)
        _log(event, name, by, now, {"mechanism": read.mechanism.value})
        row = Agreement.objects.create(
            digest=name, mechanism=read.mechanism.value, document=document, signatures={}, at=now
        )
    return row


def _take_signatures(row: Agreement, signatures: Mapping[str, str], by: str, now: datetime) -> None:
    new = {party: token for party, token in signatures.items() if party not in row.signatures}
    for party, token in new.items():
        signature = standing.read_signature(token, row.digest, _verifier(party))
        if signature.party != party or party not in row.terms().parties:
            raise Untrusted("A signature stands under another party's name.", "Ask that party to sign.")
        _log(Permission.AGREEMENT_RECEIVE, row.digest, by, now, {"party": party, "signature": jws.digest(token)})
    if new:
        row.signatures = {**row.signatures, **new}
        row.save(update_fields=["signatures"])


def _take_statements(row: Agreement, tokens: Iterable[str], by: str, now: datetime) -> None:
    """Take statements that are new. One that is out of turn is not taken: an old suspension cannot be replayed."""
    kept = set(row.statements.values_list("token", flat=True))
    for token in tokens:
        if token in kept:
            continue
        party = jws.unverified(token, standing.Statement).party
        statement = standing.read_statement(token, _verifier(party))
        standing.check_statement(row.terms(), row.digest, row.said(), statement)
        _log(_EVENTS[statement.act], row.digest, by, now, {"party": party, "statement": jws.digest(token)})
        row.statements.create(party=party, seq=statement.seq, token=token, at=canon.moment(statement.at))


_EVENTS = {
    PartyAct.SUSPEND: Permission.AGREEMENT_SUSPEND,
    PartyAct.LIFT: Permission.AGREEMENT_LIFT,
    PartyAct.END: Permission.AGREEMENT_END,
}


def _verifier(party: str) -> Verifier:
    """The key of the node that speaks for a party: a confirmed partner's, or our own."""
    node, me = node_of(party), own()
    if node == me.node:
        return me.keys.signer.verifier
    partner = confirmed().get(node)
    if partner is None:
        raise Untrusted(f"{node} is no confirmed partner.", "Exchange and confirm cards first.")
    return partner.verifier


def _say(
    agreement: str, party: str, act: PartyAct, event: Permission, by: Officer, now: datetime, reason: str
) -> values.Agreement | Refused:
    row, me = _row(agreement), own()
    if (refusal := _speaks_for(row, party, by)) is not None:
        return refusal
    said = row.said()
    statement = standing.Statement(
        agreement=row.digest,
        party=party,
        seq=1 + sum(each.party == party for each in said),
        act=act,
        at=canon.millis(now),
        reason=reason,
    )
    try:
        standing.check_statement(row.terms(), row.digest, said, statement)
    except Fault:
        return Refused(ExchangeReason.NO_CHANGE, ExchangeBasis.AGREEMENT)
    token = standing.state_act(statement, me.keys.signer)
    _log(event, row.digest, by.signature, now, {"party": party, "statement": jws.digest(token)})
    Statement.objects.create(agreement=row, party=party, seq=statement.seq, token=token, at=canon.moment(statement.at))
    _circulate(row, now)
    return row.value(now)


def _circulate(row: Agreement, now: datetime) -> None:
    """Queue the papers for the nodes of the other parties, as far as they are partners already."""
    payload = msgspec.json.encode(row.papers()).decode()
    for node in {node_of(party) for party in row.terms().parties} & set(confirmed()):
        Delivery.objects.create(
            node=node,
            thing="agreement",
            payload=payload,
            rank=DOCUMENT_RANK,
            state=DeliveryState.WAITING.value,
            next_at=now,
        )


def _log(event: Permission, agreement: str, by: str, now: datetime, detail: values.Detail) -> None:
    writer = Writer()
    said: values.Detail = {"agreement": agreement, **detail}
    writer.append([Happening(EntryType.AGREEMENT, event.value, NODE, by, now, said)])
    writer.close()
