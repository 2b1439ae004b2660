"""What is known of where comments came from is forgotten after the site's number of days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow
from service.conversation.threads.model import ThreadRow
from service.platform import clock
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database

BATCH = 500
BATCHES = 20  # a sweep, so that a large database is gone through in the course of many


class Forgetting:
    """Goes through the comments whose address is known, oldest first, and remembers how far it is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._come_to: datetime | None = None

    async def forget_addresses(self, sites: Sequence[Site]) -> None:
        """Forget the addresses of comments that are old enough for their site."""
        days = {site.id: timedelta(days=site.settings.fingerprint_retention_days) for site in sites}
        for _ in range(BATCHES):
            now = clock.now()
            async with self._database.read() as connection:
                until = now - min(days.values(), default=timedelta(0))
                rows = await _known_before(connection, until, after=self._come_to)
            old = [row.id for row in rows if now - row.created_at >= days.get(row.site_id, timedelta(0))]
            if old:
                async with self._database.write() as connection:
                    await clear_addresses(connection, old)
            if len(rows) < BATCH:
                self._come_to = None  # those of the same instant that a batch cut off come next time
                break
            self._come_to = rows[-1].created_at


async def _known_before(
    connection: AsyncConnection, until: datetime, *, after: datetime | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    statement = (
        select(CommentRow.id, CommentRow.created_at, ThreadRow.site_id)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(CommentRow.address_mark.is_not(None), CommentRow.created_at <= until)
        .order_by(CommentRow.created_at)
        .limit(BATCH)
    )
    if after is not None:
        statement = statement.where(CommentRow.created_at > after)
    return (await connection.execute(statement)).all()


async def clear_addresses(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Forget where the comments ``ids`` came from; one that somebody has locked just now is left for another time.

    So this waits for nobody while it holds what others wait for, though it takes no lock of a thread.
    """
    free = select(CommentRow.id).where(CommentRow.id.in_(ids)).with_for_update(skip_locked=True)
    locked = [*(await connection.execute(free)).scalars()]
    if locked:
        await connection.execute(update(CommentRow).where(CommentRow.id.in_(locked)).values(address_mark=None))
