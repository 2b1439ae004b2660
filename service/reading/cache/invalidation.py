"""What the log says has changed since it was last read."""

from datetime import timedelta

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import ArticleAliasRow, ThreadRow
from service.platform import clock
from service.platform.events.model import EventRow
from service.platform.sites.model import SiteRow
from service.platform.storage.engine import Database

BOUND = timedelta(seconds=1)
MOST_ARTICLES = 1_000
Changed = tuple[int, str | None]


class LogCursor:
    """A reader of every site's log, which remembers how far it has come.

    What this process has committed is always news; what others have, after :data:`BOUND` at the latest.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._positions: dict[int, int] = {}
        self._commits, self._read_at = -1, clock.now()

    def is_current(self) -> bool:
        """Whether there is no need to read on."""
        return self._commits == self._database.commits and abs(clock.now() - self._read_at) < BOUND

    async def read_on(self) -> set[Changed]:
        """The articles with events since the last call, with their site's id; None for all of a site's."""
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
    """What the events after position ``known`` of a site are about: articles by all ids that they have had."""
    if not 0 <= known < head:  # a new site, a site that is gone, a database put back to an earlier state
        return {(site_id, None)}
    since = (EventRow.site_id == site_id, EventRow.position > known)
    ids = union(_PRESENT.where(*since), _FORMER.where(*since)).limit(MOST_ARTICLES + 1)
    articles = (await connection.execute(ids)).scalars().all()
    return {(site_id, None)} if len(articles) > MOST_ARTICLES else {(site_id, article) for article in articles}


_HEADS = select(SiteRow.id, SiteRow.position)
_PRESENT = select(ThreadRow.article).join(EventRow, EventRow.thread_id == ThreadRow.id)
_FORMER = select(ArticleAliasRow.article).join(EventRow, EventRow.thread_id == ArticleAliasRow.thread_id)
