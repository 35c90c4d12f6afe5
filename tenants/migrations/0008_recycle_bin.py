"""Databases go to the recycle bin before they go for good: their name is free at once."""

from pathlib import Path

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0007_billing")]

    operations = [
        migrations.RemoveConstraint(
            model_name="database",
            name="database_name_once_per_tenant",
        ),
        migrations.AddField(
            model_name="database",
            name="deleted_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="database",
            name="deleted_by",
            field=models.CharField(blank=True, default="", editable=False, max_length=254),
        ),
        migrations.AddField(
            model_name="database",
            name="purge_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="database",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None)),
                fields=("tenant", "name"),
                name="database_name_once_per_tenant",
            ),
        ),
        migrations.AddConstraint(
            model_name="database",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("deleted_at", None), ("purge_at", None)),
                    models.Q(("deleted_at__isnull", False), ("purge_at__isnull", False)),
                    _connector="OR",
                ),
                name="database_is_living_or_has_a_purge_date",
            ),
        ),
        migrations.AddIndex(
            model_name="database",
            index=models.Index(
                fields=["purge_at"],
                condition=models.Q(("deleted_at__isnull", False)),
                name="database_by_purge_date",
            ),
        ),
        # Names of what is gone stay in the audit log, where they belong, and not in samples of it.
        migrations.RunSQL("ALTER TABLE tenants_auditentry ALTER COLUMN subject_label SET STATISTICS 0"),
        migrations.RunSQL((Path(__file__).parent / "identify_among_living.sql").read_text(encoding="utf-8")),
    ]
