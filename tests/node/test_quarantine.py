"""Distress that names a person: shown at once, the words kept in the sealed letter until someone says why they read."""

from uuid import UUID

import pytest

from tansiq.exchange import acts
from tansiq.exchange.acts.judging import Parcel
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.values import Opened
from tansiq.node.handover import HandOver
from tansiq.watch.models import Alert
from tests import neighbour as neighbours
from tests import world
from tests.neighbour import COORDINATOR, Neighbour

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("named", [True, False], ids=["a person is named", "nobody is named"])
def test_story_12_distress_is_shown_and_an_identity_in_it_is_not(es: Neighbour, named: bool) -> None:
    agreement = neighbours.agree(Mechanism.RESCUE, es, now=world.MET)
    letter = neighbours.alert(world.NOW)
    sealed = es.seal(agreement, world.NOW, letter=letter, persons_named=named)
    acts.receive(parcels=[Parcel(sealed.raw, "es")], now=world.NOW)

    HandOver().round()

    alert = Alert.objects.get()
    assert (alert.lat, alert.lon, alert.id) == (letter.lat, letter.lon, UUID(int=1))
    assert (alert.text == "") is named
    opened = acts.open_letter(envelope=sealed.route.id, reason="to know who", by=COORDINATOR, now=world.NOW)
    assert isinstance(opened, Opened)
    assert opened.letter.text == letter.text
