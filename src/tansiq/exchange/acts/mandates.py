"""What is done with liaison posts: open and end one, give it cases and take them back, hand it over; be told of one.

Each step is a new numbered statement of the whole post, which the host's node gets in a sealed letter.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from msgspec.structs import replace

from tansiq.exchange import canon, mandates
from tansiq.exchange.acts import control
from tansiq.exchange.acts.log import record
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.posts import CaseOfPost, MandateLetter
from tansiq.exchange.label import pseudonym
from tansiq.exchange.mandates import Mandate, Post, PostBasis, PostReason
from tansiq.exchange.models import Envelope, LiaisonPost
from tansiq.exchange.models.channels import Channel, channels, confirmed
from tansiq.exchange.models.mandates import keep_cases
from tansiq.exchange.models.own import own
from tansiq.exchange.values import Detail, ExchangeBasis, ExchangeReason
from tansiq.ground.errors import Missing
from tansiq.ground.ids import uuid7
from tansiq.ground.verdict import Refused
from tansiq.parties.duties import Permission
from tansiq.parties.values import NODE, Officer, node_of


@transaction.atomic
def open_post(
    *,
    sending: str,
    host: str,
    topics: tuple[str, ...],
    regions: tuple[str, ...],
    since: datetime,
    until: datetime,
    officer: Officer,
    by: Officer,
    now: datetime,
) -> Post | Refused:
    """Open a liaison post of an agency of ours at a partner's, held by `officer`, under the agreement in force."""
    channel = _channel(sending, host, now)
    if channel is None:
        return Refused(PostReason.NO_AGREEMENT, ExchangeBasis.AGREEMENT)
    mandate = Mandate(
        post=uuid7(now),
        agreement=channel.digest,
        sending=sending,
        host=host,
        topics=tuple(sorted(set(topics))),
        regions=tuple(sorted(set(regions))),
        since=since,
        until=until,
    )
    verdict = mandates.may_open(mandate, channel.terms.topics, now)
    if isinstance(verdict, Refused):
        return verdict
    if not mandates.fits(officer, mandate):
        return Refused(PostReason.NO_LIAISON_OFFICER, PostBasis.MANDATE)
    post = Post(mandate=mandate, n=1, holder=officer.name, person=officer.person)
    row = LiaisonPost(
        id=mandate.post,
        agreement=mandate.agreement,
        digest=mandate.digest,
        sending=sending,
        host=host,
        topics=list(mandate.topics),
        regions=list(mandate.regions),
        since=since,
        until=until,
        holder=post.holder,
        person=post.person,
    )
    row.save(force_insert=True)
    return _told(row, post, Permission.LIAISON_OPEN, by, now, {"host": host})


@transaction.atomic
def end_post(*, post: UUID, by: Officer, now: datetime) -> Post | Refused:
    """End a post before its time: nothing is delegated from now on."""
    row, known = _ours(post, by)
    verdict = mandates.may_end(known, now)
    if isinstance(verdict, Refused):
        return verdict
    return _said(row, replace(known, ended=now, handover=None), Permission.LIAISON_END, by, now)


@transaction.atomic
def assign_case(
    *,
    post: UUID,
    case: UUID,
    reference: str,
    topic: str,
    region: str,
    until: datetime,
    by: Officer,
    now: datetime,
) -> Post | Refused:
    """Give a case to a post, from now until a day within its mandate."""
    row, known = _ours(post, by)
    named = canon.clean(reference.strip())[:120]
    given = CaseOfPost(case=case, reference=named or str(case), topic=topic, region=region, since=now, until=until)
    verdict = mandates.may_assign(known, given, now)
    if isinstance(verdict, Refused):
        return verdict
    others = tuple(each for each in known.cases if each.case != case)
    detail: Detail = {"delegated": str(case)}
    return _said(row, replace(known, cases=(*others, given)), Permission.LIAISON_ASSIGN, by, now, detail)


@transaction.atomic
def withdraw_case(*, post: UUID, case: UUID, by: Officer, now: datetime) -> Post | Refused:
    """Take a case back from a post: its letters stop passing at this moment."""
    row, known = _ours(post, by)
    verdict = mandates.may_withdraw(known, case, now)
    if isinstance(verdict, Refused):
        return verdict
    left = tuple(replace(each, until=now) if each.case == case else each for each in known.cases)
    detail: Detail = {"delegated": str(case)}
    return _said(row, replace(known, cases=left), Permission.LIAISON_WITHDRAW, by, now, detail)


@transaction.atomic
def hand_over(*, post: UUID, to: Sequence[Officer], by: Officer, now: datetime) -> Post | Refused:
    """Offer a post to the next officer, by its holder. `to` are the duties that the other holds now.

    The holder keeps the post until the other takes over: the post is never without an officer, nor with two.
    """
    row, known = _ours(post, by)
    verdict = mandates.may_hand_over(known, by, to, now)
    if isinstance(verdict, Refused):
        return verdict
    chosen = next(each for each in to if mandates.fits(each, known.mandate))
    row.next_person, row.next_holder, row.offered = chosen.person, chosen.name, now
    row.save(update_fields=["next_person", "next_holder", "offered"])
    record(event=Permission.LIAISON_HAND_OVER, thing=row.id, by=by, now=now, detail={"officer": chosen.name})
    return row.value()


