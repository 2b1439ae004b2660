"""A page of a thread in reading order.

A page is one range of a partial index over what is shown, so it costs the same in a thread of a hundred comments and
of a million. What an author has pending is few; it is read by its own index and merged in.
"""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from service.comments.model import COLUMNS, Comment, CommentRow, comment_of
from service.comments.paths import newest_path

Order = Literal["oldest", "newest"]


async def list_comments(
    connection: AsyncConnection, thread_id: int, *, order: Order, after: bytes, limit: int, reader_id: UUID | None
) -> list[Comment]:
    """The ``limit`` comments that follow the key ``after`` (``order_key``) and that ``reader_id`` may see."""
    given: dict[str, Any] = {"thread": thread_id, "after": after, "most": limit}
    comments = [comment_of(row) for row in await connection.execute(_SHOWN[order], given)]
    if reader_id is None:
        return comments
    given["reader"] = reader_id
    pending = [comment_of(row) for row in await connection.execute(_OWN[order], given)]
    return sorted([*comments, *pending], key=lambda comment: order_key(comment, order))[:limit]


def _page(key: InstrumentedAttribute[bytes]) -> Select[*tuple[Any, ...]]:
    page = select(*COLUMNS).where(CommentRow.thread_id == bindparam("thread"), key > bindparam("after"))
    return page.order_by(key).limit(bindparam("most"))


# What only its author sees; a pending comment that answers hang below is shown to all as a tombstone.
_PENDING = text("comments.state = 'pending'")  # as the partial index says it
_OWN_PENDING = and_(CommentRow.reader_id == bindparam("reader"), _PENDING, ~CommentRow.shown)
_PAGE = {"oldest": _page(CommentRow.path), "newest": _page(CommentRow.newest_path)}
_SHOWN = {order: page.where(CommentRow.shown) for order, page in _PAGE.items()}
_OWN = {order: page.where(_OWN_PENDING) for order, page in _PAGE.items()}


def order_key(comment: Comment, order: Order) -> bytes:
    """Where ``comment`` stands in a list of that ``order``."""
    return comment.path if order == "oldest" else newest_path(comment.path)


async def path_before(connection: AsyncConnection, comment: Comment, *, reader_id: UUID | None) -> bytes | None:
    """The path that ``reader_id`` sees just before ``comment``, oldest first; None where it is the first."""
    before = select(func.max(CommentRow.path)).where(
        CommentRow.thread_id == comment.thread_id, CommentRow.path < comment.path
    )
    paths = [await connection.scalar(before.where(CommentRow.shown))]
    if reader_id is not None:
        paths.append(await connection.scalar(before.where(_OWN_PENDING), {"reader": reader_id}))
    return max((path for path in paths if path is not None), default=None)
