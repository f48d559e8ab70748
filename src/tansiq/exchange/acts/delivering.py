"""What becomes of parcels on their way out: settle what was answered, try the rest again, take partners' receipts."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from msgspec import Struct

from tansiq.exchange import canon, jws, receipts
from tansiq.exchange.acts.judging import STRANGE
from tansiq.exchange.acts.letters import LABEL
from tansiq.exchange.desks import by_label_alone
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Delivery, Envelope, Partner, Receipt, bulk, desks
from tansiq.exchange.models.channels import Known, confirmed
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.models.letters import standing_of
from tansiq.exchange.models.own import own
from tansiq.exchange.values import DeliveryState, Detail, Direction
from tansiq.ground.errors import Fault
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, node_of

PUT_OFF = "held: "
"""How the trouble of a parcel begins that the partner puts off with a hold."""

FIRST_WAIT, LONGEST_WAIT, LONGEST_DISTRESS = timedelta(seconds=0.5), timedelta(minutes=5), timedelta(seconds=15)
DISTRESS_RANK = 0


class Reply(Struct, frozen=True, gc=False):
    """What a partner answered to one parcel: a receipt's or hold's token, or a bare word."""

    delivery: int
    token: str


@transaction.atomic
def settle(*, node: str, replies: Sequence[Reply], now: datetime, jitter: float) -> int:
    """Take a partner's answers to a batch: receipts close their parcels, holds and nonsense make them wait.

    `jitter` between 0 and 1 spreads the next attempts. Answers how many parcels are done.
    """
    writer = Writer()
    partner = confirmed(now).get(node)
    rows = {
        row.id: row
        for row in Delivery.objects.select_for_update(of=("self",))
        .select_related("envelope", "receipt")
        .defer("envelope__raw", "envelope__keys")
        .filter(id__in=[reply.delivery for reply in replies], state=DeliveryState.WAITING.value)
    }
    done: list[Delivery] = []
    news: list[_News] = []
    later: dict[int, tuple[str, timedelta]] = {}
    for reply in replies:
        row = rows.get(reply.delivery)
        if row is None or partner is None:
            continue
        if row.envelope is None:
            (done.append(row) if reply.token == "done" else later.update({row.id: (reply.token[:80], timedelta())}))
            continue
        read = _read(row.envelope, reply.token, node, partner)
        if isinstance(read, receipts.Receipt):
            done.append(row)
            news.append(_News(row.envelope, read, reply.token))
        else:
            later[row.id] = read
    _store(writer, node, news, now)
    refused = {each.envelope.position for each in news if each.receipt.state is receipts.ReceiptState.REFUSED}
    ids = [row.id for row in done if row.envelope_id not in refused]
    Delivery.objects.filter(id__in=ids).update(state=DeliveryState.DONE.value, trouble="")
    ids = [row.id for row in done if row.envelope_id in refused]
    Delivery.objects.filter(id__in=ids).update(state=DeliveryState.REFUSED.value, trouble="")
    for key, (trouble, wait) in later.items():
        _again(rows[key], trouble, now, jitter, wait)
    _progress([each.envelope.position for each in news])
    Partner.objects.filter(node=node).update(seen_at=now, trouble="")
    writer.close()
    return len(done)


class _News(Struct, gc=False):
    """A receipt that was checked, with the envelope it speaks of."""

    envelope: Envelope
    receipt: receipts.Receipt
    token: str


def _read(envelope: Envelope, token: str, node: str, partner: Known) -> receipts.Receipt | tuple[str, timedelta]:
    """The first receipt of an envelope, or why to wait and at least how long."""
    if token == STRANGE:
        return "The partner does not know this node, or its signature.", timedelta(seconds=5)
    try:
        receipt = receipts.read_receipt(token, partner.verifier)
    except Fault:
        pass
    else:
        if receipt.envelope == envelope.digest and receipt.recipient == node and receipt.n == 0:
            return receipt
        return "The partner's receipt speaks of another envelope.", timedelta(minutes=1)
    try:
        hold = receipts.read_hold(token, partner.verifier)
    except Fault as fault:
        return f"The partner's answer cannot be trusted: {fault.what}", timedelta(minutes=1)
    return f"{PUT_OFF}{hold.reason}", min(timedelta(milliseconds=hold.retry_ms), LONGEST_WAIT)


def _store(writer: Writer, node: str, news: Sequence[_News], now: datetime) -> None:
    """Keep and log receipts that are new; what is kept already stays as it is."""
    held = set(
        Receipt.objects.filter(digest__in=[each.receipt.envelope for each in news], signer=node).values_list(
            "digest", "n"
        )
    )
    fresh = [each for each in news if (each.receipt.envelope, each.receipt.n) not in held]
    if not fresh:
        return
    leaves = writer.append([_happening(each, node, now) for each in fresh])
    first = writer.number(len(fresh))
    rows = [
        (
            first + place,
            each.envelope.position,
            each.receipt.envelope,
            Direction.IN.value,
            node,
            each.receipt.n,
            each.receipt.state.value,
            ",".join(each.receipt.rules)[:200],
            bulk.time(canon.moment(each.receipt.at)),
            leaf,
            each.token,
        )
        for place, (each, leaf) in enumerate(zip(fresh, leaves, strict=True))
    ]
    columns = ("id", "envelope_id", "digest", "direction", "signer", "n", "state", "rule", "at", "leaf", "token")
    bulk.insert(Receipt, columns, rows)


def _happening(each: _News, node: str, now: datetime) -> Happening:
    detail: Detail = {
        "envelope": each.receipt.envelope,
        "n": each.receipt.n,
        "state": each.receipt.state.value,
        "reason": each.receipt.reason,
        "receipt": jws.digest(each.token),
    }
    return Happening(EntryType.RECEIPT, Permission.LETTER_ATTEST.value, each.envelope.ref, node, now, detail)


def _again(row: Delivery, trouble: str, now: datetime, jitter: float, at_least: timedelta = timedelta()) -> None:
    """Let a parcel wait: twice as long each time, never all at once, and never long where there is distress."""
    longest = LONGEST_DISTRESS if row.rank == DISTRESS_RANK else LONGEST_WAIT
    wait = max(min(FIRST_WAIT * 2 ** min(row.attempts, 16), longest), min(at_least, longest))
    row.attempts += 1
    row.next_at = now + wait * (0.5 + jitter)
    row.trouble = trouble[:300]
    row.save(update_fields=["attempts", "next_at", "trouble"])


@transaction.atomic
def postpone(*, node: str, deliveries: Collection[int], trouble: str, now: datetime, jitter: float) -> None:
    """Nothing was answered: let these parcels wait."""
    rows = Delivery.objects.select_for_update().filter(id__in=deliveries, state=DeliveryState.WAITING.value)
    for row in rows:
        _again(row, trouble, now, jitter)
    Partner.objects.filter(node=node).update(trouble=trouble[:300])


@transaction.atomic
def hurry(*, node: str = "", now: datetime) -> int:
    """A partner's door is open again, or at a start every one may be: what waited goes at once. Answers how many.

    What the partner itself put off waits on: there the partner's word counts.
    """
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING.value, next_at__gt=now)
    if node:
        waiting = waiting.filter(node=node)
    return waiting.exclude(trouble__startswith=PUT_OFF).update(next_at=now)


@transaction.atomic
def expire(*, now: datetime) -> int:
    """Give up parcels whose time is over, and say so in the log. Answers how many."""
    late = list(
        Delivery.objects.select_for_update(of=("self",))
        .select_related("envelope")
        .defer("envelope__raw")
        .filter(state=DeliveryState.WAITING.value, expires__lte=now)[:500]
    )
    if not late:
        return 0
    writer = Writer()
    writer.append(
        [
            Happening(
                EntryType.EVENT,
                Permission.ENVELOPE_REFUSE.value,
                row.envelope.ref if row.envelope else NODE,
                "node",
                now,
                {"reason": "expired", "to": row.node, "trouble": row.trouble[:120]},
            )
            for row in late
        ]
    )
    Delivery.objects.filter(id__in=[row.id for row in late]).update(state=DeliveryState.EXPIRED.value)
    _progress([row.envelope_id for row in late if row.envelope_id])
    writer.close()
    return len(late)


@transaction.atomic
def receive_receipts(*, tokens: Sequence[str], node: str, now: datetime) -> tuple[str, ...]:
    """Take later receipts (read, acted) of a partner. Answers "done" for each that is kept, else one word on why not.

    A receipt that contradicts one that is kept is evidence against its signer: both are kept in the log.
    """
    writer = Writer()
    partner = confirmed(now).get(node)
    if partner is None:
        return (STRANGE,) * len(tokens)
    answers, news = [], []
    chains: dict[str, list[str]] = {}
    for token in tokens:
        try:
            receipt = receipts.read_receipt(token, partner.verifier)
            row = _followed(receipt.envelope, node)
            if row is None or receipt.recipient != node:
                answers.append("unknown")
                continue
            chain = chains.setdefault(receipt.envelope, _chain(receipt.envelope, node))
            if token in chain:
                answers.append("done")
                continue
            receipts.check_next(chain, token, partner.verifier)
        except Fault as fault:
            writer.append([_doubt(node, str(fault), token, now)])
            answers.append("untrusted")
            continue
        chain.append(token)
        news.append(_News(row, receipt, token))
        answers.append("done")
    _store(writer, node, news, now)
    _progress([each.envelope.position for each in news])
    desks.acted([each.envelope.position for each in news if each.receipt.state is receipts.ReceiptState.ACTED], now)
    Partner.objects.filter(node=node).update(seen_at=now)
    writer.close()
    return tuple(answers)


def _followed(digest: str, node: str) -> Envelope | None:
    """The envelope of which a node's receipts are kept here: one that we sent, or that passed a desk of ours to it."""
    row = Envelope.objects.defer("raw", "keys").filter(digest=digest).first()
    if row is None or row.direction == Direction.OUT.value:
        return row
    said = row.said
    passed = said is not None and by_label_alone(said, own().node)
    return row if said is not None and passed and node in {node_of(each) for each in said.recipients} else None


