"""Order of article events: the time of the latest value of each field, so a late event never undoes a newer one.

Each field is compared on its own. A title of two o'clock stays when one of one o'clock arrives after it. A closing time
of one o'clock is applied if no newer closing time is known.
"""

from datetime import datetime

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import ArticleEventTimesRow, Thread

# Columns of an article and the field each belongs to; columns of one field change together.
CONTENT = {
    "title": "title",
    "url": "url",
    "section": "section",
    "published_at": "published_at",
    "closing_kind": "closing",
    "closing_at": "closing",
    "mode": "mode",
    "who_may_post": "who_may_post",
    "comments_on": "comments_on",
}
NEWEST, WITHDRAWAL, CLOSED, ID = "updated_at", "withdrawal", "closed", "article"


class LatestEvents(msgspec.Struct):
    """The time of the latest event by field: those of :data:`CONTENT`, the newest, the withdrawal, a close, the id."""

    fields: dict[str, datetime] = {}

    def is_current(self, field: str, at: datetime) -> bool:
        """Whether a value of ``field`` from ``at`` is at least as new as the known one."""
        return at >= self.fields.get(field, at)

    def record(self, field: str, at: datetime) -> None:
        """Record ``at`` for ``field``, unless a newer time is known."""
        self.fields[field] = max(at, self.fields.get(field, at))


async def read_latest_events(connection: AsyncConnection, thread: Thread) -> LatestEvents:
    """Read the latest event times of the article of ``thread``.

    If the host has since registered the article with an ``updated_at``, that time counts for all fields it can
    register.
    """
    statement = select(ArticleEventTimesRow.times).where(ArticleEventTimesRow.thread_id == thread.id)
    row = (await connection.execute(statement)).scalar_one_or_none()
    latest = msgspec.json.decode(row, type=LatestEvents) if row else LatestEvents()
    if thread.updated_at is not None and thread.updated_at != latest.fields.get(NEWEST):
        for field in (NEWEST, *CONTENT.values()):
            latest.record(field, thread.updated_at)
    return latest


async def write_latest_events(connection: AsyncConnection, thread: Thread, latest: LatestEvents) -> None:
    """Store ``latest``, replacing the previous row."""
    await connection.execute(delete(ArticleEventTimesRow).where(ArticleEventTimesRow.thread_id == thread.id))
    row = {"thread_id": thread.id, "times": msgspec.json.encode(latest).decode()}
    await connection.execute(insert(ArticleEventTimesRow).values(row))
