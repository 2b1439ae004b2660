"""List a reader's own comments on all articles of a site, newest first.

A page ends after ``limit`` comments, or before the one that would make it longer than :data:`MAX_PAGE_BYTES`.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_pages import MAX_PAGE_BYTES
from service.conversation.comments.model import COLUMNS, Comment, CommentRow, State, comment_of
from service.conversation.threads.model import ArticleAliasRow, ThreadRow
from service.conversation.threads.thread_lookup import is_public, of_site
from service.platform.sites.site_lookup import Site

READ_AT_ONCE = 20  # comments; few are read in vain when a page is full


class CommentOnArticle(NamedTuple):
    """A comment, and the article that it is about."""

    comment: Comment
    article: str
    title: str
    url: str | None


async def list_own_comments(
    connection: AsyncConnection, site: Site, reader_id: UUID, *, before: UUID | None, limit: int, now: datetime
) -> tuple[list[CommentOnArticle], bool]:
    """Return the comments of ``reader_id`` before the id ``before``, and whether more follow.

    Left out are deleted comments and those on articles that are hidden from readers (``visibility.py``).
    """
    found: list[CommentOnArticle] = []
    size = 0
    while True:
        asked = min(limit - len(found), READ_AT_ONCE) + 1
        rows = await _read(connection, site, reader_id, before=before, limit=asked, now=now)
        for row in rows:
            size += len(row.comment.html.encode()) + len(row.comment.body.encode())
            if len(found) == limit or (found and size > MAX_PAGE_BYTES):
                return found, True
            found.append(row)
            before = row.comment.id
        if len(rows) < asked:
            return found, False


async def wrote_in_article(connection: AsyncConnection, site_id: int, reader_id: UUID, article: str) -> bool:
    """Whether the reader has a comment of any state in the thread that ``article`` is or was the id of."""
    given = {"site": site_id, "article": article, "reader": reader_id}
    return await connection.scalar(_OWN_IN_ARTICLE, given) is not None


_THREADS = union_all(
    *(
        select(id_).where(row.site_id == bindparam("site"), row.article == bindparam("article"))
        for row, id_ in ((ThreadRow, ThreadRow.id), (ArticleAliasRow, ArticleAliasRow.thread_id))
    )
)
_OWN_IN_ARTICLE = (
    select(CommentRow.id)
    .where(CommentRow.reader_id == bindparam("reader"), CommentRow.thread_id.in_(_THREADS))
    .limit(1)
)


async def _read(
    connection: AsyncConnection, site: Site, reader_id: UUID, *, before: UUID | None, limit: int, now: datetime
) -> list[CommentOnArticle]:
    statement = (
        select(*COLUMNS, ThreadRow.article, ThreadRow.title, ThreadRow.url)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(CommentRow.reader_id == reader_id, CommentRow.state != State.DELETED.value)
        .where(of_site(connection.dialect.name, site), is_public(now))
        .order_by(CommentRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(CommentRow.id < before)
    rows = await connection.execute(statement)
    return [CommentOnArticle(comment_of(row[:-3]), *row[-3:]) for row in rows]
