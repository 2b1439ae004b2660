"""Redeliver a range of events, or all deliveries that failed since an instant."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.endpoint_store import find_endpoint
from service.integrations.endpoints.fan_out import new_delivery
from service.integrations.endpoints.leases import SCHEDULE_RETRY, lock_endpoints_by_id
from service.integrations.endpoints.model import DeliveryRow
from service.integrations.endpoints.subscribed_types import is_subscribed
from service.platform import clock
from service.platform.events.model import EventRow
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import insert_many, run_many

MAX_REDELIVERIES = 250  # some 15 ms of the writer
MAX_COUNT = 10_000  # failures that are counted, of each kind


class RedeliveryCount(NamedTuple):
    """The number of redeliveries, and the position to continue from if the limit was reached."""

    redelivered: int
    next: int | None


async def redeliver(
    connection: AsyncConnection,
    site: Site,
    endpoint_id: UUID,
    *,
    first: int,
    last: int | None,
    failed_since: datetime | None,
) -> RedeliveryCount:
    """Redeliver the subscribed events at positions ``first`` to ``last``, :data:`MAX_REDELIVERIES` at most.

    This includes events from before the endpoint existed or subscribed to them. It excludes events that the
    endpoint has not reached yet, which follow by themselves. ``failed_since`` selects only failures: deliveries
    that failed for good since then, and those that wait for a retry. Raises NotFound.
    """
    await lock_endpoints_by_id(connection, [endpoint_id])
    endpoint = await find_endpoint(connection, site, endpoint_id)
    last = endpoint.position if last is None else min(last, endpoint.position)
    if failed_since:
        positions, more = await _failed(connection, endpoint_id, first, last, failed_since)
    else:
        positions, more = await _subscribed(connection, site, endpoint.types, first, last)
    now = clock.now()
    existing = await _existing(connection, endpoint_id, positions)
    restarted = [
        {"endpoint": endpoint_id, "at_position": position, "now": now} for position in positions if position in existing
    ]
    await run_many(connection, _RESTART, restarted)
    new = [
        new_delivery(endpoint_id, position, worker_id=None, now=now)
        for position in positions
        if position not in existing
    ]
    await insert_many(connection, DeliveryRow, new)
    if positions:
        await run_many(connection, SCHEDULE_RETRY, [{"endpoint": endpoint_id, "at": now}])
    return RedeliveryCount(len(positions), more)


async def _failed(
    connection: AsyncConnection, endpoint_id: UUID, first: int, last: int, since: datetime
) -> tuple[list[int], int | None]:
    """Return the positions that failed for good since ``since`` or wait for a retry, and where to continue."""
    failed_for_good = and_(DeliveryRow.state == "failed", DeliveryRow.completed_at >= since)
    waits = and_(DeliveryRow.state == "waiting", DeliveryRow.schedule_step > 0)
    of_endpoint = DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.position.between(first, last)
    statement = select(DeliveryRow.position).where(*of_endpoint, or_(failed_for_good, waits))
    found = (await connection.scalars(statement.order_by(DeliveryRow.position).limit(MAX_REDELIVERIES + 1))).all()
    return list(found[:MAX_REDELIVERIES]), found[MAX_REDELIVERIES] if len(found) > MAX_REDELIVERIES else None


async def count_failures(connection: AsyncConnection, endpoint_id: UUID, *, first: int) -> int:
    """Count the deliveries from the position ``first`` on that failed for good or wait for a retry.

    Each kind has a partial index; :data:`MAX_COUNT` of each are counted at most.
    """
    later = DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.position >= first
    kinds = ((DeliveryRow.state == "failed",), (DeliveryRow.state == "waiting", DeliveryRow.schedule_step > 0))
    counted = 0
    for kind in kinds:
        some = select(DeliveryRow.position).where(*later, *kind).limit(MAX_COUNT)
        counted += (await connection.execute(select(func.count()).select_from(some.subquery()))).scalar_one()
    return counted


async def _subscribed(
    connection: AsyncConnection, site: Site, types: str, first: int, last: int
) -> tuple[list[int], int | None]:
    """Return the positions of events of ``types``, and where to continue."""
    until = min(last, first + MAX_REDELIVERIES - 1)
    events = select(EventRow.position, EventRow.type).where(
        EventRow.site_id == site.id, EventRow.position.between(first, until)
    )
    rows = await connection.execute(events.order_by(EventRow.position))
    return [row.position for row in rows if is_subscribed(types, row.type)], until + 1 if until < last else None


async def _existing(connection: AsyncConnection, endpoint_id: UUID, positions: Sequence[int]) -> set[int]:
    """Return the ``positions`` that already have a delivery."""
    if not positions:
        return set()
    # Not the range from the first to the last: between two failures may be millions of deliveries.
    statement = select(DeliveryRow.position).where(
        DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.position.in_(positions)
    )
    return {*await connection.scalars(statement)}


# A delivery that a worker holds is being sent already.
_RESTART = (
    update(DeliveryRow)
    .where(
        DeliveryRow.endpoint_id == bindparam("endpoint"),
        DeliveryRow.position == bindparam("at_position"),
        DeliveryRow.worker_id.is_(None),
    )
    .values(state="waiting", due_at=bindparam("now"), schedule_step=0, completed_at=None)
)
