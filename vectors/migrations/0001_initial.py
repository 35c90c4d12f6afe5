"""The catalogue of collections, and row-level security on it from the first moment."""

import uuid
from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Collection",
            fields=[
                (
                    "collection_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("tenant_id", models.UUIDField()),
                ("name", models.CharField(max_length=512)),
                ("metadata_json", models.TextField(null=True)),
                ("configuration_json", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "database",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="tenants.database"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["database", "created_at", "collection_id"], name="collection_by_age")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("database", "name"), name="collection_name_once_per_database"
                    )
                ],
            },
        ),
        migrations.RunSQL((Path(__file__).parent / "catalogue.sql").read_text(encoding="utf-8")),
    ]
