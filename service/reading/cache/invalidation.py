"""Cache invalidation: the articles that changed since the log was last read."""

from datetime import datetime, timedelta

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import ArticleAliasRow, ThreadRow
from service.platform import clock
from service.platform.events.model import EventRow
from service.platform.sites.model import SiteRow
from service.platform.storage.engine import Database

MAX_STALENESS = timedelta(seconds=1)
MAX_ARTICLES = 1_000
Changed = tuple[int, str | None]


class LogCursor:
    """A cursor for every site's log.

    Commits of this process are visible at once; commits of other processes within :data:`MAX_STALENESS`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._positions: dict[int, int] = {}
        self._commits, self._read_at = -1, clock.now()

    def is_current(self, now: datetime) -> bool:
        """Whether the log need not be read again yet."""
        return self._commits == self._database.commits and abs(now - self._read_at) < MAX_STALENESS

    async def read_next(self) -> set[Changed]:
        """Return the articles with events since the last call, by site id; None means the whole site."""
        commits, now = self._database.commits, clock.now()
        async with self._database.read() as connection:
            heads = {row.id: row.position for row in await connection.execute(_HEADS)}
            changed: set[Changed] = set()
            for site_id in heads.keys() | self._positions.keys():
                known, head = self._positions.get(site_id, -1), heads.get(site_id, -1)
                if known != head:
                    changed |= await _changed(connection, site_id, known, head)
        self._positions, self._commits, self._read_at = heads, commits, now
        return changed


async def _changed(connection: AsyncConnection, site_id: int, known: int, head: int) -> set[Changed]:
    """Return the articles of a site's events after the position ``known``, by all their ids."""
    if not 0 <= known < head:  # a new or deleted site, or a restored database
        return {(site_id, None)}
    since = (EventRow.site_id == site_id, EventRow.position > known)
    ids = union(_PRESENT.where(*since), _FORMER.where(*since)).limit(MAX_ARTICLES + 1)
    articles = (await connection.execute(ids)).scalars().all()
    return {(site_id, None)} if len(articles) > MAX_ARTICLES else {(site_id, article) for article in articles}


_HEADS = select(SiteRow.id, SiteRow.position)
_PRESENT = select(ThreadRow.article).join(EventRow, EventRow.thread_id == ThreadRow.id)
_FORMER = select(ArticleAliasRow.article).join(EventRow, EventRow.thread_id == ArticleAliasRow.thread_id)
