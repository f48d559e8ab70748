"""Change the node's keys: new ones to sign and to open, while what was signed and sealed under the old still counts.

The new set is on the disk before anybody hears of it; the card that shows it, endorsed by the key before, goes to every
partner; then the node signs with it. A stop at any moment in between is settled at the next start. Where a key may be
in strange hands, nothing it signs may vouch for its successor: the new card is not endorsed, and people compare words.
"""

from datetime import datetime

from django.db import transaction

from tansiq.exchange import canon, cards, keystore
from tansiq.exchange.acts.partners import show
from tansiq.exchange.keys import KeySet
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Delivery, Partner
from tansiq.exchange.models.channels import OVERLAP, confirmed
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.models.own import own
from tansiq.exchange.values import DeliveryState, Detail, ExchangeBasis, ExchangeReason, PartnerState, Rotated
from tansiq.ground.errors import Unready
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer

CARD_RANK = 0
"""A card goes with the most urgent: letters signed by the new key are understood only by who has it."""


@transaction.atomic
def rotate_keys(*, by: Officer, second: Officer, now: datetime, compromised: bool = False) -> Rotated | Refused:
    """Make new keys and show them to the partners. Two different persons must do it.

    `compromised`: the old keys may be in strange hands. All of them go, the log key too; the old key endorses nothing,
    so that partners believe the new card only when people have compared its words.
    """
    if by.person == second.person:
        return Refused(ExchangeReason.SAME_PERSON, ExchangeBasis.TWO_PERSONS)
    settle_keys(now=now)
    me = own()
    fresh = me.keys.next(log=compromised)
    keystore.change(me.folder, coming=fresh.dump())
    token, told = _shown(fresh, by, second, now, compromised)
    transaction.on_commit(lambda: settle_keys(now=now))
    card = cards.read_card(token)
    return Rotated(number=card.number, words=cards.fingerprint(card), told=told, card=token)


@transaction.atomic
def settle_keys(*, now: datetime) -> bool:
    """Take the keys that the node's card shows, or drop those that it never showed; answers whether any were taken.

    Done before the node signs anything: a stop between disk and database leaves the two apart.
    """
    me = own()
    vault = keystore.unlock(me.folder)
    row = Partner.objects.filter(node=me.node).first()
    if not vault.coming or row is None:
        return False
    shown = row.card().verifier.kid == KeySet.load(vault.coming).signer.kid
    until = canon.millis(now + OVERLAP)
    keep = (keystore.Older(vault.keys, until), *vault.older) if shown else vault.older
    keystore.change(me.folder, keys=vault.coming if shown else vault.keys, older=keep, coming=b"")
    return shown


@transaction.atomic
def forget_keys(*, now: datetime) -> int:
    """Destroy old keys when nothing can come any more that they open; answers how many sets were left behind."""
    me = own()
    vault = keystore.unlock(me.folder)
    kept = tuple(each for each in vault.older if canon.millis(now) < each.until)
    gone = len(vault.older) - len(kept)
    if gone:
        _log({"destroyed": gone}, "node", now)
        transaction.on_commit(lambda: keystore.change(me.folder, older=kept))
    return gone


def _shown(
    fresh: KeySet, by: Officer, second: Officer, now: datetime, compromised: bool
) -> tuple[str, tuple[str, ...]]:
    """The card that shows the new keys, and to whom it goes of itself."""
    me = own()
    row = Partner.objects.select_for_update().filter(node=me.node, state=PartnerState.OWN.value).first()
    if row is None:
        raise Unready("This node has no card.", "Run tansiq node init.")
    old = row.card()
    replaces = None if compromised else me.keys.signer
    token = show(fresh, replaces, agencies=old.agencies, url=old.url, by=by, now=now)
    persons: Detail = {"by": by.signature, "with": second.signature, "compromised": int(compromised)}
    _log({"kid": fresh.signer.kid.hex(), **persons}, by.signature, now)
    told = () if compromised else tuple(sorted(confirmed()))
    for node in told:
        Delivery.objects.create(
            node=node, thing="card", payload=token, rank=CARD_RANK, state=DeliveryState.WAITING.value, next_at=now
        )
    return token, told


def _log(detail: Detail, by: str, now: datetime) -> None:
    writer = Writer()
    writer.append([Happening(EntryType.KEY, Permission.KEY_ROTATE.value, NODE, by, now, detail)])
    writer.close()
