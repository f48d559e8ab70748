"""The checks that every arriving envelope passes, in the protocol's order, each alone; nothing is written here.

Size and transport stand before this; then signature, replay, clock, agreement, rule. What a stranger sends is answered
alike whatever was wrong with it; a known partner gets a signed refusal that names the rule, or a signed `Hold` if
it may pass later.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tansiq.exchange import canon, cards, corrections, desks, officers, policy, receipts, seal
from tansiq.exchange import label as labels
from tansiq.exchange.acts import passing
from tansiq.exchange.acts.letters import judged_as
from tansiq.exchange.agreements.standing import OVER, AgreementState
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import CONTROL, OUTLIVING, SCHEMAS, Kind
from tansiq.exchange.label import Label
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Envelope, Log, Receipt, bulk
from tansiq.exchange.models.channels import Channel, Known, channels, confirmed, facts
from tansiq.exchange.models.ledger import Happening
from tansiq.exchange.models.mandates import awaited
from tansiq.exchange.models.own import Own, own
from tansiq.exchange.onward import RULE
from tansiq.exchange.policy import Action, Facts
from tansiq.exchange.receipts import Hold
from tansiq.exchange.values import Detail, ExchangeReason, HoldReason
from tansiq.ground.errors import Fault
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, node_of

STRANGE = "refused"
"""The one answer, unsigned, to what no known partner signed."""

CLOCK = timedelta(minutes=5)
"""How far ahead of ours a sender's clock may stand."""

RETRY_MS = 30_000


class Parcel(Struct, frozen=True, gc=False):
    """One envelope's bytes as they came, and the partner whose signed request brought them."""

    raw: bytes
    node: str


class Item(Struct, gc=False):
    """One parcel on its way through the checks. `token` is the answer as soon as there is one."""

    parcel: Parcel
    token: str = ""
    sealed: seal.Envelope | None = None
    label: Label | None = None
    label_raw: bytes = b""
    keys: seal.ContentKeys | None = None
    mechanism: str = ""
    reason: str = ""
    rule: str = ""
    quarantine: bool = False
    due: datetime | None = None
    conflict: bool = False
    digest: str = ""


class Desk(Struct, gc=False):
    """What the checks of one group look at: read once, before the first of them.

    `stored` is the moment in whole milliseconds, as the log and the receipts have it, in the database's own form.
    """

    me: Own
    partners: dict[str, Known]
    channels: dict[str, Channel]
    gated: bool
    now: datetime
    stored: datetime | str | None
    roots: dict[str, set[bytes]]
    alarms: list[Happening]
    held: set[tuple[str, str]]
    opened: dict[bytes, bytes]


class Judged(Struct, gc=False):
    """A group that was checked: what is answered already, and what is to be kept."""

    items: list[Item]
    desk: Desk


def judge(*, parcels: Sequence[Parcel], now: datetime) -> Judged:
    """Check every parcel of a group, each alone. Reads the database and writes nothing."""
    items = [Item(parcel) for parcel in parcels]
    stored = bulk.time(canon.moment(canon.millis(now)))
    desk = Desk(own(), confirmed(now), channels(now), _gated(), now, stored, {}, [], set(), {})
    for item in items:
        _authenticate(item, desk)
    _replay(items, desk)
    for item in items:
        if not item.token and not item.reason:
            _judge(item, desk)
    return Judged(items, desk)


def _gated() -> bool:
    return any(gate for (gate,) in bulk.select(Log, ("gate",)))


def _authenticate(item: Item, desk: Desk) -> None:
    """Parse, and check the originator's signature; it must be the partner that brought it."""
    try:
        sealed = seal.parse(item.parcel.raw)
        node = node_of(sealed.route.snd)
        partner = desk.partners.get(node)
        if partner is None or node != item.parcel.node or sealed.route.snd not in partner.card.agencies:
            item.token = STRANGE
            return
        seal.verify(sealed, partner.verifier, roots=desk.roots.setdefault(node, set()))
        item.sealed, item.digest = sealed, sealed.identity.hex()
    except Fault as fault:
        item.token = STRANGE
        desk.alarms.append(_alarm(item.parcel.node, NODE, ExchangeReason.TAMPERED, desk.now, str(fault)))


def _alarm(
    node: str,
    thing: UUID,
    reason: ExchangeReason,
    now: datetime,
    what: str,
    event: Permission = Permission.ENVELOPE_REFUSE,
) -> Happening:
    detail: Detail = {"reason": reason.value, "what": what[:160]}
    return Happening(EntryType.EVENT, event.value, thing, node, now, detail)


