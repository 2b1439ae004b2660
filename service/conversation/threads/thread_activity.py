"""List the threads with the most replies, or with the newest ones, by an index.

*Why* a table beside ``threads``: an index of the count there would make each post write to every index of the table on
PostgreSQL. This one is filled from the log, so posting does not pay for it; a list first reads the events that were
committed before it.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Insert, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.model import COLUMNS, Thread, ThreadActivityRow, ThreadRow
from service.platform.events.event_types import EventType
from service.platform.events.log_readers import has_more, read_next
from service.platform.events.model import EventRow
from service.platform.http.cursors import decode_cursor, encode_cursor
from service.platform.problems import InvalidCursor
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.storage.portable import any_of, row_parameters, run_many

READER = "activity"
BATCH = 100  # events in one transaction
MAX_EVENTS_BEFORE_LIST = 2_000  # sweeps read the older ones
Sort = Literal["replies", "activity"]
Place = tuple[int | datetime, int]  # a thread's value in the order, and its id
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_MAX_COUNT, _MAX_MICROSECONDS, _MAX_ID = 2**31 - 1, 32_503_680_000_000_000, 2**63 - 1  # until the year 3000


async def update_activity(database: Database, site: Site, *, limit: int) -> None:
    """Bring the activity of the threads of ``site`` up to the log, but read at most ``limit`` events."""
    for _ in range(0, limit, BATCH):
        async with database.read() as connection:
            if not await has_more(connection, site.id, READER):
                return
        async with database.write() as connection:
            await _read_batch(connection, site)


async def _read_batch(connection: AsyncConnection, site: Site) -> None:
    events = await read_next(connection, site.id, READER, limit=BATCH)
    if not events:  # another process was first
        return
    replied_at = func.max(case((EventRow.type == EventType.COMMENT_PUBLISHED.value, EventRow.occurred_at)))
    of_events = EventRow.position.between(events[0].position, events[-1].position), EventRow.thread_id.is_not(None)
    changed = select(EventRow.thread_id, replied_at).where(EventRow.site_id == site.id, *of_events)
    replied = {row[0]: row[1] for row in await connection.execute(changed.group_by(EventRow.thread_id))}
    if not replied:
        return
    dialect = connection.dialect.name
    found = await connection.execute(_threads(dialect), row_parameters(dialect, [(each,) for each in sorted(replied)]))
    rows = [
        {
            "thread_id": row.id,
            "site_id": site.id,
            "reply_count": row.reply_count,
            "active_at": replied[row.id] or min(row.created_at, row.published_at or row.created_at),
        }
        for row in found
    ]
    await run_many(connection, _upsert(dialect), rows)


@lru_cache
def _threads(dialect: str) -> Select[*tuple[Any, ...]]:
    columns = select(ThreadRow.id, ThreadRow.reply_count, ThreadRow.published_at, ThreadRow.created_at)
    return columns.where(any_of(dialect, ThreadRow.id)).order_by(ThreadRow.id)


@lru_cache
def _upsert(dialect: str) -> Insert:
    row = ThreadActivityRow
    names = ("thread_id", "site_id", "reply_count", "active_at")
    new = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(row).values(
        {name: bindparam(name) for name in names}
    )
    is_newer = new.excluded.active_at > row.active_at
    newest = case((is_newer, new.excluded.active_at), else_=row.active_at)
    return new.on_conflict_do_update(
        index_elements=[row.thread_id], set_={"reply_count": new.excluded.reply_count, "active_at": newest}
    )


async def list_active_threads(
    connection: AsyncConnection,
    site: Site,
    sort: Sort,
    *,
    sections: Sections,
    since: datetime | None,
    after: Place | None,
    limit: int,
) -> Sequence[tuple[Thread, Place]]:
    """Return the ``limit`` threads after ``after``, most replies or newest activity first, each with its place.

    ``since`` leaves out threads without a reply since that time, ``sections`` those outside.
    """
    row = ThreadActivityRow
    value = row.reply_count if sort == "replies" else row.active_at
    statement = (
        select(value.label("value"), *COLUMNS)
        .join(ThreadRow, ThreadRow.id == row.thread_id)
        .where(row.site_id == site.id)
        .order_by(value.desc(), row.thread_id.desc())
        .limit(limit)
    )
    if sections is not None:
        statement = statement.where(ThreadRow.section.in_(sections))
    if since is not None:
        statement = statement.where(row.active_at >= since)
    if after is not None:
        statement = statement.where(or_(value < after[0], and_(value == after[0], row.thread_id < after[1])))
    found = [(each[0], Thread(*each[1:])) for each in await connection.execute(statement)]
    return [(thread, (value, thread.id)) for value, thread in found]


def encode_place(sort: Sort, place: Place) -> str:
    """Return the cursor of the page after ``place``."""
    value, thread_id = place
    number = (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value
    return encode_cursor(f"{sort} {number} {thread_id}".encode())


def decode_place(cursor: str | None, sort: Sort) -> Place | None:
    """Decode a cursor of a list in this order; raises :class:`InvalidCursor`."""
    if cursor is None:
        return None
    match = _PLACE.fullmatch(decode_cursor(cursor))
    number, thread_id = (int(match[2]), int(match[3])) if match else (0, 0)
    max_number = _MAX_COUNT if sort == "replies" else _MAX_MICROSECONDS
    if not match or match[1].decode() != sort or number > max_number or thread_id > _MAX_ID:
        raise InvalidCursor(parameter="cursor")
    return (number if sort == "replies" else _EPOCH + number * _MICROSECOND), thread_id


_PLACE = re.compile(rb"(replies|activity) (\d{1,19}) (\d{1,19})")
