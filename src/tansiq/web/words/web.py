"""The words that belong to no room: those that django-allauth's forms say, which our catalogs translate for it."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[type[Enum], dict[Enum, Promise]] = {}

CODES: dict[str, dict[str, Promise]] = {
    "sign-in": {
        "reauthenticate": _("Password"),
        "mfa_reauthenticate": _("Authenticator app"),
        "mfa_reauthenticate:webauthn": _("Passkey"),
    },
}

SAID_BY_OTHERS = (
    _("Username"),
    _("Password"),
    _("Current Password"),
    _("New Password"),
    _("New Password (again)"),
    _("Code"),
    _("Authenticator code"),
    _("Passwordless"),
)
"""Labels of forms that we do not write: gettext takes our translation before its own."""
