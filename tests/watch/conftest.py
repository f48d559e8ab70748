"""A neighbour with whom the watch has agreed on rescue and on the picture."""

import pytest

from tansiq.exchange.agreements.terms import Mechanism
from tests import neighbour as neighbours
from tests.neighbour import Neighbour
from tests.world import MET


@pytest.fixture
def rescue(es: Neighbour) -> str:
    """The digest of the rescue agreement with the neighbour."""
    return neighbours.agree(Mechanism.RESCUE, es, now=MET)


@pytest.fixture
def agreed(es: Neighbour, rescue: str) -> Neighbour:
    """The neighbour, with rescue and the picture agreed."""
    neighbours.agree(Mechanism.PICTURE, es, now=MET)
    return es
