"""What helps a ledger to be recovered: for partners that lost theirs, and for those who hold heads of ours."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from tansiq.exchange import ledger, proof, recovery
from tansiq.exchange.agreements import terms
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Agreement, Event, Head, LedgerEntry, Partner, Recall, Receipt
from tansiq.exchange.models.ledger import inclusion_getter
from tansiq.exchange.models.own import own
from tansiq.exchange.receipts import SignedHead
from tansiq.exchange.transport import CatchUp
from tansiq.exchange.values import Direction
from tansiq.parties.values import node_of

MOST_HEADS, MOST_RECEIPTS, MOST_RECALLS = 500, 2_000, 1_000


def catch_up(*, node: str) -> CatchUp:
    """What we hold that a partner may have lost: heads, papers, cards, and the newest receipts of either side."""
    cards = dict(Partner.objects.filter(node__in=[node, own().node]).values_list("node", "token"))
    papers = (
        row.papers()
        for row in Agreement.objects.prefetch_related("statements").order_by("digest")
        if node in {node_of(party) for party in _parties(row)}
    )
    ours = Receipt.objects.filter(direction=Direction.OUT.value, envelope__sender__startswith=f"{node}.")
    concerns = Q(originator__startswith=f"{node}.") | Q(answers__holder=node)
    recalls = (
        Recall.objects.filter(concerns).distinct().prefetch_related("answers").order_by("-position")[:MOST_RECALLS]
    )
    return CatchUp(
        heads=tuple(
            Head.objects.filter(log=node).order_by("-epoch", "-size").values_list("token", flat=True)[:MOST_HEADS]
        ),
        papers=tuple(papers),
        card=cards.get(own().node, ""),
        yours=cards.get(node, ""),
        receipts=_newest(Receipt.objects.filter(signer=node, n__gt=0)),
        given=_newest(ours),
        recalls=tuple(recall.token for recall in recalls),
        statements=tuple(
            token
            for recall in recalls
            for token in (recall.statement, *(answer.token for answer in recall.answers.all()))
            if token
        ),
    )


def _newest(rows: "QuerySet[Receipt]") -> tuple[str, ...]:
    """The newest receipts, each envelope's in the order in which they were given."""
    newest = rows.order_by("-id").values_list("n", "id", "token")[:MOST_RECEIPTS]
    return tuple(token for _, _, token in sorted(newest))


def _parties(row: Agreement) -> Iterable[str]:
    return terms.read_agreement(bytes(row.document)).parties


def recoveries(*, token: str, head: SignedHead, epoch: int, size: int) -> tuple[tuple[str, ...], int]:
    """Proofs under our head of the recoveries since `epoch`, oldest first; and the size that a proof may begin with.

    That is `size` where those leaves are still the same, and else what was left at the newest recovery.
    """
    told, documents = [], []
    for leaf in Event.objects.filter(type=EntryType.RECOVERY.value, leaf__gte=0).order_by("leaf").values_list("leaf"):
        row = LedgerEntry.objects.get(index=leaf[0]).value()
        said = recovery.read(ledger.read_entry(row.entry or b""))
        if said.epoch <= epoch:
            continue
        told.append(said)
        get = inclusion_getter(row.index, head.size)
        documents.append(
            proof.prove(get, index=row.index, size=head.size, salt=row.salt, entry=row.entry, head=token).decode()
        )
    if not told:
        return (), 0
    return tuple(documents[-recovery.MOST :]), size if size <= recovery.shared(told) else told[-1].size


def earlier_head(*, log: str, epoch: int, size: int) -> SignedHead | None:
    """The newest head of a node's epoch that we hold of no more than `size` leaves."""
    row = Head.objects.filter(log=log, epoch=epoch, size__lte=size, size__gt=0).order_by("-size").first()
    return row.value() if row else None
