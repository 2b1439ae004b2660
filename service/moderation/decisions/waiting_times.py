"""How long comments waited for a person: since they were held, since an appeal, or since their first open report."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import Comment, State
from service.conversation.readers.model import ReportRow
from service.platform.events.model import DecisionRow
from service.platform.storage.portable import any_of, row_parameters


async def read_waiting_times(
    connection: AsyncConnection, comments: Sequence[Comment], *, now: datetime
) -> dict[UUID, int]:
    """Return the milliseconds that each of ``comments`` has waited by ``now``; those that did not wait are left out.

    Call it before their reports are settled and their states change. A held comment without an entry in the log, from
    before rules had entries, has waited since it was written.
    """
    held = {each.id: each.edited_at or each.created_at for each in comments if _is_held(each)}
    since = held | await _read(connection, _held_since, [*held])
    reported = [each.id for each in comments if each.reports and each.id not in held]
    since |= await _read(connection, _reported_since, reported)
    return {each: max(0, (now - instant) // timedelta(milliseconds=1)) for each, instant in since.items()}


def _is_held(comment: Comment) -> bool:
    """Whether the comment waits for a moderator; spam that a moderator marked does not."""
    return comment.state is State.PENDING or (comment.state is State.SPAM and comment.reports is not None)


async def _read(connection: AsyncConnection, statement: Any, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    if not ids:
        return {}
    dialect = connection.dialect.name
    rows = await connection.execute(statement(dialect), row_parameters(dialect, [(each,) for each in ids]))
    return {row.comment_id: row.since for row in rows}


@lru_cache
def _held_since(dialect: str) -> Select[*tuple[Any, ...]]:
    row = DecisionRow
    entered = select(row.comment_id, func.max(row.decided_at).label("since"))
    held = row.after.in_((State.PENDING.value, State.SPAM.value))
    entered_now = func.coalesce(row.before, "") != row.after  # an appeal for a held comment does not begin the wait
    return entered.where(any_of(dialect, row.comment_id), held, entered_now).group_by(row.comment_id)


@lru_cache
def _reported_since(dialect: str) -> Select[*tuple[Any, ...]]:
    row = ReportRow
    reported = select(row.comment_id, func.min(row.created_at).label("since"))
    return reported.where(any_of(dialect, row.comment_id), row.settled_by.is_(None)).group_by(row.comment_id)
