"""From records to a figure, and from figures to CSV (RFC 4180). Pure."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from tansiq.reporting.cards import card
from tansiq.reporting.values import Figure, Indicator, Record


def figure(
    indicator: Indicator, records: Sequence[Record], *, start: datetime, end: datetime, body: str, exercise: str
) -> Figure:
    """The figure of these records. A part of a thing counts once, however often it is named."""
    known = card(indicator)
    counted = list({(record.id, record.part): record for record in records}.values())
    parts: dict[str, int] = {}
    for record in counted:
        parts[record.part] = parts.get(record.part, 0) + record.count
    return Figure(
        indicator=indicator,
        unit=known.unit,
        qualifier=known.qualifier,
        start=start,
        end=end,
        value=sum(record.count for record in counted),
        breakdown=dict(sorted(parts.items())),
        records=digest(counted),
        record_count=len({record.id for record in counted}),
        body=body,
        definition=known.digest,
        exercise=exercise,
    )


def digest(records: Iterable[Record]) -> str:
    """SHA-256 over what was counted, in an order of its own: the same on every node that counts the same things."""
    lines = sorted(f"{record.id} {record.part} {record.count}" for record in records)
    return sha256("\n".join(lines).encode()).hexdigest()


HEADER = (
    "indicator", "name", "unit", "qualifier", "start", "end", "part", "value", "body", "exercise", "records",
    "definition", "definition_digest",
)  # fmt: skip


def export_csv(figures: Sequence[Figure], *, language: str) -> bytes:
    """Figures with their parts, one row each, and the definition beside them; the last line is the SHA-256 of the rest.

    UTF-8 with a byte order mark, which spreadsheets need for Arabic. A cell that a spreadsheet would take for a formula
    is quoted with an apostrophe (OWASP, CSV injection).
    """
    out = io.StringIO(newline="")
    write = csv.writer(out)
    write.writerow(HEADER)
    for each in figures:
        known = card(each.indicator)
        for part, value in (("", each.value), *each.breakdown.items()):
            period = (each.start.isoformat(), each.end.isoformat())
            row = (
                each.indicator.value, known.name(language), each.unit.value, each.qualifier.value, *period, part, value,
                each.body, each.exercise, each.records, known.definition(language), each.definition,
            )  # fmt: skip
            write.writerow([_plain(cell) for cell in row])
    text = out.getvalue()
    return ("\ufeff" + text + f"# sha256 {sha256(text.encode()).hexdigest()}\r\n").encode()


def _plain(cell: str | int) -> str | int:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def export_json(figures: Sequence[Figure]) -> bytes:
    """The same figures as JSON."""
    return msgspec.json.format(msgspec.json.encode(list(figures)), indent=1)
