"""Log readers: each processes every event of a site once, in order, and continues where it stopped.

A reader's position is a row that it locks while it reads and updates in the transaction of its work. Two processes
therefore never read the same events, and a failed transaction reads nothing. The log has no gaps (``append.py``), so
reading by position misses no event.
"""

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.events.event_types import Event
from service.platform.events.model import LogReaderRow
from service.platform.events.read_log import read_events
from service.platform.sites.model import SiteRow
from service.platform.storage.portable import insert_if_absent


async def has_more(connection: AsyncConnection, site_id: int, reader: str) -> bool:
    """Whether ``site_id`` has events that ``reader`` has not read; takes no lock."""
    read = select(LogReaderRow.position).where(LogReaderRow.site_id == site_id, LogReaderRow.name == reader)
    head = select(SiteRow.position > func.coalesce(read.scalar_subquery(), 0)).where(SiteRow.id == site_id)
    return bool((await connection.execute(head)).scalar_one())


async def read_next(connection: AsyncConnection, site_id: int, reader: str, *, limit: int) -> list[Event]:
    """Lock ``reader`` until the transaction ends and return its next ``limit`` events, in order.

    The reader's position moves past them. A new reader starts at the first event.
    """
    new = insert_if_absent(connection, LogReaderRow).values(site_id=site_id, name=reader, position=0)
    await connection.execute(new)
    locked = (
        select(LogReaderRow.position)
        .where(LogReaderRow.site_id == site_id, LogReaderRow.name == reader)
        .with_for_update()  # on SQLite a writer locks the whole database
    )
    position = (await connection.execute(locked)).scalar_one()
    events = await read_events(connection, site_id, after=position, limit=limit)
    if events:
        await _move(connection, site_id, reader, to=events[-1].position)
    return events


async def mark_unread(connection: AsyncConnection, site_id: int, reader: str, events: list[Event]) -> None:
    """Make ``events``, the last ones read in this transaction, unread again."""
    await _move(connection, site_id, reader, to=events[0].position - 1)


async def _move(connection: AsyncConnection, site_id: int, reader: str, *, to: int) -> None:
    place = update(LogReaderRow).where(LogReaderRow.site_id == site_id, LogReaderRow.name == reader)
    await connection.execute(place.values(position=to))
