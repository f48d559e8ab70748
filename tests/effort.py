"""How much a database looks at for an answer, as a number that no clock has a part in.

On SQLite the instructions of its machine, on PostgreSQL the rows that every node of every plan went through.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

EVERY = 10


def effort(ask: Callable[[], object]) -> int:
    """What the queries of a call cost."""
    ask()  # whatever is asked once in a process
    return _rows(ask) if connection.vendor == "postgresql" else _instructions(ask)


def _instructions(ask: Callable[[], object]) -> int:
    count = 0

    def tick() -> int:
        nonlocal count
        count += EVERY
        return 0

    connection.connection.set_progress_handler(tick, EVERY)
    try:
        ask()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return count


def _rows(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as asked:
        ask()
    total = 0
    for query in asked.captured_queries:
        if query["sql"].lstrip("( ").startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"].replace("%", "%%"))
                (plan,) = cursor.fetchone()
            total += sum(_looked_at(plan if isinstance(plan, list) else json.loads(plan)))
    return total


def _looked_at(plans: list[dict[str, Any]]) -> Iterator[int]:
    for each in plans:
        node = each.get("Plan", each)
        rows = (
            node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        )
        yield int(rows * node["Actual Loops"])
        yield from _looked_at(node.get("Plans", []))
