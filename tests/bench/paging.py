"""Threads of 100 to 1,000,000 comments, and the buffers that PostgreSQL reads for a page in their middle."""

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.accept_batch import comment_row
from service.conversation.comments.model import Comment, CommentRow, State
from service.conversation.comments.tree_paths import child_position
from service.platform import clock
from service.platform.storage.engine import Database
from service.platform.storage.portable import insert_many

TEXT = "I read this twice, and I still do not know who will answer for it. " * 4
EXPLAIN = """EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM comments
WHERE thread_id = :thread AND path > :after AND shown ORDER BY path LIMIT 50"""


async def grow(database: Database, thread_id: int, size: int) -> None:
    """Add ``size`` published comments to a thread; two of three are replies."""
    for first in range(1, size + 1, 50_000):
        async with database.write() as connection:
            rows = [row(thread_id, place) for place in range(first, min(first + 50_000, size + 1))]
            await insert_many(connection, CommentRow, rows)
    if database.dialect == "postgresql":
        async with database.write() as connection:
            await connection.execute(text("ANALYZE comments"))


def row(thread_id: int, place: int) -> dict[str, Any]:
    """A typical comment at ``place``."""
    above = (place - place % 3).to_bytes(4, "big") if place % 3 and place > 3 else None
    position = child_position(above, place, max_depth=6)
    comment = Comment(
        id=clock.new_id(), thread_id=thread_id, parent_id=None, path=position.path, depth=position.depth,
        state=State.PUBLISHED, shown=True, reader_id=clock.new_id(), author_name="Ada", author_email=None,
        author_url=None, author_role="guest", author_avatar=None, body=TEXT, html=f"<p>{TEXT}</p>", revision=1,
        created_at=clock.now(), edited_at=None, text_hash=None, address_fingerprint=None, reports=0,
    )  # fmt: skip
    return comment_row(comment)


async def explain(connection: AsyncConnection, thread_id: int, after: bytes) -> str:
    """The plan, rows and buffers of one page."""
    explained = (await connection.execute(text(EXPLAIN), {"thread": thread_id, "after": after})).scalar_one()
    plan = (explained if isinstance(explained, list) else json.loads(explained))[0]["Plan"]
    scan = plan["Plans"][0]
    touched = scan["Shared Hit Blocks"] + scan["Shared Read Blocks"]
    return f"{scan['Node Type']} on {scan.get('Index Name')}: {scan['Actual Rows']:.0f} rows, {touched} buffers"
