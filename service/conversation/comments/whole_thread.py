"""List all comments of a thread in reading order, in any state, as moderators see it."""

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import WITHOUT_TEXTS
from service.conversation.comments.model import Comment, CommentRow, comment_of
from service.conversation.comments.tree_paths import LEVEL_BYTES


async def list_whole_thread(connection: AsyncConnection, thread_id: int, *, after: bytes, limit: int) -> list[Comment]:
    """Return the ``limit`` comments after the path ``after``, with empty texts.

    Left out are those that neither readers see as removed nor moderators can read: their authors deleted them.
    """
    rows = await connection.execute(_LISTED, {"thread": thread_id, "after": after, "limit": limit})
    return [comment_of(row) for row in rows]


_LISTED = (
    select(*WITHOUT_TEXTS)
    .where(CommentRow.thread_id == bindparam("thread"), CommentRow.path > bindparam("after"))
    .where(or_(CommentRow.shown, CommentRow.body != "", CommentRow.reports > 0))
    .order_by(CommentRow.path)
    .limit(bindparam("limit"))
)


async def path_before(connection: AsyncConnection, comment: Comment, *, of_root: bool) -> bytes:
    """Return the path of the last comment before ``comment``, or before its root; empty for the first one."""
    path = comment.path[:LEVEL_BYTES] if of_root else comment.path
    before = select(CommentRow.path).where(CommentRow.thread_id == comment.thread_id, CommentRow.path < path)
    return await connection.scalar(before.order_by(CommentRow.path.desc()).limit(1)) or b""
