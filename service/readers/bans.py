"""Who may not post: told under the lock of the thread, so that an acknowledged ban holds for each later post."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.readers.marks import Kind
from service.readers.model import BanRow
from service.storage.portable import any_of, rows_given


class Ban(NamedTuple):
    """A ban as it is kept."""

    id: UUID
    site_id: int
    kind: Kind
    mark: int
    told: str
    reader_id: UUID | None
    reason: str | None
    until: datetime | None
    created_at: datetime
    ended_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether it keeps anybody from posting at ``now``."""
        return self.ended_at is None and (self.until is None or self.until > now)


COLUMNS = tuple(getattr(BanRow, name) for name in Ban._fields)
Bans = dict[tuple[int, int], list[Ban]]


async def read_bans(connection: AsyncConnection, marks: Collection[tuple[int, int]]) -> Bans:
    """The bans that nobody has ended on ``marks``, pairs of site and mark."""
    bans: Bans = {}
    if not marks:
        return bans
    dialect = connection.dialect.name
    for row in await connection.execute(_by_mark(dialect), rows_given(dialect, sorted(marks))):
        ban = Ban(*row)
        bans.setdefault((ban.site_id, ban.mark), []).append(ban)
    return bans


@lru_cache
def _by_mark(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(*COLUMNS).where(any_of(dialect, BanRow.site_id, BanRow.mark), BanRow.ended_at.is_(None))


def longest_ban(bans: Bans, site_id: int, marks: Sequence[int], now: datetime) -> Ban | None:
    """Of the bans on ``marks`` that hold at ``now`` the one that holds longest."""
    if not bans:
        return None
    holding = [ban for mark in marks for ban in bans.get((site_id, mark), ()) if ban.holds(now)]
    return max(holding, key=lambda ban: (ban.until is None, ban.until or now), default=None)


def holding(now: datetime) -> Any:
    """What is true of the rows of bans that hold at ``now``."""
    return (BanRow.ended_at.is_(None)) & or_(BanRow.until.is_(None), BanRow.until > now)
