"""Comments are found by their id, to read them or to change them under their threads' locks."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import COLUMNS, Comment, CommentRow, comment_of
from service.conversation.threads.lock_threads import lock_threads_by_id
from service.conversation.threads.model import COLUMNS as THREAD_COLUMNS
from service.conversation.threads.model import Thread, ThreadRow, thread_of
from service.platform.problems import NotFound, Said
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, rows_given


async def find_comment(connection: AsyncConnection, site: Site, comment_id: UUID) -> tuple[Comment, Thread]:
    """A comment of a site and its thread; raises :class:`NotFound`."""
    row = (await connection.execute(select(*COLUMNS).where(CommentRow.id == comment_id))).one_or_none()
    if row is None:
        raise no_comment()
    thread = select(*THREAD_COLUMNS).where(ThreadRow.id == row.thread_id, ThreadRow.site_id == site.id)
    thread_row = (await connection.execute(thread)).one_or_none()
    if thread_row is None:
        raise no_comment()
    return comment_of(row), thread_of(thread_row)


async def lock_comment(connection: AsyncConnection, site: Site, comment_id: UUID) -> tuple[Comment, Thread]:
    """As :func:`find_comment`, with the thread locked before the comment is read."""
    found = await lock_comments(connection, site, [comment_id])
    if comment_id not in found:
        raise no_comment()
    return found[comment_id]


async def lock_own(
    connection: AsyncConnection, site: Site, comment_id: UUID, reader_id: UUID | None
) -> tuple[Comment, Thread]:
    """As :func:`lock_comment`, where ``reader_id`` wrote it; for all others it is not there."""
    comment, thread = await lock_comment(connection, site, comment_id)
    if reader_id is None or comment.reader_id != reader_id:
        raise no_comment()
    return comment, thread


async def lock_comments(
    connection: AsyncConnection, site: Site, ids: Collection[UUID]
) -> dict[UUID, tuple[Comment, Thread]]:
    """Lock the threads of the comments ``ids``, then read the comments; those not of this site are left out.

    A comment never leaves its thread, so the threads can be told before they are locked.
    """
    before = await read_comments(connection, ids)
    threads = await lock_threads_by_id(connection, {comment.thread_id for comment in before.values()})
    comments = await read_comments(connection, ids)
    return {
        comment.id: (comment, threads[comment.thread_id])
        for comment in comments.values()
        if threads[comment.thread_id].site_id == site.id
    }


async def read_comments(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Comment]:
    """The comments ``ids`` by their ids, of whatever site; those that are not there are left out."""
    if not ids:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_read_by_id(dialect), rows_given(dialect, [(id_,) for id_ in ids]))
    return {comment.id: comment for comment in map(comment_of, rows)}


@lru_cache
def _read_by_id(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(*COLUMNS).where(any_of(dialect, CommentRow.id))


def no_comment() -> NotFound:
    """The problem of a comment that is not there, or that who asks may not see: both look the same."""
    return NotFound(Said("no-comment"))
