"""List a page of a thread's comments in reading order.

A page ends after ``limit`` comments, or before the one that would make it longer than :data:`MAX_PAGE_BYTES`. It is one
range of a partial index over shown comments, so its cost does not depend on the size of the thread. An
author has few pending comments; they are read through their own index and merged in.
"""

from html import escape
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from service.conversation.comments.model import COLUMNS, Comment, CommentRow, State, comment_of
from service.conversation.comments.tree_paths import LEVEL_BYTES, is_path, newest_path
from service.platform.http.cursors import decode_cursor
from service.platform.problems import InvalidCursor

Order = Literal["oldest", "newest"]
MAX_PAGE_BYTES = 256 * 1024  # of text; 200 comments of usual length take a quarter of it
READ_AT_ONCE = 50  # comments; few are read in vain when a page is full


class CommentPage(NamedTuple):
    """Comments in reading order, and the key after which the next page starts; None on the last page."""

    comments: list[Comment]
    next_key: bytes | None


async def read_page(
    connection: AsyncConnection,
    thread_id: int,
    *,
    order: Order,
    after: bytes,
    limit: int,
    reader_id: UUID | None,
    featured: bool = False,
) -> CommentPage:
    """Return a page of at most ``limit`` comments and :data:`MAX_PAGE_BYTES`, but at least one comment.

    With ``featured``, only those that editors picked.
    """
    comments: list[Comment] = []
    size = 0
    while True:
        asked = min(limit - len(comments), READ_AT_ONCE) + 1
        if featured:
            given = {"thread": thread_id, "after": after, "limit": asked}
            found = [comment_of(row) for row in await connection.execute(_FEATURED[order], given)]
        else:
            found = await list_comments(
                connection, thread_id, order=order, after=after, limit=asked, reader_id=reader_id
            )
        for comment in found:
            size += _size_on_page(comment)
            if len(comments) == limit or (comments and size > MAX_PAGE_BYTES):
                return CommentPage(comments, after)
            comments.append(comment)
            after = order_key(comment, order)
        if len(found) < asked:
            return CommentPage(comments, None)


def _size_on_page(comment: Comment) -> int:
    """The bytes of what the author of ``comment`` wrote; the markup around it takes about a kilobyte more."""
    return len(comment.html.encode()) + len(escape(comment.author_url or "").encode())


async def list_comments(
    connection: AsyncConnection, thread_id: int, *, order: Order, after: bytes, limit: int, reader_id: UUID | None
) -> list[Comment]:
    """Return the ``limit`` comments after the key ``after`` (``order_key``) that ``reader_id`` may see."""
    given: dict[str, Any] = {"thread": thread_id, "after": after, "limit": limit}
    comments = [comment_of(row) for row in await connection.execute(_SHOWN[order], given)]
    if reader_id is None:
        return comments
    given["reader"] = reader_id
    pending = [comment_of(row) for row in await connection.execute(_OWN[order], given)]
    return sorted([*comments, *pending], key=lambda comment: order_key(comment, order))[:limit]


def _page(key: InstrumentedAttribute[bytes]) -> Select[*tuple[Any, ...]]:
    page = select(*COLUMNS).where(CommentRow.thread_id == bindparam("thread"), key > bindparam("after"))
    return page.order_by(key).limit(bindparam("limit"))


# Comments that only their author sees, as pending. Spam found by rules alone is included, because a missing comment
# would reveal the finding. A comment with published replies is excluded: everyone sees it as a tombstone.
# ``visibility.is_listed`` has the same rule for one comment.
_PENDING_OR_SPAM = text("comments.state IN ('pending', 'spam')")  # worded as in the partial index
_UNDECIDED = or_(CommentRow.state == State.PENDING, CommentRow.reports.is_not(None))
_OWN_PENDING = and_(CommentRow.reader_id == bindparam("reader"), _PENDING_OR_SPAM, _UNDECIDED, ~CommentRow.shown)
_PAGE = {"oldest": _page(CommentRow.path), "newest": _page(CommentRow.newest_path)}
_SHOWN = {order: page.where(CommentRow.shown) for order, page in _PAGE.items()}
_FEATURED = {order: page.where(CommentRow.featured) for order, page in _PAGE.items()}
_OWN = {order: page.where(_OWN_PENDING) for order, page in _PAGE.items()}


def order_key(comment: Comment, order: Order) -> bytes:
    """Return the sort key of ``comment`` in a list of that ``order``."""
    return comment.path if order == "oldest" else newest_path(comment.path)


async def key_before(
    connection: AsyncConnection, comment: Comment, *, order: Order, reader_id: UUID | None, of_root: bool = False
) -> bytes | None:
    """Return the key of the last comment ``reader_id`` sees before ``comment`` (or its root); None if there is none."""
    column, key = _KEYS[order], order_key(comment, order)
    key = key[:LEVEL_BYTES] if of_root else key
    # Not max(): PostgreSQL has no max(bytea) before version 18.
    before = select(column).where(CommentRow.thread_id == comment.thread_id, column < key)
    before = before.order_by(column.desc()).limit(1)
    keys = [await connection.scalar(before.where(CommentRow.shown))]
    if reader_id is not None:
        keys.append(await connection.scalar(before.where(_OWN_PENDING), {"reader": reader_id}))
    return max((key for key in keys if key is not None), default=None)


_KEYS = {"oldest": CommentRow.path, "newest": CommentRow.newest_path}


async def page_containing(
    connection: AsyncConnection, comment: Comment, *, order: Order, limit: int, reader_id: UUID | None
) -> bytes:
    """Return the key after which a page of ``limit`` comments contains ``comment``.

    Prefers the first page, then a page that starts at the root of the conversation, then one that starts at the
    comment.
    """
    after = b""
    for of_root in (True, False):
        page = await read_page(
            connection, comment.thread_id, order=order, after=after, limit=limit, reader_id=reader_id
        )
        if any(each.id == comment.id for each in page.comments):
            break
        after = await key_before(connection, comment, order=order, reader_id=reader_id, of_root=of_root) or b""
    return after


def decode_path_cursor(cursor: str | None) -> bytes:
    """Decode a cursor to the path after which the page starts; raises :class:`InvalidCursor`."""
    if cursor is None:
        return b""
    path = decode_cursor(cursor)
    if not is_path(path):
        raise InvalidCursor(parameter="cursor")
    return path
