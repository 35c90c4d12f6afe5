"""The web's entry point, as the role that owns nothing."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloud.settings")
os.environ.setdefault("DATABASE_ROLE", "web")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
