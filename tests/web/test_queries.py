"""A page costs the same number of queries however many rows it shows. A number may fall; to raise one, say why here."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import world
from tests.web import sea

BASELINE = {  # four of them are the session, its person, their posts and the channels
    "/duty": 29,  # eight of them the newest case, whose drift and searches stand on the chart
    "/cases": 13,
    "alert": 9,
    "case": 18,
    "/exchange": 7,
    "/exchange/agreements": 7,
    "/ledger": 12,
    "/figures": 10,
    "/people": 10,
    "/directory": 7,
}


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 12])
def test_queries_do_not_grow_with_rows(rows: int, home: Path) -> None:
    made = sea.fill(rows)
    addresses = {"alert": f"/alerts/{made.alert}", "case": f"/cases/{made.case}"}
    duties = {address: duty for duty, address in sea.pages()}
    asked = {}
    for page in BASELINE:
        address = addresses.get(page, page)
        client = world.sign_in(duties[address])
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        asked[page] = len(queries)

    assert asked == BASELINE
