"""Look up comments by id, to read them or to change them under their threads' locks."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.imported_ids import SOURCES, imported_from
from service.conversation.comments.model import COLUMNS, Comment, CommentRow, comment_of
from service.conversation.threads.lock_threads import lock_threads_by_id
from service.conversation.threads.model import COLUMNS as THREAD_COLUMNS
from service.conversation.threads.model import Thread, ThreadRow, thread_of
from service.platform.problems import NotFound, Translated
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, row_parameters
from service.platform.text.article_ids import has_control


async def find_comment(connection: AsyncConnection, site: Site, comment_id: UUID) -> tuple[Comment, Thread]:
    """Return a site's comment and its thread; raises :class:`NotFound`."""
    row = (await connection.execute(select(*COLUMNS).where(CommentRow.id == comment_id))).one_or_none()
    if row is None:
        raise no_comment()
    thread = select(*THREAD_COLUMNS).where(ThreadRow.id == row.thread_id, ThreadRow.site_id == site.id)
    thread_row = (await connection.execute(thread)).one_or_none()
    if thread_row is None:
        raise no_comment()
    return comment_of(row), thread_of(thread_row)


async def find_by_source(connection: AsyncConnection, site: Site, source: str) -> tuple[Comment, Thread]:
    """Return a site's imported comment and its thread by its old id, ``wordpress:57``; raises :class:`NotFound`.

    Two imports may have brought the same id into two threads; the comment that was imported first is returned.
    """
    if has_control(source):
        raise no_comment()
    system, _, old = source.partition(":")
    # Not a join: SQLite would try each thread of the site. Not ORDER BY with LIMIT 1: PostgreSQL could scan all ids.
    its_site = select(ThreadRow.site_id).where(ThreadRow.id == CommentRow.thread_id).scalar_subquery()
    same = select(CommentRow.id).where(CommentRow.imported_from == imported_from(system, old), its_site == site.id)
    ids = (await connection.scalars(same)).all()
    if not ids:
        raise no_comment()
    return await find_comment(connection, site, min(ids))


async def find_in_thread(connection: AsyncConnection, thread_id: int, linked_id: str) -> Comment | None:
    """Return a thread's comment by its id, or by the id that it had in another system before it was imported."""
    known = select(*COLUMNS).where(CommentRow.thread_id == thread_id)
    try:
        by_id = known.where(CommentRow.id == UUID(linked_id))
    except ValueError:
        row = None
    else:
        row = (await connection.execute(by_id)).one_or_none()
    if row is None:
        old = [imported_from(source, linked_id) for source in SOURCES]
        row = (await connection.execute(known.where(CommentRow.imported_from.in_(old)).limit(1))).one_or_none()
    return comment_of(row) if row else None


async def lock_comment(connection: AsyncConnection, site: Site, comment_id: UUID) -> tuple[Comment, Thread]:
    """Like :func:`find_comment`, but lock the thread before reading the comment."""
    found = await lock_comments(connection, site, [comment_id])
    if comment_id not in found:
        raise no_comment()
    return found[comment_id]


async def lock_own_comment(
    connection: AsyncConnection, site: Site, comment_id: UUID, reader_id: UUID | None
) -> tuple[Comment, Thread]:
    """Like :func:`lock_comment`, but only for the author ``reader_id``; anyone else gets :class:`NotFound`."""
    comment, thread = await lock_comment(connection, site, comment_id)
    _require_author(comment, reader_id)
    return comment, thread


async def find_own_comment(
    connection: AsyncConnection, site: Site, comment_id: UUID, reader_id: UUID | None
) -> tuple[Comment, Thread]:
    """Like :func:`find_comment`, but only for the author ``reader_id``; anyone else gets :class:`NotFound`."""
    comment, thread = await find_comment(connection, site, comment_id)
    _require_author(comment, reader_id)
    return comment, thread


def _require_author(comment: Comment, reader_id: UUID | None) -> None:
    if reader_id is None or comment.reader_id != reader_id:
        raise no_comment()


async def lock_comments(
    connection: AsyncConnection, site: Site, ids: Collection[UUID]
) -> dict[UUID, tuple[Comment, Thread]]:
    """Lock the threads of the comments ``ids``, then read the comments; those of other sites are left out.

    A comment never changes its thread, so its thread can be read before it is locked.
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
    """Read the comments ``ids`` of any site, by id; missing ones are left out."""
    return await _read(connection, ids, COLUMNS)


async def read_with_threads(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, tuple[Comment, Thread]]:
    """Read the comments ``ids`` of any site with their threads, by id; missing ones are left out."""
    if not ids:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_read_with_thread(dialect), row_parameters(dialect, [(id_,) for id_ in ids]))
    split = len(COLUMNS)
    found = [(comment_of(row[:split]), Thread(*row[split:])) for row in rows]
    return {comment.id: (comment, thread) for comment, thread in found}


@lru_cache
def _read_with_thread(dialect: str) -> Select[*tuple[Any, ...]]:
    both = select(*COLUMNS, *THREAD_COLUMNS).join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
    return both.where(any_of(dialect, CommentRow.id))


async def read_without_texts(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Comment]:
    """Read as :func:`read_comments` does, with empty texts: those of 200 comments can have 20 MB."""
    return await _read(connection, ids, WITHOUT_TEXTS)


WITHOUT_TEXTS = tuple(literal("").label(each.key) if each.key in {"body", "html"} else each for each in COLUMNS)


async def _read(
    connection: AsyncConnection, ids: Collection[UUID], columns: tuple[ColumnElement[Any], ...]
) -> dict[UUID, Comment]:
    if not ids:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_read_by_id(dialect, columns), row_parameters(dialect, [(id_,) for id_ in ids]))
    return {comment.id: comment for comment in map(comment_of, rows)}


@lru_cache
def _read_by_id(dialect: str, columns: tuple[ColumnElement[Any], ...]) -> Select[*tuple[Any, ...]]:
    return select(*columns).where(any_of(dialect, CommentRow.id))


def no_comment() -> NotFound:
    """The problem for a comment that does not exist or that the caller may not see; both look the same."""
    return NotFound(Translated("no-comment"))
