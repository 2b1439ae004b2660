"""What is kept here of One Reply: a row a thread, what was received, and what is to be told."""

import uuid
from typing import Any

from django.db.models import BigIntegerField, CharField, DateTimeField, JSONField, Model, TextField, UUIDField


class Thread(Model):
    """The lines under an article, as the newest event of its thread told them."""

    article = CharField(max_length=500, primary_key=True)
    position = BigIntegerField(default=0)
    state = CharField(max_length=20)
    reply_count = BigIntegerField(default=0)
    label = TextField()
    heading = TextField()
    notice = TextField(null=True)

    @classmethod
    def keep(cls, told: dict[str, Any], *, position: int) -> None:
        """Keep the thread of an event, unless a later one was here before.

        Events may come in any order, and several at once. Each tells its whole thread, so the highest position is all
        there is to know; that the database compares it, in the UPDATE, makes that true for any number of processes.
        """
        lines = {name: told[name] for name in ("state", "reply_count", "label", "heading", "notice")}
        cls.objects.get_or_create(article=told["article"])
        cls.objects.filter(article=told["article"], position__lt=position).update(**lines, position=position)


class Received(Model):
    """A message that was received, by its ``webhook-id``. Those of last week may be deleted."""

    webhook_id = CharField(max_length=100, primary_key=True)
    received_at = DateTimeField(auto_now_add=True, db_index=True)


class Telling(Model):
    """What One Reply is to be told of an article.

    It is written with the change itself and deleted once it was taken. The id goes along as the ``webhook-id``, so that
    what was taken though the answer was lost is not taken twice.
    """

    id = UUIDField(primary_key=True, default=uuid.uuid4)
    message = JSONField()
    happened_at = DateTimeField(db_index=True)
