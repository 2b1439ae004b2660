"""Create the tables."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    """Threads, received messages and pending events."""

    initial = True
    dependencies = ()
    operations = (
        migrations.CreateModel(
            name="Thread",
            fields=(
                ("article", models.CharField(max_length=500, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(default=0)),
                ("state", models.CharField(max_length=20)),
                ("reply_count", models.BigIntegerField(default=0)),
                ("label", models.TextField()),
                ("heading", models.TextField()),
                ("notice", models.TextField(null=True)),
            ),
        ),
        migrations.CreateModel(
            name="ReceivedMessage",
            fields=(
                ("webhook_id", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("received_at", models.DateTimeField(auto_now_add=True, db_index=True)),
            ),
        ),
        migrations.CreateModel(
            name="PendingEvent",
            fields=(
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("message", models.JSONField()),
                ("happened_at", models.DateTimeField(db_index=True)),
            ),
        ),
    )
