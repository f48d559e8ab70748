"""How the channels fare: times from receipts, queues, what carries letters when a partner is silent, reciprocity."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tansiq.exchange import acts, canon, measures, reads, receipts
from tansiq.exchange.acts.delivering import Reply
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Delivery, Envelope, Event, Partner
from tansiq.exchange.receipts import ReceiptState
from tansiq.exchange.values import Sent
from tansiq.ground import clock
from tansiq.parties.duties import Duty, Permission
from tests import neighbour as neighbours
from tests import world
from tests.exchange.sealed import NOW
from tests.neighbour import Neighbour

pytestmark = pytest.mark.django_db
START, END = NOW - timedelta(days=1), NOW + timedelta(days=1)
OFFICER = world.stranger(Duty.LIAISON_OFFICER)
ABOUT = {"topic": "smuggling", "purpose": "prevention"}

SPREADS = {
    "nothing": ([], (0, 0.0, 0.0)),
    "one": ([4.0], (1, 4.0, 4.0)),
    "ten": ([*map(float, range(1, 11))], (10, 5.0, 9.0)),
    "a clock that runs behind": ([-3.0, 1.0], (2, 0.0, 1.0)),
}


@pytest.mark.parametrize("story", SPREADS)
def test_median_and_ninetieth_percentile_are_nearest_rank(story: str) -> None:
    seconds, expected = SPREADS[story]

    found = measures.spread(seconds)

    assert (found.count, found.median, found.p90) == expected


def write(es: Neighbour, minutes: float = 0.0, **said: str) -> Sent:
    """A letter of information to the neighbour."""
    sent = acts.send(
        kind=Kind.INFORMATION,
        letter=neighbours.information(),
        mechanism="direct",
        to=(es.agency,),
        by=OFFICER,
        now=NOW + timedelta(minutes=minutes),
        **{**ABOUT, **said},
    )
    assert isinstance(sent, Sent), sent
    return sent


def receipted(es: Neighbour, sent: Sent, minutes: float, state: ReceiptState = ReceiptState.ACCEPTED) -> str:
    """The neighbour's first receipt, given some minutes after NOW."""
    digest, at = Envelope.objects.get(ref=sent.envelope).digest, NOW + timedelta(minutes=minutes)
    refused = "exchange.reason.forbidden" if state is ReceiptState.REFUSED else ""
    token = receipts.sign_receipt(
        receipts.Receipt(
            envelope=digest, recipient=es.node, n=0, prev="", state=state, agreement=sent.agreement,
            at=canon.millis(at), reason=refused,
        ),
        es.keys.signer,
    )  # fmt: skip
    waiting = Delivery.objects.get(envelope__digest=digest)
    assert acts.settle(node=es.node, replies=[Reply(waiting.id, token)], now=at, jitter=0.0) == 1
    return token


def read(es: Neighbour, sent: Sent, first: str, minutes: float) -> None:
    """The neighbour's receipt that somebody read the letter."""
    digest, at = Envelope.objects.get(ref=sent.envelope).digest, NOW + timedelta(minutes=minutes)
    token = receipts.sign_receipt(
        receipts.Receipt(
            envelope=digest, recipient=es.node, n=1, prev=receipts.jws.digest(first), state=ReceiptState.READ,
            agreement=sent.agreement, at=canon.millis(at),
        ),
        es.keys.signer,
    )  # fmt: skip
    assert acts.receive_receipts(tokens=[token], node=es.node, now=at) == ("done",)


def answered(es: Neighbour, sent: Sent, minutes: float) -> None:
    """The neighbour's letter in reply."""
    digest, at = Envelope.objects.get(ref=sent.envelope).digest, NOW + timedelta(minutes=minutes)
    sealed = es.seal(
        sent.agreement, at, letter=neighbours.information(), kind=Kind.INFORMATION, in_reply_to=digest,
        duty="liaison-officer", urgency="routine", **ABOUT,
    )  # fmt: skip
    (token,) = acts.receive(parcels=[acts.Parcel(sealed.raw, es.node)], now=at)
    assert receipts.read_receipt(token, es.known().verifier).state is ReceiptState.ACCEPTED


@pytest.fixture
def direct(es: Neighbour) -> str:
    return neighbours.agree(Mechanism.DIRECT, es, now=NOW)


def test_times_are_those_that_the_partners_receipts_name(es: Neighbour, direct: str) -> None:
    for place, (accepted, opened) in enumerate([(1, 10), (2, 20), (3, 60)]):
        sent = write(es)
        token = receipted(es, sent, accepted)
        read(es, sent, token, opened)
        if place == 0:
            answered(es, sent, 120)
    waits = write(es, minutes=1)

    (measure,) = reads.channel_measures(reader=OFFICER, now=NOW + timedelta(minutes=121))

    times = measure.times
    assert (times.receive.count, times.receive.median, times.receive.p90) == (3, 120.0, 180.0)
    assert (times.read.count, times.read.median, times.read.p90) == (3, 1200.0, 3600.0)
    assert (times.answer.count, times.answer.median) == (1, 7200.0)
    assert (measure.agreement, measure.node, measure.waiting) == (direct, "es", 1)
    assert measure.oldest == Envelope.objects.get(ref=waits.envelope).stored
    assert reads.times_to_read(reader=OFFICER) == {direct: times.read}


