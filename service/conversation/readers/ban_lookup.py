"""Who may not post: told under the lock of the thread, so that an acknowledged ban holds for each later post."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.readers.model import BanRow
from service.platform.access.fingerprints import Kind
from service.platform.problems import Problem
from service.platform.storage.portable import any_of, rows_given


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


class Banned(Problem):
    """Who asks may not post here: ``until`` when, null for good, and the ``reason`` that they are given."""

    status: ClassVar[int] = 403
    slug = "banned"

    def __init__(self, ban: Ban, **members: Any) -> None:
        super().__init__(until=ban.until, reason=ban.reason, **members)


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
