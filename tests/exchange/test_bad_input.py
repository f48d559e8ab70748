"""What a partner, or who took over its keys, may ask at the door without bringing it down."""

from collections.abc import Iterator

import pytest

from tansiq.exchange import canon, intake
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.models import Agreement, Envelope, Partner
from tansiq.ground import clock
from tests import neighbour as neighbours
from tests.exchange.doors import open_door
from tests.neighbour import Neighbour

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door(serving_es: Neighbour) -> Iterator[str]:
    neighbours.agree(Mechanism.RESCUE, serving_es, now=clock.now())
    with open_door() as address:
        yield address


QUERIES = (
    "?epoch=1&size=-1",
    "?epoch=-1&size=1",
    "?epoch=1&size=999999999999999999999999",
    "?epoch=1&size=9223372036854775807",
    "?epoch=99999999999999999999&size=1",
    "?size=1",
    "?epoch=1",
    "?epoch=1&size=1&size=2",
    "?epoch=%00&size=1",
    "?epoch=" + "9" * 100_000 + "&size=1",
    "?size=" + "9" * 4_000,
    "?epoch=%D9%A3&size=1",
    "?epoch=1_0&size=+1",
    "?" + "&".join(["epoch=1"] * 1_000),
    "?epoch=one&size=1",
    "?" + "x" * 3000,
)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:40])
def test_any_question_about_the_head_is_answered_or_malformed(serving_es: Neighbour, door: str, query: str) -> None:
    status, _, _ = serving_es.post(door, f"/tsq1/head{query}", b"", clock.now(), method="GET")

    assert status in (200, 400)


FRAMES = {
    "nothing in it": b"",
    "zeros": bytes(100),
    "every byte": bytes(range(256)),
    "text of another script": "قارب".encode(),
    "deep JSON": b"[" * 5000,
    "an object": b"{}",
    "a document that is none": b'{"document":"{}","signatures":{},"statements":[]}',
    "signatures that are none": b'{"document":"x","signatures":{"es.salvamento":"a.b.c"},"statements":["x"]}',
    "a long token": b"x" * 300_000,
    "three parts": b"a.b.c",
}


@pytest.mark.parametrize("path", ["/tsq1/envelopes", "/tsq1/receipts", "/tsq1/agreements", "/tsq1/card"])
@pytest.mark.parametrize("story", FRAMES)
def test_whatever_a_partner_posts_is_answered_and_changes_nothing(
    serving_es: Neighbour, door: str, path: str, story: str
) -> None:
    before = Agreement.objects.count(), Partner.objects.get(node="es").token

    status, raw, _ = serving_es.post(door, path, canon.lp(FRAMES[story]), clock.now())

    assert status in (200, 400), raw
    assert b"done" not in raw
    assert (Agreement.objects.count(), Partner.objects.get(node="es").token) == before
    assert not Envelope.objects.exists()


ASKED = {
    "/tsq1/receipts": ("POST", "rate", "burst"),
    "/tsq1/agreements": ("POST", "PAPERS_RATE", "PAPERS_BURST"),
    "/tsq1/card": ("POST", "PAPERS_RATE", "PAPERS_BURST"),
    "/tsq1/head": ("GET", "HEAD_RATE", "HEAD_BURST"),
    "/tsq1/catch-up": ("GET", "CATCH_UP_RATE", "CATCH_UP_BURST"),
}


@pytest.mark.parametrize("path", ASKED)
def test_whatever_a_partner_asks_for_it_asks_for_so_often_alone(
    serving_es: Neighbour, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbours.agree(Mechanism.RESCUE, serving_es, now=clock.now())
    method, rate, burst = ASKED[path]
    if rate.isupper():
        monkeypatch.setattr(intake, rate, 0.001)
        monkeypatch.setattr(intake, burst, 2.0)
    with open_door(**({} if rate.isupper() else {rate: 0.001, burst: 2.0})) as door:
        body = canon.lp(serving_es.card().encode()) if method == "POST" else b""
        said = [serving_es.post(door, path, body, clock.now(), method=method) for _ in range(4)]
        many = serving_es.post(door, path, canon.lp(*[b"a.b.c"] * 3), clock.now())

    assert [status for status, _, _ in said] == [200, 200, 429, 429]
    assert "retry-after" in said[-1][2]
    assert many[0] in (429, 405)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_offered(serving_es: Neighbour, door: str, method: str) -> None:
    status, _, _ = serving_es.post(door, "/tsq1/envelopes", b"", clock.now(), method=method)

    assert status == 405
