"""What is known of where comments came from is forgotten after the site's number of days."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service import clock
from service.comments.model import CommentRow
from service.sites.finding import Site
from service.storage.engine import Database
from service.threads.model import ThreadRow

BATCH = 500
BATCHES = 20  # a sweep, so that a large database is gone through in the course of many


class Forgetting:
    """Goes through each site's comments in the order in which they came, and remembers how far it is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._come_to: dict[int, UUID] = {}

    async def forget_addresses(self, sites: list[Site]) -> None:
        """Forget the addresses of comments that are old enough."""
        for site in sites:
            for _ in range(BATCHES):
                if not await self._forget_some(site):
                    break

    async def _forget_some(self, site: Site) -> bool:
        """Whether there may be more."""
        come_to = self._come_to.get(site.id, UUID(int=0))
        async with self._database.read() as connection:
            rows = await _after(connection, site, come_to)
        until = clock.now() - timedelta(days=site.settings.address_days)
        old = [row for row in rows if row.created_at <= until]
        if known := [row.id for row in old if row.address_mark is not None]:
            async with self._database.write() as connection:
                forget = update(CommentRow).where(CommentRow.id.in_(known)).values(address_mark=None)
                await connection.execute(forget)
        if old:
            self._come_to[site.id] = old[-1].id
        return len(old) == BATCH


async def _after(connection: AsyncConnection, site: Site, come_to: UUID) -> list[Row[*tuple[Any, ...]]]:
    statement = (
        select(CommentRow.id, CommentRow.created_at, CommentRow.address_mark)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(ThreadRow.site_id == site.id, CommentRow.id > come_to)
        .order_by(CommentRow.id)
        .limit(BATCH)
    )
    return [*(await connection.execute(statement)).all()]
