"""What is seen of reports: cards, figures, the records behind them, and claims.

While the node plays an exercise, only that exercise is counted; otherwise only what is real.
"""

from datetime import datetime

from django.conf import settings

from tansiq.exchange.reads import letters as envelopes
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Allowed
from tansiq.parties.duties import Permission
from tansiq.parties.values import Officer
from tansiq.reporting import cards as definitions
from tansiq.reporting import counting, models, rules, values
from tansiq.reporting.gathering import Asked, Rooms
from tansiq.reporting.gathering import records as gather
from tansiq.reporting.values import Indicator
from tansiq.rescue import reads as rescue
from tansiq.watch import reads as watch

ROOMS = Rooms(rescue.outcome_records, rescue.case_records, watch.alert_records, envelopes.envelope_records)


def cards() -> tuple[values.Card, ...]:
    """The definition of every indicator."""
    return definitions.cards()


def figures(*, start: datetime, end: datetime, reader: Officer) -> tuple[values.Figure, ...]:
    """Every figure for a period (end not included); nothing for a period that makes no sense."""
    if not reader.holds(Permission.FIGURE_VIEW) or rules.may_count(start, end) != Allowed():
        return ()
    asked = _asked(start, end, reader)
    return tuple(
        counting.figure(
            each.indicator,
            gather(each.indicator, ROOMS, asked),
            start=start,
            end=end,
            body=str(settings.TANSIQ_AGENCY),
            exercise=asked.exercise,
        )
        for each in definitions.cards()
    )


def records(*, indicator: Indicator, start: datetime, end: datetime, reader: Officer) -> tuple[values.Record, ...]:
    """The records behind a figure, oldest first. Raises Missing for who may not see them."""
    if not reader.holds(Permission.RECORDS_VIEW):
        raise Missing("There are no such records.")
    if rules.may_count(start, end) != Allowed():
        return ()
    return gather(indicator, ROOMS, _asked(start, end, reader))


def claims(
    *, reader: Officer, start: datetime | None = None, end: datetime | None = None, limit: int = 200
) -> tuple[values.Claim, ...]:
    """Claims, ours and theirs, the newest first; with a period, only those for exactly it."""
    if not reader.holds(Permission.FIGURE_VIEW):
        return ()
    rows = models.Claim.objects.filter(exercise=str(settings.TANSIQ_EXERCISE))
    if start is not None and end is not None:
        rows = rows.filter(start=start, end=end)
    return tuple(row.value() for row in rows[:limit])


def csv(*, start: datetime, end: datetime, language: str, reader: Officer) -> bytes:
    """The figures of a period as CSV, with definitions and a digest. Raises Missing for who may not export them."""
    if not reader.holds(Permission.FIGURE_EXPORT):
        raise Missing("There is no such export.")
    return counting.export_csv(figures(start=start, end=end, reader=reader), language=language)


def _asked(start: datetime, end: datetime, reader: Officer) -> Asked:
    return Asked(start, end, str(settings.TANSIQ_EXERCISE), reader)
