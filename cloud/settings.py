"""Every setting, from the environment, in the order of the tree.

Only edges and `workers/tasks.py` read this module; below them values travel as arguments.
`docs/settings.md` lists each variable, and a test keeps the two together.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
import tomllib
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from cloud import email_url, embedded
from cloud.accounts import single_sign_on
from cloud.console import colors
from vectors.objects import Place

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def _text(name: str, default: str = "") -> str:
    """The variable, or the content of the file that `<name>_FILE` names (for mounted secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(name, default)


def _integer(name: str, default: int, *, at_least: int = 0) -> int:
    raw = _text(name, str(default))
    if not raw.lstrip("-").isdigit() or int(raw) < at_least:
        raise ImproperlyConfigured(f"{name} must be an integer of at least {at_least}, got {raw!r}")
    return int(raw)


def _one_of(name: str, default: str, *others: str) -> str:
    value = _text(name, default)
    if value not in (default, *others):
        raise ImproperlyConfigured(f"{name} must be one of {', '.join((default, *others))}, got {value!r}")
    return value


def _words(name: str, default: str) -> list[str]:
    return [word for word in _text(name, default).replace(",", " ").split() if word]


def _networks(name: str, words: list[str]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(word)) for word in words)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be networks in CIDR notation: {error}") from error


# --- where things are, and which profile this is -------------------------------------------------
DATA_DIR = Path(_text("DATA_DIR", str(BASE_DIR / "var"))).resolve()
PORT = _integer("PORT", 8000, at_least=1)
_servers = None if _text("DATABASE_URL") and _text("REDIS_URL") else embedded.running(DATA_DIR)
PROFILE = _text("TESSERA_PROFILE", "production" if _text("DATABASE_URL") else "development")
if PROFILE not in ("development", "production"):
    raise ImproperlyConfigured(f"TESSERA_PROFILE must be development or production, got {PROFILE!r}")
IS_DEVELOPMENT = PROFILE == "development"
_secrets = embedded.read_secrets(DATA_DIR) if IS_DEVELOPMENT else {}


def _secret(name: str) -> str:
    value = _text(name) or _secrets.get(name.lower(), "")
    if not value and IS_DEVELOPMENT:
        return secrets.token_hex(32)  # good for one process: a command that serves nobody
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it to at least 32 random characters, for instance the output of "
            "`openssl rand -hex 32`, and keep it: it protects sessions and keys."
        )
    return value


SECRET_KEY = _secret("SECRET_KEY")
KEY_PEPPER = _secret("KEY_PEPPER")
# The first signs new keys; keys under the others still work, until the last of them is gone.
KEY_PEPPERS = [KEY_PEPPER, *_words("KEY_PEPPERS_BEFORE", "")]
DEBUG = False
ALLOWED_HOSTS = _words("ALLOWED_HOSTS", "*" if IS_DEVELOPMENT else "localhost 127.0.0.1 [::1]")
CSRF_TRUSTED_ORIGINS = _words("CSRF_TRUSTED_ORIGINS", "")
ROOT_URLCONF = "cloud.urls"
WSGI_APPLICATION = "cloud.wsgi.application"
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Sessions, users and messages are in PAGE_MIDDLEWARE, where the admin's checks do not look.
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]

# --- PostgreSQL -----------------------------------------------------------------------------------
# Three logins, least privilege each: the owner migrates, web serves, worker compacts. manage.py is
# the owner's door; cloud/wsgi.py and cloud/celery.py choose their own role.
DATABASE_URL = _text("DATABASE_URL") or (_servers.database_url if _servers else "")
DATABASE_ROLE = _text("DATABASE_ROLE", "owner")
ROLE_PREFIX = _text("ROLE_PREFIX", "tessera")


def _role_password(role: str) -> str:
    """The password of a role's login: derived, so that one secret is enough to run the service."""
    return hmac.new(SECRET_KEY.encode(), f"database role {role}".encode(), hashlib.sha256).hexdigest()


