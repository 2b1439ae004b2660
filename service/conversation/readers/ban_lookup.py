"""Look up bans under the thread's lock, so an acknowledged ban applies to every later post."""

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
from service.platform.storage.portable import any_of, row_parameters


class Ban(NamedTuple):
    """One row of the bans table."""

    id: UUID
    site_id: int
    kind: Kind
    fingerprint: int
    masked_value: str
    reader_id: UUID | None
    reason: str | None
    until: datetime | None
    created_at: datetime
    ended_at: datetime | None

    def is_in_force(self, now: datetime) -> bool:
        """Whether the ban is in force at ``now``."""
        return self.ended_at is None and (self.until is None or self.until > now)


class Banned(Problem):
    """The author is banned. Carries ``until`` (null: permanent) and the ``reason`` shown to them."""

    status: ClassVar[int] = 403
    slug = "banned"

    def __init__(self, ban: Ban, **members: Any) -> None:
        super().__init__(until=ban.until, reason=ban.reason, **members)


COLUMNS = tuple(getattr(BanRow, name) for name in Ban._fields)
Bans = dict[tuple[int, int], list[Ban]]


async def read_bans(connection: AsyncConnection, fingerprints: Collection[tuple[int, int]]) -> Bans:
    """Read the bans that no moderator has ended, for pairs of site id and fingerprint.

    Returns them by those pairs. Bans past their ``until`` are included; check :meth:`Ban.is_in_force`.
    """
    bans: Bans = {}
    if not fingerprints:
        return bans
    dialect = connection.dialect.name
    for row in await connection.execute(_by_fingerprint(dialect), row_parameters(dialect, sorted(fingerprints))):
        ban = Ban(*row)
        bans.setdefault((ban.site_id, ban.fingerprint), []).append(ban)
    return bans


@lru_cache
def _by_fingerprint(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(*COLUMNS).where(any_of(dialect, BanRow.site_id, BanRow.fingerprint), BanRow.ended_at.is_(None))


def longest_ban(bans: Bans, site_id: int, fingerprints: Sequence[int], now: datetime) -> Ban | None:
    """Return the ban on ``fingerprints`` that lasts longest of those in force at ``now``; None if there is none."""
    if not bans:
        return None
    in_force = [
        ban for fingerprint in fingerprints for ban in bans.get((site_id, fingerprint), ()) if ban.is_in_force(now)
    ]
    return max(in_force, key=lambda ban: (ban.until is None, ban.until or now), default=None)
