"""Lock threads before changing them, always in the order of their ids, so transactions cannot deadlock."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import COLUMNS, Thread, ThreadRow, thread_of
from service.conversation.threads.thread_lookup import ids_of_threads, no_thread
from service.platform.storage.portable import any_of, row_parameters

Article = tuple[int, str]


async def lock_thread(connection: AsyncConnection, site_id: int, article: str) -> Thread:
    """Lock the thread of an article; raises :class:`NotFound`."""
    found = await lock_threads(connection, [(site_id, article)])
    if not found:
        raise no_thread()
    return found[site_id, article]


async def lock_threads(connection: AsyncConnection, articles: Iterable[Article]) -> dict[Article, Thread]:
    """Lock the threads of ``articles``, pairs of site and article id, and return them by those pairs.

    Every transaction locks in the order of thread ids, so two batches over the same threads cannot deadlock. Missing
    threads are left out; two ids of one article return the same thread.
    """
    dialect, wanted = connection.dialect.name, sorted(articles)
    rows = await connection.execute(_lock_by_article(dialect), row_parameters(dialect, wanted))
    found = {(thread.site_id, thread.article): thread for thread in map(thread_of, rows)}
    missing = [article for article in wanted if article not in found]
    return found | await _lock_missing(connection, missing, found.values()) if missing else found


@lru_cache
def _lock_by_article(dialect: str) -> Select[*tuple[Any, ...]]:
    these = any_of(dialect, ThreadRow.site_id, ThreadRow.article)
    return select(*COLUMNS).where(these).order_by(ThreadRow.id).with_for_update()


async def _lock_missing(
    connection: AsyncConnection, articles: list[Article], locked: Iterable[Thread]
) -> dict[Article, Thread]:
    """Lock the threads of ``articles`` found only by a former id, or whose id changed during the first query.

    The ids are read again after each lock: until then an article could still move.
    """
    held = {thread.id: thread for thread in locked}
    ids = await ids_of_threads(connection, articles)
    while new := set(ids.values()) - held.keys():
        # Never wait for a thread with a lower id than one already locked.
        in_order = not held or min(new) > max(held)
        held |= await _lock_ids(connection, new, waits=in_order)
        ids = await ids_of_threads(connection, articles)
    return {article: held[thread_id] for article, thread_id in ids.items()}


async def lock_threads_by_id(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, Thread]:
    """Lock the threads ``ids`` in the order of their ids."""
    return await _lock_ids(connection, ids, waits=True)


async def _lock_ids(connection: AsyncConnection, ids: Iterable[int], *, waits: bool) -> dict[int, Thread]:
    """Lock the threads ``ids``; unless ``waits``, a thread locked by another transaction raises Busy."""
    wanted = [(id_,) for id_ in sorted(ids)]
    if not wanted:
        return {}
    dialect = connection.dialect.name
    statement = _lock_by_id(dialect).with_for_update(nowait=not waits)
    rows = await connection.execute(statement, row_parameters(dialect, wanted))
    return {thread.id: thread for thread in map(thread_of, rows)}


@lru_cache
def _lock_by_id(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(*COLUMNS).where(any_of(dialect, ThreadRow.id)).order_by(ThreadRow.id)
