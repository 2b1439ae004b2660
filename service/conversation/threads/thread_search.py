"""Find threads by words of their articles' titles."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import COLUMNS, Thread, ThreadRow, thread_of
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site

MAX_SEARCHED = 20_000  # threads, the newest: each title is read
MAX_WORDS = 10


async def search_threads(
    connection: AsyncConnection, site: Site, words: str, *, sections: Sections, limit: int
) -> list[Thread]:
    """Return the ``limit`` newest threads whose titles contain all ``words``, among the latest :data:`MAX_SEARCHED`.

    Databases fold the case of ASCII letters only, so each word is searched in its usual spellings.
    """
    newest = select(ThreadRow.id).where(ThreadRow.site_id == site.id)
    if sections is not None:
        newest = newest.where(ThreadRow.section.in_(sections))
    searched = newest.order_by(ThreadRow.id.desc()).limit(MAX_SEARCHED).subquery()
    statement = select(*COLUMNS).where(ThreadRow.id.in_(select(searched.c.id)))
    for word in words.split()[:MAX_WORDS]:
        spellings = dict.fromkeys((word, word.lower(), word.upper(), word.capitalize()))
        statement = statement.where(or_(*(ThreadRow.title.icontains(each, autoescape=True) for each in spellings)))
    return [thread_of(row) for row in await connection.execute(statement.order_by(ThreadRow.id.desc()).limit(limit))]
