"""What follows from what: the only file that knows every room.

`ON_RECEIVE` names the act that a received letter causes; `ON_EVENT` the acts in other rooms that follow an event of
this node. Nothing registers itself: who wants to know what happens reads these two tables. A kind of letter that is
missing here (information, notices) waits sealed until someone opens it.
"""

from collections.abc import Callable
from typing import Any

from tansiq.exchange import acts as exchange
from tansiq.exchange.kinds import Kind
from tansiq.parties.duties import Permission
from tansiq.reporting import acts as reporting
from tansiq.rescue import acts as rescue
from tansiq.watch import acts as watch

ON_RECEIVE: dict[Kind, Callable[..., Any]] = {
    Kind.ALERT: watch.receive_alert,
    Kind.PICTURE: watch.receive_picture,
    Kind.SITREP: rescue.receive_sitrep,
    Kind.TASK: rescue.receive_task,
    Kind.ANSWER: rescue.receive_answer,
    Kind.OUTCOME: rescue.receive_outcome,
    Kind.CLAIM: reporting.receive_claim,
    Kind.RELEASE_REQUEST: exchange.receive_release_request,
    Kind.RELEASE: exchange.receive_release,
    Kind.FORWARD: exchange.receive_forward,
    Kind.USE: exchange.receive_use,
}

ON_EVENT: dict[Permission, tuple[Callable[..., Any], ...]] = {
    Permission.CASE_OPEN: (watch.link_case,),
    Permission.CASE_CLOSE: (watch.end_with_case,),
    Permission.OUTCOME_RECORD: (watch.end_with_case,),
    Permission.OUTCOME_RECEIVE: (watch.end_with_case,),
}
