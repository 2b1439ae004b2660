"""Order of article events: the time of the latest value of each field, so a late event never undoes a newer one.

Each field is compared on its own. A title of two o'clock stays when one of one o'clock arrives after it. A closing time
of one o'clock is applied if no newer closing time is known.
"""

from datetime import datetime

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import ArticleToldRow, Thread

# Columns of an article and the field each belongs to; columns of one field change together.
CONTENT = {
    "title": "title",
    "url": "url",
    "published_at": "published_at",
    "closing_kind": "closing",
    "closing_at": "closing",
    "mode": "mode",
    "comments_on": "comments_on",
}
NEWEST, STANDING, ID = "updated_at", "standing", "article"


class LatestEvents(msgspec.Struct):
    """The time of the latest event by field: those of :data:`CONTENT`, the newest of them, the withdrawal, the id."""

    things: dict[str, datetime] = {}

    def is_news(self, thing: str, at: datetime) -> bool:
        """Whether a value of ``thing`` from ``at`` is at least as new as the known one."""
        return at >= self.things.get(thing, at)

    def note(self, thing: str, at: datetime) -> None:
        """Record ``at`` for ``thing``, unless a newer time is known."""
        self.things[thing] = max(at, self.things.get(thing, at))


async def read_told(connection: AsyncConnection, thread: Thread) -> LatestEvents:
    """Read the latest event times of the article of ``thread``.

    If the host has since registered the article with an ``updated_at``, that time counts for all fields it can
    register.
    """
    statement = select(ArticleToldRow.told).where(ArticleToldRow.thread_id == thread.id)
    row = (await connection.execute(statement)).scalar_one_or_none()
    told = msgspec.json.decode(row, type=LatestEvents) if row else LatestEvents()
    if thread.updated_at is not None and thread.updated_at != told.things.get(NEWEST):
        for thing in (NEWEST, *CONTENT.values()):
            told.note(thing, thread.updated_at)
    return told


async def write_told(connection: AsyncConnection, thread: Thread, told: LatestEvents) -> None:
    """Store ``told``, replacing the previous row."""
    await connection.execute(delete(ArticleToldRow).where(ArticleToldRow.thread_id == thread.id))
    row = {"thread_id": thread.id, "told": msgspec.json.encode(told).decode()}
    await connection.execute(insert(ArticleToldRow).values(row))
