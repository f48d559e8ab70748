"""A figure becomes a letter under the statistics agreement."""

from uuid import UUID

from tansiq.exchange.kinds.reporting import ClaimLetter
from tansiq.reporting.values import Figure

MECHANISM = "statistics"
PURPOSE = "statistics"


def write_claim(claim: UUID, figure: Figure) -> ClaimLetter:
    """The figure as this party claims it."""
    return ClaimLetter(
        claim=claim,
        indicator=figure.indicator.value,
        unit=figure.unit.value,
        qualifier=figure.qualifier.value,
        start=figure.start,
        end=figure.end,
        value=figure.value,
        breakdown=figure.breakdown,
        records=figure.records,
        body=figure.body,
    )