def _replay(items: Sequence[Item], desk: Desk) -> None:
    """Answer what came before with the first receipt; an id that came with another digest is refused, with an alarm."""
    fresh = [item for item in items if item.sealed is not None and not item.token]
    if not fresh:
        return
    digests = [item.digest for item in fresh]
    known = dict(bulk.select(Receipt, ("digest", "token"), digest=digests, signer=desk.me.node, n=0))
    keys = [item.sealed.replay_key for item in fresh if item.sealed]
    senders, ids = sorted({sender for sender, _ in keys}), [bulk.uuid(uid) for _, uid in keys]
    taken = {(sender, uid) for sender, uid in bulk.select(Envelope, ("sender", "uid"), sender=senders, uid=ids)}
    seen: dict[tuple[str, UUID], str] = {}
    for item in fresh:
        if item.sealed is None:
            continue
        key = item.sealed.replay_key
        if item.digest in known:
            item.token = known[item.digest]
        elif (key[0], bulk.uuid(key[1])) in taken or seen.get(key, item.digest) != item.digest:
            item.conflict, item.reason = True, ExchangeReason.ANOTHER_DIGEST.value
            desk.alarms.append(
                _alarm(
                    key[0],
                    key[1],
                    ExchangeReason.ANOTHER_DIGEST,
                    desk.now,
                    f"came again as {item.digest}",
                    Permission.LEDGER_ALARM,
                )
            )
        seen.setdefault(key, item.digest)


def _judge(item: Item, desk: Desk) -> None:
    """Clock, agreement, opening, rule. Sets a hold as the token, or a reason for refusal, or neither: accepted."""
    sealed = item.sealed
    if sealed is None:
        return
    route, channel = sealed.route, desk.channels.get(sealed.route.agr)
    mine = [agency for agency in route.rcp if node_of(agency) == desk.me.node]
    ours = bool(mine) or (channel is not None and node_of(desks.desk_of(channel.terms)) == desk.me.node)
    if canon.millis(desk.now) >= route.exp:
        item.reason = policy.Reason.EXPIRED.value
    elif channel is None:
        _hold(item, desk, HoldReason.UNKNOWN_AGREEMENT)
    elif route.snd not in channel.terms.parties or not ours or not set(route.rcp) <= set(channel.terms.parties):
        item.reason = ExchangeReason.NOT_A_PARTY.value
    elif not channel.passes and not _outlives(sealed, channel, desk):
        _stop(item, channel, desk)
    elif channel.terms.mechanism is not Mechanism.RESCUE and (why := _closed(node_of(route.snd), desk)):
        _hold(item, desk, why)
    else:
        item.mechanism = channel.terms.mechanism.value
        _open(item, sealed, channel, mine[0] if mine else "", desk)


def _stop(item: Item, channel: Channel, desk: Desk) -> None:
    """What an agreement that is over refuses, one that is suspended or not begun lets wait."""
    if channel.state in OVER:
        item.reason = policy.Reason.NOT_IN_FORCE.value
    else:
        suspended = channel.state is AgreementState.SUSPENDED
        _hold(item, desk, HoldReason.SUSPENDED if suspended else HoldReason.NOT_YET)


def _outlives(sealed: seal.Envelope, channel: Channel, desk: Desk) -> bool:
    """Whether a letter speaks of what was sent before its agreement ended or was suspended, and so passes."""
    if channel.state not in OVER | {AgreementState.SUSPENDED}:
        return False
    try:
        said = seal.open_label(sealed, seal.unwrap(sealed, desk.me.keys.opener))
    except Fault:
        return False
    return said.kind in OUTLIVING or _corrects(said, channel)


def _corrects(said: Label, channel: Channel) -> bool:
    """Whether a letter replaces one that we took under the same agreement, and goes no further than that one did."""
    if not said.supersedes:
        return False
    old = Envelope.objects.filter(digest=said.supersedes, sender=said.sender, agreement=channel.digest).first()
    kept = old.said if old is not None and old.reason == "" else None
    return kept is not None and corrections.fits(said, kept)


def _closed(node: str, desk: Desk) -> HoldReason | None:
    """Why only rescue passes from this node now: its card has run out, or our own ledger is being recovered."""
    if desk.gated:
        return HoldReason.RECOVERING
    return None if cards.in_date(desk.partners[node].card, desk.now) else HoldReason.KEY_EXPIRED