ROLE_PASSWORDS = {role: _role_password(role) for role in ("web", "worker", "operator")}


def _database(role: str) -> dict[str, Any]:
    own_url = _text(f"{role.upper()}_DATABASE_URL")
    parts = conninfo_to_dict(own_url or DATABASE_URL)
    if role != "owner" and not own_url:
        parts |= {"user": f"{ROLE_PREFIX}_{role}", "password": ROLE_PASSWORDS[role]}
    reserved = {
        name: str(parts.pop(name, None) or "") for name in ("dbname", "user", "password", "host", "port")
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": reserved["dbname"],
        "USER": reserved["user"],
        "PASSWORD": reserved["password"],
        "HOST": reserved["host"],
        "PORT": reserved["port"],
        "CONN_MAX_AGE": None,
        "OPTIONS": {**parts, "prepare_threshold": 5, "application_name": f"tessera-{role}"},
    }


DATABASES = {
    "default": _database(DATABASE_ROLE),
    # Of the operators' console alone: it reads every tenant's bookkeeping, and so no other page uses it.
    "operator": _database("operator") | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True},
}
WEB_DATABASE = _database("web")  # for commands that look at records
CELL_COUNT = _integer("CELL_COUNT", 4, at_least=1)

# --- Valkey or Redis -------------------------------------------------------------------------------
REDIS_URL = _text("REDIS_URL") or (_servers.redis_url if _servers else "redis://127.0.0.1:6379/0")

# How many web processes there are, on all machines: what each may do of a limit when Valkey is away.
WEB_PROCESS_COUNT = _integer("WEB_PROCESS_COUNT", _integer("WEB_WORKERS", 2, at_least=1), at_least=1)

# --- the wire --------------------------------------------------------------------------------------
MAX_BODY_BYTES = _integer("MAX_BODY_BYTES", 41_943_040, at_least=1024)
CORS_ORIGINS = _words("CORS_ORIGINS", "")
# Whose X-Forwarded-For is believed.
TRUSTED_PROXIES = _networks("TRUSTED_PROXIES", _words("TRUSTED_PROXIES", ""))
KEY_CACHE_SECONDS = 0.8  # a revoked key is refused everywhere within a second: this and one request
# Where people reach the pages, for links in e-mails; empty: where the request came in.
PUBLIC_URL = _text("PUBLIC_URL").rstrip("/")
TENANT_CREATION = _one_of("TENANT_CREATION", "members", "operators")
CONTROL_REQUESTS_PER_MINUTE = _integer("CONTROL_REQUESTS_PER_MINUTE", 600, at_least=1)
MANIFEST_CACHE_COUNT = _integer("MANIFEST_CACHE_COUNT", 2_000, at_least=1)
SCHEMA_KEYS_AT = _one_of("SCHEMA_KEYS_AT", "compaction", "write")
DATA_UPLOAD_MAX_MEMORY_SIZE = None  # the body limit above is checked before a byte is read
USAGE_FLUSH_SECONDS = _integer("USAGE_FLUSH_SECONDS", 10, at_least=1)
# Who bears it may read /metrics; empty: there is no such page.
METRICS_TOKEN = _text("METRICS_TOKEN").strip()
STATEMENT_TIMEOUT_SECONDS = _integer("STATEMENT_TIMEOUT_SECONDS", 60, at_least=1)

