"""Withdraw, restore and delete articles; the event with the newest time wins, even if it arrives first.

Only the site's staff can see a withdrawn article; its comments are kept. For an unknown article the withdrawal is
stored by its id, because its registration may still arrive.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.article_event_order import STANDING, LatestEvents
from service.conversation.threads.model import ArticleStandingRow, ErasureRow, Thread

REMEMBERED = timedelta(days=30)
ABOVE_ALL = b"\xff\xff\xff\xff"  # sorts after the paths of all comments


def stand(thread: Thread, told: LatestEvents, *, withdrawn: bool, at: datetime) -> bool:
    """Mark the article of ``thread`` as ``withdrawn`` at ``at``, or restored; False if a newer event is known."""
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
    """Store that unknown ``articles`` are ``withdrawn`` or restored."""
    known = await _read_standings(connection, site_id, articles)
    newer = {row.article for row in known if row.told_at > at}
    await _forget_standings(connection, site_id, set(articles) - newer)
    for article in sorted(set(articles) - newer):
        row = {"site_id": site_id, "article": article, "withdrawn": withdrawn, "told_at": at, "received_at": now}
        await connection.execute(insert(ArticleStandingRow).values(row))


async def take_standings(
    connection: AsyncConnection, thread: Thread, told: LatestEvents, articles: Collection[str]
) -> None:
    """Apply to ``thread`` the withdrawals stored for ``articles``, ids of its article, and delete them."""
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
    """Prune withdrawals of articles that the host did not register within :data:`REMEMBERED`."""
    old = ArticleStandingRow.received_at <= now - REMEMBERED
    await connection.execute(delete(ArticleStandingRow).where(old))


async def ask_erasure(connection: AsyncConnection, thread: Thread) -> None:
    """Request the erasure of all current comments of ``thread`` (``articles/erase_threads.py``)."""
    await connection.execute(delete(ErasureRow).where(ErasureRow.thread_id == thread.id))
    row = {"thread_id": thread.id, "places": thread.places, "below": ABOVE_ALL, "after_sequence": 0}
    await connection.execute(insert(ErasureRow).values(row))
