"""Count the pending comments of threads."""

from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow
from service.platform.storage.portable import any_of, row_parameters

_PENDING = text("comments.state = 'pending' AND comments.state IN ('pending', 'spam')")  # worded as the partial index


async def count_pending(connection: AsyncConnection, threads: Collection[int]) -> dict[int, int]:
    """Return the number of pending comments by thread; threads without any are left out."""
    if not threads:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(_counts(dialect), row_parameters(dialect, [(each,) for each in sorted(threads)]))
    return {row[0]: row[1] for row in rows}


@lru_cache
def _counts(dialect: str) -> Select[int, int]:
    pending = select(CommentRow.thread_id, func.count()).where(any_of(dialect, CommentRow.thread_id), _PENDING)
    return pending.group_by(CommentRow.thread_id)
