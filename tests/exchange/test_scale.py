"""A node that has stored many letters answers as it did with few: what it looks at does not grow with what it holds."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tansiq.exchange import acts, proof, reads
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.exchange.models import Delivery, Envelope, Event, LedgerNode, Partaker, Receipt, bulk
from tansiq.exchange.models.ledger import root_at
from tansiq.exchange.reads.following import unfollowed
from tansiq.exchange.values import DeliveryState
from tansiq.parties.duties import Duty, Permission
from tests import neighbour as neighbours
from tests import world
from tests.effort import effort
from tests.exchange.sealed import NOW
from tests.neighbour import Neighbour

pytestmark = pytest.mark.django_db
FEW, MANY = 500, 10_000
FAR = datetime(2100, 1, 1, tzinfo=UTC)
OFFICER, ADMIN = world.stranger(Duty.DUTY_OFFICER), world.stranger(Duty.NODE_ADMINISTRATOR)
WATCH = world.stranger(Duty.WATCH_OFFICER)
AUDITOR = world.stranger(Duty.AUDITOR)
OTHERS = world.stranger(Duty.DUTY_OFFICER, "ma.gendarmerie")

Ask = Callable[[], object]


def _copies(model: type, fields: dict[str, object], count: int, **fresh: Callable[[int], object]) -> None:
    columns = [*fields, *fresh]
    rows = [(*fields.values(), *(make(number) for make in fresh.values())) for number in range(count)]
    bulk.insert(model, columns, rows)


def _fields(row: object, *without: str) -> dict[str, object]:
    """The columns of a row in the database's own form."""
    names = [field.column for field in row._meta.concrete_fields if field.column not in without]  # type: ignore[attr-defined]
    (values,) = bulk.select(type(row), names, **{row._meta.pk.column: row.pk})  # type: ignore[attr-defined,arg-type]
    return dict(zip(names, values, strict=True))


def grow(es: Neighbour, count: int) -> None:
    """`count` letters received, each with its receipt, event and a parcel that is done: copies of the one that came."""
    agreement = neighbours.agree(Mechanism.DIRECT, es, now=NOW) if not Envelope.objects.exists() else ""
    if agreement:
        said = {"kind": Kind.INFORMATION, "topic": "smuggling", "purpose": "prevention", "duty": "service-officer"}
        sealed = es.seal(agreement, NOW, letter=neighbours.information(), **said)
        acts.receive(parcels=[acts.Parcel(sealed.raw, es.node)], now=NOW)
        acts.mark_handed(envelope=Envelope.objects.get().ref, now=NOW)
    one = Envelope.objects.order_by("position")[0]
    base = 1_000_000 + Envelope.objects.count()
    ids = {"ref": lambda n: bulk.uuid(UUID(int=base + n)), "uid": lambda n: bulk.uuid(UUID(int=base + n))}
    digest = "{:064x}".format
    _copies(
        Envelope, _fields(one, "position", "ref", "uid", "digest"), count, position=lambda n: base + n,
        digest=lambda n: digest(base + n), **ids,
    )  # fmt: skip
    _copies(
        Receipt, _fields(one.receipts.get(), "id", "envelope_id", "digest"), count, id=lambda n: base + n,
        envelope_id=lambda n: base + n, digest=lambda n: digest(base + n),
    )  # fmt: skip
    _copies(
        Partaker,
        {"agency": "ma.marine", "kind": "information", "direction": "in"},
        count,
        envelope_id=lambda n: base + n,
    )
    event = Event.objects.get(name=Permission.ENVELOPE_RECEIVE.value, id__lt=1_000_000)
    _copies(Event, _fields(event, "id", "thing"), count, id=lambda n: base + n, thing=lambda n: bulk.uuid(UUID(int=n)))
    done = {"node": es.node, "thing": "envelope", "payload": "", "rank": 1, "state": DeliveryState.DONE.value,
            "attempts": 1, "next_at": bulk.time(NOW), "trouble": ""}  # fmt: skip
    _copies(Delivery, done, count, envelope_id=lambda n: base + n)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _first() -> UUID:
    return Envelope.objects.order_by("position").values_list("ref", flat=True)[0]


