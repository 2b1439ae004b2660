"""The only writer of the event log.

Promise 5: positions in a site's log have no gaps and follow commit order. A transaction takes its positions by locking
the site's row, and that is its last lock. The holder commits next, so a later position is never visible before an
earlier one. A failed transaction rolls its positions back.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.events.event_types import NewEvent
from service.platform.events.model import EventRow
from service.platform.sites.model import SiteRow
from service.platform.storage.portable import insert_many

encode = msgspec.json.Encoder().encode


class SiteChanged(Exception):
    """A site's settings, rules or status changed while the transaction ran; roll it back and start again."""


async def append_events(
    connection: AsyncConnection, events: Sequence[NewEvent], *, revisions: Mapping[int, int] | None = None
) -> None:
    """Number ``events`` in order and write them. Call it last in a transaction.

    If ``revisions`` of the sites are given, raises SiteChanged if one is no longer current. From this lock on, it
    stays current until the transaction ends.
    """
    next_position = {
        site_id: await _take_positions(connection, site_id, count, revision=(revisions or {}).get(site_id))
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


async def _take_positions(connection: AsyncConnection, site_id: int, count: int, *, revision: int | None) -> int:
    """Advance the site's log head by ``count`` and return the first new position."""
    statement = (
        update(SiteRow)
        .where(SiteRow.id == site_id)
        .values(position=SiteRow.position + count)
        .returning(SiteRow.position, SiteRow.revision)
    )
    head, current = (await connection.execute(statement)).one()
    if revision is not None and revision != current:
        raise SiteChanged
    return head - count + 1
