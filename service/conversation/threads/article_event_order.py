"""When the host told each thing of an article last, so that what comes late or out of order undoes nothing newer.

Each thing is judged by itself: a title told at two o'clock stands against one of one o'clock that comes after it, and
the closing time of one o'clock that nothing has been told of since is taken.
"""

from datetime import datetime

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import ArticleToldRow, Thread

# The things of an article by the columns that hold them; those of one thing are told together.
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
    """When each thing was told: those of :data:`CONTENT`, the newest of them, the standing, and which id it has."""

    things: dict[str, datetime] = {}

    def is_news(self, thing: str, at: datetime) -> bool:
        """Whether what is told of ``thing`` at ``at`` is no older than what is known."""
        return at >= self.things.get(thing, at)

    def note(self, thing: str, at: datetime) -> None:
        """Note that ``thing`` was told at ``at``, unless that is older."""
        self.things[thing] = max(at, self.things.get(thing, at))


async def read_told(connection: AsyncConnection, thread: Thread) -> LatestEvents:
    """When each thing of the article of ``thread`` was told.

    What the host registered by itself since, with a time, counts for all that it can register.
    """
    statement = select(ArticleToldRow.told).where(ArticleToldRow.thread_id == thread.id)
    row = (await connection.execute(statement)).scalar_one_or_none()
    told = msgspec.json.decode(row, type=LatestEvents) if row else LatestEvents()
    if thread.updated_at is not None and thread.updated_at != told.things.get(NEWEST):
        for thing in (NEWEST, *CONTENT.values()):
            told.note(thing, thread.updated_at)
    return told


async def write_told(connection: AsyncConnection, thread: Thread, told: LatestEvents) -> None:
    """Keep ``told`` in the place of what was kept before."""
    await connection.execute(delete(ArticleToldRow).where(ArticleToldRow.thread_id == thread.id))
    row = {"thread_id": thread.id, "told": msgspec.json.encode(told).decode()}
    await connection.execute(insert(ArticleToldRow).values(row))
