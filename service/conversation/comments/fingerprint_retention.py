"""Prune the address fingerprints of comments after the site's retention."""

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
BATCHES = 20  # in one sweep; a large database takes several sweeps


class FingerprintRetention:
    """Prunes address fingerprints, oldest comments first, and remembers where the last sweep stopped."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pruned_until: datetime | None = None

    async def prune_fingerprints(self, sites: Sequence[Site]) -> None:
        """Prune the address fingerprints older than each site's ``fingerprint_retention_days``."""
        days = {site.id: timedelta(days=site.settings.fingerprint_retention_days) for site in sites}
        for _ in range(BATCHES):
            now = clock.now()
            async with self._database.read() as connection:
                until = now - min(days.values(), default=timedelta(0))
                rows = await _with_fingerprint_before(connection, until, after=self._pruned_until)
            old = [row.id for row in rows if now - row.created_at >= days.get(row.site_id, timedelta(0))]
            if old:
                async with self._database.write() as connection:
                    await erase_address_fingerprints(connection, old)
            if len(rows) < BATCH:
                self._pruned_until = None  # rows with the same time that a batch cut off come with the next sweep
                break
            self._pruned_until = rows[-1].created_at


async def _with_fingerprint_before(
    connection: AsyncConnection, until: datetime, *, after: datetime | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    statement = (
        select(CommentRow.id, CommentRow.created_at, ThreadRow.site_id)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(CommentRow.address_fingerprint.is_not(None), CommentRow.created_at <= until)
        .order_by(CommentRow.created_at)
        .limit(BATCH)
    )
    if after is not None:
        statement = statement.where(CommentRow.created_at > after)
    return (await connection.execute(statement)).all()


async def erase_address_fingerprints(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Erase the address fingerprints of the comments ``ids``; rows that another transaction has locked are skipped.

    Because it skips them, it never waits while it holds row locks, although it does not lock the threads first.
    """
    free = select(CommentRow.id).where(CommentRow.id.in_(ids)).with_for_update(skip_locked=True)
    locked = [*(await connection.execute(free)).scalars()]
    if locked:
        await connection.execute(update(CommentRow).where(CommentRow.id.in_(locked)).values(address_fingerprint=None))
