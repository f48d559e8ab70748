"""How people sign in: what node.settings takes over for django-allauth. Pure data, without Django.

Passwords are hashed with Argon2id (RFC 9106); a second step is a time-based code (RFC 6238) or a passkey (W3C WebAuthn
level 3), and a passkey alone signs in as well. Nobody signs up: a node administrator adds people. Wrong passwords and
wrong codes lock the account's sign-in for a while, and each address of the network too. Lengths and the screening of
passwords follow NIST SP 800-63B (section 5.1.1): length counts, composition does not.
"""

from typing import Any

SETTINGS: dict[str, Any] = {
    "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
    "PASSWORD_HASHERS": [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ],
    "AUTH_PASSWORD_VALIDATORS": [
        {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
        {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
        {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    ],
    "LOGIN_URL": "account_login",
    "LOGIN_REDIRECT_URL": "home",
    "LOGOUT_REDIRECT_URL": "account_login",
    "CSRF_FAILURE_VIEW": "tansiq.web.home.form_expired",
    "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
    # allauth.account
    "ACCOUNT_ADAPTER": "tansiq.web.adapters.AccountAdapter",
    "ACCOUNT_LOGIN_METHODS": {"username"},
    "ACCOUNT_SIGNUP_FIELDS": ["username*", "password1*"],
    "ACCOUNT_EMAIL_VERIFICATION": "none",
    "ACCOUNT_EMAIL_NOTIFICATIONS": False,
    "ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE": False,
    "ACCOUNT_PREVENT_ENUMERATION": "strict",
    "ACCOUNT_PRESERVE_USERNAME_CASING": True,
    "ACCOUNT_REAUTHENTICATION_REQUIRED": True,
    "ACCOUNT_REAUTHENTICATION_TIMEOUT": 300,
    "ACCOUNT_SESSION_REMEMBER": False,
    "ACCOUNT_USER_MODEL_EMAIL_FIELD": None,
    "ACCOUNT_RATE_LIMITS": {
        "login": "60/m/ip",
        "login_failed": "30/5m/ip,5/5m/key",
        "reauthenticate": "10/m/user",
        "change_password": "5/m/user",
    },
    # allauth.mfa
    "MFA_ADAPTER": "tansiq.web.adapters.MfaAdapter",
    "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes", "webauthn"],
    "MFA_PASSKEY_LOGIN_ENABLED": True,
    "MFA_PASSKEY_SIGNUP_ENABLED": False,
    "MFA_TRUST_ENABLED": False,
    "MFA_TOTP_ISSUER": "Tansiq",
    "MFA_TOTP_TOLERANCE": 1,
    "MFA_RECOVERY_CODE_COUNT": 10,
    # allauth.socialaccount: OpenID Connect, for people that this node already knows
    "SOCIALACCOUNT_ADAPTER": "tansiq.web.adapters.ProviderAdapter",
    "SOCIALACCOUNT_ONLY": False,
    "SOCIALACCOUNT_AUTO_SIGNUP": False,
    "SOCIALACCOUNT_EMAIL_AUTHENTICATION": False,
    "SOCIALACCOUNT_STORE_TOKENS": False,
    "SOCIALACCOUNT_LOGIN_ON_GET": False,
}


def provider(*, id: str, name: str, server_url: str, client_id: str, secret: str) -> dict[str, Any]:
    """One OpenID Connect provider as allauth's SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] lists it."""
    settings = {"server_url": server_url, "oauth_pkce_enabled": True}
    return {"provider_id": id, "name": name, "client_id": client_id, "secret": secret, "settings": settings}
