"""People from before allauth were made by an operator: their addresses count as verified."""

from __future__ import annotations

from django.db import migrations

ADOPT = """
INSERT INTO account_emailaddress (email, verified, "primary", user_id)
SELECT u.email, true, true, u.user_id FROM tenants_user AS u
WHERE NOT EXISTS (SELECT FROM account_emailaddress AS a WHERE a.user_id = u.user_id);
"""


class Migration(migrations.Migration):
    """Data only."""

    dependencies = [
        ("account", "0009_emailaddress_unique_primary_email"),
        ("tenants", "0004_identify_with_scopes"),
    ]
    operations = [migrations.RunSQL(ADOPT, migrations.RunSQL.noop)]