@pytest.mark.parametrize("letters", [1, 6])
def test_the_number_of_queries_does_not_grow(es: Neighbour, direct: str, letters: int) -> None:
    for _ in range(letters):
        answered(es, write(es), 5)
    with CaptureQueriesContext(connection) as asked:
        reads.channel_measures(reader=OFFICER, now=NOW)
        reads.fallbacks(reader=OFFICER, now=NOW)
        reads.reciprocity(start=START, end=END, reader=OFFICER)

    assert len(asked) == 20


def test_who_may_not_see_channels_sees_none(es: Neighbour, direct: str) -> None:
    write(es)
    watch = world.stranger(Duty.PROTECTION_OFFICER)

    assert reads.channel_measures(reader=watch, now=NOW) == ()
    assert reads.fallbacks(reader=watch, now=NOW) == ()
    assert reads.reciprocity(start=START, end=END, reader=watch) == ()
    assert reads.times_to_read(reader=watch) == {}


def test_a_partner_that_answers_nothing_is_cut_off_and_one_that_shows_its_head_is_not(
    es: Neighbour, direct: str
) -> None:
    def cut() -> bool:
        (measure,) = reads.channel_measures(reader=OFFICER, now=NOW)
        return measure.cut

    assert cut(), "it never answered"
    head = receipts.read_head(es.head(), es.keys.log.verifier)
    acts.witness_head(token=es.head(), head=head, comparison=receipts.Comparison.OK, by="es", now=NOW)
    assert not cut()
    Partner.objects.filter(node="es").update(seen_at=NOW - measures.SILENCE - timedelta(seconds=1))
    assert cut()


def test_what_waits_for_a_silent_partner_is_offered_the_channel_that_would_allow_it(es: Neighbour, direct: str) -> None:
    de = Neighbour("de", "de.bpol")
    neighbours.meet(de, NOW)
    other = neighbours.agree(Mechanism.DIRECT, de, now=NOW)
    neighbours.agree(Mechanism.STATISTICS, de, now=NOW)
    write(es)
    Partner.objects.filter(node="de").update(seen_at=NOW)

    (found,) = reads.fallbacks(reader=OFFICER, now=NOW)

    assert (found.node, found.agreement, found.to, found.letters) == ("es", other, ("de.bpol",), 1)
    Partner.objects.filter(node="de").update(seen_at=None)
    assert reads.fallbacks(reader=OFFICER, now=NOW) == (), "a channel that is cut too is no way out"
    Partner.objects.update(seen_at=NOW)
    assert reads.fallbacks(reader=OFFICER, now=NOW) == (), "nothing is offered where nothing is cut"


def test_reciprocity_counts_what_each_side_sent_refused_and_answered(es: Neighbour, direct: str) -> None:
    soon, late = write(es, urgency="urgent"), write(es, urgency="urgent")
    answered(es, soon, 60)
    answered(es, late, 60 * 9)
    receipted(es, write(es), 1, ReceiptState.REFUSED)
    barred = es.seal(
        direct, NOW, letter=neighbours.information(), kind=Kind.INFORMATION, duty="liaison-officer",
        urgency="routine", topic="political", purpose="prevention",
    )  # fmt: skip
    acts.receive(parcels=[acts.Parcel(barred.raw, "es")], now=NOW)

    (figures,) = reads.reciprocity(start=START, end=END, reader=OFFICER)

    assert (figures.node, figures.agreement, figures.sent, figures.received) == ("es", direct, 3, 3)
    assert (figures.theirs.asked, figures.theirs.answered, figures.theirs.in_time) == (2, 2, 1)
    assert figures.ours.asked == 0
    assert figures.refused_there == {"exchange.reason.forbidden": 1}
    assert figures.refused_here == {"exchange.reason.forbidden": 1}
    assert reads.reciprocity(start=END, end=END + timedelta(days=1), reader=OFFICER) == ()


@pytest.mark.parametrize(("language", "said"), [("en", "does not answer"), ("ar", "لا يجيب"), ("fr", "ne répond pas")])
def test_the_page_shows_a_cut_channel_and_so_does_the_bar(es: Neighbour, direct: str, language: str, said: str) -> None:
    receipted(es, write(es), 1)
    Partner.objects.filter(node="es").update(seen_at=clock.now() - timedelta(hours=1))
    browser = world.sign_in(Duty.DUTY_OFFICER, language=language)

    page = browser.get("/exchange/channels").content.decode()
    bar = browser.get("/duty").content.decode()

    assert said in page
    assert 'href="/exchange/channels#channel-es"' in bar


def test_reciprocity_is_downloaded_and_that_is_logged(es: Neighbour, direct: str) -> None:
    write(es)
    period = {"start": START.isoformat(), "end": END.isoformat()}

    answer = world.sign_in(Duty.AUDITOR).get("/exchange/channels/reciprocity.csv", period)

    assert answer.status_code == HTTPStatus.OK
    head, line = answer.content.decode().splitlines()
    row = dict(zip(head.split(","), line.split(","), strict=True))
    assert (row["partner"], row["agreement"], row["sent"], row["received"]) == ("es", direct, "1", "0")
    assert Event.objects.order_by("-id").values_list("name", flat=True)[0] == Permission.CHANNELS_EXPORT
