"""What the page of a letter shows and offers beside it: who holds it, and what may be done about that."""

from typing import Any

from tansiq.exchange import reads
from tansiq.exchange.agreements.terms import Mechanism
from tansiq.exchange.kinds import CONTROL, Kind
from tansiq.exchange.values import Direction, Envelope, EnvelopeState
from tansiq.web.access import DutyRequest, offer
from tansiq.web.forms import originator as forms


def panel(request: DutyRequest, seen: Envelope) -> dict[str, Any]:
    """Nothing for letters that only speak of another one, and for those that were refused."""
    line = seen.line
    if line.kind is None or line.kind in CONTROL or line.state is EnvelopeState.REFUSED:
        return {}
    path = reads.path(envelope=line.id, reader=request.officer)
    offered: list[Any] = []
    if line.direction is Direction.IN and (ways := reads.ways(reader=request.officer)):
        offered += [forms.AskRelease(ways=ways), forms.ForwardLetter(ways=ways)]
    if path.own and line.mechanism != Mechanism.RESCUE.value:
        offered.append(forms.RecallLetter)
        offered += [forms.CorrectLetter] if line.kind is Kind.INFORMATION else []
    if path.dates.gone is None:
        offered.append(forms.RetainLetter)
    return {"path": path, **offer(request, *offered)}
