"""Where everything is, on half a page."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView

from cloud import metrics
from cloud.accounts import invitations, pages
from cloud.api.views import description, system
from cloud.console.urls import console

urlpatterns = [
    path("api/v2", include("cloud.api.urls")),
    path("api/v1/<path:path>", system.gone),
    path("api/control/v1", include("cloud.api.control.urls")),
    path("metrics", metrics.page),
    path("openapi.json", description.openapi),
    path("docs/", description.docs),
    path("docs/control/", description.docs, {"is_control": True}),
    path("docs", description.docs_redirect),
    path("account/sessions/<int:session_id>/end", pages.end_session, name="end-session"),
    path("account/saml/<str:organization_slug>/acs/finish/", pages.finish_saml),
    path("account/", include("allauth.urls")),
    path("account", RedirectView.as_view(pattern_name="account_email")),
    path("invitations/<str:token>", invitations.invitation, name="invitation"),
    path("admin/impersonation/", include("hijack.urls")),
    path("admin/", console.urls),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("dashboard/", include("cloud.dashboard.urls")),
    path("dashboard", RedirectView.as_view(url="/dashboard/")),
]

handler404 = "cloud.failures.not_found"
handler500 = "cloud.failures.server_error"