# --- workers ---------------------------------------------------------------------------------------
COMPACT_AFTER_ROWS = _integer("COMPACT_AFTER_ROWS", 2_000, at_least=1)
COMPACT_AFTER_BYTES = _integer("COMPACT_AFTER_BYTES", 64 * 1024 * 1024, at_least=1)
COMPACT_AFTER_SECONDS = _integer("COMPACT_AFTER_SECONDS", 300, at_least=1)
SWEEP_SECONDS = _integer("SWEEP_SECONDS", 2, at_least=1)
JOB_LEASE_SECONDS = _integer("JOB_LEASE_SECONDS", 30, at_least=1)
RETIRE_AFTER_SECONDS = _integer("RETIRE_AFTER_SECONDS", STATEMENT_TIMEOUT_SECONDS + 5)
SCRUB_AFTER_SECONDS = _integer("SCRUB_AFTER_SECONDS", 900)
SCRUB_MOST_BYTES = _integer("SCRUB_MOST_BYTES", 256 * 1024 * 1024)
BUILD_MEMORY_BYTES = _integer("BUILD_MEMORY_BYTES", 512 * 1024 * 1024, at_least=1024 * 1024)
BUILD_WORKERS = _integer("BUILD_WORKERS", 1)
CELERY_BROKER_URL = REDIS_URL
# Imports and exports: files are in a bucket when there is one, else in a folder that web and workers share.
OBJECT_STORE = Place(
    DATA_DIR / "objects", _text("S3_BUCKET"), _text("S3_ENDPOINT_URL"), _text("S3_REGION"), _text("S3_PREFIX")
)
MAX_IMPORT_BYTES = _integer("MAX_IMPORT_BYTES", 10 * 1024**3, at_least=1)
TRANSFER_SLICE_SECONDS = _integer("TRANSFER_SLICE_SECONDS", 10, at_least=1)
EXPORT_KEEP_DAYS = _integer("EXPORT_KEEP_DAYS", 7, at_least=1)
BUDGET_RECOUNT_SECONDS = _integer("BUDGET_RECOUNT_SECONDS", 60, at_least=1)
# Without a key nothing is sent to Stripe.
STRIPE_API_KEY = _text("STRIPE_API_KEY")
STRIPE_API_BASE = _text("STRIPE_API_BASE", "https://api.stripe.com")
STRIPE_EVENT_PREFIX = _text("STRIPE_EVENT_PREFIX", "tessera_")

# --- Django's own parts ----------------------------------------------------------------------------
INSTALLED_APPS = [
    "tenants",
    "vectors",
    "workers",
    "cloud",
    "cloud.accounts",
    "unfold.apps.BasicAppConfig",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "hijack",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_htmx",
    "rest_framework",
    "cloud.accounts.apps.AllauthAccounts",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
]
MIDDLEWARE = [
    "cloud.middleware.RequestLog",
    "cloud.middleware.OtherOrigins",
    "django.middleware.security.SecurityMiddleware",
    "cloud.middleware.ForPages",
    "django.middleware.csrf.CsrfViewMiddleware",
]
PAGE_MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "cloud.accounts.sessions.Noted",
    "cloud.console.acting.Acting",
    "cloud.middleware.ContentSecurityPolicy",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_USER_MODEL = "tenants.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
