"""The only writer of the event log.

Promise 5: positions in a site's log have no gaps and follow commit order. A transaction takes its positions by locking
the site's row, and that is its last lock. The holder commits next, so a later position is never visible before an
earlier one. A failed transaction rolls its positions back.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.events.event_types import NewEvent
from service.platform.events.model import EventRow
from service.platform.sites.model import SiteRow
from service.platform.storage.portable import insert_many

encode = msgspec.json.Encoder().encode


async def append_events(connection: AsyncConnection, events: Sequence[NewEvent]) -> None:
    """Number ``events`` in order and write them. Call it last in a transaction."""
    next_position = {
        site_id: await _take_positions(connection, site_id, count)
        for site_id, count in sorted(Counter(event.site_id for event in events).items())
    }
    rows = []
    for event in events:
        rows.append(
            {
                "site_id": event.site_id,
                "position": next_position[event.site_id],
                "id": clock.new_id(),
                "type": event.type.value,
                "thread_id": event.thread_id,
                "sequence": event.sequence,
                "occurred_at": event.occurred_at,
                "data": encode(event.data).decode(),
            }
        )
        next_position[event.site_id] += 1
    await insert_many(connection, EventRow, rows)


async def _take_positions(connection: AsyncConnection, site_id: int, count: int) -> int:
    """Advance the site's log head by ``count`` and return the first new position."""
    statement = (
        update(SiteRow)
        .where(SiteRow.id == site_id)
        .values(position=SiteRow.position + count)
        .returning(SiteRow.position)
    )
    head: int = (await connection.execute(statement)).scalar_one()
    return head - count + 1
