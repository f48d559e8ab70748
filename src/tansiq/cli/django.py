"""Sets Django up for the commands that need a node's home; the others never pay for it."""

import os
from pathlib import Path

from tansiq.node import home as homes


def setup(home: Path) -> homes.Home:
    """Read the home and make its database, keys and settings the ones in use."""
    found = homes.load(home)
    os.environ["TANSIQ_HOME"] = str(found.path)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tansiq.node.settings"
    import django

    django.setup()
    return found
