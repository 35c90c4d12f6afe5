"""Somebody at the pages, in process: types into forms, reads e-mail."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.hashers import BCryptSHA256PasswordHasher
from django.core import mail
from django.test import Client

from tenants import members
from tenants.models import User

PASSWORD = "correct horse battery staple"
_MACHINE_MADE = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]*')


class QuickHasher(BCryptSHA256PasswordHasher):
    """The service's, with 2⁴ rounds in place of 2¹²."""

    rounds = 4


@dataclass
class Visitor:
    """A browser with a network address of its own, so that no test counts against another's limits."""

    client: Client = field(default_factory=lambda: Client(headers={"host": "testserver"}))
    address: str = field(default_factory=lambda: f"10.{'.'.join(str(b) for b in uuid.uuid4().bytes[:3])}")

    def get(self, path: str) -> Any:
        """GET."""
        return self.client.get(path, REMOTE_ADDR=self.address)

    def post(self, path: str, **fields: str) -> Any:
        """POST a form."""
        return self.client.post(path, fields, REMOTE_ADDR=self.address)

    def sign_in(self, email: str, password: str = PASSWORD) -> Any:
        """Type into the sign-in form."""
        return self.post("/account/login/", login=email, password=password)

    def is_signed_in(self) -> bool:
        """Whether a page of one's own opens."""
        return bool(self.get("/account/sessions/").status_code == 200)


def person(email: str | None = None) -> User:
    """Somebody whom an operator made."""
    return members.create_user(email or some_address(), PASSWORD)


def some_address() -> str:
    """An address that nobody has."""
    return f"{uuid.uuid4().hex[:12]}@example.org"


def seen(response: Any, *private: str) -> tuple[int, str | None, str]:
    """What somebody outside can tell about an answer: status, place and text, without what they typed."""
    text = _MACHINE_MADE.sub(r"\1", response.content.decode())
    for one in private:
        text = text.replace(one, "…")
    return response.status_code, response.headers.get("Location"), text


def link_in(message: mail.EmailMessage) -> str:
    """The path of the only link of an e-mail on a line of its own."""
    (found,) = re.findall(r"^http://[^/\s]+(/\S+)$", str(message.body), flags=re.MULTILINE)
    return str(found)
