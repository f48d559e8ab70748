"""Proof files: what this node gives out so that others can check it without the node (`exchange.evidence`)."""

import base64
from collections.abc import Iterable
from functools import partial
from uuid import UUID

from msgspec.structs import replace

from tansiq.exchange import evidence, jws, ledger, receipts, seal
from tansiq.exchange.evidence import About, Earlier, Evidence, Paper, Placed, Stamp
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Agreement, Envelope, Event, Head, LedgerEntry, Partner, Receipt, Timestamp
from tansiq.exchange.models.ledger import getter, inclusion_getter, raw
from tansiq.exchange.models.own import own
from tansiq.exchange.receipts import SignedHead
from tansiq.ground.errors import Missing, Unready
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer, node_of

MOST_PAST = 8
"""How many earlier cards of a node are shown, by whose keys old signatures are checked."""

MOST_ENTRIES = 200
"""The most entries in one file, the newest: a letter that was read more often is proved in part."""


def proof_file(*, about: About, reader: Officer, envelope: UUID | None = None, agreement: str = "") -> bytes:
    """The proof file of an envelope with its receipts, of its receipts alone, of who read it, or of an agreement.

    Under the newest head of ours that was signed: sign one first (`acts.sign_head`). Who read a letter is shown to
    whoever may see the log.
    """
    needed = Permission.LOG_VIEW if about == "reads" else Permission.PROOF_EXPORT
    if not reader.holds(Permission.PROOF_EXPORT) or not reader.holds(needed):
        raise Missing("There is no such proof.")
    head = Head.objects.filter(log=own().node).order_by("-epoch", "-size").first()
    if head is None:
        raise Unready("No head of this ledger was signed yet.", "Sign one.")
    signed = head.value()
    if about == "agreement":
        file = _of_agreement(agreement, reader, head)
    else:
        row = Envelope.objects.seen_by(reader).filter(ref=envelope).first() if envelope else None
        if row is None or row.leaf < 0:
            raise Missing("There is no such envelope in the ledger.")
        file = _of_reads(row, head) if about == "reads" else _of_envelope(row, about, head)
    whole = replace(file, earlier=_earlier(signed), stamps=_stamps(signed), cards=_cards(file))
    return evidence.write(whole)


def unstamped_head() -> str | None:
    """The newest head of ours, unless an authority stamped it, or one whose only later entry is that stamp's own."""
    head = Head.objects.filter(log=own().node).order_by("-epoch", "-size").first()
    if head is None:
        return None
    last = Timestamp.objects.filter(epoch=head.epoch).order_by("-size", "-id").first()
    return None if last is not None and head.size <= last.size + 1 else head.token


def _of_envelope(row: Envelope, about: About, head: Head) -> Evidence:
    about = about if row.raw else "receipts"  # of what was erased, the originator's manifest is gone too
    given = list(Receipt.objects.filter(digest=row.digest).order_by("signer", "n"))
    leaves = [row.leaf, *(each.leaf for each in given if each.leaf >= 0)]
    return Evidence(
        about=about,
        head=head.token,
        entries=_placed(leaves, head.size),
        manifest=evidence.manifest_of(seal.parse(bytes(row.raw))) if about == "envelope" else None,
        receipts=tuple(each.token for each in given if each.leaf >= 0),
    )


def _of_reads(row: Envelope, head: Head) -> Evidence:
    leaves = _leaves(EntryType.READ, row.ref, f'"envelope":"{row.digest}"')
    return Evidence(about="reads", head=head.token, entries=_placed(leaves, head.size))


def _of_agreement(agreement: str, reader: Officer, head: Head) -> Evidence:
    row = Agreement.objects.prefetch_related("statements").filter(digest=agreement).first()
    if row is None or not reader.holds(Permission.AGREEMENT_VIEW):
        raise Missing("There is no such agreement.")
    papers = row.papers()
    leaves = _leaves(EntryType.AGREEMENT, NODE, f'"agreement":"{row.digest}"')
    return Evidence(
        about="agreement",
        head=head.token,
        entries=_placed(leaves, head.size),
        agreement=Paper(document=papers.document, signatures=papers.signatures, statements=papers.statements),
    )


def _leaves(type: EntryType, thing: UUID, said: str) -> list[int]:
    """The leaves of the newest events of a type about a thing that say so."""
    rows = Event.objects.filter(type=type.value, thing=thing, leaf__gte=0, detail__contains=said).order_by("-id")
    return sorted(rows.values_list("leaf", flat=True)[:MOST_ENTRIES])


def _placed(leaves: Iterable[int], size: int) -> tuple[Placed, ...]:
    """Entries with the way to the head; those that came after it are not in it, and are left out."""
    rows = LedgerEntry.objects.in_bulk([leaf for leaf in {*leaves} if leaf < size])
    if not rows:
        raise Missing("No signed head covers this yet.", "Ask again in a minute.")
    found = []
    for leaf in sorted(rows):
        get = inclusion_getter(leaf, size)
        salt, entry = raw(rows[leaf].salt), raw(rows[leaf].entry)
        found.append(
            Placed(
                index=leaf,
                leaf=get(0, leaf).hex(),
                salt=salt.hex() if salt and entry else "",
                entry=entry.decode() if salt and entry else "",
                path=tuple(step.hex() for step in ledger.inclusion(get, leaf, size)),
            )
        )
    return tuple(found[-MOST_ENTRIES:])


def _earlier(head: SignedHead) -> tuple[Earlier, ...]:
    """The heads of ours that partners hold, each with the proof that the log goes on from it."""
    found = []
    for node, token in Partner.objects.exclude(witnessed="").order_by("node").values_list("node", "witnessed"):
        old = jws.unverified(token, SignedHead)
        if old.epoch == head.epoch and 0 < old.size <= head.size:
            path = _way(old.size, head.size)
            found.append(Earlier(held_by=node, head=token, path=path))
    return tuple(found)


def _way(old: int, new: int) -> tuple[str, ...]:
    """The proof that our log of `new` entries begins with those of `old`."""
    steps = partial(ledger.consistency, old=old, new=new)
    return tuple(step.hex() for step in steps(getter(steps)))


def _stamps(head: SignedHead) -> tuple[Stamp, ...]:
    """The newest timestamp over a head of ours that this one goes on from."""
    row = Timestamp.objects.filter(epoch=head.epoch, size__lte=head.size).order_by("-size", "-id").first()
    if row is None:
        return ()
    path = _way(row.size, head.size) if row.size else ()
    response = base64.urlsafe_b64encode(bytes(row.response)).rstrip(b"=").decode()
    return (Stamp(head=row.head, path=path, response=response),)


def _cards(file: Evidence) -> tuple[str, ...]:
    """The cards by which the file can be read: ours, and those of every node that signed something in it."""
    nodes = {own().node, *(receipts.unverified(token).recipient for token in file.receipts)}
    if file.manifest is not None:
        nodes.add(evidence.sender_of(file.manifest))
    if file.agreement is not None:
        nodes |= {node_of(party) for party in file.agreement.signatures}
    rows = Partner.objects.filter(node__in=nodes).order_by("node").values_list("token", "past")
    return tuple(each for token, past in rows for each in (*past[-MOST_PAST:], token))
