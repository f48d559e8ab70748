"""A neighbour with whom rescue and statistics are agreed."""

import pytest

from tansiq.exchange.agreements.terms import Mechanism
from tests import neighbour as neighbours
from tests.neighbour import Neighbour
from tests.world import MET


@pytest.fixture
def statistics(es: Neighbour) -> str:
    """The digest of the statistics agreement with the neighbour."""
    return neighbours.agree(Mechanism.STATISTICS, es, now=MET)


@pytest.fixture
def agreed(es: Neighbour, statistics: str) -> Neighbour:
    """The neighbour, with rescue and statistics agreed."""
    neighbours.agree(Mechanism.RESCUE, es, now=MET)
    return es
