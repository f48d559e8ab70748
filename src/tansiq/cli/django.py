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


def upgrade() -> None:
    """Bring the database of the node that is set up to what this version needs."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
