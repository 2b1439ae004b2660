"""Claims: a moderator reserves comments for a few minutes, so no two review the same one."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Delete, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from service.moderation.queue.model import ClaimRow
from service.platform.storage.portable import any_of, row_parameters

LEASE = timedelta(minutes=5)


async def claim(connection: AsyncConnection, ids: Collection[UUID], *, by: str, now: datetime) -> set[UUID]:
    """Claim the comments ``ids`` for the key or moderator ``by``; return those that were free.

    Claiming a comment again extends the claim.
    """
    if not ids:
        return set()
    rows = [{"comment_id": id_, "claimed_by": by, "until": now + LEASE} for id_ in sorted(ids)]
    insert = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(ClaimRow).values(rows)
    claimed = insert.on_conflict_do_update(
        index_elements=[ClaimRow.comment_id],
        set_={"claimed_by": insert.excluded.claimed_by, "until": insert.excluded.until},
        where=(ClaimRow.until <= now) | (ClaimRow.claimed_by == by),
    )
    return {row.comment_id for row in await connection.execute(claimed.returning(ClaimRow.comment_id))}


async def release_claims(connection: AsyncConnection, ids: Collection[UUID]) -> None:
    """Release the claims on the comments ``ids`` after a decision."""
    if ids:
        dialect = connection.dialect.name
        await connection.execute(_release(dialect), row_parameters(dialect, [(id_,) for id_ in ids]))


async def release_all(connection: AsyncConnection, *, by: str) -> None:
    """Release all claims of ``by``."""
    await connection.execute(delete(ClaimRow).where(ClaimRow.claimed_by == by))


@lru_cache
def _release(dialect: str) -> Delete:
    return delete(ClaimRow).where(any_of(dialect, ClaimRow.comment_id))


def prune_claims(now: datetime) -> Delete:
    """Return the statement that prunes expired claims."""
    return delete(ClaimRow).where(ClaimRow.until <= now)
