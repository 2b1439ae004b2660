"""The tables: a row per thread, the ids of received messages, and the events to send."""

import uuid
from typing import Any

from django.db.models import BigIntegerField, CharField, DateTimeField, JSONField, Model, TextField, UUIDField


class Thread(Model):
    """The lines under an article, from the newest event of its thread."""

    article = CharField(max_length=500, primary_key=True)
    position = BigIntegerField(default=0)
    state = CharField(max_length=20)
    reply_count = BigIntegerField(default=0)
    label = TextField()
    heading = TextField()
    notice = TextField(null=True)

    @classmethod
    def store(cls, thread: dict[str, Any], *, position: int) -> None:
        """Store the ``thread`` of an event, unless a later event was stored before.

        Events may arrive in any order, and several at once. Each has the whole thread, so only the highest position
        counts. The database compares positions in the UPDATE, which is correct for any number of processes.
        """
        lines = {name: thread[name] for name in ("state", "reply_count", "label", "heading", "notice")}
        cls.objects.get_or_create(article=thread["article"])
        cls.objects.filter(article=thread["article"], position__lt=position).update(**lines, position=position)


class ReceivedMessage(Model):
    """The ``webhook-id`` of a received message. You may delete rows after a week."""

    webhook_id = CharField(max_length=100, primary_key=True)
    received_at = DateTimeField(auto_now_add=True, db_index=True)


class PendingEvent(Model):
    """An article event to send to One Reply.

    It is written in the transaction of the change and deleted when One Reply accepts it. Its id is the ``webhook-id``,
    so One Reply ignores a repeated event whose response was lost.
    """

    id = UUIDField(primary_key=True, default=uuid.uuid4)
    message = JSONField()
    happened_at = DateTimeField(db_index=True)
