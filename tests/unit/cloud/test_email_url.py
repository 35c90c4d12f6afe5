"""EMAIL_URL: what each form means, and what is refused in which words."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from cloud.email_url import Delivery, parse

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("console://", Delivery("django.core.mail.backends.console.EmailBackend")),
        (
            "file:///var/mail",
            Delivery("django.core.mail.backends.filebased.EmailBackend", folder="/var/mail"),
        ),
        ("file:///a%20b", Delivery("django.core.mail.backends.filebased.EmailBackend", folder="/a b")),
        ("smtp://mail.example.com", Delivery(SMTP, "mail.example.com", 587, starts_tls=True)),
        ("smtp://localhost:25?tls=none", Delivery(SMTP, "localhost", 25)),
        ("smtp://u:p@host:2525", Delivery(SMTP, "host", 2525, "u", "p", starts_tls=True)),
        ("smtps://u:p@host/", Delivery(SMTP, "host", 465, "u", "p", is_tls=True)),
        (
            "smtps://me%40example.com:a%2Fb%3Fc%23d%25@host",
            Delivery(SMTP, "host", 465, "me@example.com", "a/b?c#d%", is_tls=True),
        ),
        ("smtp://[::1]:2525", Delivery(SMTP, "::1", 2525, starts_tls=True)),
    ],
)
def test_it_means(url: str, meant: Delivery) -> None:
    assert parse(url) == meant


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "no scheme"),
        ("mail.example.com", "no scheme"),
        ("http://mail.example.com", "got http://"),
        ("smtp://", "host is missing"),
        ("smtp://:587", "host is missing"),
        ("smtp://user@host", "go together"),
        ("smtp://:secret@host", "go together"),
        ("smtp://u:secret@host:99999", "port"),
        ("smtp://u:secret@host:0", "port"),
        ("smtp://u:secret@host:abc", "port"),
        ("smtp://u:sec/ret@host", "port"),
        ("smtp://u:secret@host/path", "%2F"),
        ("smtp://u:secret@host?tls=maybe", "%3F"),
        ("smtps://u:secret@host?tls=none", "%3F"),
        ("smtp://u:secret@host?tls=none", "unencrypted"),
        ("smtp://u:secret#@host", "%23"),
        ("smtp://u:secret@[host", "not a URL"),
        ("file://folder", "three slashes"),
        ("file:///folder?x=1", "parameters"),
        ("console://host", "nothing behind it"),
    ],
)
def test_it_refuses_and_keeps_the_password_to_itself(url: str, complaint: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        parse(url)
    assert str(caught.value).startswith("EMAIL_URL: ")
    assert complaint in str(caught.value)
    assert "sec" not in str(caught.value)