@transaction.atomic
def take_over(*, post: UUID, by: Officer, now: datetime) -> Post | Refused:
    """Take over a post that its holder offered: from this moment the one has its cases, and the other no more."""
    row, known = _ours(post, by)
    verdict = mandates.may_take_over(known, by, now)
    if isinstance(verdict, Refused):
        return verdict
    before = known.holder
    taken = replace(known, holder=by.name, person=by.person, handover=None)
    detail: Detail = {"officer": before, "items": open_items(known, now)}
    return _said(row, taken, Permission.LIAISON_TAKE_OVER, by, now, detail)


@transaction.atomic
def receive_mandate(*, letter: MandateLetter, sender: str, envelope: UUID, now: datetime) -> Post | Refused:
    """Take what a partner tells of a post that it sends to an agency of ours. An older statement changes nothing."""
    channel = channels(now).get(Envelope.objects.values_list("agreement", flat=True).get(ref=envelope))
    if channel is None or channel.terms.mechanism is not Mechanism.LIAISON or node_of(letter.host) != own().node:
        return Refused(PostReason.NOT_YOURS, PostBasis.MANDATE)
    told = _told_of(letter, channel.digest)
    row = LiaisonPost.objects.select_for_update().prefetch_related("cases").filter(id=letter.post).first()
    known = None if row is None else row.value()
    verdict = mandates.may_receive(known, told, sender, channel.terms.parties)
    if isinstance(verdict, Refused):
        return told if verdict.reason is PostReason.OLDER and known is not None else verdict
    if row is None:
        row = LiaisonPost(
            id=letter.post,
            agreement=channel.digest,
            digest=told.mandate.digest,
            sending=letter.sending,
            host=letter.host,
            topics=list(letter.topics),
            regions=list(letter.regions),
            since=letter.since,
            until=letter.until,
        )
    row.n, row.holder, row.ended = letter.n, letter.holder, letter.ended
    row.save()
    keep_cases(row, told.cases)
    record(event=Permission.MANDATE_RECEIVE, thing=row.id, by=sender, now=now, detail={"officer": letter.holder})
    return told


def open_items(post: Post, now: datetime) -> int:
    """How many letters of a post's cases wait here for somebody to act on them: they pass to the next officer."""
    names = [UUID(pseudonym(post.mandate.agreement, each.case)) for each in post.current(now)]
    rows = Envelope.objects.filter(agreement=post.mandate.agreement, case__in=names, direction="in")
    return rows.filter(state__in=("accepted", "read")).count()


def _told_of(letter: MandateLetter, agreement: str) -> Post:
    return Post(
        mandate=Mandate(
            post=letter.post,
            agreement=agreement,
            sending=letter.sending,
            host=letter.host,
            topics=letter.topics,
            regions=letter.regions,
            since=letter.since,
            until=letter.until,
        ),
        n=letter.n,
        holder=letter.holder,
        person=NODE,
        ended=letter.ended,
        cases=letter.cases,
    )


def _channel(sending: str, host: str, now: datetime) -> Channel | None:
    """The liaison agreement in force between two agencies: the newest where there are more."""
    both = {sending, host}
    fit = [each for each in channels(now).values() if each.terms.mechanism is Mechanism.LIAISON and each.passes]
    joined = sorted(
        (each for each in fit if both <= {*each.terms.parties}), key=lambda each: (each.terms.since, each.digest)
    )
    ours = node_of(sending) == settings.TANSIQ_NODE and node_of(host) != settings.TANSIQ_NODE
    return joined[-1] if joined and ours else None


def _ours(post: UUID, by: Officer) -> tuple[LiaisonPost, Post]:
    """A post of an agency of ours; to officers of other agencies it is not there."""
    row = LiaisonPost.objects.select_for_update().prefetch_related("cases").filter(id=post).first()
    mine = row is not None and node_of(row.sending) == own().node and (by.oversees or by.party == row.sending)
    if row is None or not mine:
        raise Missing("There is no such post.")
    return row, row.value()


def _said(
    row: LiaisonPost, post: Post, event: Permission, by: Officer, now: datetime, detail: Detail | None = None
) -> Post | Refused:
    """Keep a post as it stands from now on, under the next number, and tell its host."""
    said = replace(post, n=row.n + 1)
    row.n, row.holder, row.person, row.ended = said.n, said.holder, said.person, said.ended
    if said.handover is None:
        row.next_person, row.next_holder, row.offered = None, "", None
    row.save()
    keep_cases(row, said.cases)
    return _told(row, said, event, by, now, detail or {})


def _told(
    row: LiaisonPost, post: Post, event: Permission, by: Officer, now: datetime, detail: Detail
) -> Post | Refused:
    """Tell the host how the post stands now, and log what was done."""
    found = channels(now)
    channel = control.way(found, row.agreement, ours=row.sending, theirs=row.host, ended=True)
    if channel is not None:
        sent = control.tell(
            own(),
            channel,
            confirmed(),
            kind=Kind.MANDATE,
            letter=post.letter(),
            to=row.host,
            by=by,
            sender=row.sending,
            now=now,
        )
        if sent is None:
            transaction.set_rollback(True)
            return Refused(ExchangeReason.NO_PARTNER, ExchangeBasis.HOUSE)
    record(event=event, thing=row.id, by=by, now=now, detail=detail)
    return post
