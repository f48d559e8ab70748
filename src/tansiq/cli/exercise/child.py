"""`python -m tansiq.cli.exercise.child ...`: the command line, in a process that ends when its parent does.

A demo that is killed outright cannot clean up; the kernel does it instead (Linux, prctl(2) PR_SET_PDEATHSIG). Elsewhere
the process group and the exit handlers of the parent are all there is.
"""

import ctypes
import os
import signal
import sys

from tansiq.cli import main

PR_SET_PDEATHSIG = 1


def tie(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends, and leave at once if it has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    tie(int(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
