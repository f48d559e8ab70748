"""Know other nodes: show our card, take theirs, and trust one only when two persons have compared its words."""

from datetime import datetime, timedelta

from django.db import transaction

from tansiq.exchange import canon, cards, values
from tansiq.exchange.acts.log import name_of
from tansiq.exchange.cards import Succession
from tansiq.exchange.keys import KeySet, Signer
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.models import Partner
from tansiq.exchange.models.channels import known
from tansiq.exchange.models.ledger import Happening, Writer
from tansiq.exchange.models.own import own
from tansiq.exchange.values import ExchangeBasis, ExchangeReason, PartnerState
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer

CARD_LIFE = timedelta(days=730)


@transaction.atomic
def issue_card(*, agencies: tuple[str, ...], url: str, by: Officer | str, now: datetime) -> str:
    """Write and sign this node's card; it is one number higher than the card before. Answers its token."""
    return show(own().keys, None, agencies=agencies, url=url, by=by, now=now)


def show(
    keys: KeySet, replaces: Signer | None, *, agencies: tuple[str, ...], url: str, by: Officer | str, now: datetime
) -> str:
    """Write and keep this node's next card, of these keys; `replaces` is the key that endorses a new signing key."""
    me = own()
    row = Partner.objects.select_for_update().filter(node=me.node).first()
    token = cards.make_card(
        node=me.node,
        agencies=tuple(sorted(set(agencies))),
        number=row.card().number + 1 if row else 1,
        url=url,
        keys=keys,
        issued=now,
        expires=now + CARD_LIFE,
        replaces=replaces,
    )
    _log(Permission.PARTNER_ADD, me.node, token, by, now)
    past = [*row.past, row.token] if row else []
    fields = {
        "token": token, "past": past, "state": PartnerState.OWN.value, "added_by": name_of(by), "added_at": now,
    }  # fmt: skip
    Partner.objects.update_or_create(node=me.node, defaults=fields)
    return token


@transaction.atomic
def add_partner(*, card: str, by: Officer, now: datetime) -> values.Partner | Refused:
    """Take a partner's card. It is trusted when a second person confirms its words.

    A newer card of a partner that continues the one we hold needs no comparing. Raises `Malformed` or `Untrusted` for
    what is no card, or an older one.
    """
    new = cards.read_card(card)
    if new.node == own().node:
        return Refused(ExchangeReason.OWN_CARD, ExchangeBasis.HOUSE)
    row = Partner.objects.select_for_update().filter(node=new.node).first()
    if row is not None:
        step = cards.succeed(row.card(), new)
        if step is Succession.SAME:
            return row.value()
        if step is Succession.CONTINUES:
            return _continue(row, card, by, now)
    fields = {
        "token": card,
        "past": [*row.past, row.token] if row else [],
        "state": PartnerState.PENDING.value,
        "added_by": by.signature,
        "added_person": by.person,
        "added_at": now,
        "confirmed_by": "",
        "confirmed_at": None,
    }
    _log(Permission.PARTNER_ADD, new.node, card, by, now)
    row, _ = Partner.objects.update_or_create(node=new.node, defaults=fields)
    return row.value()


@transaction.atomic
def receive_card(*, card: str, node: str, now: datetime) -> values.Partner:
    """Take a newer card that a partner sent itself; only one that continues the card we hold is taken.

    Raises `Untrusted` otherwise: people must then compare words again.
    """
    new = cards.read_card(card)
    row = Partner.objects.select_for_update().filter(node=node).first()
    if row is None or new.node != node:
        raise Missing("There is no such partner.")
    step = cards.succeed(row.card(), new)
    if step is Succession.SAME:
        return row.value()
    if step is Succession.CONFIRM:
        raise Missing("The card does not continue the one that is held.", "Exchange cards again and compare words.")
    return _continue(row, card, node, now)


def _continue(row: Partner, card: str, by: Officer | str, now: datetime) -> values.Partner:
    _log(Permission.PARTNER_ADD, row.node, card, by, now)
    row.past, row.token = [*row.past, row.token], card
    row.save(update_fields=["past", "token"])
    return row.value()


@transaction.atomic
def confirm_partner(*, node: str, words: str, by: Officer, now: datetime) -> values.Partner | Refused:
    """Trust a partner whose words were compared by voice; another person than who added the card must do it."""
    row = Partner.objects.select_for_update().filter(node=node).exclude(state=PartnerState.OWN.value).first()
    if row is None:
        raise Missing(f"There is no partner {node}.", "Add its card first.")
    if by.person == row.added_person:
        return Refused(ExchangeReason.SAME_PERSON, ExchangeBasis.TWO_PERSONS)
    if _plain(words) != _plain(cards.fingerprint(row.card())):
        return Refused(ExchangeReason.WORDS_DIFFER, ExchangeBasis.HOUSE)
    if row.state == PartnerState.CONFIRMED.value:
        return row.value()
    _log(Permission.PARTNER_CONFIRM, node, row.token, by, now)
    row.state, row.confirmed_by, row.confirmed_at = PartnerState.CONFIRMED.value, by.signature, now
    row.save(update_fields=["state", "confirmed_by", "confirmed_at"])
    return row.value()


def _plain(words: str) -> str:
    return "-".join(words.lower().replace("-", " ").split())


def _log(event: Permission, node: str, token: str, by: Officer | str, now: datetime) -> None:
    card = known(token).card
    detail: values.Detail = {"node": node, "number": card.number, "card": canon.digest(token.encode()).hex()}
    writer = Writer()
    writer.append([Happening(EntryType.KEY, event.value, NODE, name_of(by), now, detail)])
    writer.close()
