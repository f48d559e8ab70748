"""`python -m tansiq.cli`: the command line where no script is installed."""

import sys

from tansiq.cli import main

sys.exit(main())
