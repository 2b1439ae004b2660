"""Whoever does something for each event reads on in the log from where it stopped, and each event is read once.

How far a reader has come is a row, locked while it reads and moved in the transaction of what it does: two processes
never read the same events, and a transaction that fails has read nothing. The log has no gaps (``appending.py``), so
a reader that reads on by position misses nothing.
"""

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.events.event_types import Event
from service.platform.events.model import LogReaderRow
from service.platform.events.read_log import read_events
from service.platform.sites.model import SiteRow
from service.platform.storage.portable import insert_if_absent


async def has_more(connection: AsyncConnection, site_id: int, reader: str) -> bool:
    """Whether ``site_id`` has events that ``reader`` has not read; a look that locks nothing."""
    read = select(LogReaderRow.position).where(LogReaderRow.site_id == site_id, LogReaderRow.name == reader)
    head = select(SiteRow.position > func.coalesce(read.scalar_subquery(), 0)).where(SiteRow.id == site_id)
    return bool((await connection.execute(head)).scalar_one())


async def read_on(connection: AsyncConnection, site_id: int, reader: str, *, at_most: int) -> list[Event]:
    """Lock ``reader`` until the transaction ends, move it past the next ``at_most`` events and return them, in order.

    A reader that is new begins with the first event there is.
    """
    new = insert_if_absent(connection, LogReaderRow).values(site_id=site_id, name=reader, position=0)
    await connection.execute(new)
    locked = (
        select(LogReaderRow.position)
        .where(LogReaderRow.site_id == site_id, LogReaderRow.name == reader)
        .with_for_update()  # SQLite's writers have the whole database to themselves
    )
    position = (await connection.execute(locked)).scalar_one()
    events = await read_events(connection, site_id, after=position, limit=at_most)
    if events:
        await _move(connection, site_id, reader, to=events[-1].position)
    return events


async def leave_unread(connection: AsyncConnection, site_id: int, reader: str, events: list[Event]) -> None:
    """Have ``events``, the last that ``reader`` read in this transaction, read again next time."""
    await _move(connection, site_id, reader, to=events[0].position - 1)


async def _move(connection: AsyncConnection, site_id: int, reader: str, *, to: int) -> None:
    place = update(LogReaderRow).where(LogReaderRow.site_id == site_id, LogReaderRow.name == reader)
    await connection.execute(place.values(position=to))
