"""Collections are listed and found by name, whatever the size of its letters, from an index alone.

The new column rewrites the catalogue once, under a lock.
"""

from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0009_operations"),
        ("vectors", "0003_recycle_bin"),
    ]

    operations = [
        migrations.AddField(
            model_name="collection",
            name="name_folded",
            field=models.GeneratedField(
                db_persist=True, expression=Lower("name"), output_field=models.TextField(db_collation="C")
            ),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(
                condition=models.Q(("deleted_at", None)),
                fields=["database", "name_folded", "collection_id"],
                include=("tenant_id",),
                name="collection_by_name",
            ),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(
                condition=models.Q(("deleted_at", None)),
                fields=["tenant_id", "name_folded"],
                include=("collection_id",),
                name="collection_by_tenant_and_name",
            ),
        ),
    ]
