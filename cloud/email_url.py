"""Where e-mail goes, from one URL. [pure]

    smtp://user:password@host:587     SMTP, encrypted by STARTTLS; `?tls=none` for a relay on the same machine
    smtps://user:password@host:465    SMTP over TLS
    file:///var/mail/tessera          one file per message, in this folder
    console://                        standard output

Characters of the user and the password that mean something in a URL are percent-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_BACKENDS = "django.core.mail.backends"
_PORTS = {"smtp": 587, "smtps": 465}
_PORT = "the port must be 1 to 65535; in a password write / as %2F"
_EXPECTED = "expected smtp://, smtps://, file:/// or console://"


@dataclass(frozen=True)
class Delivery:
    """What Django's settings for e-mail become."""

    backend: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    starts_tls: bool = False
    is_tls: bool = False
    folder: str = ""


def parse(url: str) -> Delivery:
    """The delivery that a URL means.

    Raises:  ImproperlyConfigured, which says what is wrong and never repeats the URL: it may hold a password
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # whose text may hold a part of the URL
        raise _wrong("it is not a URL") from None
    if parts.fragment:
        raise _wrong("a # begins a fragment, which has no meaning here; in a password write %23")
    if parts.scheme in _PORTS:
        return _smtp(parts)
    if parts.query:
        raise _wrong("only smtp:// takes parameters")
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise _wrong("a folder needs three slashes: file:///folder")
        return Delivery(f"{_BACKENDS}.filebased.EmailBackend", folder=unquote(parts.path))
    if parts.scheme == "console":
        if parts.netloc or parts.path:
            raise _wrong("console:// has nothing behind it")
        return Delivery(f"{_BACKENDS}.console.EmailBackend")
    raise _wrong(f"{_EXPECTED}, got {parts.scheme[:20] + '://' if parts.scheme else 'no scheme'}")


def _smtp(parts: SplitResult) -> Delivery:
    try:
        port = parts.port
    except ValueError:
        raise _wrong(_PORT) from None
    if not parts.hostname:
        raise _wrong(f"the host is missing: {parts.scheme}://host")
    if parts.path not in ("", "/"):
        raise _wrong("there is a path behind the host; in a password write / as %2F")
    if bool(parts.username) != bool(parts.password):
        raise _wrong("a user and a password go together")
    if port == 0:
        raise _wrong(_PORT)
    if parts.query not in (("", "tls=none") if parts.scheme == "smtp" else ("",)):
        raise _wrong("the only parameter is ?tls=none, of smtp://; in a password write ? as %3F")
    if parts.query and parts.password:
        raise _wrong("with ?tls=none the password would travel unencrypted; leave one of the two out")
    return Delivery(
        backend=f"{_BACKENDS}.smtp.EmailBackend",
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starts_tls=parts.scheme == "smtp" and not parts.query,
        is_tls=parts.scheme == "smtps",
    )


def _wrong(what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"EMAIL_URL: {what}")
