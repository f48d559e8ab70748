"""What is done in the watch, split by noun. Each act is one verb in one transaction: ask the rule, write, record."""

from tansiq.watch.acts.alerts import (
    acknowledge_alert,
    close_alert,
    end_with_case,
    link_case,
    raise_alert,
    receive_alert,
)
from tansiq.watch.acts.feeds import forget_history, report_feeds
from tansiq.watch.acts.observing import observe
from tansiq.watch.acts.pictures import receive_picture, share_picture

__all__ = [
    "acknowledge_alert",
    "close_alert",
    "end_with_case",
    "forget_history",
    "link_case",
    "observe",
    "raise_alert",
    "receive_alert",
    "receive_picture",
    "report_feeds",
    "share_picture",
]
