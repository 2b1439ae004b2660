"""The sections of articles, cached for posts to sites whose sections have rules of their own.

*Why*: a post is screened before any lock, by the rules of its article's section. A read for each post took a third of
its time. A section that has changed meanwhile is found under the lock, and the post is screened again
(``comments/group_commit.py``).
"""

from datetime import datetime, timedelta
from functools import partial

from service.conversation.threads.thread_lookup import find_section
from service.platform import clock
from service.platform.storage.engine import Database
from service.platform.storage.single_flight import SingleFlight

MAX_AGE = timedelta(seconds=10)
MAX_CACHED = 10_000  # articles; then the cache begins again


class ArticleSections:
    """The sections of articles, none read more than :data:`MAX_AGE` ago."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cached: dict[tuple[int, str], tuple[str | None, datetime]] = {}
        self._reads: SingleFlight[str | None] = SingleFlight()

    async def find(self, site_id: int, article: str) -> str | None:
        """Return the section of an article; None if it has none or is not registered."""
        key = site_id, article
        section, read_at = self._cached.get(key, (None, None))
        if read_at is None or abs(clock.now() - read_at) >= MAX_AGE:
            now = clock.now()
            section = await self._reads.call(key, partial(self._read, site_id, article))
            if len(self._cached) >= MAX_CACHED:
                self._cached.clear()
            self._cached[key] = section, now
        return section

    async def _read(self, site_id: int, article: str) -> str | None:
        async with self._database.read() as connection:
            return await find_section(connection, site_id, article)
