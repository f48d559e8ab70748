"""Many rows at once, and few without ceremony, below the ORM: to build a query costs more than to answer it.

What every group of letters asks and writes goes by here; whatever is asked less often goes by the ORM. SQLite takes
`executemany` over prepared statements; PostgreSQL takes COPY, one round trip for any number of rows.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models.expressions import RawSQL

Row = Sequence[Any]


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows whose values the database's own driver understands, inside the caller's transaction.

    `columns` are field names; foreign keys are named by their column (`envelope_id`).
    """
    if not rows:
        return
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), ", ".join(quote(name) for name in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*map(tuple, rows)])


def select(
    model: type[models.Model], columns: Sequence[str], *, order: str = "", lock: bool = False, **where: Any
) -> list[tuple[Any, ...]]:
    """The columns of the rows where each named column has its value, or one of its values where that is a list.

    Values go in and come out as the database's own driver has them. `lock` keeps the rows for the caller's transaction
    where the database locks rows; SQLite locks itself whole.
    """
    quote = connection.ops.quote_name
    tests, values = _tests(where)
    said = f"SELECT {', '.join(map(quote, columns))} FROM {quote(model._meta.db_table)}{tests}"
    said += f" ORDER BY {quote(order)}" if order else ""
    said += " FOR UPDATE" if lock and connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(said, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def heads(
    model: type[models.Model],
    key: str,
    ranges: Sequence[Mapping[str, Any]],
    *,
    limit: int,
    before: int | None = None,
    after: int | None = None,
    also: str = "",
    given: Sequence[Any] = (),
) -> RawSQL:
    """A subquery: the newest `limit` keys (the oldest, with `after`) of the rows that have all values of some range.

    `also` is one more condition, in SQL, with the values `given`. Each range is read from an index over its columns and
    the key, and no further than `limit`: however many rows lie between, they are not looked at. A database that is
    given all ranges in one condition sorts every row of them.
    """
    quote = connection.ops.quote_name
    table, name = quote(model._meta.db_table), quote(key)
    order = f"ORDER BY {name} {'DESC' if after is None else 'ASC'} LIMIT {int(limit)}"
    parts, values = [], list[Any]()
    for each in ranges or [{key: -1}]:
        tests, some = _tests(each)
        for sign, bound in (("<", before), (">", after)):
            if bound is not None:
                tests, some = f"{tests} AND {name} {sign} %s", [*some, bound]
        tests, some = (f"{tests} AND {also}", [*some, *given]) if also else (tests, some)
        parts.append(f"SELECT {name} FROM (SELECT {name} FROM {table}{tests} {order}) AS one")
        values += some
    return RawSQL(f"SELECT {name} FROM ({' UNION ALL '.join(parts)}) AS every {order}", values)


def update(model: type[models.Model], values: Mapping[str, Any], **where: Any) -> int:
    """Set columns in the rows where each named column has its value; answers how many there were."""
    quote = connection.ops.quote_name
    tests, more = _tests(where)
    sets = ", ".join(f"{quote(name)} = %s" for name in values)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {quote(model._meta.db_table)} SET {sets}{tests}", [*values.values(), *more])
        count: int = cursor.rowcount
    return count


def _tests(where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    tests, values = [], list[Any]()
    for name, value in where.items():
        several = isinstance(value, list | set)
        marks = f"IN ({', '.join(['%s'] * len(value))})" if several else "= %s"
        tests.append(f"{connection.ops.quote_name(name)} {marks}")
        values += value if several else [value]
    return (f" WHERE {' AND '.join(tests)}" if tests else ""), values


def uuid(value: UUID | None) -> UUID | str | None:
    """A UUID as the database's own driver takes it."""
    return value if value is None or _native_uuids() else value.hex


@cache
def _native_uuids() -> bool:
    """Asked of Django once: the node has one database, and this is asked several times for every letter."""
    return bool(connection.features.has_native_uuid_field)


def time(value: datetime | None) -> datetime | str | None:
    """A moment in UTC as the database's own driver takes it."""
    if value is None or connection.vendor == "postgresql":
        return value
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
