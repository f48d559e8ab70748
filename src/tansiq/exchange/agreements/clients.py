"""External clients in an agreement: programs read or offer letters of information only where it lists their duty.

Templates list no program: the parties decide it when they write the draft, and sign it with all else.
"""

from msgspec.structs import replace

from tansiq.exchange.agreements.terms import Agreement, Flow, Mechanism
from tansiq.exchange.kinds import Kind
from tansiq.ground.errors import Malformed
from tansiq.parties.duties import Duty


def with_clients(draft: Agreement, *, read: bool = False, offer: bool = False) -> Agreement:
    """The draft with external clients among those who receive, or send, letters of information."""
    if not read and not offer:
        return draft
    kind = Kind.INFORMATION.value
    flow = draft.flows.get(kind)
    if flow is None:
        raise Malformed(f"A {draft.mechanism} agreement carries no letters of information.", "Leave --clients out.")
    if draft.desk or draft.mechanism is Mechanism.LIAISON:
        raise Malformed(
            "Where a desk or a liaison officer stands in the way, a person decides each time.", "Leave --clients out."
        )
    listed = Flow(_with(flow.send, offer), _with(flow.receive, read))
    return replace(draft, flows={**draft.flows, kind: listed})


def _with(duties: tuple[str, ...], wanted: bool) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*duties, *((Duty.EXTERNAL_CLIENT.value,) if wanted else ()))))
