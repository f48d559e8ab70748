"""The ledger as seen: where it stands, what it proves, and what partners hold of it."""

from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from django.db.models import OuterRef, Subquery
from msgspec import Struct

from tansiq.exchange import canon, jws, keystore, ledger, proof, receipts, values
from tansiq.exchange.cards import PartnerCard
from tansiq.exchange.keys import Verifier
from tansiq.exchange.models import Agreement, Envelope, Head, LedgerEntry, Log, Partner
from tansiq.exchange.models.channels import confirmed
from tansiq.exchange.models.ledger import getter, inclusion_getter, root_at
from tansiq.exchange.models.own import own
from tansiq.exchange.reads.recovering import recoveries
from tansiq.exchange.receipts import SignedHead
from tansiq.exchange.transport import HeadAnswer
from tansiq.exchange.values import PartnerState
from tansiq.ground.errors import Missing
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer

MOST_SEEN = 64
"""The most heads of others that are shown at once."""


class Neighbours(Struct, frozen=True):
    """What the door must know before anything is read: who may speak, by which key; which agreements are rescue's."""

    node: str
    keys: dict[str, Verifier]
    cards: dict[str, PartnerCard]
    rescue: tuple[bytes, ...]


def neighbours(*, now: datetime) -> Neighbours:
    """The confirmed partners' keys and cards, and the rescue agreements' digests."""
    rescue = Agreement.objects.filter(mechanism="rescue").values_list("digest", flat=True)
    partners = confirmed(now)
    return Neighbours(
        node=own().node,
        keys={node: partner.verifier for node, partner in partners.items()},
        cards={node: partner.card for node, partner in partners.items()},
        rescue=tuple(digest.encode() for digest in rescue),
    )


def anchor_path() -> Path:
    """Where the last head stands beside the database."""
    return own().anchor


def anchor() -> keystore.Anchor:
    """The ledger's head as it goes beside the database."""
    epoch, size = log_size()
    return keystore.Anchor(epoch, size, root_at(size).hex() if size else ledger.EMPTY.hex())


def log_size() -> tuple[int, int]:
    """The epoch and size of our ledger."""
    log = Log.objects.filter(id=1).first()
    return (log.epoch, log.size) if log else (1, 0)


def head_answer(*, token: str, node: str, epoch: int, size: int) -> HeadAnswer:
    """Our head for a partner, proven against its head of ours of `epoch` and `size`, with the head we hold of it.

    A partner that holds a head of an earlier epoch is shown the recoveries since, and what the proof may begin with.
    """
    head = receipts.read_head(token, own().keys.log.verifier)
    held = Head.objects.filter(log=node).order_by("-epoch", "-size").first()
    documents: tuple[str, ...] = ()
    if 0 < epoch < head.epoch:
        documents, size = recoveries(token=token, head=head, epoch=epoch, size=size)
    fits = 0 < epoch <= head.epoch and 0 < size <= head.size
    steps = partial(ledger.consistency, old=size, new=head.size)
    proof = steps(getter(steps)) if fits else []
    return HeadAnswer(
        head=token,
        proof=tuple(proof),
        held=held.token if held else "",
        recoveries=documents,
        seen=seen_heads(but=node),
    )


def seen_heads(*, but: str) -> tuple[str, ...]:
    """The newest head that we hold of each node, but our own and one other."""
    newest = Head.objects.filter(log=OuterRef("node")).order_by("-epoch", "-size").values("token")[:1]
    rows = Partner.objects.filter(state=PartnerState.CONFIRMED.value).exclude(node=but).order_by("node")
    tokens = rows.annotate(newest=Subquery(newest)).exclude(newest=None).values_list("newest", flat=True)
    return tuple(tokens[:MOST_SEEN])


def ledger_state(*, reader: Officer) -> values.LedgerState:
    """Where our ledger stands, and the heads that we hold of partners."""
    if not reader.holds(Permission.LEDGER_VIEW):
        raise Missing("There is no such page.")
    epoch, size = log_size()
    gate = Log.objects.filter(id=1).values_list("gate", flat=True).first() or ""
    nodes = Partner.objects.exclude(state=PartnerState.OWN.value).values_list("node", flat=True)
    held = [Head.objects.filter(log=node).order_by("-epoch", "-size").first() for node in nodes]
    return values.LedgerState(
        node=own().node,
        epoch=epoch,
        size=size,
        root=root_at(size).hex(),
        gate=gate,
        held=tuple(_line(row.value()) for row in held if row is not None),
        witnessed=tuple(witnesses().items()),
    )


def witnesses() -> dict[str, values.HeadLine]:
    """The newest head of ours that each partner showed us to hold."""
    rows = Partner.objects.exclude(witnessed="").values_list("node", "witnessed").order_by("node")
    return {node: _line(jws.unverified(token, SignedHead)) for node, token in rows}


def proof_of(*, envelope: UUID) -> bytes:
    """The proof that an envelope stands in our ledger, under the newest head that we signed, as a document."""
    row = Envelope.objects.defer("raw", "keys", "label").filter(ref=envelope).first()
    if row is None or row.leaf < 0:
        raise Missing("There is no such envelope in the ledger.")
    head = Head.objects.filter(log=own().node, size__gt=row.leaf).order_by("-epoch", "-size").first()
    if head is None:
        raise Missing("No signed head covers the envelope yet.")
    entry = LedgerEntry.objects.get(index=row.leaf).value()
    get = inclusion_getter(row.leaf, head.size)
    return proof.prove(get, index=row.leaf, size=head.size, salt=entry.salt, entry=entry.entry, head=head.token)


def _line(head: SignedHead) -> values.HeadLine:
    return values.HeadLine(head.log, head.epoch, head.size, head.root, canon.moment(head.at))
