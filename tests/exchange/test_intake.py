"""The door under real HTTP: what it takes, what it turns away, and what it never loses."""

import asyncio
import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
import pytest
from django.db import OperationalError

from tansiq.exchange import acts, canon, receipts, seal, transport
from tansiq.exchange import intake as doors
from tansiq.exchange.acts.judging import Judged, Parcel
from tansiq.exchange.acts.judging import judge as whole
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.models import Envelope, Partner, Receipt
from tansiq.exchange.receipts import ReceiptState
from tansiq.ground import clock
from tests import neighbour as neighbours
from tests.exchange.doors import open_door
from tests.neighbour import FIRST, Neighbour

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rescue(serving_es: Neighbour) -> str:
    return neighbours.agree(Mechanism.RESCUE, serving_es, now=clock.now())


@pytest.fixture
def door(serving_es: Neighbour) -> Iterator[str]:
    """Our door, with a neighbour that it knows."""
    with open_door() as url:
        yield url


def states(es: Neighbour, tokens: tuple[str, ...]) -> list[ReceiptState]:
    return [receipts.read_receipt(token, es.known().verifier).state for token in tokens]


def test_singles_frames_and_a_bundle_are_received(serving_es: Neighbour, rescue: str, door: str) -> None:
    es, now = serving_es, clock.now()
    assert states(es, es.send(door, now, es.seal(rescue, now))) == [ReceiptState.ACCEPTED]
    assert states(es, es.send(door, now, *(es.seal(rescue, now) for _ in range(3)))) == [ReceiptState.ACCEPTED] * 3
    drafts = [es.draft(rescue, now) for _ in range(5)]
    bundle = seal.write_bundle([each.envelope for each in seal.finish_bundle(drafts, es.keys.signer)])
    status, raw, _ = es.post(door, "/tsq1/envelopes", bundle, now)

    assert status == 200
    assert states(es, msgspec.json.decode(raw, type=transport.Answer).receipts) == [ReceiptState.ACCEPTED] * 5
    assert Envelope.objects.count() == 9


