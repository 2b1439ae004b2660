"""Read a site's event log from a position."""

from collections.abc import Sequence

from msgspec import Raw
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.events.event_types import Event
from service.platform.events.model import EventRow
from service.platform.sites.model import SiteRow


async def read_events(
    connection: AsyncConnection, site_id: int, *, after: int, limit: int, matching: Sequence[ColumnElement[bool]] = ()
) -> list[Event]:
    """Return up to ``limit`` events after the position ``after``, in order; only those ``matching`` the conditions."""
    statement = (
        select(EventRow.id, EventRow.type, EventRow.position, EventRow.sequence, EventRow.occurred_at, EventRow.data)
        .where(EventRow.site_id == site_id, EventRow.position > after, *matching)
        .order_by(EventRow.position)
        .limit(limit)
    )
    return [Event(*row[:-1], Raw(row[-1])) for row in await connection.execute(statement)]


async def head_positions(connection: AsyncConnection) -> dict[str, int]:
    """The position of the newest event of each site, by slug."""
    rows = await connection.execute(select(SiteRow.slug, SiteRow.position))
    return {row.slug: row.position for row in rows}


async def head_position(connection: AsyncConnection, site_id: int) -> int:
    """The position of the newest event of the site; 0 if there is none."""
    position: int = (await connection.execute(select(SiteRow.position).where(SiteRow.id == site_id))).scalar_one()
    return position
