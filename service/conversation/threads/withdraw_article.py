"""Articles are withdrawn, restored and deleted; the newest that the host said of it stands, whenever it comes.

A withdrawn article is there for nobody but the site's staff; its comments are kept. One that is not known is remembered
by its id, for its registration may be on its way.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.article_event_order import STANDING, LatestEvents
from service.conversation.threads.model import ArticleStandingRow, ErasureRow, Thread

REMEMBERED = timedelta(days=30)
ABOVE_ALL = b"\xff\xff\xff\xff"  # the paths of all comments are below it


def stand(thread: Thread, told: LatestEvents, *, withdrawn: bool, at: datetime) -> bool:
    """Have the article of ``thread`` be ``withdrawn`` from ``at`` on, or restored; whether that is the newest."""
    if not told.is_news(STANDING, at):
        return False
    thread.withdrawn_at = at if withdrawn else None
    told.note(STANDING, at)
    return True


async def note_standing(
    connection: AsyncConnection,
    site_id: int,
    articles: Collection[str],
    *,
    withdrawn: bool,
    at: datetime,
    now: datetime,
) -> None:
    """Remember of ``articles`` that nobody knows that they are ``withdrawn``, or restored."""
    known = await _read_standings(connection, site_id, articles)
    newer = {row.article for row in known if row.told_at > at}
    await _forget_standings(connection, site_id, set(articles) - newer)
    for article in sorted(set(articles) - newer):
        row = {"site_id": site_id, "article": article, "withdrawn": withdrawn, "told_at": at, "received_at": now}
        await connection.execute(insert(ArticleStandingRow).values(row))


async def take_standings(
    connection: AsyncConnection, thread: Thread, told: LatestEvents, articles: Collection[str]
) -> None:
    """Have ``thread`` stand as was remembered of ``articles``, ids of its article, until now."""
    for row in await _read_standings(connection, thread.site_id, articles):
        stand(thread, told, withdrawn=row.withdrawn, at=row.told_at)
    await _forget_standings(connection, thread.site_id, articles)


async def _read_standings(
    connection: AsyncConnection, site_id: int, articles: Collection[str]
) -> Sequence[Row[str, bool, datetime]]:
    row = ArticleStandingRow
    statement = select(row.article, row.withdrawn, row.told_at)
    return (await connection.execute(statement.where(row.site_id == site_id, row.article.in_(articles)))).all()


async def _forget_standings(connection: AsyncConnection, site_id: int, articles: Collection[str]) -> None:
    these = (ArticleStandingRow.site_id == site_id, ArticleStandingRow.article.in_(articles))
    await connection.execute(delete(ArticleStandingRow).where(*these))


async def forget_standings(connection: AsyncConnection, *, now: datetime) -> None:
    """Forget what was remembered of articles that nobody registered within :data:`REMEMBERED`."""
    old = ArticleStandingRow.received_at <= now - REMEMBERED
    await connection.execute(delete(ArticleStandingRow).where(old))


async def ask_erasure(connection: AsyncConnection, thread: Thread) -> None:
    """Have the comments that ``thread`` has by now erased for good (``articles/erase_threads.py``)."""
    await connection.execute(delete(ErasureRow).where(ErasureRow.thread_id == thread.id))
    row = {"thread_id": thread.id, "places": thread.places, "below": ABOVE_ALL, "after_sequence": 0}
    await connection.execute(insert(ErasureRow).values(row))