CSRF_FAILURE_VIEW = "cloud.dashboard.views.errors.csrf_failure"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard:home"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not IS_DEVELOPMENT
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
OPERATORS_NEED_SECOND_FACTOR = (
    _one_of("OPERATORS_NEED_SECOND_FACTOR", *(("off", "on") if IS_DEVELOPMENT else ("on", "off"))) == "on"
)
HIJACK_PERMISSION_CHECK = "cloud.console.acting.may_act_as"
HIJACK_INSERT_BEFORE = None  # the banner is part of the page: see templates/base.html
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "cloud" / "dashboard" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# --- accounts: django-allauth, see cloud/accounts --------------------------------------------------
SIGN_UP = _one_of("SIGN_UP", "invitation", "open", "closed")
EMAIL_URL = _text("EMAIL_URL")
_mail = email_url.parse(EMAIL_URL or "console://")
EMAIL_BACKEND, EMAIL_FILE_PATH = _mail.backend, _mail.folder
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = (
    _mail.host,
    _mail.port,
    _mail.user,
    _mail.password,
)
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = _mail.starts_tls, _mail.is_tls, 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _text("EMAIL_FROM", "Tessera <tessera@localhost>")
CACHES = {"default": {"BACKEND": "cloud.cache.Cache", "LOCATION": REDIS_URL, "KEY_PREFIX": "tessera-pages"}}
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# How many proxies of ours a request passes; the address before them is the caller's, for limits and sessions.
ALLAUTH_TRUSTED_PROXY_COUNT = _integer("TRUSTED_PROXY_COUNT", 0)
ACCOUNT_ADAPTER = "cloud.accounts.adapter.Accounts"
ACCOUNT_FORMS = {"login": "cloud.accounts.forms.SignIn", "signup": "cloud.accounts.forms.SignUp"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Far below the 100 failures an hour per account that OWASP ASVS 4.0, 2.2.1 allows at most; a right password
# is not counted. The key is address and account: `Accounts` says so.
ACCOUNT_RATE_LIMITS = {"login_failed": "5/15m/key"}
MFA_ADAPTER = "cloud.accounts.second_factors.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tessera"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = IS_DEVELOPMENT
USERSESSIONS_TRACK_ACTIVITY = True
SOCIALACCOUNT_ADAPTER = "cloud.accounts.adapter.OtherAccounts"
SOCIALACCOUNT_FORMS = {"signup": "cloud.accounts.forms.OtherSignUp"}
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = "oidc"
# Who comes from a provider that vouches for the address is the person who has the account of that address.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = single_sign_on.providers(
    oidc=single_sign_on.Oidc(
        issuer=_text("OIDC_ISSUER"),
        client_id=_text("OIDC_CLIENT_ID"),
        client_secret=_text("OIDC_CLIENT_SECRET"),
        name=_text("OIDC_NAME", "single sign-on"),
        verifies_email=_one_of("OIDC_VERIFIES_EMAIL", "no", "yes") == "yes",
    ),
    saml=single_sign_on.Saml(
        entity_id=_text("SAML_IDP_ENTITY_ID"),
        sso_url=_text("SAML_IDP_SSO_URL"),
        certificate=_text("SAML_IDP_CERTIFICATE"),
        name=_text("SAML_NAME", "single sign-on"),
        verifies_email=_one_of("SAML_VERIFIES_EMAIL", "no", "yes") == "yes",
    ),
)
# Where a sign-in form may lead, for the pages' content-security policy.
SIGN_IN_ORIGINS = single_sign_on.origins(SOCIALACCOUNT_PROVIDERS) + _words("SIGN_IN_ORIGINS", "")
UNFOLD = {
    "SITE_TITLE": "Tessera operators",
    "SITE_HEADER": "Tessera",
    "SITE_SUBHEADER": "Operators",
    "SITE_URL": None,
    "SITE_ICON": "/static/logo.svg",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/logo.svg"}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "cloud.console.site.environment",
    "DASHBOARD_CALLBACK": "cloud.console.home.context",
    "COLORS": {
        "primary": colors.PRIMARY,
    },
    "ACCOUNT": {"navigation": [{"title": "Dashboard", "link": "/dashboard/"}]},  # without it: a password page
    "SIDEBAR": {"navigation": "cloud.console.site.navigation"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["cloud.api.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "EXCEPTION_HANDLER": "cloud.api.errors.drf_exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tessera",
    "DESCRIPTION": "A vector cloud that speaks the wire of Chroma Cloud, version 2.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": [],  # the usual one names the enums of serializers, of which there are none
    "TAGS": [
        {"name": "system", "description": "What the server is and can do"},
        {"name": "tenants"},
        {"name": "databases"},
        {"name": "collections"},
        {"name": "records", "description": "Write and read what a collection holds"},
        {"name": "functions", "description": "Functions over a collection"},
    ],
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"trace": {"()": "cloud.tracing.TraceFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(trace_id)s %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["trace"]},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # Celery's two lines for each task are the sweep's, every other second; ours say what was done.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
