"""How django-allauth is kept to what a node allows: nobody signs up, nothing is mailed, and its words are ours."""

from base64 import urlsafe_b64encode
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _


def _cipher() -> Fernet:
    """A key for second steps alone, derived with HKDF (RFC 5869) from the secret that stands in the node's home."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tansiq second step").derive(
        settings.SECRET_KEY.encode()
    )
    return Fernet(urlsafe_b64encode(derived))


SAID = {
    "account/messages/password_changed.txt": _("Your password was changed."),
    "mfa/messages/totp_activated.txt": _("The authenticator app is set up."),
    "mfa/messages/totp_deactivated.txt": _("The authenticator app was removed."),
    "mfa/messages/recovery_codes_generated.txt": _("New recovery codes were made; the old ones no longer work."),
    "mfa/messages/webauthn_added.txt": _("The passkey was added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey was removed."),
}
"""What allauth has to say, by the template that it would say it with."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts are added by a node administrator; a lock-out says no more than that it is one."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("This name and password do not go together."),
        "too_many_login_attempts": _("Too many failed attempts. Sign-in is locked for a few minutes."),
        "incorrect_password": _("This is not your password."),
        "enter_current_password": _("Give your present password."),
        "incorrect_code": _("This code is not right."),
        "rate_limited": _("Too many failed attempts. Sign-in is locked for a few minutes."),
        "account_inactive": _("This account is blocked."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say what was done to the account in our words; signing in and out needs none."""
        if text := message or SAID.get(message_template or ""):
            messages.add_message(request, level, text, extra_tags=extra_tags)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A node sends no mail."""


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """The secrets of second steps are kept encrypted under a key that is not in the database."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right."),
        "cannot_delete_authenticator": _("The second step cannot be removed."),
        "cannot_generate_recovery_codes": _("Recovery codes come with a second step: set one up first."),
    }

    def encrypt(self, text: str) -> str:
        """Sealed with a key derived from the node's secret."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again."""
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The node as a passkey's relying party."""
        return {**super().get_public_key_credential_rp_entity(), "name": f"Tansiq {settings.TANSIQ_NODE.upper()}"}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """The name that a new passkey is offered."""
        return str(_("Passkey"))


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """OpenID Connect opens the account whose name equals the provider's `preferred_username`; it makes none.

    The name counts once: from then on the account belongs to that subject (`sub`) of the provider, since who may change
    a name there must not become somebody else here (OpenID Connect Core 1.0, section 5.7).
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Nobody signs up."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Connect the provider's account to the person it names, or say that there is none."""
        from allauth.socialaccount.models import SocialAccount  # models load after the settings that name this file

        if sociallogin.is_existing:
            return
        account = sociallogin.account
        said = account.extra_data.get("userinfo") or account.extra_data.get("id_token") or account.extra_data
        name = said.get("preferred_username", "")
        person = get_user_model().objects.filter(username=name, is_active=True).first()
        if person is None or SocialAccount.objects.filter(user=person, provider=account.provider).exists():
            raise ImmediateHttpResponse(render(request, "account/unknown.html", status=403))
        sociallogin.connect(request, person)
