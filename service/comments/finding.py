"""Comments are found by their id, to read them or to change them under their threads' locks."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.comments.model import COLUMNS, Comment, CommentRow, comment_of
from service.sites.finding import Site
from service.storage.portable import any_of
from service.threads.finding import lock_threads_by_id
from service.threads.model import COLUMNS as THREAD_COLUMNS
from service.threads.model import Thread, ThreadRow, thread_of
from service.web.problems import NotFound


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


async def lock_comments(
    connection: AsyncConnection, site: Site, ids: Collection[UUID]
) -> dict[UUID, tuple[Comment, Thread]]:
    """Lock the threads of the comments ``ids``, then read the comments; those not of this site are left out.

    A comment never leaves its thread, so the threads can be told before they are locked.
    """
    these = any_of(connection, (CommentRow.id,), [(id_,) for id_ in sorted(ids)])
    thread_ids = set(await connection.scalars(select(CommentRow.thread_id).where(these)))
    threads = await lock_threads_by_id(connection, thread_ids)
    comments = [comment_of(row) for row in await connection.execute(select(*COLUMNS).where(these))]
    return {
        comment.id: (comment, threads[comment.thread_id])
        for comment in comments
        if threads[comment.thread_id].site_id == site.id
    }


def no_comment() -> NotFound:
    """The problem of a comment that is not there, or that who asks may not see: both look the same."""
    return NotFound("There is no such comment here.")
