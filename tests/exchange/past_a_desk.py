"""Letters past a desk, for the tests: our node is the desk's, between two neighbours, and holds no key of theirs."""

from typing import Any
from uuid import UUID

from tansiq.exchange import acts, receipts, seal
from tansiq.exchange.acts.judging import Parcel
from tansiq.exchange.kinds import Kind
from tansiq.exchange.receipts import Receipt
from tansiq.parties.duties import Duty
from tansiq.parties.values import Officer
from tests import neighbour as neighbours
from tests.neighbour import Neighbour
from tests.sides import past_a_desk
from tests.world import NOW

SECRET = "the boat leaves the cove on Thursday"
OUR_DESK = "ma.gendarmerie"

Third = tuple[Neighbour, Neighbour, str]
"""Who writes, who is written to, and their agreement, past our desk."""


def clerk(desk: str = "es.bureau-rabat", name: str = "clerk", service: str = "es.guardia-civil") -> Officer:
    """An official at a desk, who comes from a service."""
    return Officer(name, desk, Duty.BUREAU_CLERK, UUID(int=23), "Bureau", service)


def third_desk(es: Neighbour) -> Third:
    """Our desk between two neighbours."""
    de = Neighbour("de", "de.bpol")
    neighbours.meet(de, NOW)
    return es, de, past_a_desk(OUR_DESK, es, de)


def to_the_desk(third: Third, role: seal.Role = seal.Role.LABEL, **said: Any) -> tuple[Receipt, seal.Envelope]:
    """A letter from one neighbour to the other, as it comes to our desk: our receipt, and the envelope."""
    es, de, agreement = third
    fields = {
        "duty": "service-officer", "desk": OUR_DESK, "topic": "drugs", "purpose": "prevention", "urgency": "priority",
        "to": ("de.bpol",), "kind": Kind.INFORMATION, "now": NOW, **said,
    }  # fmt: skip
    readers = ((seal.Role.ALL, de.keys.opener.reader), (role, es.known().reader))
    sealed = es.seal(agreement, letter=neighbours.information(SECRET), readers=readers, **fields)
    (token,) = acts.receive(parcels=[Parcel(sealed.raw, "es")], now=fields["now"])
    return receipts.read_receipt(token, es.known().verifier), sealed
