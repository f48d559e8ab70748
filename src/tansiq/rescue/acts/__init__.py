"""What is done in the rescue room, split by noun. Each act is one verb: lock, ask the rule, write, record, answer.

Drift runs and search plans take seconds: they are computed between two short transactions, never inside one.
"""

from tansiq.rescue.acts.cases import close_case, open_case
from tansiq.rescue.acts.drifts import run_drift
from tansiq.rescue.acts.outcomes import receive_outcome, record_outcome
from tansiq.rescue.acts.searches import plan_search
from tansiq.rescue.acts.sitreps import receive_sitrep, send_sitrep
from tansiq.rescue.acts.tasks import answer_task, receive_answer, receive_task, send_task

__all__ = [
    "answer_task",
    "close_case",
    "open_case",
    "plan_search",
    "receive_answer",
    "receive_outcome",
    "receive_sitrep",
    "receive_task",
    "record_outcome",
    "run_drift",
    "send_sitrep",
    "send_task",
]
