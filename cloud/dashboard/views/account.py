"""Signing in and out, and the choice of light or dark."""

from __future__ import annotations

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from cloud.dashboard import throttle
from cloud.dashboard.forms import SignInForm

_THEMES = ("light", "dark")
_THEME_SECONDS = 365 * 24 * 60 * 60
# The same whatever was wrong, so that nobody learns who has an account.
_REFUSED = "The e-mail address or the password is not right."


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Open a session for a person with a right password."""
    next_url = _next_url(request)
    if request.method == "POST":
        response = _sign_in(request, next_url)
    elif request.user.is_authenticated:
        response = redirect(next_url)
    else:
        response = _form(request, SignInForm(), next_url)
    add_never_cache_headers(response)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("dashboard:sign-in")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark; anything else means what the system prefers."""
    response = redirect(_next_url(request))
    chosen = request.POST.get("theme")
    if chosen in _THEMES:
        response.set_cookie(
            "theme", chosen, max_age=_THEME_SECONDS, samesite="Lax", secure=request.is_secure()
        )
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


def _sign_in(request: HttpRequest, next_url: str) -> HttpResponse:
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _form(request, form, next_url, refusal=_REFUSED, status=422)
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    # Behind a proxy this is the proxy's own address, and the limit is one per e-mail address.
    address = request.META.get("REMOTE_ADDR", "")
    wait_seconds = throttle.reserve(address, email)
    if wait_seconds:
        minutes = -(-wait_seconds // 60)
        refusal = f"Too many attempts. Try again in {minutes} minute{'' if minutes == 1 else 's'}."
        response = _form(request, form, next_url, refusal=refusal, status=429)
        response["Retry-After"] = str(wait_seconds)
        return response
    user = authenticate(request, username=email, password=password)
    if user is None:
        return _form(request, form, next_url, refusal=_REFUSED, status=422)
    throttle.forget(address, email)
    login(request, user)
    return redirect(next_url)


def _form(
    request: HttpRequest, form: SignInForm, next_url: str, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    context = {"form": form, "next_url": next_url, "refusal": refusal}
    return render(request, "account/sign_in.html", context, status=status)


def _next_url(request: HttpRequest) -> str:
    """Where to go afterwards: a page of ours, whatever the address says."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("dashboard:databases")
