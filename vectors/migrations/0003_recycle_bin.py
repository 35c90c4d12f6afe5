"""Collections go to the recycle bin before they go for good; and what must be rewritten once they are gone."""

from pathlib import Path

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0008_recycle_bin"),
        ("vectors", "0002_add_collection_schema"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="collection",
            name="collection_name_once_per_database",
        ),
        migrations.RemoveIndex(
            model_name="collection",
            name="collection_by_age",
        ),
        migrations.AddField(
            model_name="collection",
            name="deleted_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="collection",
            name="deleted_by",
            field=models.CharField(blank=True, default="", editable=False, max_length=254),
        ),
        migrations.AddField(
            model_name="collection",
            name="is_deleted_with_database",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="collection",
            name="purge_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(
                condition=models.Q(("deleted_at", None)),
                fields=["database", "created_at", "collection_id"],
                name="collection_by_age",
            ),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["tenant_id", "deleted_at", "collection_id"],
                name="collection_in_bin",
            ),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["purge_at"],
                name="collection_by_purge_date",
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None)),
                fields=("database", "name"),
                name="collection_name_once_per_database",
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("deleted_at", None), ("purge_at", None)),
                    models.Q(("deleted_at__isnull", False), ("purge_at__isnull", False)),
                    _connector="OR",
                ),
                name="collection_is_living_or_has_a_purge_date",
            ),
        ),
        migrations.RunSQL((Path(__file__).parent / "recycle_bin.sql").read_text(encoding="utf-8")),
    ]