ASKED: dict[str, Ask] = {
    "the newest letters": lambda: reads.envelopes(reader=OFFICER, limit=50),
    "older letters": lambda: reads.envelopes(reader=OFFICER, before=1_000_200, limit=50),
    "letters from a place on": lambda: reads.envelopes(reader=OFFICER, after=1_000_100, limit=100),
    "letters received": lambda: reads.envelopes(reader=OFFICER, direction="in", limit=50),
    "letters sent, of which there are none": lambda: reads.envelopes(reader=OFFICER, direction="out", limit=50),
    "letters of a kind": lambda: reads.envelopes(reader=OFFICER, kind="information", limit=50),
    "letters of a kind that never came": lambda: reads.envelopes(reader=OFFICER, kind="picture", limit=50),
    "letters of a kind that was only received": lambda: reads.envelopes(
        reader=OFFICER, kind="information", direction="out", limit=50
    ),
    "letters under an agreement": lambda: reads.envelopes(
        reader=OFFICER, agreement=Envelope.objects.values_list("agreement", flat=True)[0], limit=50
    ),
    "all letters, for who looks after the node": lambda: reads.envelopes(reader=AUDITOR, limit=50),
    "letters of a kind, for who looks after the node": lambda: reads.envelopes(
        reader=AUDITOR, kind="information", limit=50
    ),
    "letters sent, for who looks after the node": lambda: reads.envelopes(reader=AUDITOR, direction="out", limit=50),
    "letters of a kind under an agreement": lambda: reads.envelopes(
        reader=OFFICER,
        agreement=Envelope.objects.values_list("agreement", flat=True)[0],
        kind="information",
        direction="out",
        limit=50,
    ),
    "letters of another agency, of which there are none": lambda: reads.envelopes(reader=OTHERS, limit=50),
    "received letters of another agency": lambda: reads.envelopes(reader=OTHERS, direction="in", limit=50),
    "letters of a kind and another agency": lambda: reads.envelopes(
        reader=OTHERS, kind="information", direction="in", limit=50
    ),
    "letters of a case": lambda: reads.envelopes(reader=OFFICER, case=UUID(int=5), limit=50),
    "one letter": lambda: reads.envelope(envelope=_first(), reader=OFFICER),
    "its line in the log": lambda: reads.log(reader=OFFICER, things=(_first(),)),
    "the log of who sees letters": lambda: reads.log(reader=OFFICER),
    "the log of who sees none": lambda: reads.log(reader=WATCH),
    "the log of who looks after the node": lambda: reads.log(reader=ADMIN),
    "what happened since": lambda: reads.events(after=0, reader=WATCH),
    "what is to follow": lambda: unfollowed(names=[Permission.CASE_OPEN.value, Permission.CASE_CLOSE.value]),
    "what waits for a room": lambda: reads.unhanded(limit=100),
    "what is due to a partner": lambda: reads.due(node="es", now=NOW),
    "to whom something is due": lambda: reads.due_nodes(now=NOW),
    "how channels fare": lambda: reads.channel_health(reader=ADMIN),
    "where the ledger stands": lambda: reads.ledger_state(reader=AUDITOR),
}


def test_nothing_asks_for_more_where_more_is_stored(es: Neighbour) -> None:
    grow(es, FEW)
    few = {story: effort(ask) for story, ask in ASKED.items()}
    grow(es, MANY)
    many = {story: effort(ask) for story, ask in ASKED.items()}

    grown = {story: (few[story], many[story]) for story in ASKED if many[story] > 2 * few[story] + 300}
    assert not grown


def test_a_page_begins_where_the_one_before_it_ended(es: Neighbour) -> None:
    grow(es, FEW)
    seen: list[int] = []
    before = None
    while lines := reads.envelopes(reader=OFFICER, direction="in", kind="information", before=before, limit=100):
        seen += [line.position for line in lines]
        before = seen[-1]

    assert seen == sorted(Envelope.objects.values_list("position", flat=True), reverse=True)


def test_the_log_is_the_newest_of_what_its_reader_sees(es: Neighbour) -> None:
    grow(es, FEW)
    names = {Permission.PARTNER_ADD.value, Permission.PARTNER_CONFIRM.value}
    everything = [event.id for event in Event.objects.order_by("-id")]

    assert [event.id for event in reads.log(reader=AUDITOR)] == everything[:60]
    assert names <= {event.name for event in reads.log(reader=ADMIN)}
    assert [event.id for event in reads.events(after=0, reader=AUDITOR, limit=7)] == sorted(everything)[:7]


@pytest.mark.parametrize("size", [1, 2, 3, 64, 100, 257])
def test_a_proof_is_fetched_at_once(size: int, es: Neighbour) -> None:
    agreement = neighbours.agree(Mechanism.DIRECT, es, now=NOW)
    said = {"kind": Kind.INFORMATION, "topic": "smuggling", "purpose": "prevention", "duty": "service-officer"}
    letters = [es.seal(agreement, NOW, letter=neighbours.information(str(n)), **said) for n in range(size)]
    acts.receive(parcels=[acts.Parcel(each.raw, es.node) for each in letters], now=NOW)
    acts.sign_head(now=NOW)
    row = Envelope.objects.order_by("position")[size // 2]

    with CaptureQueriesContext(connection) as asked:
        document = reads.proof_of(envelope=row.ref)

    from tansiq.exchange.models.own import own

    proved = proof.check(document, own().keys.log.verifier)
    assert (proved.index, proved.head.root) == (row.leaf, root_at(proved.head.size).hex())
    assert proved.entry is not None
    assert len(asked) <= 4
    assert LedgerNode.objects.count() > size


def test_pages_of_a_list_and_of_a_figure_lead_on(es: Neighbour) -> None:
    grow(es, FEW)
    writer, officer = world.sign_in(Duty.REPORT_WRITER), world.sign_in(Duty.SERVICE_OFFICER)
    agreement = Envelope.objects.values_list("agreement", flat=True)[0]

    records, address = list[str](), "/figures/envelopes?start=2026-02-01&end=2026-04-01"
    letters, page = list[str](), f"/exchange?agreement={agreement}&direction=in"
    while address:
        text = writer.get(address).content.decode()
        records += ROW.findall(text)
        address = _next(text, "/figures/envelopes")
    while page:
        text = officer.get(page).content.decode()
        letters += ROW.findall(text)
        page = _next(text, "/exchange")

    assert len(records) == len({*records}) == FEW + 1
    assert len(letters) == len({*letters}) == FEW + 1


ROW = re.compile(r"/exchange/envelopes/([0-9a-f-]{36})\"")


def _next(text: str, path: str) -> str:
    """Where the page's link to the next one leads."""
    found = re.search(r'<p class="buttons"><a class="button" href="(\?[^"]+)">', text)
    return path + found[1].replace("&amp;", "&") if found else ""
