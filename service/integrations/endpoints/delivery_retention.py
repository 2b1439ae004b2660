"""Prune deliveries after the site's retention, and everything of deleted endpoints."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.leases import lock_endpoints_by_id
from service.integrations.endpoints.model import AttemptRow, DeliveryRow, EndpointRow
from service.platform import clock
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database

BATCH = 1_000
BATCHES = 20  # per endpoint and sweep; later sweeps do the rest


async def prune_deliveries(database: Database, sites: Sequence[Site]) -> None:
    """Prune deliveries past their site's retention, the oldest first; waiting ones stay."""
    days = {site.id: timedelta(days=site.settings.delivery_retention_days) for site in sites}
    async with database.read() as connection:
        endpoints = (await connection.execute(_OLDEST)).all()
    for endpoint in endpoints:
        removed = endpoint.state == "removed"
        before = None if removed else clock.now() - days.get(endpoint.site_id, timedelta(0))
        if before and (endpoint.oldest is None or endpoint.oldest >= before):
            continue
        for _ in range(BATCHES):
            async with database.read() as connection:
                old = await _old(connection, endpoint.id, before)
            if old:
                async with database.write() as connection:
                    await lock_endpoints_by_id(connection, [endpoint.id])  # read again: a redelivery may have started
                    old = await _old(connection, endpoint.id, before)
                    await _delete_deliveries(connection, endpoint.id, old)
            if len(old) < BATCH:
                break
        if removed and len(old) < BATCH:
            async with database.write() as connection:
                await connection.execute(delete(EndpointRow).where(EndpointRow.id == endpoint.id))


_FIRST = select(DeliveryRow.created_at).where(DeliveryRow.endpoint_id == EndpointRow.id)
_OLDEST = select(
    EndpointRow.id,
    EndpointRow.site_id,
    EndpointRow.state,
    _FIRST.order_by(DeliveryRow.position).limit(1).scalar_subquery().label("oldest"),
)


async def _old(connection: AsyncConnection, endpoint_id: UUID, before: datetime | None) -> list[int]:
    """Return the first positions whose deliveries ended before ``before``; without it, the first ones."""
    positions = select(DeliveryRow.position, DeliveryRow.completed_at).where(DeliveryRow.endpoint_id == endpoint_id)
    rows = await connection.execute(positions.order_by(DeliveryRow.position).limit(BATCH))
    return [row.position for row in rows if before is None or (row.completed_at and row.completed_at < before)]


async def _delete_deliveries(connection: AsyncConnection, endpoint_id: UUID, positions: Sequence[int]) -> None:
    """Delete the deliveries at ``positions`` with their attempts."""
    for table in (AttemptRow, DeliveryRow):
        these = table.endpoint_id == endpoint_id, table.position.in_(positions)
        await connection.execute(delete(table).where(*these))