def _open(item: Item, sealed: seal.Envelope, channel: Channel, principal: str, desk: Desk) -> None:
    """Open label and letter, check that they read as their schema says, and ask the agreement's rule.

    Where no `principal` of ours is a recipient, this node receives for a desk in the way: it opens the label alone, and
    asks whether the sender may send. It refuses an envelope that holds the letter's key for it, and keeps no key of it.
    """
    body: Struct | None = None
    try:
        keys = seal.unwrap(sealed, desk.me.keys.opener, opened=desk.opened)
        if principal:
            said, said_raw, letter = seal.open_whole(sealed, keys)
            body = canon.read_letter(letter, SCHEMAS[said.kind])
        elif keys.letter is not None:
            item.reason = desks.DeskReason.LABEL_ALONE.value
            return
        else:
            said = seal.open_label(sealed, keys)
            said_raw = labels.write_label(said)
        persons = officers.approvers(sealed, keys, desk.partners[item.parcel.node].verifier)
    except Fault:
        item.reason = ExchangeReason.UNREADABLE.value
        return
    item.keys, item.label, item.label_raw = keys, said, said_raw
    rescue = channel.terms.mechanism is Mechanism.RESCUE
    if canon.moment(said.sent) > desk.now + CLOCK and not rescue:
        _hold(item, desk, HoldReason.CLOCK)
    elif said.case and (said.sender, said.case) in desk.held:
        _hold(item, desk, HoldReason.EARLIER_HELD)
    elif said.exercise != canon.clean(desk.me.exercise) and not _real_distress(said, channel):
        item.reason = ExchangeReason.OTHER_EXERCISE.value
    elif said.kind in CONTROL or (not channel.passes and said.supersedes):
        item.rule = RULE
    elif said.kind is Kind.FORWARD and body is not None and (why := _passed_on(said, body, item, channel, desk)):
        item.rule, item.reason = RULE, why.value
    elif awaited(channel.terms, said):
        _hold(item, desk, HoldReason.UNKNOWN_MANDATE)
    elif isinstance(verdict := desks.fits(channel.terms, said), Refused):
        item.reason = verdict.reason.value
    elif said.kind is Kind.FORWARD and body is None:
        item.rule = RULE  # what it passes on is sealed to a desk, and judged by its recipients
    else:
        ruling = policy.decide(
            policy.policy_of(channel.terms, channel.digest),
            said if body is None else judged_as(said, body),
            facts=facts(channel, said, desk.channels, desk.now, persons=len(persons))
            if principal
            else _at_desk(channel, said, desk),
            action=Action.RECEIVE if principal else Action.SEND,
            principal=f"{principal}/node" if principal else f"{said.sender}/{said.duty}",
            now=desk.now,
        )
        item.rule, item.quarantine = ",".join(ruling.rule_ids)[:200], ruling.quarantine
        item.reason = "" if ruling.allowed else str(ruling.reason)
    item.due = desks.due(channel.terms, said) if desks.passes(said) else None


def _at_desk(channel: Channel, said: Label, desk: Desk) -> Facts:
    """What a desk's node knows: a joint operation that it takes no part in is for the recipients to judge."""
    known = facts(channel, said, desk.channels, desk.now)
    unknown = bool(said.joint_operation) and said.joint_operation not in desk.channels
    return replace(known, joint_operation=known.joint_operation or unknown)


def _passed_on(said: Label, body: Struct, item: Item, channel: Channel, desk: Desk) -> StrEnum | None:
    return passing.trouble(
        said,
        body,
        agreement=channel.digest,
        carrier=item.digest,
        node=item.parcel.node,
        partners=desk.partners,
        found=desk.channels,
        opener=desk.me.keys.opener,
    )


def _real_distress(said: Label, channel: Channel) -> bool:
    """A real distress passes into a drill; a drill's letter never passes into a real duty room."""
    return channel.terms.mechanism is Mechanism.RESCUE and not said.exercise


def _hold(item: Item, desk: Desk, reason: HoldReason) -> None:
    """Not now. Later letters of the same sender and case in this group wait behind it, so that their order holds."""
    if item.label is not None and item.label.case:
        desk.held.add((item.label.sender, item.label.case))
    item.token = receipts.sign_hold(
        Hold(
            envelope=item.digest,
            recipient=desk.me.node,
            reason=reason.value,
            retry_ms=RETRY_MS,
            at=canon.millis(desk.now),
        ),
        desk.me.keys.signer,
    )
