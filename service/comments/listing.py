"""A page of a thread in reading order.

A page is one range of a partial index over what is shown, so it costs the same in a thread of a hundred comments and
of a million. What an author has pending is few; it is read by its own index and merged in.
"""

from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.comments.model import COLUMNS, Comment, CommentRow, State, comment_of
from service.comments.paths import newest_path

Order = Literal["oldest", "newest"]


async def list_comments(
    connection: AsyncConnection, thread_id: int, *, order: Order, after: bytes, limit: int, reader_id: UUID | None
) -> list[Comment]:
    """The ``limit`` comments that follow the key ``after`` (``order_key``) and that ``reader_id`` may see."""
    key = CommentRow.path if order == "oldest" else CommentRow.newest_path
    page = select(*COLUMNS).where(CommentRow.thread_id == thread_id, key > after).order_by(key).limit(limit)
    comments = [comment_of(row) for row in await connection.execute(page.where(CommentRow.shown))]
    if reader_id is None:
        return comments
    own = page.where(_own_pending(reader_id))
    pending = {comment.id: comment for comment in map(comment_of, await connection.execute(own))}
    return sorted([*comments, *pending.values()], key=lambda comment: order_key(comment, order))[:limit]


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
        paths.append(await connection.scalar(before.where(_own_pending(reader_id))))
    return max((path for path in paths if path is not None), default=None)


def _own_pending(reader_id: UUID) -> ColumnElement[bool]:
    """What only its author sees; a pending comment that answers hang below is shown to all as a tombstone."""
    return and_(CommentRow.reader_id == reader_id, CommentRow.state == State.PENDING, ~CommentRow.shown)
