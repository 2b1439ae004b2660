"""Leases: a worker holds the deliveries that it claims for as long as it renews its lease.

A worker's lease is a row with an expiry. After the expiry its deliveries are free, so another worker attempts them. A
delivery may then arrive twice, but it is never lost. Therefore a worker claims deliveries only while its row exists,
and the row is deleted in the transaction that frees them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.endpoint_concurrency import Delivery
from service.integrations.endpoints.fan_out import Message, Work, read_events_at
from service.integrations.endpoints.model import DeliveryRow, EndpointRow, WorkerRow
from service.integrations.endpoints.payload import webhook_body
from service.platform.storage.portable import run_many

LEASE = timedelta(seconds=20)
RENEW_INTERVAL = timedelta(seconds=5)
MAX_ENDPOINTS = 100  # endpoints per poll, which bounds its duration


async def renew_lease(connection: AsyncConnection, worker_id: UUID, *, now: datetime) -> None:
    """Create or renew a worker's lease, before its first claim and while it holds deliveries.

    It is one upsert. A concurrent :func:`release_worker` either commits first, and the row is created again, or
    waits.
    """
    insert = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(WorkerRow)
    new_lease = insert.values(id=worker_id, started_at=now, lease_expires_at=now + LEASE)
    renewed = {"lease_expires_at": now + LEASE}
    await connection.execute(new_lease.on_conflict_do_update(index_elements=[WorkerRow.id], set_=renewed))


async def expired_workers(connection: AsyncConnection, *, now: datetime) -> list[UUID]:
    """Return the workers whose lease has expired."""
    return [
        *await connection.scalars(select(WorkerRow.id).where(WorkerRow.lease_expires_at < now).order_by(WorkerRow.id))
    ]


async def has_lease(connection: AsyncConnection, worker_id: UUID) -> bool:
    """Whether the worker's row exists; the lock keeps it until the transaction ends."""
    row = select(WorkerRow.id).where(WorkerRow.id == worker_id).with_for_update(read=True, key_share=True)
    return await connection.scalar(row) is not None


async def release_expired_worker(connection: AsyncConnection, worker_id: UUID, *, now: datetime) -> None:
    """Release a worker's deliveries if its lease has expired and nobody else is releasing them."""
    expired = select(WorkerRow.id).where(WorkerRow.id == worker_id, WorkerRow.lease_expires_at < now)
    if await connection.scalar(expired.with_for_update(skip_locked=True)):
        await release_worker(connection, worker_id, now=now)


async def release_worker(connection: AsyncConnection, worker_id: UUID, *, now: datetime) -> None:
    """Delete a worker's row, then free its deliveries. The row goes first, which prevents further claims."""
    await connection.execute(delete(WorkerRow).where(WorkerRow.id == worker_id))
    endpoints = await endpoints_held_by(connection, worker_id)
    await lock_endpoints_by_id(connection, endpoints)
    await connection.execute(update(DeliveryRow).where(DeliveryRow.worker_id == worker_id).values(worker_id=None))
    await run_many(connection, SCHEDULE_RETRY, [{"endpoint": each, "at": now} for each in endpoints])


async def endpoints_held_by(connection: AsyncConnection, worker_id: UUID) -> list[UUID]:
    """Return the endpoints for which a worker holds deliveries, in lock order."""
    held = select(DeliveryRow.endpoint_id).where(DeliveryRow.worker_id == worker_id).distinct()
    return sorted((await connection.scalars(held)).all())


