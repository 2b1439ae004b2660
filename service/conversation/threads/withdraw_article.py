"""Withdraw, restore and delete articles; the event with the newest time wins, even if it arrives first.

Only the site's staff can see a withdrawn article; its comments are kept. For an unknown article the withdrawal is
stored by its id, because its registration may still arrive.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.article_event_order import WITHDRAWAL, LatestEvents
from service.conversation.threads.model import ArticleWithdrawalRow, ErasureRow, Thread

WITHDRAWAL_RETENTION = timedelta(days=30)
AFTER_ALL_PATHS = b"\xff\xff\xff\xff"  # sorts after the paths of all comments


def set_withdrawn(thread: Thread, latest: LatestEvents, *, withdrawn: bool, at: datetime) -> bool:
    """Set the article of ``thread`` to ``withdrawn`` at ``at``, or restored; False if a newer event is known."""
    if not latest.is_current(WITHDRAWAL, at):
        return False
    thread.withdrawn_at = at if withdrawn else None
    latest.record(WITHDRAWAL, at)
    return True


async def store_withdrawal(
    connection: AsyncConnection,
    site_id: int,
    articles: Collection[str],
    *,
    withdrawn: bool,
    at: datetime,
    now: datetime,
) -> None:
    """Store that unknown ``articles`` are ``withdrawn`` or restored."""
    known = await _read_withdrawals(connection, site_id, articles)
    newer = {row.article for row in known if row.occurred_at > at}
    await _delete_withdrawals(connection, site_id, set(articles) - newer)
    for article in sorted(set(articles) - newer):
        row = {"site_id": site_id, "article": article, "withdrawn": withdrawn, "occurred_at": at, "received_at": now}
        await connection.execute(insert(ArticleWithdrawalRow).values(row))


async def apply_stored_withdrawals(
    connection: AsyncConnection, thread: Thread, latest: LatestEvents, articles: Collection[str]
) -> None:
    """Apply to ``thread`` the withdrawals stored for ``articles``, ids of its article, and delete them."""
    for row in await _read_withdrawals(connection, thread.site_id, articles):
        set_withdrawn(thread, latest, withdrawn=row.withdrawn, at=row.occurred_at)
    await _delete_withdrawals(connection, thread.site_id, articles)


async def _read_withdrawals(
    connection: AsyncConnection, site_id: int, articles: Collection[str]
) -> Sequence[Row[str, bool, datetime]]:
    row = ArticleWithdrawalRow
    statement = select(row.article, row.withdrawn, row.occurred_at)
    return (await connection.execute(statement.where(row.site_id == site_id, row.article.in_(articles)))).all()


async def _delete_withdrawals(connection: AsyncConnection, site_id: int, articles: Collection[str]) -> None:
    these = (ArticleWithdrawalRow.site_id == site_id, ArticleWithdrawalRow.article.in_(articles))
    await connection.execute(delete(ArticleWithdrawalRow).where(*these))


async def prune_withdrawals(connection: AsyncConnection, *, now: datetime) -> None:
    """Prune withdrawals of articles that the host did not register within :data:`WITHDRAWAL_RETENTION`."""
    old = ArticleWithdrawalRow.received_at <= now - WITHDRAWAL_RETENTION
    await connection.execute(delete(ArticleWithdrawalRow).where(old))


async def request_erasure(connection: AsyncConnection, thread: Thread) -> None:
    """Request the erasure of all current comments of ``thread`` (``articles/erase_threads.py``)."""
    await connection.execute(delete(ErasureRow).where(ErasureRow.thread_id == thread.id))
    row = {"thread_id": thread.id, "places": thread.places, "below": AFTER_ALL_PATHS}
    await connection.execute(insert(ErasureRow).values(row))
