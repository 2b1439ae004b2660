"""What is around a page of comments: the comments above its first one, the page before, and how many are left."""

from typing import Any, Literal

from sqlalchemy import bindparam, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_pages import Order
from service.conversation.comments.model import COLUMNS, Comment, CommentRow, State, comment_of
from service.conversation.comments.tree_paths import ancestors

MAX_COUNTED = 10_000  # comments; a count reads each row
BEGINNING = 600  # characters of a comment's HTML
_KEYS = {"oldest": CommentRow.path, "newest": CommentRow.newest_path}


async def read_above(connection: AsyncConnection, comment: Comment) -> list[Comment]:
    """Return the comments above ``comment`` in the tree, outermost first, each with the beginning of its HTML.

    A page in reading order that starts with ``comment`` has no reply whose place is below any other comment before it.
    """
    if not comment.depth:
        return []
    paths = CommentRow.path.in_(ancestors(comment.path))
    above = select(*_BEGINNINGS).where(CommentRow.thread_id == comment.thread_id, paths)
    return [comment_of(row) for row in await connection.execute(above.order_by(CommentRow.path))]


_BEGINNINGS = tuple(
    literal("").label("body")
    if each.key == "body"
    else func.substr(CommentRow.html, 1, BEGINNING).label("html")
    if each.key == "html"
    else each
    for each in COLUMNS
)


async def start_of_page_before(
    connection: AsyncConnection, thread_id: int, *, order: Order, after: bytes, limit: int
) -> bytes:
    """Return the key after which the page of ``limit`` comments starts that ends with the key ``after``."""
    key = _KEYS[order]
    before = select(key).where(CommentRow.thread_id == thread_id, CommentRow.shown, key <= after)
    keys = list(await connection.scalars(before.order_by(key.desc()).limit(limit + 1)))
    return keys[limit] if len(keys) > limit else b""


async def count_featured(connection: AsyncConnection, thread_id: int) -> int:
    """Count the comments that editors picked."""
    return await connection.scalar(_COUNT_FEATURED, {"thread": thread_id}) or 0


_COUNT_FEATURED = select(func.count()).where(CommentRow.thread_id == bindparam("thread"), CommentRow.featured)


async def count_up_to(
    connection: AsyncConnection, thread_id: int, *, order: Literal["oldest", "newest"], after: bytes
) -> int | None:
    """Count the published comments up to the key ``after``; None if there are more than :data:`MAX_COUNTED`."""
    given: dict[str, Any] = {"thread": thread_id, "after": after}
    count = await connection.scalar(_COUNTS[order], given) or 0
    return None if count > MAX_COUNTED else count


_UP_TO = {
    order: select(literal(1))
    .where(
        CommentRow.thread_id == bindparam("thread"),
        CommentRow.shown,
        CommentRow.state == State.PUBLISHED,
        key <= bindparam("after"),
    )
    .limit(MAX_COUNTED + 1)
    for order, key in _KEYS.items()
}
_COUNTS = {order: select(func.count()).select_from(rows.subquery()) for order, rows in _UP_TO.items()}
