"""The gateways of our node, and a neighbour that it trusts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import neighbour as neighbours
from tests.gateways import gates
from tests.gateways.gates import Gate
from tests.neighbour import Neighbour
from tests.world import MET


@pytest.fixture
def partner(home: Path, transactional_db: None) -> Neighbour:
    """A neighbour whose letters come in; the gateways' worker sees them because they are committed."""
    neighbour = Neighbour()
    neighbours.meet(neighbour, MET)
    return neighbour


@pytest.fixture
def gate(partner: Neighbour) -> Iterator[Gate]:
    """Our gateways, served."""
    with gates.serving() as gate:
        yield gate
