"""A collection keeps the schema that it was given; older ones have none, which means the default."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("vectors", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="collection",
            name="schema_json",
            field=models.TextField(null=True),
        ),
    ]
