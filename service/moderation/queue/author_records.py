"""The records of authors for the review queue: their latest comments by state, reports on them, and measures."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from service.conversation.comments.model import CommentRow
from service.conversation.readers.measure_lookup import COLUMNS, Measure
from service.conversation.readers.model import MeasureRow, ReportRow
from service.moderation.measures.reader_measures import is_in_force
from service.platform.storage.portable import any_of, key_parameters, newest_per_key, row_parameters

MAX_COMMENTS = 100  # of an author that are counted, the newest
MAX_MEASURES = 5  # of an author that are listed, the newest
READ_AT_ONCE = 50  # authors; the comments of 200 would hold the loop for too long


class AuthorRecord(msgspec.Struct):
    """An author's latest comments by state, the reports on them, when they first posted, and measures in force."""

    comments: dict[str, int] = msgspec.field(default_factory=dict)
    reports: int = 0
    first_at: datetime | None = None
    measures: list[Measure] = msgspec.field(default_factory=list)


async def read_author_records(
    connection: AsyncConnection, readers: Collection[UUID], *, now: datetime
) -> dict[UUID, AuthorRecord]:
    """Read the records of ``readers``, two statements for each :data:`READ_AT_ONCE`."""
    records = {reader: AuthorRecord() for reader in readers}
    dialect, listed = connection.dialect.name, sorted(records)
    for first in range(0, len(listed), READ_AT_ONCE):
        some = listed[first : first + READ_AT_ONCE]
        for row in await connection.execute(_counts(dialect), key_parameters(dialect, some)):
            record = records[row.reader_id]
            record.comments[row.state] = row.comments
            record.reports += int(row.reports)  # PostgreSQL sums up to a decimal
            record.first_at = row.first_at
        given = {**row_parameters(dialect, [(each,) for each in some]), "now": now}
        for measure in (Measure(*row) for row in await connection.execute(_measures(dialect), given)):
            assert measure.reader_id
            records[measure.reader_id].measures.append(measure)
    return records


@lru_cache
def _counts(dialect: str) -> Select[*tuple[Any, ...]]:
    columns = (CommentRow.id, CommentRow.state)  # SQLite stores them before the texts, which it then need not read
    newest = newest_per_key(dialect, CommentRow.reader_id, columns, limit=MAX_COMMENTS).order_by(None).subquery()
    reports = select(func.count()).where(ReportRow.comment_id == newest.c.id).correlate(newest).scalar_subquery()
    other = aliased(CommentRow)
    first = select(other.created_at).where(other.reader_id == newest.c.reader_id).order_by(other.id).limit(1)
    return select(
        newest.c.reader_id,
        newest.c.state,
        func.count().label("comments"),
        func.sum(reports).label("reports"),
        first.correlate(newest).scalar_subquery().label("first_at"),
    ).group_by(newest.c.reader_id, newest.c.state)


@lru_cache
def _measures(dialect: str) -> Select[*tuple[Any, ...]]:
    row = MeasureRow
    place = func.row_number().over(partition_by=row.reader_id, order_by=row.id.desc()).label("place")
    ranked = select(row.id, place).where(any_of(dialect, row.reader_id), *is_in_force()).subquery()
    newest = select(*COLUMNS).join(ranked, ranked.c.id == row.id).where(ranked.c.place <= MAX_MEASURES)
    return newest.order_by(row.id.desc())
