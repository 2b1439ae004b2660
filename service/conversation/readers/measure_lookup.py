"""Look up measures on authors under the thread's lock, so an acknowledged measure applies to every later post."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.readers.model import MeasureAction, MeasureRow
from service.conversation.screening.reputation_rules import Trust
from service.platform.access.fingerprints import Kind
from service.platform.problems import Problem
from service.platform.storage.portable import any_of, row_parameters


class Measure(NamedTuple):
    """One row of the table of measures."""

    id: UUID
    site_id: int
    action: MeasureAction
    kind: Kind
    fingerprint: int
    masked_value: str
    reader_id: UUID | None
    reason: str | None
    until: datetime | None
    created_at: datetime
    ended_at: datetime | None

    def is_in_force(self, now: datetime) -> bool:
        """Whether the measure is in force at ``now``."""
        return self.ended_at is None and (self.until is None or self.until > now)


class Banned(Problem):
    """The author is banned. Carries ``until`` (null: permanent) and the ``reason`` shown to them."""

    status: ClassVar[int] = 403
    slug = "banned"

    def __init__(self, ban: Measure, **members: Any) -> None:
        super().__init__(until=ban.until, reason=ban.reason, **members)


COLUMNS = tuple(getattr(MeasureRow, name) for name in Measure._fields)
Measures = dict[tuple[int, int], list[Measure]]


async def read_measures(connection: AsyncConnection, fingerprints: Collection[tuple[int, int]]) -> Measures:
    """Read the measures that no moderator has ended, for pairs of site id and fingerprint.

    Returns them by those pairs. Measures past their ``until`` are included; check :meth:`Measure.is_in_force`.
    """
    measures: Measures = {}
    if not fingerprints:
        return measures
    dialect = connection.dialect.name
    for row in await connection.execute(_by_fingerprint(dialect), row_parameters(dialect, sorted(fingerprints))):
        measure = Measure(*row)
        measures.setdefault((measure.site_id, measure.fingerprint), []).append(measure)
    return measures


@lru_cache
def _by_fingerprint(dialect: str) -> Select[*tuple[Any, ...]]:
    row = MeasureRow
    return select(*COLUMNS).where(any_of(dialect, row.site_id, row.fingerprint), row.ended_at.is_(None))


def longest_ban(measures: Measures, site_id: int, fingerprints: Sequence[int], now: datetime) -> Measure | None:
    """Return the ban on ``fingerprints`` that lasts longest of those in force at ``now``; None if there is none."""
    bans = [each for each in _in_force(measures, site_id, fingerprints, now) if each.action == "ban"]
    return max(bans, key=lambda ban: (ban.until is None, ban.until or now), default=None)


def trust_in(measures: Measures, site_id: int, fingerprints: Sequence[int], now: datetime) -> Trust | None:
    """Return whether moderators hold or trust the author with these ``fingerprints``; a hold comes first."""
    actions = {each.action for each in _in_force(measures, site_id, fingerprints, now)}
    return "held" if "hold" in actions else "trusted" if "trust" in actions else None


def _in_force(measures: Measures, site_id: int, fingerprints: Sequence[int], now: datetime) -> list[Measure]:
    if not measures:
        return []
    of_author = [each for fingerprint in fingerprints for each in measures.get((site_id, fingerprint), ())]
    return [each for each in of_author if each.is_in_force(now)]
