"""`tansiq serve` with a clock that is wrong by some seconds: `python -m tests.faults.node SECONDS serve --home DIR`."""

import sys
from datetime import timedelta

from tansiq.cli import main
from tansiq.ground import clock


def skew(seconds: float) -> None:
    """Make the only reader of time read it wrong."""
    right, off = clock.now, timedelta(seconds=seconds)
    clock.now = lambda: right() + off


if __name__ == "__main__":
    skew(float(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
