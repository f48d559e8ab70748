"""Loaded once by the fork server of a demo, so that the many short commands of its founding start quickly.

Nothing here knows a home: settings, models and acts are loaded by each command for itself, after the fork.
"""

import contextlib
from importlib import import_module

for _name in (
    "argon2",
    "cryptography.hazmat.primitives.hpke",
    "django.contrib.auth.hashers",
    "django.core.management",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "django.forms",
    "django.http",
    "django.template",
    "numpy",
    "requests",  # what django-allauth speaks to identity providers with
    "tansiq.cli.agreement",
    "tansiq.cli.ledger",
    "tansiq.cli.node",
    "tansiq.cli.partner",
    "tansiq.cli.people",
    "tansiq.exchange.agreements.templates",
    "tansiq.exchange.cards",
    "tansiq.exchange.keystore",
    "tansiq.exchange.seal",
):
    with contextlib.suppress(ImportError):
        import_module(_name)
