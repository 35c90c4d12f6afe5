"""A person's place knows whether they have looked at a collection; who is there already knows their way."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0010_request_metrics"),
    ]

    operations = [
        migrations.AddField(
            model_name="member",
            name="looked_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RunSQL("UPDATE tenants_member SET looked_at = now()", migrations.RunSQL.noop),
    ]
