"""The settings of one node. What differs between nodes stands in its home (`node.toml`), which TANSIQ_HOME names.

Without a home (tests, `manage check`) a nameless node with a database in memory is set up.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tansiq.ground.errors import Unready
from tansiq.node import home as homes
from tansiq.web.signin import SETTINGS as SIGN_IN
from tansiq.web.signin import provider

_named = os.environ.get("TANSIQ_HOME", "")
_home = homes.load(Path(_named)) if _named else None

TANSIQ_HOME = _home.path if _home else None
TANSIQ_NODE = _home.code if _home else "ma"
TANSIQ_AGENCY = _home.agency if _home else "ma.marine"
TANSIQ_EXERCISE = _home.exercise if _home else ""
TANSIQ_TIMEZONE = _home.timezone if _home else "UTC"


def _secret() -> str:
    """The key that signs sessions; it stands in the home, and is made anew where there is none."""
    from django.core.management.utils import get_random_secret_key

    if _home is None:
        return os.environ.get("TANSIQ_SECRET_KEY") or get_random_secret_key()
    file = _home.keys / "session.key"
    if not file.exists():
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return file.read_text()
        with os.fdopen(descriptor, "w") as new:
            new.write(get_random_secret_key())
    return file.read_text()


def _database() -> dict[str, Any]:
    """SQLite in the home, or the PostgreSQL that node.toml (or, in tests, TANSIQ_DATABASE) names."""
    url = (_home.database if _home else os.environ.get("TANSIQ_DATABASE")) or ""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _home.path / "tansiq.sqlite3" if _home else ":memory:",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; "
                    "PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4000;"
                ),
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise Unready(f"The database {parts.scheme}:// is not known.", "Name a postgresql:// URL, or none for SQLite.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": _database_password() or unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def _database_password() -> str:
    """The password in the home's file; without one, the driver looks at PGPASSWORD and ~/.pgpass itself."""
    file = _home.database_password if _home else None
    return file.read_text(encoding="utf-8").strip() if file is not None and file.is_file() else ""


def _providers() -> list[dict[str, Any]]:
    """The OpenID Connect providers of node.toml, each with its secret from the file that it names."""
    found = []
    for each in _home.oidc if _home else ():
        file = _home.path / each.client_secret_file if _home else Path()
        if not file.is_file():
            raise Unready(f"The secret of the provider {each.id} is not in {file}.", "Write it there, mode 0600.")
        secret = file.read_text(encoding="utf-8").strip()
        found.append(
            provider(id=each.id, name=each.name, server_url=each.server_url, client_id=each.client_id, secret=secret)
        )
    return found


SECRET_KEY = _secret()
DEBUG = False
ALLOWED_HOSTS = list(_home.hosts) if _home else ["localhost", "127.0.0.1", "testserver"]

INSTALLED_APPS = [
    "tansiq.web",  # before all others, so that our words and pages win over theirs
    "tansiq.reporting",
    "tansiq.watch",
    "tansiq.rescue",
    "tansiq.correspondence",
    "tansiq.exchange",
    "tansiq.parties",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tansiq.web.security.ContentPolicy",  # before what serves files, so that they carry the policy too
    "tansiq.web.security.PlainRequests",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "tansiq.web.filters",
                "tansiq.web.channel_words",
                "tansiq.web.agreement_words",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tansiq.web.context.page",
            ],
        },
    }
]

DATABASES = {"default": _database()}
CACHES = {
    "default": {  # what locks a sign-in, and which codes were used: the same for every process, and after a restart
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "web_memory",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "parties.Person"
ROOT_URLCONF = "tansiq.node.urls"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False

USE_TZ = True
TIME_ZONE = "UTC"
_NAMES = {"ar": "العربية", "fr": "Français", "es": "Español", "en": "English"}
LANGUAGE_CODE = _home.languages[0] if _home else "en"
LANGUAGES = [(code, name) for code, name in _NAMES.items() if _home is None or code in _home.languages]

_secure = bool(_home and _home.secure)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SECURE_SSL_REDIRECT = _secure
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _secure
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 12 * 3600  # one shift
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = f"tansiq-{TANSIQ_NODE}"
CSRF_COOKIE_NAME = f"tansiq-{TANSIQ_NODE}-csrf"
LANGUAGE_COOKIE_NAME = f"tansiq-{TANSIQ_NODE}-language"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}},
}

globals().update(SIGN_IN)
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": _providers()}}
