"""The data plane as a Django app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class VectorsConfig(AppConfig):
    """Collections and their records."""

    name = "vectors"

    def ready(self) -> None:
        """Teach every new connection our binary parameters."""
        from vectors.cells import parameters  # noqa: PLC0415

        connection_created.connect(parameters.register, dispatch_uid="vectors.parameters")
