"""A page costs the same number of queries however many rows it shows. A number may fall; to raise one, say why here."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tansiq.ground import clock
from tansiq.parties.duties import Duty
from tests import world
from tests.web import sea

BASELINE = {  # four of them are the session, its person, their posts and the channels
    "/duty": 31,  # eight the newest case, whose drift and searches stand on the chart; two what the reader may know of
    "/cases": 13,
    "alert": 10,
    "case": 19,
    "/exchange": 7,
    "/exchange/agreements": 8,
    "/exchange/channels": 23,  # statements are read whether there are agreements or not
    "/ledger": 12,
    "figures": 12,  # of a period that holds everything: the page's own ends with the last full minute
    "/people": 12,  # two of them the missions, at whose desks officials of several services sit
    "/directory": 7,
}
NINE_DAYS = timedelta(days=9)
EVERYTHING = urlencode({"start": clock.now() - NINE_DAYS, "end": clock.now() + NINE_DAYS})


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 12])
def test_queries_do_not_grow_with_rows(rows: int, home: Path) -> None:
    made = sea.fill(rows)
    addresses = {"alert": f"/alerts/{made.alert}", "case": f"/cases/{made.case}", "figures": f"/figures?{EVERYTHING}"}
    duties = {address: duty for duty, address in sea.pages()} | {addresses["figures"]: Duty.REPORT_WRITER}
    asked = {}
    for page in BASELINE:
        address = addresses.get(page, page)
        client = world.sign_in(duties[address])
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        asked[page] = len(queries)

    assert asked == BASELINE