def test_many_at_once_are_received_in_groups(serving_es: Neighbour, rescue: str, door: str) -> None:
    es, now = serving_es, clock.now()
    envelopes = [es.seal(rescue, now) for _ in range(24)]
    found: list[ReceiptState] = []
    threads = [threading.Thread(target=lambda e=e: found.extend(states(es, es.send(door, now, e)))) for e in envelopes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert found == [ReceiptState.ACCEPTED] * 24
    assert Envelope.objects.count() == 24


@pytest.mark.parametrize(
    "wrong",
    ["no headers", "unknown node", "wrong key", "another body", "another path", "another node", "old signature"],
)
def test_a_stranger_gets_one_answer_whatever_is_wrong(
    serving_es: Neighbour, rescue: str, door: str, wrong: str
) -> None:
    es, now = serving_es, clock.now()
    body = canon.lp(es.seal(rescue, now).raw)
    path = "/tsq1/envelopes"
    signer = neighbours.keys_of("mallory").signer if wrong == "wrong key" else es.keys.signer
    headers = transport.sign(
        signer,
        method="POST",
        path="/tsq1/receipts" if wrong == "another path" else path,
        node="xx" if wrong == "unknown node" else "es",
        to="de" if wrong == "another node" else "ma",
        now=now,
        body=b"other" if wrong == "another body" else body,
    )
    if wrong == "no headers":
        headers = {}
    if wrong == "old signature":
        headers["Tansiq-Time"] = str(canon.millis(now) - 1)
    parts = urlsplit(door)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()

    assert (answer.status, answer.read()) == (403, transport.STRANGER)
    connection.close()
    assert not Envelope.objects.exists()


def test_a_partner_whose_clock_is_off_is_told(serving_es: Neighbour, rescue: str, door: str) -> None:
    long_ago = clock.now() - timedelta(hours=1)

    status, raw, _ = serving_es.post(door, "/tsq1/envelopes", canon.lp(b"x"), long_ago)

    assert (status, raw) == (409, b'{"error":"clock"}')


def test_a_distress_passes_whatever_the_clocks_say(serving_es: Neighbour, rescue: str, door: str) -> None:
    es, picture = serving_es, neighbours.agree(Mechanism.PICTURE, serving_es, now=clock.now())
    then, distress = clock.now() - timedelta(hours=1), es.seal(rescue, clock.now())
    other = es.seal(picture, clock.now())

    status, raw, _ = es.post(door, "/tsq1/envelopes", canon.lp(distress.raw), then)
    beside, _, _ = es.post(door, "/tsq1/envelopes", canon.lp(distress.raw, other.raw), then)

    assert status == 200
    assert states(es, msgspec.json.decode(raw, type=transport.Answer).receipts) == [ReceiptState.ACCEPTED]
    assert beside == 409


@pytest.mark.parametrize("told", [True, False], ids=["length told", "length hidden"])
def test_an_oversized_body_is_turned_away(
    serving_es: Neighbour, rescue: str, door: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "MOST_BODY", 10_000)
    body, now = b"x" * 20_000, clock.now()
    if told:
        status, _, _ = serving_es.post(door, "/tsq1/envelopes", body, now)
    else:
        headers = transport.sign(
            serving_es.keys.signer, method="POST", path="/tsq1/envelopes", node="es", to="ma", now=now, body=body
        )
        parts = urlsplit(door)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        connection.request("POST", "/tsq1/envelopes", iter([body]), headers, encode_chunked=True)
        status = connection.getresponse().status
        connection.close()

    assert status == 413


def unfinished(door: str, node: str, body: bytes) -> http.client.HTTPConnection:
    """A body that somebody begins in a partner's name, with no signature of its, and does not end."""
    parts = urlsplit(door)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.putrequest("POST", "/tsq1/envelopes")
    for name, value in {"Tansiq-Node": node, "Tansiq-To": "ma", "Tansiq-Time": "1"}.items():
        connection.putheader(name, value)
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    connection.send(b"%x\r\n%b\r\n" % (len(body), body))
    return connection


def test_what_strangers_begin_in_a_partners_name_fills_no_memory(
    serving_es: Neighbour, rescue: str, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    es, now = serving_es, clock.now()
    monkeypatch.setattr(doors, "MOST_READING", 20_000)
    first = unfinished(door, "es", b"x" * 15_000)
    time.sleep(0.3)
    second = unfinished(door, "es", b"x" * 15_000)

    assert second.getresponse().status == 503
    first.close()
    second.close()
    time.sleep(0.3)
    assert states(es, es.send(door, now, es.seal(rescue, now))) == [ReceiptState.ACCEPTED], "what was given up is free"


def test_a_body_that_does_not_come_is_given_up(
    serving_es: Neighbour, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "READ_SECONDS", 0.2)
    slow = unfinished(door, "es", b"x")

    assert slow.getresponse().status == 408
    slow.close()


def test_what_one_sender_breaks_the_others_do_not_pay_for(
    serving_es: Neighbour, rescue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    es, now = serving_es, clock.now()
    good, bad = es.seal(rescue, now), es.seal(rescue, now)

    def judge(*, parcels: Sequence[Parcel], now: datetime) -> Judged:
        if any(parcel.raw == bad.raw for parcel in parcels):
            raise ValueError("something nobody thought of")
        return whole(parcels=parcels, now=now)

    monkeypatch.setattr(doors, "judge", judge)
    loop = asyncio.new_event_loop()
    jobs = [doors.Job([Parcel(each.raw, "es")], None, loop.create_future(), loop, 0) for each in (bad, good)]

    (_, refused), (_, tokens) = doors._receive(jobs)
    loop.close()

    assert isinstance(refused, OSError)
    assert states(es, tokens) == [ReceiptState.ACCEPTED]


def test_nothing_is_decompressed(serving_es: Neighbour, rescue: str, door: str) -> None:
    status, _, _ = serving_es.post(door, "/tsq1/envelopes", b"x", clock.now(), content_encoding="gzip")

    assert status == 415


@pytest.mark.parametrize("body", [b"", b"\x00\x00\x00\xff", b"TSQB", b"\x00\x00\x00\x01", b"TSQB\x00\x00\x00\x09ab"])
def test_a_body_that_is_no_frames_is_malformed(serving_es: Neighbour, door: str, body: bytes) -> None:
    status, _, _ = serving_es.post(door, "/tsq1/envelopes", body, clock.now())

    assert status == 400


def test_when_it_is_full_it_asks_to_come_back_but_takes_rescue(serving_es: Neighbour, rescue: str) -> None:
    es, now = serving_es, clock.now()
    body = len(es.seal(rescue, now).raw) + 200
    with open_door(most_waiting=int(body / 0.85)) as door:
        assert states(es, es.send(door, now, es.seal(rescue, now))) == [ReceiptState.ACCEPTED]
        other = canon.lp(es.seal("f" * 64, now, raw=b"x" * 400).raw)
        status, _, headers = es.post(door, "/tsq1/envelopes", other, now)
        assert status == 503
        assert "retry-after" in headers


def test_a_partner_has_a_quota_and_rescue_another(serving_es: Neighbour, rescue: str) -> None:
    es, now = serving_es, clock.now()
    with open_door(rate=0.001, burst=2.0) as door:
        other = [canon.lp(es.seal("f" * 64, now).raw) for _ in range(3)]
        assert [es.post(door, "/tsq1/envelopes", body, now)[0] for body in other] == [200, 200, 429]
        assert states(es, es.send(door, now, es.seal(rescue, now))) == [ReceiptState.ACCEPTED]


@pytest.mark.parametrize("error", [OperationalError("database or disk is full"), OSError(28, "No space left")])
def test_on_a_full_disk_nothing_is_answered_and_nothing_lost(
    serving_es: Neighbour, rescue: str, door: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    es, now = serving_es, clock.now()
    envelope = es.seal(rescue, now)
    from tansiq.exchange.acts import receiving

    def full(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(receiving.bulk, "insert", full)
        status, raw, headers = es.post(door, "/tsq1/envelopes", canon.lp(envelope.raw), now)
        assert (status, headers["retry-after"]) == (503, "5")
        assert b"receipts" not in raw
    assert not Envelope.objects.exists()

    assert states(es, es.send(door, now, envelope)) == [ReceiptState.ACCEPTED]
    assert Receipt.objects.count() == 1


def test_a_lost_receipt_is_given_again(serving_es: Neighbour, rescue: str, door: str) -> None:
    es, now = serving_es, clock.now()
    envelope = es.seal(rescue, now)
    first = es.send(door, now, envelope)
    acts.suspend_agreement(agreement=rescue, party="ma.marine", by=FIRST, now=now)

    assert es.send(door, clock.now(), envelope) == first


def test_the_head_is_shown_with_the_proof_that_it_continues(serving_es: Neighbour, rescue: str, door: str) -> None:
    es, now = serving_es, clock.now()

    def head(query: str) -> tuple[receipts.SignedHead, transport.HeadAnswer]:
        _, raw, _ = es.post(door, f"/tsq1/head{query}", b"", clock.now(), method="GET")
        answer = msgspec.json.decode(raw, type=transport.HeadAnswer)
        return receipts.read_head(answer.head, es.known().log_verifier), answer

    old, _ = head("")
    es.send(door, now, *(es.seal(rescue, now) for _ in range(5)))
    new, answer = head(f"?epoch={old.epoch}&size={old.size}")

    assert new.size == old.size + 5
    assert receipts.compare(old, new, answer.proof) is receipts.Comparison.OK


def test_a_partner_sends_its_signature_and_its_newer_card(serving_es: Neighbour, door: str) -> None:
    es, now = serving_es, clock.now()
    digest = neighbours.agree(Mechanism.PICTURE, es, now=now, signed=False)
    from tansiq.exchange import reads
    from tansiq.exchange.agreements import standing

    papers = reads.papers(agreement=digest)
    token = standing.sign_agreement(digest, party="es.salvamento", now=now, signer=es.keys.signer)
    body = canon.lp(msgspec.json.encode(msgspec.structs.replace(papers, signatures={"es.salvamento": token})))
    _, raw, _ = es.post(door, "/tsq1/agreements", body, now)
    assert msgspec.json.decode(raw, type=transport.Words).answers == ("done",)
    assert set(reads.papers(agreement=digest).signatures) == {"es.salvamento"}

    newer, older = es.card(number=3), es.card(number=2)
    for card, answer in ((newer, "done"), (older, "refused")):
        _, raw, _ = es.post(door, "/tsq1/card", canon.lp(card.encode()), now)
        assert msgspec.json.decode(raw, type=transport.Words).answers[0].startswith(answer)
    assert Partner.objects.get(node="es").token == newer


def test_a_partner_that_is_not_confirmed_is_a_stranger(serving_es: Neighbour, rescue: str, door: str) -> None:
    de = Neighbour(node="de", agency="de.bpol")
    acts.add_partner(card=de.card(), by=FIRST, now=clock.now())

    status, raw, _ = de.post(door, "/tsq1/envelopes", canon.lp(b"x"), clock.now())

    assert (status, raw) == (403, transport.STRANGER)