def _chain(digest: str, node: str) -> list[str]:
    return [*Receipt.objects.filter(digest=digest, signer=node).order_by("n").values_list("token", flat=True)]


def _doubt(node: str, what: str, token: str, now: datetime) -> Happening:
    detail: Detail = {"what": what[:160], "receipt": jws.digest(token)}
    return Happening(EntryType.EVENT, Permission.LEDGER_ALARM.value, NODE, node, now, detail)


def _progress(positions: Sequence[int]) -> None:
    """Bring the state of sent envelopes up to what their parcels and receipts say."""
    if not positions:
        return
    parcels: dict[int, dict[str, str]] = defaultdict(dict)
    past: dict[int, set[str]] = defaultdict(set)
    for position, node, state, thing in Delivery.objects.filter(envelope_id__in=positions).values_list(
        "envelope_id", "node", "state", "thing"
    ):
        parcels[position][node] = state
        if thing == LABEL:
            past[position].add(node)
    last: dict[int, dict[str, str]] = defaultdict(dict)
    for position, node, state in (
        Receipt.objects.filter(envelope_id__in=positions, direction=Direction.IN.value)
        .order_by("n")
        .values_list("envelope_id", "signer", "state")
    ):
        last[position][node] = state
    by_state: dict[str, list[int]] = defaultdict(list)
    for position in parcels:
        by_state[standing_of(parcels[position], last[position], past[position]).value].append(position)
    for state, which in by_state.items():
        Envelope.objects.filter(position__in=which).update(state=state)
