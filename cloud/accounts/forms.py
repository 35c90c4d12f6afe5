"""Sign-in and sign-up: with an invitation, for its address and no other."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, SignupForm
from allauth.core import context
from allauth.socialaccount.forms import SignupForm as SocialSignupForm
from django import forms
from django.db import transaction
from django.http import HttpRequest

from cloud.accounts import invitations


class SignIn(LoginForm):
    """E-mail address and password."""

    @property
    def can_sign_up(self) -> bool:
        """Whether the page offers to make an account."""
        return bool(get_adapter().is_open_for_signup(self.request))


class _ForTheInvited:
    """The address of an invitation stands in the form and cannot be another."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invited = invitations.pending(context.request)
        if self.invited is not None:
            email = self.fields["email"]
            email.initial = self.invited.email
            email.widget.attrs["readonly"] = True

    def clean_email(self) -> str:
        """In lower case."""
        email: str = super().clean_email()  # type: ignore[misc]
        if self.invited is not None and email != self.invited.email:
            raise forms.ValidationError(f"The invitation is for {self.invited.email}.")
        return email

    @transaction.atomic
    def save(self, request: HttpRequest) -> Any:
        """A person and their address together, or neither."""
        return super().save(request)  # type: ignore[misc]


class SignUp(_ForTheInvited, SignupForm):
    """With a password."""


class OtherSignUp(_ForTheInvited, SocialSignupForm):
    """By a provider that gave no address, or one that has to be asked for."""