async def lock_endpoints_by_id(
    connection: AsyncConnection, endpoints: Iterable[UUID]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Lock ``endpoints`` by id: the lock order before changes to several of them or to deliveries."""
    wanted = sorted(set(endpoints))
    if not wanted:
        return []
    statement = select(EndpointRow).where(EndpointRow.id.in_(wanted)).order_by(EndpointRow.id).with_for_update()
    return (await connection.execute(statement)).all()


# Move an endpoint's next retry to this instant, unless it is earlier already.
SCHEDULE_RETRY = (
    update(EndpointRow)
    .where(EndpointRow.id == bindparam("endpoint"))
    .where((EndpointRow.retry_at.is_(None)) | (EndpointRow.retry_at > bindparam("at")))
    .values(retry_at=bindparam("at"))
)


async def release_deliveries(connection: AsyncConnection, deliveries: Sequence[Delivery], *, now: datetime) -> None:
    """Release ``deliveries`` without an attempt."""
    endpoints = {each.endpoint_id for each in deliveries}
    await lock_endpoints_by_id(connection, endpoints)
    rows = [{"endpoint": each.endpoint_id, "at_position": each.position} for each in deliveries]
    await run_many(connection, _RELEASE, rows)
    await run_many(connection, SCHEDULE_RETRY, [{"endpoint": each, "at": now} for each in sorted(endpoints)])


_IS_DELIVERY = (DeliveryRow.endpoint_id == bindparam("endpoint"), DeliveryRow.position == bindparam("at_position"))
_RELEASE = update(DeliveryRow).where(*_IS_DELIVERY).values(worker_id=None)


async def claim_due(
    connection: AsyncConnection, locked: Iterable[tuple[Work, int]], *, worker_id: UUID, now: datetime
) -> list[Delivery]:
    """Claim the due retries of locked endpoints, up to the capacity of each."""
    claimed: list[tuple[Work, Row[*tuple[Any, ...]]]] = []
    retry_times = []
    for work, capacity in locked:
        if work.retry_at is None or work.retry_at > now or not capacity:
            continue
        due = await connection.execute(_DUE, {"endpoint": work.endpoint_id, "now": now, "capacity": capacity})
        rows = due.all()
        claimed += [(work, row) for row in rows]
        at = [{"endpoint": work.endpoint_id, "at_position": row.position, "worker": worker_id} for row in rows]
        await run_many(connection, _CLAIM, at)
        retry_times.append({"endpoint": work.endpoint_id, "next_due": await _next_due(connection, work.endpoint_id)})
        if len(retry_times) == MAX_ENDPOINTS:
            break
    await run_many(connection, _SET_RETRY_AT, retry_times)
    messages: list[Message] = [((work.site_id, row.position), work.held_text) for work, row in claimed]
    events = await read_events_at(connection, dict.fromkeys(messages))
    return [
        Delivery(
            work.endpoint_id,
            row.position,
            row.schedule_step,
            row.attempts,
            str(event.id),
            webhook_body(work.site, event),
        )
        for (work, row), event in zip(claimed, map(events.__getitem__, messages), strict=True)
    ]


_IS_FREE = (
    DeliveryRow.endpoint_id == bindparam("endpoint"),
    DeliveryRow.state == "waiting",
    DeliveryRow.worker_id.is_(None),
)
_DUE = (
    select(DeliveryRow.position, DeliveryRow.schedule_step, DeliveryRow.attempts)
    .where(*_IS_FREE, DeliveryRow.due_at <= bindparam("now"))
    .order_by(DeliveryRow.due_at)
    .limit(bindparam("capacity"))
    .with_for_update(skip_locked=True)
)
_CLAIM = update(DeliveryRow).where(*_IS_DELIVERY).values(worker_id=bindparam("worker"))
_SET_RETRY_AT = (
    update(EndpointRow).where(EndpointRow.id == bindparam("endpoint")).values(retry_at=bindparam("next_due"))
)


async def _next_due(connection: AsyncConnection, endpoint_id: UUID) -> datetime | None:
    """Return when the first free delivery of an endpoint is due."""
    first = select(func.min(DeliveryRow.due_at)).where(*_IS_FREE)
    due_at: datetime | None = (await connection.execute(first, {"endpoint": endpoint_id})).scalar_one()
    return due_at
