"""What allauth asks us: who may sign up, which addresses are proven, where e-mail goes, where one lands."""

from __future__ import annotations

import logging
import smtplib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.httpkit import get_client_ip
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import get_random_string

from cloud.accounts import invitations
from cloud.dashboard.views import errors
from tenants.errors import Unavailable
from tenants.models import User

_NO_ADDRESS = "::"  # of a caller over a Unix socket
log = logging.getLogger("tessera.accounts")


class Accounts(DefaultAccountAdapter):
    """Accounts with an e-mail address and a password."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # The same whatever was wrong, so that nobody learns who has an account.
        "email_password_mismatch": "The e-mail address or the password is not right.",
        "incorrect_password": "The password is not right.",
        "incorrect_code": "The code is not right.",
        "too_many_login_attempts": "Too many attempts. Try again in 15 minutes.",
        "enter_current_password": "The current password is not right.",
        "rate_limited": "Too many attempts. Try again in a few minutes.",
        "email_taken": "This address cannot be used.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether this browser may make an account: SIGN_UP."""
        if settings.SIGN_UP == "invitation":
            return invitations.pending(request) is not None
        return bool(settings.SIGN_UP == "open")

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """An invited address is proven: the token came to it by e-mail."""
        invited = invitations.pending(request)
        return invited is not None and invited.email == email.lower()

    def post_login(
        self, request: HttpRequest, user: User, *, redirect_url: str | None, **more: Any
    ) -> HttpResponse:
        """Take the place that the browser's invitation offers, and go there."""
        tenant_name = invitations.accept_pending(request, user)
        if tenant_name is not None:
            redirect_url = reverse("dashboard:databases", kwargs={"tenant_name": tenant_name})
        response: HttpResponse = super().post_login(request, user, redirect_url=redirect_url, **more)
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        """Where the caller is, before TRUSTED_PROXY_COUNT proxies."""
        return get_client_ip(request) or _NO_ADDRESS

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Per address and account: who guesses from elsewhere does not lock the owner out."""
        return f"{self.get_client_ip(request)}\n{credentials.get('email', '').strip().lower()}"

    def send_account_already_exists_mail(self, email: str) -> None:
        """As slow as making an account, which hashes a password."""
        make_password(get_random_string(10))
        super().send_account_already_exists_mail(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, or answer that it cannot be done now."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, smtplib.SMTPException) as error:
            log.exception("e-mail could not be sent")
            raise ImmediateHttpResponse(errors.page(self.request, Unavailable())) from error

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Tell the person what was changed; that this fails does not undo the change."""
        try:
            super().send_notification_mail(*args, **kwargs)
        except ImmediateHttpResponse:
            log.warning("a change of an account was not announced to its owner")


class OtherAccounts(DefaultSocialAccountAdapter):
    """Accounts at OpenID Connect and SAML providers."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whether somebody new may come in by a provider; by invitation only with the invited address."""
        if settings.SIGN_UP == "open":
            return True
        invited = invitations.pending(request) if settings.SIGN_UP == "invitation" else None
        known = [address.email.lower() for address in sociallogin.email_addresses]
        return invited is not None and (not known or invited.email in known)

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """Whose account it is by a verified address; `"false"`, which some providers send, is not true."""
        for address in sociallogin.email_addresses:
            address.verified = address.verified is True
        found: tuple[User, str] | None = super().authenticate_by_email(sociallogin)
        return found
