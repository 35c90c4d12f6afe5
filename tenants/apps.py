"""The control plane as a Django app."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Tenants, members, databases and keys."""

    name = "tenants"
