"""Leases: a worker holds the deliveries that it claims for as long as it renews its lease.

A worker's lease is a row with an expiry. After the expiry the worker counts as dead and its deliveries are free, so
another worker attempts them. A delivery may then arrive twice, but it is never lost. Therefore a worker claims
deliveries only while its row exists, and the row is deleted in the transaction that frees them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.endpoint_concurrency import Delivery
from service.integrations.endpoints.fan_out import Place, Work, read_events_at
from service.integrations.endpoints.model import DeliveryRow, EndpointRow, WorkerRow
from service.integrations.endpoints.payload import body_of
from service.platform.storage.portable import run_many

LEASE = timedelta(seconds=20)
RENEWED_EVERY = timedelta(seconds=5)
LOOKED_THROUGH = 100  # endpoints per turn, which bounds its duration


async def stay_alive(connection: AsyncConnection, worker_id: UUID, *, now: datetime) -> None:
    """Create or renew a worker's lease, before its first claim and while it holds deliveries.

    It is one upsert. A concurrent :func:`bury` either commits first, and the row is created again, or waits for it.
    """
    insert = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(WorkerRow)
    born = insert.values(id=worker_id, started_at=now, alive_until=now + LEASE)
    renewed = {"alive_until": now + LEASE}
    await connection.execute(born.on_conflict_do_update(index_elements=[WorkerRow.id], set_=renewed))


async def dead_workers(connection: AsyncConnection, *, now: datetime) -> list[UUID]:
    """Return the workers whose lease has expired."""
    return [*await connection.scalars(select(WorkerRow.id).where(WorkerRow.alive_until < now).order_by(WorkerRow.id))]


async def lives(connection: AsyncConnection, worker_id: UUID) -> bool:
    """Whether the worker's row exists; the lock keeps it until the transaction ends."""
    row = select(WorkerRow.id).where(WorkerRow.id == worker_id).with_for_update(read=True, key_share=True)
    return await connection.scalar(row) is not None


async def bury_dead(connection: AsyncConnection, worker_id: UUID, *, now: datetime) -> None:
    """Release a worker's deliveries if its lease has expired and nobody else is releasing them."""
    dead = select(WorkerRow.id).where(WorkerRow.id == worker_id, WorkerRow.alive_until < now)
    if await connection.scalar(dead.with_for_update(skip_locked=True)):
        await bury(connection, worker_id, now=now)


async def bury(connection: AsyncConnection, worker_id: UUID, *, now: datetime) -> None:
    """Delete a worker's row, then free its deliveries. The row goes first, which prevents further claims."""
    await connection.execute(delete(WorkerRow).where(WorkerRow.id == worker_id))
    endpoints = await endpoints_of(connection, worker_id)
    await lock_in_order(connection, endpoints)
    await connection.execute(update(DeliveryRow).where(DeliveryRow.worker_id == worker_id).values(worker_id=None))
    await run_many(connection, LOOK, [{"endpoint": each, "at": now} for each in endpoints])


async def endpoints_of(connection: AsyncConnection, worker_id: UUID) -> list[UUID]:
    """Return the endpoints for which a worker holds deliveries, in lock order."""
    had = select(DeliveryRow.endpoint_id).where(DeliveryRow.worker_id == worker_id).distinct()
    return sorted((await connection.scalars(had)).all())


async def lock_in_order(connection: AsyncConnection, endpoints: Iterable[UUID]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Lock ``endpoints`` by id: the lock order before changes to several of them or to deliveries."""
    wanted = sorted(set(endpoints))
    if not wanted:
        return []
    statement = select(EndpointRow).where(EndpointRow.id.in_(wanted)).order_by(EndpointRow.id).with_for_update()
    return (await connection.execute(statement)).all()


# Schedule the next look for an endpoint's due deliveries at this instant, unless it is earlier already.
LOOK = (
    update(EndpointRow)
    .where(EndpointRow.id == bindparam("endpoint"))
    .where((EndpointRow.retry_at.is_(None)) | (EndpointRow.retry_at > bindparam("at")))
    .values(retry_at=bindparam("at"))
)


async def give_back(connection: AsyncConnection, deliveries: Sequence[Delivery], *, now: datetime) -> None:
    """Release ``deliveries`` without an attempt."""
    endpoints = {each.endpoint_id for each in deliveries}
    await lock_in_order(connection, endpoints)
    rows = [{"endpoint": each.endpoint_id, "at_position": each.position} for each in deliveries]
    await run_many(connection, _FREE, rows)
    await run_many(connection, LOOK, [{"endpoint": each, "at": now} for each in sorted(endpoints)])


_ONE = (DeliveryRow.endpoint_id == bindparam("endpoint"), DeliveryRow.position == bindparam("at_position"))
_FREE = update(DeliveryRow).where(*_ONE).values(worker_id=None)


async def take_due(
    connection: AsyncConnection, locked: Iterable[tuple[Work, int]], *, worker_id: UUID, now: datetime
) -> list[Delivery]:
    """Claim the due retries of locked endpoints, up to the capacity of each."""
    taken: list[tuple[Work, Row[*tuple[Any, ...]]]] = []
    looked_at = []
    for work, room in locked:
        if work.retry_at is None or work.retry_at > now or not room:
            continue
        due = await connection.execute(_DUE, {"endpoint": work.endpoint_id, "now": now, "room": room})
        rows = due.all()
        taken += [(work, row) for row in rows]
        at = [{"endpoint": work.endpoint_id, "at_position": row.position, "worker": worker_id} for row in rows]
        await run_many(connection, _TAKE, at)
        looked_at.append({"endpoint": work.endpoint_id, "next_due": await _next_due(connection, work.endpoint_id)})
        if len(looked_at) == LOOKED_THROUGH:
            break
    await run_many(connection, _LOOKED_AT, looked_at)
    places: list[Place] = [(work.site_id, row.position) for work, row in taken]
    events = await read_events_at(connection, dict.fromkeys(places))
    return [
        Delivery(work.endpoint_id, row.position, row.tries, row.attempts, str(event.id), body_of(work.site, event))
        for (work, row), event in zip(taken, map(events.__getitem__, places), strict=True)
    ]


_FREE_ONES = (
    DeliveryRow.endpoint_id == bindparam("endpoint"),
    DeliveryRow.state == "waiting",
    DeliveryRow.worker_id.is_(None),
)
_DUE = (
    select(DeliveryRow.position, DeliveryRow.tries, DeliveryRow.attempts)
    .where(*_FREE_ONES, DeliveryRow.due_at <= bindparam("now"))
    .order_by(DeliveryRow.due_at)
    .limit(bindparam("room"))
    .with_for_update(skip_locked=True)
)
_TAKE = update(DeliveryRow).where(*_ONE).values(worker_id=bindparam("worker"))
_LOOKED_AT = update(EndpointRow).where(EndpointRow.id == bindparam("endpoint")).values(retry_at=bindparam("next_due"))


async def _next_due(connection: AsyncConnection, endpoint_id: UUID) -> datetime | None:
    """Return when the first free delivery of an endpoint is due."""
    first = select(func.min(DeliveryRow.due_at)).where(*_FREE_ONES)
    at: datetime | None = (await connection.execute(first, {"endpoint": endpoint_id})).scalar_one()
    return at
