"""Threads are found by their article's id or URL, to read them or to change them under their lock."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.storage.portable import any_of, rows_given
from service.threads.model import COLUMNS, Thread, ThreadRow, thread_of
from service.web.problems import NotFound, Said


async def find_thread(connection: AsyncConnection, site_id: int, article: str) -> Thread:
    """The thread of an article; raises :class:`NotFound`."""
    row = (await connection.execute(_BY_ARTICLE, {"site": site_id, "article": article})).one_or_none()
    if row is None:
        raise no_thread()
    return thread_of(row)


_BY_ARTICLE = select(*COLUMNS).where(ThreadRow.site_id == bindparam("site"), ThreadRow.article == bindparam("article"))


async def find_thread_by_url(
    connection: AsyncConnection, site_id: int, url: str, *, to_staff: bool, now: datetime
) -> Thread:
    """The thread whose article has this URL, the newest where several have that who asks may know of.

    Raises :class:`NotFound`.
    """
    statement = select(*COLUMNS).where(ThreadRow.site_id == site_id, ThreadRow.url == url)
    if not to_staff:
        statement = statement.where(or_(ThreadRow.published_at.is_(None), ThreadRow.published_at <= now))
    row = (await connection.execute(statement.order_by(ThreadRow.id.desc()).limit(1))).one_or_none()
    if row is None:
        raise no_thread()
    return thread_of(row)


async def lock_threads(
    connection: AsyncConnection, articles: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], Thread]:
    """Lock the threads of ``articles``, pairs of site and article id, in the order of their ids.

    Everyone locks in that order, so two groups over the same threads can't deadlock. Those not there are left out.
    """
    dialect = connection.dialect.name
    rows = await connection.execute(_lock_by_article(dialect), rows_given(dialect, sorted(articles)))
    return {(thread.site_id, thread.article): thread for thread in map(thread_of, rows)}


@lru_cache
def _lock_by_article(dialect: str) -> Select[*tuple[Any, ...]]:
    these = any_of(dialect, ThreadRow.site_id, ThreadRow.article)
    return select(*COLUMNS).where(these).order_by(ThreadRow.id).with_for_update()


async def lock_thread(connection: AsyncConnection, site_id: int, article: str) -> Thread:
    """Lock the thread of an article; raises :class:`NotFound`."""
    statement = _BY_ARTICLE.with_for_update()
    row = (await connection.execute(statement, {"site": site_id, "article": article})).one_or_none()
    if row is None:
        raise no_thread()
    return thread_of(row)


async def lock_threads_by_id(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, Thread]:
    """Lock the threads ``ids`` in the order of their ids."""
    wanted = [(id_,) for id_ in sorted(ids)]
    if not wanted:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_lock_by_id(dialect), rows_given(dialect, wanted))
    return {thread.id: thread for thread in map(thread_of, rows)}


@lru_cache
def _lock_by_id(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(*COLUMNS).where(any_of(dialect, ThreadRow.id)).order_by(ThreadRow.id).with_for_update()


def visible(thread: Thread, *, to_staff: bool, now: datetime) -> Thread:
    """``thread``, if who asks may know of it; raises :class:`NotFound` for readers under embargo."""
    if thread.is_embargoed(now) and not to_staff:
        raise no_thread()
    return thread


def no_thread() -> NotFound:
    """The problem of an article that nobody registered, or that readers may not know of: both look the same."""
    return NotFound(Said("no-thread"))
